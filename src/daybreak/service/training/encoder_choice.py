"""Which text encoder reads a catalogue."""

import re
from dataclasses import dataclass

import polars as pl

from daybreak.encoders import (
    DEFAULT_MODEL,
    MULTILINGUAL_MODEL,
    CachedEncoder,
    Encoder,
    FileVectors,
    VectorCache,
    load_encoder,
)
from daybreak.errors import MissingExtraError, NotFoundError

NON_LATIN_PATTERN = r"[^\x00-\u024f\u2000-\u206f]"
"""Letters that the English model has hardly seen."""


@dataclass(frozen=True, eq=False)
class EncoderChoice:
    """A text encoder, or none."""

    encoder: Encoder | None
    name: str | None
    """By which the encoder is found again."""
    notes: tuple[str, ...]
    """What was tried and failed."""


def choose_encoder(
    name: str, items: pl.DataFrame, cache: VectorCache | None = None
) -> EncoderChoice:
    """Return an encoder, with vectors kept between runs, and what to tell about the choice.

    ``"auto"`` takes the multilingual model when a third of the catalogue is not in Latin
    letters and it is installed, else the English one, else none: words and attributes work
    without.
    ``"none"`` takes none. Any other name must be found.

    Raises:
        NotFoundError: A named model is nowhere.
        MissingExtraError: A named model needs a package.
    """
    if name == "none":
        return EncoderChoice(None, None, ())
    names = _candidates_by_script(items) if name == "auto" else (name,)
    faults: list[str] = []
    for candidate in names:
        try:
            encoder = load_encoder(candidate)
        except (NotFoundError, MissingExtraError) as error:
            if name != "auto":
                raise
            faults.append(f"{candidate}: {str(error).splitlines()[0]}")
            continue
        cached = CachedEncoder(encoder, FileVectors() if cache is None else cache)
        return EncoderChoice(cached, candidate, tuple(faults))
    return EncoderChoice(
        None, None, (*faults, "no text model found: words and attributes only")
    )


def _candidates_by_script(items: pl.DataFrame) -> tuple[str, ...]:
    text = items.select(pl.col(pl.String).exclude("item_id")).head(500)
    joined = " ".join(
        text.fill_null("").to_series(i).str.join(" ").item() for i in range(text.width)
    )
    letters = re.sub(r"[\W\d_]", "", joined)
    strange = len(re.findall(NON_LATIN_PATTERN, letters))
    if strange > len(letters) / 3:
        return MULTILINGUAL_MODEL, DEFAULT_MODEL
    return DEFAULT_MODEL, MULTILINGUAL_MODEL
