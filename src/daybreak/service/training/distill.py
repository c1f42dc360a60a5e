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
from daybreak.encoders.title_years import TitleYears
from daybreak.errors import ConfigError
from daybreak.language_models import LanguageModel
from daybreak.service.ingest.files import Sources
from daybreak.service.output_folders import check_output_folder
from daybreak.transfer.distil_encoder import distil_encoder
from daybreak.transfer.distil_judgements import MIN_JUDGEMENTS, JudgementFit, distil_judgements
from daybreak.transfer.judgement_files import JudgementSet, read_judgements, write_judgements
from daybreak.transfer.judgements import (
    choose_pairs,
    choose_rankings,
    judge_pairs,
    judge_rankings,
)

MAX_TIMED_TEXTS = 2000
"""Texts with which the speed is measured."""
JUDGEMENTS_FILE = "judgements.jsonl"
"""File in the folder of the encoder with what a language model has judged."""


@dataclass(frozen=True)
class JudgementPlan:
    """Judgements that a distilled encoder learns from.

    Example:
        >>> JudgementPlan().is_empty
        True
    """

    model: LanguageModel | None = None
    """Language model that is asked."""
    n_pairs: int = 0
    """Number of pairs whose similarity the model grades, 0 or at least 20."""
    n_rankings: int = 0
    """Number of rankings that the model is asked, each in two orders; 0 or at least 20."""
    language: str = "en"
    """Language of the prompts: ``en`` or ``zh``."""
    file: Path | None = None
    """File with judgements of somebody else; see
    :func:`daybreak.transfer.judgement_files.read_judgements`."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn from."""
        return not (self.n_pairs or self.n_rankings or self.file)

    def check(self) -> None:
        """Check the numbers before the teacher encodes.

        Raises:
            ConfigError: There is no model to ask, or a number is too small.
        """
        numbers = (self.n_pairs, self.n_rankings)
        if any(numbers) and self.model is None:
            raise ConfigError("judgements need a language model; name it in language_model")
        if any(0 < number < MIN_JUDGEMENTS for number in numbers) or min(numbers) < 0:
            raise ConfigError(f"judgements must be 0 or at least {MIN_JUDGEMENTS}")


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
        """Return what the judgements changed, one sentence for each kind."""
        judged = self.facts.get("judgements", {})
        learned = judged.get("learned_from", ())
        lines = []
        if judged.get("pairs"):
            lines.append(
                f"{judged['pairs']} judgements: correlation on held-out pairs "
                f"{judged['correlation_before']:.3f} before, {judged['correlation_after']:.3f} "
                f"after: {_verdict('similarity' in learned)}"
            )
        if judged.get("rankings"):
            lines.append(
                f"{judged['rankings']} rankings: agreement on held-out ones "
                f"{judged['agreement_before']:.3f} before, {judged['agreement_after']:.3f} "
                f"after: {_verdict('ranking' in learned)}"
            )
        return lines


def _verdict(is_used: bool) -> str:
    return "learned" if is_used else "not used, for they do not help"


def distil_catalogue_encoder(  # noqa: PLR0913 - two teachers, each optional
    sources: Sources,
    teacher: str,
    folder: Path,
    *,
    dim: int = 256,
    judge: LanguageModel | None = None,
    n_judgements: int = 0,
    plan: JudgementPlan | None = None,
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
        plan: Judgements of both kinds and of files, instead of the two arguments before.
        progress: Called with the number of encoded and of all texts.

    Raises:
        ConfigError: The folder has other contents, there is no item table, ``dim`` is out of
            range, or the plan is invalid.
        DataError: The table or the file of judgements cannot be read, there are fewer than 20
            different texts, or fewer than 20 usable judgements of each kind.
        NotFoundError: The teacher or a file does not exist.
        MissingExtraError: The teacher needs a package.
    """
    check_output_folder(folder, is_static_text)
    plan = plan or JudgementPlan(judge, n_judgements)
    plan.check()
    given = read_judgements(plan.file) if plan.file else JudgementSet()
    texts = _item_texts(sources)
    big = CachedEncoder(load_encoder(teacher), FileVectors())
    small = distil_encoder(big, texts, dim=dim, progress=progress)
    facts, asked = dict(small.parts.metadata), JudgementSet()
    if not plan.is_empty:
        asked = _ask(plan, small, list(dict.fromkeys(filter(None, texts))))
        fit = distil_judgements(
            small, [*given.pairs, *asked.pairs], [*given.rankings, *asked.rankings]
        )
        small = fit.encoder
        facts["judgements"] = _judgement_facts(plan, fit)
    small.save(folder)
    if len(asked):
        write_judgements(folder / JUDGEMENTS_FILE, asked)
    return DistillationResult(folder, facts, _measure_speed(small, texts[:MAX_TIMED_TEXTS]))


def _ask(plan: JudgementPlan, encoder: Encoder, texts: list[str]) -> JudgementSet:
    """Return what the language model of the plan judges."""
    if plan.model is None:
        return JudgementSet()
    pairs = choose_pairs(encoder, texts, plan.n_pairs) if plan.n_pairs else []
    questions = choose_rankings(encoder, texts, plan.n_rankings) if plan.n_rankings else []
    return JudgementSet(
        tuple(judge_pairs(plan.model, pairs, plan.language)),
        tuple(judge_rankings(plan.model, questions, plan.language)),
    )


def _judgement_facts(plan: JudgementPlan, fit: JudgementFit) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "pairs": fit.n_judgements,
        "correlation_before": round(fit.before, 4),
        "correlation_after": round(fit.after, 4),
        "used": fit.is_better,
        "learned_from": list(fit.learned_from),
    }
    if fit.rankings is not None:
        facts["rankings"] = fit.rankings.n_rankings
        facts["agreement_before"] = round(fit.rankings.before, 4)
        facts["agreement_after"] = round(fit.rankings.after, 4)
    if plan.model is not None:
        facts["judge"] = plan.model.name
        facts["usage"] = dict(plan.model.usage.to_dict())
    if plan.file is not None:
        facts["file"] = plan.file.name
    return facts


def _item_texts(sources: Sources) -> list[str]:
    if "items" not in sources.files:
        raise ConfigError("distilling needs a table of items, such as items.csv")
    items = sources.read().tables.items
    columns = TitleYears.find(items).split(items)
    return item_texts(infer_fields(columns, "item_id"), columns)


def _measure_speed(encoder: Encoder, texts: list[str]) -> float:
    encoder.encode(texts[:10])  # the first call starts the threads of the tokenizer
    started = perf_counter()
    encoder.encode(texts)
    return len(texts) / max(perf_counter() - started, 1e-9)
