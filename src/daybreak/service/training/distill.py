"""Distil a small, fast text encoder from a large one, for the texts of one catalogue."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from daybreak.data.fields import infer_fields
from daybreak.encoders import CachedEncoder, Encoder, FileVectors, load_encoder
from daybreak.encoders.item_meaning import item_texts
from daybreak.encoders.static_files import is_static_text
from daybreak.errors import ConfigError
from daybreak.language_models import LanguageModel
from daybreak.service.ingest.files import Sources
from daybreak.transfer.distil_encoder import distil_encoder
from daybreak.transfer.distil_judgements import (
    MIN_JUDGEMENTS,
    choose_pairs,
    distil_judgements,
    judge_pairs,
)

MAX_TIMED_TEXTS = 2000
"""Texts with which the speed is measured."""


@dataclass(frozen=True)
class DistillationResult:
    """Folder, fidelity and speed of a distilled encoder."""

    folder: Path
    """Folder of the encoder, which is also its name."""
    facts: dict[str, Any]
    """Teacher, texts and ridge; ``fidelity`` is the mean cosine on held-out texts."""
    texts_per_s: float
    """Measured on this machine with all threads."""

    def describe_judgements(self) -> list[str]:
        """Return what the judgements of a language model changed, as one sentence or none."""
        judged = self.facts.get("judgements")
        if judged is None:
            return []
        verdict = "learned" if judged["used"] else "not used, for they do not help"
        return [
            f"{judged['pairs']} judgements: correlation on held-out pairs "
            f"{judged['correlation_before']:.3f} before, {judged['correlation_after']:.3f} "
            f"after: {verdict}"
        ]


def distil_catalogue_encoder(  # noqa: PLR0913 - two teachers, each optional
    sources: Sources,
    teacher: str,
    folder: Path,
    *,
    dim: int = 256,
    judge: LanguageModel | None = None,
    n_judgements: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> DistillationResult:
    """Distil a small encoder from a teacher, on the texts of an item table.

    The vectors of the teacher are kept in the vector cache.

    Args:
        sources: Files with an item table.
        teacher: Name of a text encoder; see :func:`daybreak.encoders.load_encoder`.
        folder: Folder of the result: a new or empty one, or one with an encoder.
        dim: Length of its vectors, at most that of the teacher's.
        judge: Language model that judges pairs of texts; None: nobody does.
        n_judgements: Number of pairs that it judges, 0 or at least 20.
        progress: Called with the number of encoded and of all texts.

    Raises:
        ConfigError: The folder has other contents, there is no item table, or ``dim`` is out of
            range.
        DataError: The table cannot be read, or has fewer than 20 different texts.
        NotFoundError: The teacher or a file does not exist.
        MissingExtraError: The teacher needs a package.
    """
    if folder.exists() and not _may_write(folder):
        raise ConfigError(f"{str(folder)!r} has other files; choose a new folder")
    _check_judgements(judge, n_judgements)
    texts = _item_texts(sources)
    big = CachedEncoder(load_encoder(teacher), FileVectors())
    small = distil_encoder(big, texts, dim=dim, progress=progress)
    facts = dict(small.parts.metadata)
    if judge is not None and n_judgements:
        pairs = choose_pairs(small, list(dict.fromkeys(filter(None, texts))), n_judgements)
        fit = distil_judgements(small, judge_pairs(judge, pairs))
        small = fit.encoder
        facts["judgements"] = {
            "judge": judge.name,
            "pairs": fit.n_judgements,
            "correlation_before": round(fit.before, 4),
            "correlation_after": round(fit.after, 4),
            "used": fit.is_better,
            "usage": dict(judge.usage.to_dict()),
        }
    small.save(folder)
    return DistillationResult(folder, facts, _measure_speed(small, texts[:MAX_TIMED_TEXTS]))


def _check_judgements(judge: LanguageModel | None, n_judgements: int) -> None:
    if n_judgements and judge is None:
        raise ConfigError("judgements need a language model; name it in language_model")
    if 0 < n_judgements < MIN_JUDGEMENTS:
        raise ConfigError(f"judgements must be 0 or at least {MIN_JUDGEMENTS}")


def _may_write(folder: Path) -> bool:
    return folder.is_dir() and (is_static_text(folder) or not any(folder.iterdir()))


def _item_texts(sources: Sources) -> list[str]:
    if "items" not in sources.files:
        raise ConfigError("distilling needs a table of items, such as items.csv")
    items = sources.read().tables.items
    return item_texts(infer_fields(items, "item_id"), items)


def _measure_speed(encoder: Encoder, texts: list[str]) -> float:
    encoder.encode(texts[:10])  # the first call starts the threads of the tokenizer
    started = perf_counter()
    encoder.encode(texts)
    return len(texts) / max(perf_counter() - started, 1e-9)
