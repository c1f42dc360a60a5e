"""Choose the text encoder for a catalogue."""

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
from daybreak.service.training.catalogue_language import is_english


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

    ``"auto"`` is the English model for English texts, the multilingual model for others; if the
    one is not installed, the other is used; without both, items are compared by words and
    attributes.

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
    names = _candidates_by_language(items) if name == "auto" else (name,)
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


def _candidates_by_language(items: pl.DataFrame) -> tuple[str, ...]:
    text = items.select(pl.col(pl.String).exclude("item_id")).head(500)
    text = text.drop(name for name in MEDIA_STARTS if name in text.columns)
    joined = " ".join(
        text.fill_null("").to_series(i).str.join(" ").item() for i in range(text.width)
    )
    if is_english(joined):
        return DEFAULT_MODEL, MULTILINGUAL_MODEL
    return MULTILINGUAL_MODEL, DEFAULT_MODEL
