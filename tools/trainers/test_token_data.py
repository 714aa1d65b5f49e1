"""Tests of token_data.py against what harness/data's own tests pin."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import token_data  # noqa: E402
from token_data import InputError, TokenData  # noqa: E402


class EpochOrderTest(unittest.TestCase):
    def test_it_is_the_engines(self):
        self.assertEqual(token_data.epoch_order(0, 0, 5), [0, 2, 1, 4, 3])

    def test_it_is_a_permutation_that_differs_by_epoch_and_seed(self):
        order = token_data.epoch_order(0, 0, 1000)
        self.assertEqual(sorted(order), list(range(1000)))
        self.assertNotEqual(order, token_data.epoch_order(0, 1, 1000))
        self.assertNotEqual(order, token_data.epoch_order(1, 0, 1000))


class TokenDataTest(unittest.TestCase):
    def open(self, tokens, **more):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        path = pathlib.Path(temporary.name) / "tokens.bin"
        path.write_bytes(tokens if isinstance(tokens, bytes) else
                         b"".join(token.to_bytes(2, "little") for token in tokens))
        return TokenData(path, **{"seq_len": 4, "vocab_size": 512, **more})

    def test_packed_rows_are_the_stream_of_all_epochs(self):
        data = self.open(range(300, 318))  # Five samples, the last of two tokens.
        stream = []
        for epoch in range(3):
            for sample in token_data.epoch_order(0, epoch, 5):
                stream += list(range(300, 318))[4 * sample : 4 * sample + 4]
        batches = [data.rows(2 * i, 2) for i in range(6)]
        self.assertEqual([t for batch in batches for row in batch.rows for t in row], stream[:48])
        self.assertEqual(data.rows(0, 2).rows, batches[0].rows)
        self.assertEqual((batches[0].real_tokens, batches[0].padding_tokens), (8, 0))
        self.assertEqual(batches[0].loss_tokens, 6)

    def test_padded_rows_are_samples(self):
        data = self.open(range(300, 318), packing=False)
        batch = data.rows(2, 3)  # Samples 1, 4 and 3.
        self.assertEqual(batch.rows,
                         [[304, 305, 306, 307], [316, 317, 0, 0], [312, 313, 314, 315]])
        self.assertEqual((batch.real_tokens, batch.padding_tokens, batch.loss_tokens), (10, 2, 7))

    def test_a_last_token_alone_is_left_out(self):
        data = self.open(range(5))
        self.assertEqual(data.rows(0, 2).rows, [[0, 1, 2, 3]] * 2)

    def test_what_is_wrong_is_named(self):
        with self.assertRaisesRegex(InputError, "3 bytes, no multiple of 2"):
            self.open(b"abc")
        with self.assertRaisesRegex(InputError, "holds 1 tokens"):
            self.open([1])
        with self.assertRaisesRegex(InputError, "token 600 at position 1 .* vocabulary of 512"):
            self.open([1, 600, 2])
        with self.assertRaisesRegex(InputError, "--seq-len 1"):
            self.open([1, 2], seq_len=1)
        with self.assertRaisesRegex(InputError, "'nowhere' is no file; check --tokens-file"):
            TokenData("nowhere", 4, 512)


if __name__ == "__main__":
    unittest.main()
