"""Choose the text encoder for a catalogue."""

import re
from dataclasses import dataclass

import polars as pl

from daybreak.data.fields import MEDIA_STARTS
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
"""Characters outside the Latin script."""


@dataclass(frozen=True, eq=False)
class EncoderChoice:
    """A text encoder, or none, and how it was chosen."""

    encoder: Encoder | None
    name: str | None
    """Name that loads the encoder again."""
    notes: tuple[str, ...]
    """Encoders that could not be loaded, and why."""


def choose_encoder(
    name: str, items: pl.DataFrame, cache: VectorCache | None = None
) -> EncoderChoice:
    """Choose the text encoder for a catalogue; its vectors are cached between runs.

    ``"auto"`` is the multilingual model if more than a third of the letters are not Latin, else
    the English model; if neither is installed, items are compared by words and attributes.

    Args:
        name: ``auto``, ``none``, or the name of a model.
        items: The catalogue.
        cache: Cache of the vectors; default: files in the cache folder.

    Raises:
        NotFoundError: The named model does not exist.
        MissingExtraError: The named model needs a package.
    """
    if name == "none":
        return EncoderChoice(None, None, ())
    names = _candidates_by_script(items) if name == "auto" else (name,)
    notes: list[str] = []
    for candidate in names:
        try:
            encoder = load_encoder(candidate)
        except (NotFoundError, MissingExtraError) as error:
            if name != "auto":
                raise
            notes.append(f"{candidate}: {str(error).splitlines()[0]}")
            continue
        cached = CachedEncoder(encoder, FileVectors() if cache is None else cache)
        return EncoderChoice(cached, candidate, tuple(notes))
    return EncoderChoice(None, None, (*notes, "no text model found: words and attributes only"))


def _candidates_by_script(items: pl.DataFrame) -> tuple[str, ...]:
    text = items.select(pl.col(pl.String).exclude("item_id")).head(500)
    text = text.drop(name for name in MEDIA_STARTS if name in text.columns)
    joined = " ".join(
        text.fill_null("").to_series(i).str.join(" ").item() for i in range(text.width)
    )
    letters = re.sub(r"[\W\d_]", "", joined)
    non_latin = len(re.findall(NON_LATIN_PATTERN, letters))
    if non_latin > len(letters) / 3:
        return MULTILINGUAL_MODEL, DEFAULT_MODEL
    return DEFAULT_MODEL, MULTILINGUAL_MODEL
