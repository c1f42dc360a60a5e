"""The release gate: a recommender may replace the active one only if no slice gets worse.

``check_release`` compares a trained model with the release in a folder;
``compare_recommenders`` compares any two. Both recommenders are trained again on the visible
part of simulated cold starts, because the trained models know the held-out events.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from daybreak.data import Tables
from daybreak.data.recency import RecencyCurve
from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, DaybreakError, GateRefusedError, NextStep
from daybreak.estimates import PairedDifference, clustered_difference
from daybreak.memory import use_limits
from daybreak.ranking.benchmarks.paired import (
    EncodedCatalogue,
    PairedSliceResult,
    RecommenderSpec,
    evaluate_paired,
)
from daybreak.service.inputs.dataset import (
    DatasetConfig,
    encode_catalogue,
    encode_dataset,
    item_kernel,
)
from daybreak.service.inputs.frames import as_tables
from daybreak.service.inputs.sources import SourceTables, encode_sources, join_sources
from daybreak.service.releases.release import has_release, read_trained_model
from daybreak.service.training.fit import TrainedModel
from daybreak.simulation.slices import DEFINITIONS
from daybreak.types import Progress, ignore_progress

FAMILY_ERROR_RATE = 0.05
"""Probability that any slice of two equal recommenders is called better or worse."""
MIN_CLUSTERS = 30
"""Users, and new items where items are a sample, below which a slice is not judged."""
MIN_EVENT_RATIO = 0.8
"""Share of the earlier number of events below which a note warns."""
MIN_ARRIVAL_PROBABILITY = 0.5
"""Probability from which new items are ranked as arrivals."""
RANDOM_MIXED_SLICES = ("cold_item_mixed", "cold_item_3_mixed", "both_cold_mixed")
"""Slices with known items and randomly held-out items in one list."""
COMPARISON_SEED = 1_000_003
"""Seed of every comparison; it differs from the seeds that callers usually choose."""

Outcome = Literal["better", "tied", "worse", "not judged"]


@dataclass(frozen=True)
class SliceComparison:
    """NDCG@10 of two recommenders on one slice, and the interval of their difference.

    The field names are the keys of files and responses.
    """

    slice: str
    queries: int
    users: int
    new: float
    old: float
    difference: float
    low: float
    high: float
    word: Outcome

    @property
    def label(self) -> str:
        """The slice in words."""
        return DEFINITIONS[self.slice].label

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; an infinite end of the interval is None."""
        ends = {name: getattr(self, name) for name in ("low", "high")}
        finite = {name: end if math.isfinite(end) else None for name, end in ends.items()}
        return asdict(self) | finite | {"label": self.label}

    def __str__(self) -> str:
        """Return one sentence."""
        interval = f"[{_format_signed(self.low)}, {_format_signed(self.high)}]"
        return (
            f"{self.label}: {_format_ndcg(self.new)} against {_format_ndcg(self.old)}, "
            f"{_format_signed(self.difference)} {interval}, {self.queries:,} queries: "
            f"{self.word}"
        )


@dataclass(frozen=True)
class GateResult:
    """Whether a recommender may replace the active one.

    Attributes:
        comparisons: One comparison for each slice.
        level: Level of each interval; all of them hold together with 95 %.
        notes: Limits of the comparison, in sentences.
        forced: Whether the release was forced.
    """

    comparisons: tuple[SliceComparison, ...] = ()
    level: float = 1 - FAMILY_ERROR_RATE
    notes: tuple[str, ...] = ()
    forced: bool = False

    @property
    def worse_slices(self) -> tuple[SliceComparison, ...]:
        """The slices that got significantly worse."""
        return tuple(
            comparison for comparison in self.comparisons if comparison.word == "worse"
        )

    @property
    def passed(self) -> bool:
        """Whether no slice got significantly worse."""
        return not self.worse_slices

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "passed": self.passed,
            "forced": self.forced,
            "level": self.level,
            "slices": [comparison.to_dict() for comparison in self.comparisons],
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        """Return one line: the verdict and the number of slices."""
        verdict = "passed" if self.passed else "refused"
        return f"GateResult({verdict}, {len(self.comparisons)} slices, forced={self.forced})"

    def __str__(self) -> str:
        """Return one sentence a line."""
        return "\n".join(
            [*map(str, self.comparisons), *(f"note: {note}" for note in self.notes)]
        )


