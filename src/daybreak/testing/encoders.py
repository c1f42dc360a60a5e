"""What every text encoder must keep; run these checks on one of your own.

Each check takes an encoder and raises ``AssertionError`` with what went wrong.

Example:
    >>> for check in ENCODER_CHECKS:
    ...     check(CountingEncoder())
"""

from collections.abc import Callable, Mapping, Sequence
from zlib import crc32

import numpy as np

from daybreak.encoders.base import Encoder
from daybreak.encoders.static_files import StaticTextModel
from daybreak.errors import ConfigError
from daybreak.types import Floats

TEXTS = (
    "A red globe with a tiny lamp",
    "红色地球仪",
    "globe",
    "",
    "A much longer description of a wooden toy train, two waggons, and forty pieces of track. "
    * 4,
    " \t\n",
    "Ein blauer Kreisel aus Holz",
    "🎈 x",
    "half a character: \ud83c",
    "globe",
)


class CountingEncoder(Encoder):
    """A stand-in without weights that counts what it encodes: words hashed into 16 numbers."""

    dim, hash = 16, "counting-1"  # plain values do for the two properties

    def __init__(self) -> None:
        self.encoded = 0

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        self.encoded += len(texts)
        rows = np.zeros((len(texts), 16), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                row[crc32(word.encode()) % 16] += 1
        return rows


def static_parts(
    words: Mapping[str, Sequence[float]], fallback: float = 1.0
) -> StaticTextModel:
    """Return a static text model of a few lower-case words; others are unknown."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers  # noqa: PLC0415 - slow

    names = {"[UNK]": 0, **{word: row for row, word in enumerate(words, start=1)}}
    tokenizer = Tokenizer(models.WordLevel(names, unk_token="[UNK]"))  # noqa: S106 - no secret
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    dim = len(next(iter(words.values())))
    rows = [[0.0] * dim, *words.values()]
    nothing = np.full(dim, fallback, np.float32)
    return StaticTextModel(
        tokenizer.to_str(), np.array(rows, np.float16), np.empty(0, np.int64), nothing
    )


def check_shape_and_type(encoder: Encoder) -> None:
    """One float32 row of ``dim`` numbers a text, in one block of memory."""
    rows = encoder.encode(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dim), f"shape {rows.shape}"
    assert rows.dtype == np.float32, f"type {rows.dtype}"
    assert np.isfinite(rows).all(), "not all numbers are finite"


def check_unit_rows(encoder: Encoder) -> None:
    """A text with words has a row of length 1; a blank one the zero row."""
    lengths = np.linalg.norm(encoder.encode(TEXTS), axis=1)
    wanted = np.array([float(bool(text.strip())) for text in TEXTS])
    np.testing.assert_allclose(lengths, wanted, atol=1e-5)


def check_empty_input(encoder: Encoder) -> None:
    """No texts, no rows, the width still right."""
    assert encoder.encode([]).shape == (0, encoder.dim)


def check_single_string_raises(encoder: Encoder) -> None:
    """One string instead of a list would be read letter by letter."""
    try:
        encoder.encode("globe")
    except ConfigError:
        return
    raise AssertionError("a single string was taken for a list of texts")


def check_determinism(encoder: Encoder) -> None:
    """The same texts give the same numbers, bit by bit."""
    np.testing.assert_array_equal(encoder.encode(TEXTS), encoder.encode(TEXTS))


def check_batch_invariance(encoder: Encoder) -> None:
    """A text has the same vector alone and in a batch, within ``encoder.tolerance``."""
    together = encoder.encode(TEXTS)
    alone = np.vstack([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=encoder.tolerance, rtol=0)


def check_order_is_kept(encoder: Encoder) -> None:
    """Row i belongs to text i, whatever the order inside."""
    backwards = encoder.encode(TEXTS[::-1])[::-1]
    np.testing.assert_allclose(encoder.encode(TEXTS), backwards, atol=encoder.tolerance, rtol=0)


def check_different_texts_differ(encoder: Encoder) -> None:
    """Two texts without a common word do not have the same vector."""
    first, second = encoder.encode(["A red globe with a tiny lamp", "Ein Kreisel aus Holz"])
    assert first @ second < 1 - 1e-4, "two different texts have one vector"


def check_progress_reaches_total(encoder: Encoder) -> None:
    """Progress never goes back and ends at the number of texts."""
    told: list[tuple[int, int]] = []
    encoder.encode(TEXTS, progress=lambda done, n: told.append((done, n)))
    assert told, "progress was never told"
    assert told == sorted(told), f"progress went back: {told}"
    assert told[-1] == (len(TEXTS), len(TEXTS)), f"progress ended at {told[-1]}"


def check_hash_is_stable(encoder: Encoder) -> None:
    """The hash is a word that can name a folder; it does not change with use."""
    before = encoder.hash
    encoder.encode(TEXTS)
    assert before == encoder.hash, "the hash changed with use"
    assert before.replace("-", "").isalnum(), f"hash {before!r} cannot name a folder"


EncoderCheck = Callable[[Encoder], None]

ENCODER_CHECKS: tuple[EncoderCheck, ...] = (
    check_shape_and_type,
    check_unit_rows,
    check_empty_input,
    check_single_string_raises,
    check_determinism,
    check_batch_invariance,
    check_order_is_kept,
    check_different_texts_differ,
    check_progress_reaches_total,
    check_hash_is_stable,
)
