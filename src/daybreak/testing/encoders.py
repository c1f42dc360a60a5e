"""Checks that every text encoder must pass, and small encoders for tests.

Each check takes an encoder and raises ``AssertionError``.

Example:
    >>> for check in ENCODER_CHECKS:
    ...     check(CountingEncoder())
"""

from collections.abc import Callable, Mapping, Sequence
from zlib import crc32

import numpy as np

from daybreak.deprecation import deprecated_names
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
    """An encoder without weights, of words hashed to 16 numbers; it counts encoded texts."""

    dim, hash = 16, "counting-1"  # instead of properties

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
    """Return a static text model of some lower-case words.

    Args:
        words: Vector by word.
        fallback: Value of each number of the fallback vector.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers  # noqa: PLC0415 - slow

    names = {"[UNK]": 0, **{word: row for row, word in enumerate(words, start=1)}}
    tokenizer = Tokenizer(models.WordLevel(names, unk_token="[UNK]"))  # noqa: S106 - no secret
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    dim = len(next(iter(words.values())))
    rows = [[0.0] * dim, *words.values()]
    fallback_vector = np.full(dim, fallback, np.float32)
    return StaticTextModel(
        tokenizer.to_str(), np.array(rows, np.float16), np.empty(0, np.int64), fallback_vector
    )


def check_shape_and_type(encoder: Encoder) -> None:
    """The result has one finite float32 row of ``dim`` numbers per text."""
    rows = encoder.encode(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dim), f"shape {rows.shape}"
    assert rows.dtype == np.float32, f"type {rows.dtype}"
    assert np.isfinite(rows).all(), "not all numbers are finite"


def check_unit_rows(encoder: Encoder) -> None:
    """The row of a text has length 1, that of a blank text length 0."""
    lengths = np.linalg.norm(encoder.encode(TEXTS), axis=1)
    wanted = np.array([float(bool(text.strip())) for text in TEXTS])
    np.testing.assert_allclose(lengths, wanted, atol=1e-5)


def check_empty_input(encoder: Encoder) -> None:
    """Without texts, the result has no rows and ``dim`` columns."""
    assert encoder.encode([]).shape == (0, encoder.dim)


def check_single_string_raises(encoder: Encoder) -> None:
    """A string instead of a list raises a ConfigError."""
    try:
        encoder.encode("globe")
    except ConfigError:
        return
    raise AssertionError("a single string was accepted as a list of texts")


def check_determinism(encoder: Encoder) -> None:
    """The same texts have the same vectors, bit for bit."""
    np.testing.assert_array_equal(encoder.encode(TEXTS), encoder.encode(TEXTS))


def check_batch_invariance(encoder: Encoder) -> None:
    """A text has the same vector alone and in a batch, within ``encoder.tolerance``."""
    together = encoder.encode(TEXTS)
    alone = np.vstack([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=encoder.tolerance, rtol=0)


def check_order_is_kept(encoder: Encoder) -> None:
    """Row i is the vector of text i."""
    backwards = encoder.encode(TEXTS[::-1])[::-1]
    np.testing.assert_allclose(encoder.encode(TEXTS), backwards, atol=encoder.tolerance, rtol=0)


def check_different_texts_differ(encoder: Encoder) -> None:
    """Two texts without a common word have different vectors."""
    first, second = encoder.encode(["A red globe with a tiny lamp", "Ein Kreisel aus Holz"])
    assert first @ second < 1 - 1e-4, "two different texts have one vector"


def check_progress_reaches_total(encoder: Encoder) -> None:
    """Progress never decreases and ends at the number of texts."""
    calls: list[tuple[int, int]] = []
    encoder.encode(TEXTS, progress=lambda done, n: calls.append((done, n)))
    assert calls, "progress was never called"
    assert calls == sorted(calls), f"progress decreased: {calls}"
    assert calls[-1] == (len(TEXTS), len(TEXTS)), f"progress ended at {calls[-1]}"


def check_hash_is_stable(encoder: Encoder) -> None:
    """The hash is a valid folder name and does not change with use."""
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
"""All checks of an encoder."""

__getattr__ = deprecated_names(
    __name__,
    {
        "check_rows_have_length_one_or_zero": "daybreak.testing.encoders.check_unit_rows",
        "check_nothing_gives_nothing": "daybreak.testing.encoders.check_empty_input",
        "check_one_string_is_refused": "daybreak.testing.encoders.check_single_string_raises",
        "check_same_twice": "daybreak.testing.encoders.check_determinism",
        "check_company_does_not_matter": "daybreak.testing.encoders.check_batch_invariance",
        "check_progress_ends_at_all": "daybreak.testing.encoders.check_progress_reaches_total",
        "check_identity": "daybreak.testing.encoders.check_hash_is_stable",
    },
)