def check_release(
    folder: Path, new: TrainedModel, data: Any = None, *, force: bool = False, **options: Any
) -> GateResult:
    """Compare a trained model with the release in a folder.

    Args:
        folder: Folder of the release; without a release every model passes.
        new: Model to be released.
        data: As for :func:`compare_recommenders`; not needed where there is no release.
        force: Whether to pass whatever the result is, and if the release cannot be read.
        **options: Options of :func:`compare_recommenders`.

    Raises:
        GateRefusedError: A slice got significantly worse.
        ConfigError: There is a release, but no data to compare on.
    """
    if not has_release(folder):
        return GateResult(notes=("there was no release before",))
    if data is None:
        if force:
            return GateResult(notes=("released without a comparison",), forced=True)
        raise ConfigError(
            f"{folder} holds a release; give data= to compare the two on, or force=True"
        )
    try:
        old = read_trained_model(folder, _text_encoder(new))
    except DaybreakError as error:
        if not force:
            error.next_step = error.next_step or NextStep.FORCE_RELEASE
            raise
        return GateResult(notes=(f"the previous release cannot be read: {error}",), forced=True)
    with use_limits(new.limits):
        result = replace(compare_recommenders(new, old, data, **options), forced=force)
    raise_if_worse(result)
    return result


def raise_if_worse(result: GateResult) -> None:
    """Raise an error if a release did not pass and is not forced.

    Raises:
        GateRefusedError: A slice got significantly worse.
    """
    if result.passed or result.forced:
        return
    slices = "; ".join(map(str, result.worse_slices))
    raise GateRefusedError(
        f"worse than the release in service on {len(result.worse_slices)} of "
        f"{len(result.comparisons)} slices: {slices}. Nothing was written; use more data or "
        "other strategies, or force the release",
        result.to_dict(),
    )


def compare_recommenders(  # noqa: PLR0913 - two models, and all data they are compared on
    new: TrainedModel,
    old: TrainedModel,
    data: Any,
    items: Any = None,
    users: Any = None,
    *,
    sources: Sequence[SourceTables] = (),
    progress: Progress | None = None,
) -> GateResult:
    """Train two recommenders on the same simulated cold starts, and compare every slice.

    Each is trained from scratch on every split, with its own strategies, options, weights and
    text encoder. The rules of ``new`` decide which events are positive.

    Args:
        new: Model to be released.
        old: Model of the active release.
        data: Events or tables on which both are compared.
        items: As for :meth:`Recommender.fit`.
        users: As for ``fit``.
        sources: Sources of ``new``; without its sources, a model has no strategies of sources.
        progress: Called with a description of each step.
    """
    progress = progress or ignore_progress
    tables = as_tables(data, items, users, None).tables
    source_ids = None
    if sources:
        tables, source_ids = join_sources(tables, sources)
    progress("encoding the catalogue")
    new_config, old_config = (_dataset_config(model, tables) for model in (new, old))
    encoded_data = encode_dataset(tables, replace(new_config, source_ids=source_ids))
    dataset = encoded_data.data
    if sources:
        dataset = replace(dataset, sources=encode_sources(encoded_data, tables, sources))
    catalogue = None
    if not _same_encoding(new_config, old_config):
        interactions = dataset.events.to_matrix(dataset.n_users, len(dataset.items))
        _, encoded = encode_catalogue(tables.items, old_config, interactions)
        catalogue = EncodedCatalogue(encoded, item_kernel(encoded))
    results = evaluate_paired(
        dataset,
        RecommenderSpec(new.blend, new.fitted.strategies),
        RecommenderSpec(old.blend, old.fitted.strategies, catalogue),
        seed=COMPARISON_SEED,
        progress=progress,
    )
    # A blend places new items among known ones either as arrivals or as items of any age.
    as_arrivals = new.blend.arrival.probability >= MIN_ARRIVAL_PROBABILITY
    skipped = RANDOM_MIXED_SLICES if as_arrivals else ("arriving_mixed",)
    return build_gate_result(results, skipped, _comparison_notes(new, old))


