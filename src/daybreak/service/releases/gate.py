"""What a comparison of two recommenders found, slice by slice, in plain words.

The release gate: a recommender that is worse than the one in service stays outside.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from daybreak.data import Tables
from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, DaybreakError, GateRefusedError
from daybreak.estimates import PairedDifference, clustered_difference
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
from daybreak.service.releases.release import has_release, read_trained_model
from daybreak.service.training.fit import TrainedModel
from daybreak.simulation.slices import NEW_ITEM_SLICES
from daybreak.simulation.splits import SHOT_COUNTS

__all__ = [
    "SLICE_LABELS",
    "GateResult",
    "Outcome",
    "SliceComparison",
    "build_gate_result",
    "check_release",
    "compare_recommenders",
    "raise_if_worse",
]


FAMILY_ERROR_RATE = 0.05
"""Chance that any slice of two equal recommenders is called better or worse."""
MIN_CLUSTERS = 30
"""Users, and where items are a sample new items, below which a slice is not judged."""

Outcome = Literal["better", "tied", "worse", "not judged"]

_NEW_ITEM_LABELS = {
    "cold_item": "new items for known users",
    "cold_item_3": "new items for new users with 3 events",
    "both_cold": "new items for new users with 0 events",
    "arriving": "arriving items for known users",
}
SLICE_LABELS = {
    **{f"events_{n}": f"new users with {n} event{'' if n == 1 else 's'}" for n in SHOT_COUNTS},
    "warm_last": "known users, their next item",
    "warm_time": "known users, later events",
    **_NEW_ITEM_LABELS,
    **{
        f"{name}_all": f"{label}, in one list with old ones"
        for name, label in _NEW_ITEM_LABELS.items()
    },
}
"""Slices in words."""


@dataclass(frozen=True)
class SliceComparison:
    """One slice: NDCG@10 of both, and how sure their difference is."""

    slice: str
    queries: int
    users: int
    new: float
    old: float
    difference: float
    low: float
    high: float
    word: Outcome

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; an infinite end of the interval is None."""
        ends = {name: getattr(self, name) for name in ("low", "high")}
        known = {name: end if math.isfinite(end) else None for name, end in ends.items()}
        return asdict(self) | known | {"label": SLICE_LABELS[self.slice]}

    def __str__(self) -> str:
        """Return one sentence."""
        span = f"[{_format_signed(self.low)}, {_format_signed(self.high)}]"
        return (
            f"{SLICE_LABELS[self.slice]}: {_format_ndcg(self.new)} against {_format_ndcg(self.old)}, "
            f"{_format_signed(self.difference)} {span}, {self.queries:,} queries: {self.word}"
        )


