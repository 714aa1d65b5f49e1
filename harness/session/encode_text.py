"""Encodes a text with a tokenizer.json, for ranks of moebench to read.

    encode_text.py TOKENIZER TEXT TOKENS VERSION

TEXT and TOKENS are files of harness/data/encoded_text.h: TEXT has documents of bytes, TOKENS the same
documents as token ids, and is whole when the program ends with exit code 0. A document is encoded on
its own, without the tokenizer's special tokens, truncation and padding.
"""

import array
import os
import struct
import sys

from tokenizers import Tokenizer

MAGIC = b"moetext1"
HEADER = struct.Struct("<8s16s32s4Q")
BATCH_BYTES = 16 << 20  # bounds the memory that encodings take


def little_endian(numbers):
    """A copy of an array as it is in a file."""
    copy = numbers[:]
    if sys.byteorder == "big":
        copy.byteswap()
    return copy


def read_documents(path):
    """The key, and the documents' bytes."""
    with open(path, "rb") as file:
        _, key, _, _, num_documents, _, _ = HEADER.unpack(file.read(HEADER.size))
        ends = little_endian(array.array("Q", file.read(8 * num_documents)))
        text = file.read()
    return key, [text[begin:end] for begin, end in zip([0, *ends], ends)]


def batches(documents):
    """Lists of texts of a bounded size."""
    batch, size = [], 0
    for number, document in enumerate(documents):
        try:
            batch.append(document.decode("utf-8"))
        except UnicodeDecodeError as error:
            sys.exit(f"document {number + 1} is no UTF-8 at its byte {error.start + 1}; convert the "
                     f"file, as with iconv -f latin1 -t utf-8")
        size += len(document)
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def open_tokenizer(path):
    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # the library has no narrower one
        sys.exit(f"it is no tokenizer.json that the library reads: {error}")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def main(tokenizer_path, text_path, tokens_path, version):
    tokenizer = open_tokenizer(tokenizer_path)
    key, documents = read_documents(text_path)
    tokens, ends = array.array("I"), array.array("Q")
    for batch in batches(documents):
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            tokens.extend(encoding.ids)
            ends.append(len(tokens))
    largest = max(tokens, default=0)
    token_bytes = 2 if largest < 1 << 16 else 4
    if token_bytes == 2:
        tokens = array.array("H", tokens)
    with open(tokens_path, "wb") as file:
        file.write(HEADER.pack(MAGIC, key, version.encode(), token_bytes, len(ends), len(tokens),
                               largest))
        little_endian(ends).tofile(file)
        little_endian(tokens).tofile(file)
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main(*sys.argv[1:])
