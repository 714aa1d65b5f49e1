"""The rows that moebench's engine trains on with data of source `tokens`, in the same order.

harness/data/README.md says how rows come from a file; this is the same arithmetic in Python.
"""

import array
import bisect
import dataclasses
import itertools
import pathlib
import sys

_MASK = 2**64 - 1
_ORDER_STREAM = 1


class InputError(Exception):
    """Something that the user has to correct, with the place and what to do."""


def mix64(x):
    """One step of splitmix64, of an int."""
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def epoch_order(seed, epoch, num_samples):
    """In which order an epoch visits the samples: Fisher-Yates with hashes as random numbers."""
    key = mix64((mix64(seed ^ mix64(_ORDER_STREAM)) + epoch) & _MASK)
    order = list(range(num_samples))
    for i in range(num_samples - 1, 0, -1):
        j = (mix64((key + i) & _MASK) * (i + 1)) >> 64
        order[i], order[j] = order[j], order[i]
    return order


@dataclasses.dataclass
class MicroBatch:
    rows: list  # of token ids, all equally long; padding is token 0
    lengths: list  # real tokens of each row

    @property
    def real_tokens(self):
        return sum(self.lengths)

    @property
    def padding_tokens(self):
        return sum(len(row) for row in self.rows) - self.real_tokens

    @property
    def loss_tokens(self):
        """Positions that have a next real token in their row."""
        return sum(length - 1 for length in self.lengths)


class TokenData:
    """Rows of a file of little-endian 16-bit token ids, endless: epochs repeat in other orders."""

    def __init__(self, path, seq_len, vocab_size, seed=0, packing=True):
        if seq_len < 2:
            raise InputError(f"--seq-len {seq_len} leaves no token to predict; use 2 or more")
        self._tokens = _read_tokens(pathlib.Path(path), vocab_size)
        self._seq_len, self._seed, self._packing = seq_len, seed, packing
        last = len(self._tokens) % seq_len
        # A last block of one token has nothing to predict and is left out.
        self._num_samples = len(self._tokens) // seq_len + (last >= 2)
        self._epoch, self._order, self._starts = None, None, None

    def rows(self, first, count):
        """Rows [first, first + count) of the endless order."""
        return self._packed(first, count) if self._packing else self._padded(first, count)

    def _packed(self, first, count):
        length = self._seq_len
        rows = [self._stream((first + row) * length, length) for row in range(count)]
        return MicroBatch(rows, [length] * count)

    def _padded(self, first, count):
        rows = [self._sample(self._sample_at(place)) for place in range(first, first + count)]
        lengths = [len(row) for row in rows]
        return MicroBatch([row + [0] * (max(lengths) - len(row)) for row in rows], lengths)

    def _stream(self, position, count):
        """Tokens of the samples one after the other, epoch after epoch."""
        epoch_tokens = (self._num_samples - 1) * self._seq_len + self._length(self._num_samples - 1)
        tokens = []
        while len(tokens) < count:
            self._enter(position // epoch_tokens)
            within = position % epoch_tokens
            place = bisect.bisect_right(self._starts, within) - 1
            part = self._sample(self._order[place])[within - self._starts[place] :]
            part = part[: count - len(tokens)]
            tokens += part
            position += len(part)
        return tokens

    def _sample_at(self, position):
        self._enter(position // self._num_samples)
        return self._order[position % self._num_samples]

    def _length(self, sample):
        return min(self._seq_len, len(self._tokens) - sample * self._seq_len)

    def _sample(self, sample):
        begin = sample * self._seq_len
        return self._tokens[begin : begin + self._length(sample)].tolist()

    def _enter(self, epoch):
        if epoch != self._epoch:
            self._order = epoch_order(self._seed, epoch, self._num_samples)
            lengths = map(self._length, self._order)
            self._starts = list(itertools.accumulate(lengths, initial=0))
            self._epoch = epoch


def _read_tokens(path, vocab_size):
    if not path.is_file():
        raise InputError(f"tokens file '{path}' is no file; check --tokens-file")
    data = path.read_bytes()
    if len(data) % 2 != 0:
        raise InputError(f"tokens file '{path}' has {len(data)} bytes, no multiple of 2; "
                         "it must hold 16-bit token ids")
    tokens = array.array("H", data)
    if sys.byteorder == "big":
        tokens.byteswap()
    if len(tokens) < 2:
        raise InputError(f"tokens file '{path}' holds {len(tokens)} tokens; "
                         "training needs 2 or more")
    if max(tokens) >= vocab_size:
        place = next(i for i, token in enumerate(tokens) if token >= vocab_size)
        raise InputError(f"tokens file '{path}': token {tokens[place]} at position {place} is "
                         f"outside the model's vocabulary of {vocab_size}; "
                         "was it written by another tokenizer?")
    return tokens
