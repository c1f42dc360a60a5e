"""Enrichment of a store: write about thin items, and use it only if new items gain by it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import polars as pl

from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.errors import ConfigError
from daybreak.estimates import PairedDifference, paired_bootstrap
from daybreak.language_models import LanguageModel, TokenPrice
from daybreak.service.language.enrichment import (
    DEFAULT_THIN_WORDS,
    WRITTEN_COLUMN,
    EnrichmentCounts,
    add_written_texts,
    enrich_catalogue,
    read_enrichments,
)
from daybreak.service.recommender import Recommender
from daybreak.service.release_training import new_recommender
from daybreak.store import Store
from daybreak.types import Progress, ignore_progress

COLD_SLICE = "cold_item"
"""Slice of simulated new items that decides."""

USES = ("auto", "always", "never")
"""When what is written is used."""


class EnrichedStore(Protocol):
    """A store with its tables, such as a :class:`~daybreak.service.workspace.Workspace`."""

    @property
    def store(self) -> Store:
        """The store."""
        ...

    @property
    def settings(self) -> Settings:
        """Settings of the job."""
        ...

    @property
    def tables(self) -> Tables:
        """All tables of the store."""
        ...

    def forget_tables(self) -> None:
        """Read the tables again when they are needed."""
        ...


@dataclass(frozen=True)
class EnrichmentResult:
    """What a job wrote, what it cost, and whether it is used."""

    counts: EnrichmentCounts
    usage: Mapping[str, object]
    """Requests, tokens, dropped answers and the cost."""
    is_used: bool
    """Whether items have the column ``written_by_model`` now."""
    gain: PairedDifference | None = None
    """Difference of NDCG@10 of simulated new items with and without it; None: not measured."""

    def describe_use(self) -> str:
        """Return whether it is used, and why, as a sentence."""
        if self.gain is None:
            return "used from the next training on" if self.is_used else "not used"
        gain = self.gain
        verdict = "used from the next training on" if self.is_used else "kept, but not used"
        return (
            f"NDCG@10 of simulated new items {gain.difference:+.4f} "
            f"[{gain.low:+.4f}, {gain.high:+.4f}]: {verdict}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        gain = None if self.gain is None else self.gain._asdict()
        return {
            **asdict(self.counts),
            "usage": dict(self.usage),
            "used": self.is_used,
            "gain": gain,
        }


def enrich_store(
    workspace: EnrichedStore,
    model: LanguageModel | None,
    *,
    language: str = "en",
    thin_words: int = DEFAULT_THIN_WORDS,
    use: str = "auto",
    progress: Progress = ignore_progress,
) -> EnrichmentResult:
    """Write about items with thin text, and decide whether the result is used.

    What is used is the column ``written_by_model`` of items; the next training learns from it.
    What is not used stays in the store, switched off.

    Args:
        workspace: The store.
        model: Model that writes, with the budget of the job.
        language: ``en`` or ``zh``.
        thin_words: Number of words of an item below which its text is thin.
        use: ``auto``: use it if simulated new items have a significantly higher NDCG with it;
            ``always``, or ``never``, which also switches it off again without a model.
        progress: Receives a description of each step.

    Raises:
        ConfigError: There is no model, or ``use`` is unknown.
        OutOfBudgetError: The budget is used up; what was written is kept, and not yet used.
    """
    if use not in USES:
        raise ConfigError(f"use must be auto, always or never, got {use!r}")
    if model is None and use != "never":
        raise ConfigError(
            "no language model is set; name a server, a file or a packaged model in the "
            "setting language_model"
        )
    tables, counts = workspace.tables, EnrichmentCounts()
    if model is not None:
        counts = enrich_catalogue(
            tables.items,
            workspace.store,
            model,
            language=language,
            thin_words=thin_words,
            progress=progress,
        )
    gain = measure_gain(workspace, progress) if use == "auto" else None
    is_used = use == "always" or (gain is not None and gain.low > 0)
    set_enrichment(workspace, is_used=is_used)
    price = TokenPrice.parse(workspace.settings.language_model_price)
    usage = {} if model is None else model.usage.to_dict(price)
    return EnrichmentResult(counts, usage, is_used, gain)


def measure_gain(
    workspace: EnrichedStore, progress: Progress = ignore_progress
) -> PairedDifference | None:
    """Return how much the NDCG@10 of simulated new items grows by what is written.

    Args:
        workspace: The store.
        progress: Receives a description of each step.

    Returns:
        None: nothing is written, or there are too few events to simulate new items.
    """
    tables, written = workspace.tables, read_enrichments(workspace.store)
    plain = tables.items.drop(WRITTEN_COLUMN, strict=False)
    enriched = add_written_texts(plain, written)
    if not enriched[WRITTEN_COLUMN].null_count() < len(enriched):
        return None
    recommender = new_recommender(workspace.store, workspace.settings, tables, "auto")
    values = []
    for name, items in (("with", enriched), ("without", plain)):
        progress(f"simulating new items {name} what the model wrote")
        values.append(_cold_values(recommender, tables, items))
    if any(value is None or not len(value) for value in values):
        return None
    return paired_bootstrap(values[0], values[1])


def _cold_values(recommender: Recommender, tables: Tables, items: pl.DataFrame) -> Any:
    """Return NDCG@10 by user on simulated new items; None: there is no such slice."""
    changed = Tables(items, tables.users, tables.events)
    report = recommender.evaluate(changed, slices=[COLD_SLICE])
    if not report.slices:
        return None
    return report.cell(COLD_SLICE, report.systems[0]).per_user["ndcg"]


def set_enrichment(workspace: EnrichedStore, *, is_used: bool) -> None:
    """Write the column ``written_by_model`` of the items, or remove it.

    Args:
        workspace: The store.
        is_used: Whether items have the column.
    """
    items = workspace.tables.items
    before = items.get_column(WRITTEN_COLUMN) if WRITTEN_COLUMN in items.columns else None
    plain = items.select("item_id")
    written = add_written_texts(plain, read_enrichments(workspace.store) if is_used else {})
    if before is not None:
        is_changed = ~written[WRITTEN_COLUMN].eq_missing(before)
        written = written.filter(is_changed)
    elif not is_used:
        return
    else:
        written = written.drop_nulls()
    if written.height:
        workspace.store.write(Tables.of(items=written))
        workspace.forget_tables()
