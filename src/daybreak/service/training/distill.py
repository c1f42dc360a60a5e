"""A small fast text encoder, made of a big one for the texts of one catalogue."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from daybreak.data.fields import infer_fields
from daybreak.encoders import CachedEncoder, Encoder, FileVectors, load_encoder
from daybreak.encoders.content import item_texts
from daybreak.encoders.static_files import is_static_text
from daybreak.errors import ConfigError
from daybreak.service.ingest.files import Sources
from daybreak.transfer.distil_encoder import distil_encoder

MAX_TIMED_TEXTS = 2000
"""Texts by which the speed is measured, at most."""


@dataclass(frozen=True)
class DistillationResult:
    """Where the small encoder is, how near it comes to the big one, and how fast it is."""

    folder: Path
    """Its name from now on."""
    facts: dict[str, Any]
    """The teacher, the texts, the ridge; ``fidelity`` is the cosine on texts held out."""
    texts_per_s: float
    """By the clock, on this machine, with all threads."""


def distil_catalogue_encoder(
    sources: Sources,
    teacher: str,
    folder: Path,
    *,
    dim: int = 256,
    progress: Callable[[int, int], None] | None = None,
) -> DistillationResult:
    """Teach the encoder called ``teacher`` to a small one, on the texts of an item table.

    What the teacher says of a text is kept in the vector cache: the next time it is not asked.

    Args:
        sources: The item table, alone or beside others.
        teacher: Name of any text encoder; see :func:`daybreak.encoders.load_encoder`.
        folder: Where the small encoder is written: new, empty, or with an earlier one.
        dim: Length of its vectors, at most the teacher's.
        progress: Called with (texts done, texts in all) while the teacher works.

    Raises:
        ConfigError: The folder holds something else, there is no item table, or ``dim`` is out
            of range.
        DataError: The table cannot be read, or has fewer than 20 different texts.
        NotFoundError: There is no such teacher or file.
        MissingExtraError: The teacher needs a package.
    """
    if folder.exists() and not _may_write(folder):
        raise ConfigError(f"{str(folder)!r} holds other files; name a new folder")
    texts = _item_texts(sources)
    big = CachedEncoder(load_encoder(teacher), FileVectors())
    small = distil_encoder(big, texts, dim=dim, progress=progress)
    small.save(folder)
    return DistillationResult(
        folder, dict(small.parts.metadata), _measure_speed(small, texts[:MAX_TIMED_TEXTS])
    )


def _may_write(folder: Path) -> bool:
    return folder.is_dir() and (is_static_text(folder) or not any(folder.iterdir()))


def _item_texts(sources: Sources) -> list[str]:
    if "items" not in sources.files:
        raise ConfigError("distilling reads a table of items; name one, as in items.csv")
    items = sources.read().tables.items
    return item_texts(infer_fields(items, "item_id"), items)


def _measure_speed(encoder: Encoder, texts: list[str]) -> float:
    encoder.encode(texts[:10])  # the first call starts the threads of the tokenizer
    started = perf_counter()
    encoder.encode(texts)
    return len(texts) / max(perf_counter() - started, 1e-9)
