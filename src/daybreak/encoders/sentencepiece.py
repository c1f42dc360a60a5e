"""Read a SentencePiece unigram model into a tokenizer, without its C++ library."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from daybreak.errors import DataError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Field: TypeAlias = tuple[int, bytes]

PIECES, NORMALIZER = 1, 3
"""Fields of a ModelProto."""
TEXT, SCORE, CHARSMAP = 1, 2, 2
"""Fields of a piece, and of a normaliser."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types of protocol buffers."""


def unigram_tokenizer(path: Path) -> "Tokenizer":
    """Return the tokenizer of a ``.model`` file, without begin and end marks.

    Raises:
        DataError: The file is not a SentencePiece model.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers  # noqa: PLC0415

    pieces, charsmap = read_model(path)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    steps = [normalizers.Precompiled(charsmap)] if charsmap else []
    spaces = [normalizers.Replace(Regex(" {2,}"), " "), normalizers.Strip()]
    tokenizer.normalizer = normalizers.Sequence([*steps, *spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    return tokenizer


def read_model(path: Path) -> tuple[list[tuple[str, float]], bytes]:
    """Return the pieces with their scores, and the table that normalises characters.

    Raises:
        DataError: The file is not a SentencePiece model.
    """
    pieces: list[tuple[str, float]] = []
    charsmap = b""
    try:
        for number, value in fields(path.read_bytes()):
            if number == PIECES:
                pieces.append(_piece(value))
            elif number == NORMALIZER:
                charsmap = dict(fields(value)).get(CHARSMAP, b"")
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise DataError(f"{path.name} is not a SentencePiece model: {error!r}") from error
    if not pieces:
        raise DataError(f"{path.name} is not a SentencePiece model: it has no pieces")
    return pieces, charsmap


def fields(data: bytes) -> Iterator[Field]:
    """Yield (number, bytes) of every field of a protocol-buffer message that carries bytes.

    Whole numbers are passed over: nothing here needs them.

    Raises:
        ValueError: The bytes are not such a message.

    Example:
        >>> list(fields(bytes([0x0A, 2, 104, 105, 0x10, 7])))
        [(1, b'hi')]
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        size = {FIXED64: 8, FIXED32: 4}.get(tag & 7, 0)
        if tag & 7 in {VARINT, BYTES}:
            size_or_value, at = _varint(data, at)
            size = size_or_value if tag & 7 == BYTES else 0
        elif not size:
            raise ValueError(f"unknown wire type {tag & 7} at byte {at}")
        if at + size > len(data):
            raise ValueError(f"cut short at byte {at}")
        if size:
            yield tag >> 3, data[at : at + size]
        at += size


def _piece(data: bytes) -> tuple[str, float]:
    parts = dict(fields(data))
    score = struct.unpack("<f", parts[SCORE])[0] if SCORE in parts else 0.0
    return parts[TEXT].decode("utf-8"), score


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that starts at a byte, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError(f"a number longer than 10 bytes ends at byte {at}")