def build_gate_result(
    results: Sequence[PairedSliceResult], skipped: Sequence[str] = (), notes: Sequence[str] = ()
) -> GateResult:
    """Judge the results of all slices, with intervals that hold together with 95 %.

    With ``m`` judged slices each interval has level ``1 - 0.05 / m`` (Bonferroni). A slice is
    worse when its whole interval is below 0.

    Args:
        results: Gains of both recommenders on each slice.
        skipped: Slices that are shown, but not judged.
        notes: Notes of the result.
    """
    judged = {
        result.slice
        for result in results
        if result.slice not in skipped and _has_enough_clusters(result)
    }
    level = 1 - FAMILY_ERROR_RATE / max(len(judged), 1)
    comparisons = tuple(
        _compare_slice(result, level, judged=result.slice in judged) for result in results
    )
    missing = "no slice has enough users to be judged; nothing was compared"
    return GateResult(comparisons, level, (*notes, *(() if judged else (missing,))))


def _compare_slice(result: PairedSliceResult, level: float, *, judged: bool) -> SliceComparison:
    n_queries = result.new.shape[0]
    difference = clustered_difference(
        result.new, result.old, result.users, level, by_item=_clusters_by_item(result)
    )
    new, old = (float(gains.data.sum()) / n_queries for gains in (result.new, result.old))
    n_users = len(np.unique(result.users))
    outcome: Outcome = _classify(difference) if judged else "not judged"
    return SliceComparison(result.slice, n_queries, n_users, new, old, *difference[:3], outcome)


def _clusters_by_item(result: PairedSliceResult) -> bool:
    return DEFINITIONS[result.slice].target_items != "known"


def _has_enough_clusters(result: PairedSliceResult) -> bool:
    n_users = len(np.unique(result.users))
    if not _clusters_by_item(result):
        return n_users >= MIN_CLUSTERS
    return min(n_users, len(np.unique(result.new.indices))) >= MIN_CLUSTERS


def _classify(difference: PairedDifference) -> Outcome:
    if difference.is_worse:
        return "worse"
    return "better" if difference.is_better else "tied"


def _format_ndcg(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _format_signed(value: float) -> str:
    if not math.isfinite(value):
        return "?"
    return f"{value:+.3f}".replace("0.", ".", 1)


def _dataset_config(model: TrainedModel, tables: Tables) -> DatasetConfig:
    """Return how a recommender reads tables; it ignores columns that it was not trained on."""
    role_of = {field.name: field.role for field in model.content.attributes.fields}
    columns = [name for name in tables.items.columns if name != "item_id"]
    roles = {name: role_of.get(name, "ignore") for name in columns}
    recency = RecencyCurve(model.stats.recency_power)
    return DatasetConfig(
        _text_encoder(model), model.rules, roles, COMPARISON_SEED, recency=recency
    )


def _text_encoder(model: TrainedModel) -> Encoder | None:
    meaning = model.content.meaning
    return None if meaning is None else meaning.encoder


def _same_encoding(first: DatasetConfig, second: DatasetConfig) -> bool:
    hashes = [None if c.encoder is None else c.encoder.hash for c in (first, second)]
    return hashes[0] == hashes[1] and first.fields == second.fields


def _comparison_notes(new: TrainedModel, old: TrainedModel) -> list[str]:
    notes = []
    if new.stats.n_events < MIN_EVENT_RATIO * old.stats.n_events:
        notes.append(
            f"it was trained on {new.stats.n_events:,} events, the active release on "
            f"{old.stats.n_events:,}; the comparison cannot see what is missing"
        )
    if new.rules != old.rules:
        notes.append(
            "the two define positive events differently; both were compared by the new rules: "
            f"{new.rules.describe()}"
        )
    return notes