@dataclass(frozen=True)
class GateResult:
    """Whether a recommender may take the place of the one in service."""

    comparisons: tuple[SliceComparison, ...] = ()
    level: float = 1 - FAMILY_ERROR_RATE
    """Of each interval; together they hold with 95 %."""
    notes: tuple[str, ...] = ()
    """What a careful user should know, in plain sentences."""
    forced: bool = False
    """Whether it was released whatever was found."""

    @property
    def worse_slices(self) -> tuple[SliceComparison, ...]:
        """The slices that got significantly worse."""
        return tuple(line for line in self.comparisons if line.word == "worse")

    @property
    def passed(self) -> bool:
        """Whether no slice got significantly worse."""
        return not self.worse_slices

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "passed": self.passed,
            "forced": self.forced,
            "level": self.level,
            "slices": [line.to_dict() for line in self.comparisons],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Return all sentences, one a line."""
        return "\n".join(
            [*map(str, self.comparisons), *(f"note: {note}" for note in self.notes)]
        )


def build_gate_result(
    results: Sequence[PairedSliceResult], skipped: Sequence[str] = (), notes: Sequence[str] = ()
) -> GateResult:
    """Judge bouts; intervals are so wide that all of them hold together with 95 %.

    With ``m`` slices each interval has level ``1 - 0.05 / m``, after Bonferroni. A slice is
    worse when its whole interval is below 0.

    Args:
        results: Gains of both recommenders on each slice.
        skipped: Slices that are shown, but not judged.
        notes: To be told with it.
    """
    judged = [
        bout for bout in results if bout.slice not in skipped and _has_enough_clusters(bout)
    ]
    level = 1 - FAMILY_ERROR_RATE / max(len(judged), 1)
    chosen = {bout.slice for bout in judged}
    lines = tuple(_compare_slice(bout, level, judged=bout.slice in chosen) for bout in results)
    none = () if judged else ("no slice has enough users to be judged; nothing was compared",)
    return GateResult(lines, level, (*notes, *none))


def _clusters_by_item(result: PairedSliceResult) -> bool:
    return result.slice.removesuffix("_all") in NEW_ITEM_SLICES


def _has_enough_clusters(result: PairedSliceResult) -> bool:
    items = len(np.unique(result.new.indices)) if _clusters_by_item(result) else MIN_CLUSTERS
    return min(len(np.unique(result.users)), items) >= MIN_CLUSTERS


def _compare_slice(result: PairedSliceResult, level: float, *, judged: bool) -> SliceComparison:
    n = result.new.shape[0]
    gap = clustered_difference(
        result.new, result.old, result.users, level, by_item=_clusters_by_item(result)
    )
    new, old = (float(side.data.sum()) / n for side in (result.new, result.old))
    users = len(np.unique(result.users))
    word: Outcome = _classify_difference(gap) if judged else "not judged"
    return SliceComparison(result.slice, n, users, new, old, *gap[:3], word)


def _classify_difference(difference: PairedDifference) -> Outcome:
    if difference.is_worse:
        return "worse"
    return "better" if difference.is_better else "tied"


def _format_ndcg(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _format_signed(value: float) -> str:
    if not math.isfinite(value):
        return "?"
    return f"{value:+.3f}".replace("0.", ".", 1)


MIN_EVENT_RATIO = 0.8
"""A training that knew less than this share of the events before is told of."""
MIN_ARRIVAL_PROBABILITY = 0.5
"""Likeness from which new items count as arrivals."""
RANDOM_MIXED_SLICES = ("cold_item_all", "cold_item_3_all", "both_cold_all")
"""Slices where items hidden at random are in one list with old ones."""

COMPARISON_SEED = 1_000_003
"""Of what is hidden: the same for every comparison, and far from what people choose."""

Progress = Callable[[str], None]


def compare_recommenders(
    new: TrainedModel,
    old: TrainedModel,
    data: Any,
    items: Any = None,
    users: Any = None,
    *,
    progress: Progress | None = None,
) -> GateResult:
    """Let two recommenders play the same simulated cold starts, and judge every slice.

    Both start from nothing in every round, with their own strategies, options, weights and text
    encoder: what they have learned would know what is hidden. What a positive event is, ``new``
    says.

    Args:
        new: The one that wants to take over.
        old: The one in service.
        data: Events or tables that both are asked about.
        items: As for :meth:`Recommender.fit`.
        users: As for ``fit``.
        progress: Told of each step.
    """
    say = progress or (lambda _: None)
    tables = as_tables(data, items, users, None)[0]
    say("encoding the catalogue")
    reading, other = (_dataset_config(side, tables) for side in (new, old))
    known = encode_dataset(tables, reading).data
    content = None
    if not _same_encoding(reading, other):
        _, theirs = encode_catalogue(tables.items, other)
        content = EncodedCatalogue(theirs, item_kernel(theirs))
    sides = (
        RecommenderSpec(new.blend, new.fitted.strategies),
        RecommenderSpec(old.blend, old.fitted.strategies, content),
    )
    bouts = evaluate_paired(known, *sides, seed=COMPARISON_SEED, progress=say)
    # A blend puts new items among old ones as arrivals or as any item, whichever they are.
    skipped = (
        RANDOM_MIXED_SLICES
        if new.blend.arrival.probability >= MIN_ARRIVAL_PROBABILITY
        else ("arriving_all",)
    )
    return build_gate_result(bouts, skipped, _comparison_notes(new, old))


def check_release(
    folder: Path, new: TrainedModel, data: Any = None, *, force: bool = False, **options: Any
) -> GateResult:
    """Return the verdict on taking the place of the release in a folder.

    Args:
        folder: Where the release in service is; without one everything passes.
        new: Who wants to take its place.
        data: As for :func:`compare`; None is enough where there is no release.
        force: Whether to pass whatever is found, also when the release cannot be read.
        **options: Of :func:`compare`.

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
            f"{folder} holds a release; give data= to be compared with it on, or force=True"
        )
    try:
        old = read_trained_model(folder, _text_encoder(new))
    except DaybreakError as error:
        if not force:
            raise
        return GateResult(notes=(f"the release before cannot be read: {error}",), forced=True)
    verdict = replace(compare_recommenders(new, old, data, **options), forced=force)
    raise_if_worse(verdict)
    return verdict


def raise_if_worse(verdict: GateResult) -> None:
    """Stop a release that did not pass, unless it is forced.

    Raises:
        GateRefusedError: A slice got significantly worse.
    """
    if verdict.passed or verdict.forced:
        return
    what = "; ".join(f"{line}" for line in verdict.worse_slices)
    raise GateRefusedError(
        f"worse than the release in service on {len(verdict.worse_slices)} of {len(verdict.comparisons)} "
        f"slices: {what}. Nothing was written; use more data or other strategies, or force "
        "the release",
        verdict.to_dict(),
    )


def _dataset_config(learned: TrainedModel, tables: Tables) -> DatasetConfig:
    """Return how a recommender reads tables; columns that it never saw tell it nothing."""
    known = {field.name: field.role for field in learned.content.attributes.fields}
    columns = [name for name in tables.items.columns if name != "item_id"]
    roles = {name: known.get(name, "ignore") for name in columns}
    return DatasetConfig(_text_encoder(learned), learned.rules, roles, COMPARISON_SEED)


def _text_encoder(learned: TrainedModel) -> Encoder | None:
    meaning = learned.content.meaning
    return None if meaning is None else meaning.encoder


def _same_encoding(first: DatasetConfig, second: DatasetConfig) -> bool:
    hashes = [None if r.encoder is None else r.encoder.hash for r in (first, second)]
    return hashes[0] == hashes[1] and first.fields == second.fields


def _comparison_notes(new: TrainedModel, old: TrainedModel) -> list[str]:
    found = []
    if new.stats.n_events < MIN_EVENT_RATIO * old.stats.n_events:
        found.append(
            f"it learned from {new.stats.n_events:,} events, the one in service from "
            f"{old.stats.n_events:,}; the comparison cannot see what is missing"
        )
    if new.rules != old.rules:
        found.append(
            f"the two call other events positive; both were asked by the new rules: "
            f"{new.rules.describe()}"
        )
    return found
