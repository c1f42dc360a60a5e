"""How often the release gate refuses a recommender that is as good, and which losses it finds.

The same recipe is trained with several seeds on a part of the bundled gift shop, and every
training is put before the gate against every other, each time with other users and items
hidden. Run from the repository:

    python -m benchmarks.studies.gate --trainings 7 --out benchmarks/results/gate.md
"""

import argparse
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from daybreak import gift_shop, read_folder
from daybreak.data import EventRules, Tables
from daybreak.data.dataset import Dataset
from daybreak.ranking.benchmarks.paired import (
    PairedSliceResult,
    RecommenderSpec,
    evaluate_paired,
)
from daybreak.ranking.blending.fit import fit_blend
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.releases.gate import (
    FAMILY_ERROR_RATE,
    RANDOM_MIXED_SLICES,
    GateResult,
    SliceComparison,
    build_gate_result,
)
from daybreak.simulation.slices import DEFINITIONS

STRATEGIES = (
    "popular",
    "popular/season",
    "profile",
    "item_knn",
    "graph_filter",
    "content/match",
    "content/ridge",
    "content/popular",
)
LEFT = (0.75, 0.5, 0.25, 0.0)
"""Share that planted losses leave of the weight of the strategy that counts most."""
FLIPS = 200


def shop(every: int, least: int) -> Dataset:
    """Return the gift shop with one customer in ``every`` and the items they bought often."""
    tables = read_folder(gift_shop()).tables
    users = tables.users.gather_every(every)
    events = tables.events.join(users.select("user_id"), on="user_id", how="semi")
    counts = events["item_id"].value_counts()
    often = counts.filter(counts["count"] >= least)
    items = tables.items.join(often.select("item_id"), on="item_id", how="semi")
    events = events.join(items.select("item_id"), on="item_id", how="semi")
    reading = DatasetConfig(None, EventRules(), None, 0)
    return encode_dataset(Tables(items, users, events), reading).data


def trained(data: Dataset, seed: int) -> RecommenderSpec:
    """Return the recipe that a seed leads to."""
    blend, fitted = fit_blend(data, get_strategies(STRATEGIES), seed)
    return RecommenderSpec(blend, fitted.strategies)


def judged(bouts: Sequence[PairedSliceResult], recipe: RecommenderSpec) -> GateResult:
    """Return the verdict as the gate gives it."""
    return build_gate_result(
        bouts,
        RANDOM_MIXED_SLICES if recipe.blend.arrival.probability >= 0.5 else ("arriving_mixed",),
    )


def flipped(
    bouts: Sequence[PairedSliceResult], rng: np.random.Generator
) -> list[PairedSliceResult]:
    """Swap the two sides at random: by user, or by item where items are the sample."""
    found = []
    for bout in bouts:
        sizes = np.diff(bout.new.indptr)
        new_items = DEFINITIONS[bout.slice].candidate_set != "known"
        who = bout.new.indices if new_items else np.repeat(bout.users, sizes)
        swap = (rng.random(int(who.max()) + 1) < 0.5)[who]
        first = np.where(swap, bout.old.data, bout.new.data)
        second = np.where(swap, bout.new.data, bout.old.data)
        found.append(replace(bout, new=_like(bout.new, first), old=_like(bout.old, second)))
    return found


def weakened(recipe: RecommenderSpec, left: float) -> RecommenderSpec:
    """Return the recipe with less of the strategy that counts most for known items."""
    blend = recipe.blend
    most = int(np.argmax(blend.weights.sum(axis=0)))
    weights = blend.weights.copy()
    weights[:, most] *= left
    return replace(recipe, blend=replace(blend, weights=weights))


def main() -> None:
    """Train, compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainings", type=int, default=7)
    parser.add_argument("--every", type=int, default=3, help="one customer in so many")
    parser.add_argument("--least", type=int, default=10, help="events of an item")
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    data = shop(told.every, told.least)
    recipes = [trained(data, seed) for seed in range(told.trainings)]
    pairs = list(combinations(range(told.trainings), 2))
    played = []
    for number, (a, b) in enumerate(pairs):
        played.append(evaluate_paired(data, recipes[a], recipes[b], seed=1000 + number))
        print(f"{number + 1} of {len(pairs)} pairs", flush=True)
    verdicts = [judged(bouts, recipes[a]) for (a, _), bouts in zip(pairs, played, strict=True)]
    planted = list(_planted(data, recipes))
    told.out.write_text("\n".join(_page(data, verdicts, _null(played, recipes), planted)))


def _like(matrix: sp.csr_array, values: np.ndarray) -> sp.csr_array:
    return sp.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _swaps(n_pairs: int) -> int:
    """Return how often the sides of each pair are swapped."""
    return max(1, FLIPS * 20 // n_pairs)


def _null(
    played: Sequence[Sequence[PairedSliceResult]], recipes: Sequence[RecommenderSpec]
) -> float:
    """Return how often the gate refuses when the sides are swapped at random."""
    rng = np.random.default_rng(0)
    each = _swaps(len(played))
    found = [judged(flipped(bouts, rng), recipes[0]) for bouts in played for _ in range(each)]
    return float(np.mean([not verdict.passed for verdict in found]))


def _planted(
    data: Dataset, recipes: Sequence[RecommenderSpec]
) -> Iterator[tuple[float, GateResult]]:
    for left in LEFT:
        for number, recipe in enumerate(recipes[:3]):
            bouts = evaluate_paired(data, weakened(recipe, left), recipe, seed=2000 + number)
            yield left, judged(bouts, recipe)
            print(f"planted {left}", flush=True)


def _page(
    data: Dataset,
    verdicts: Sequence[GateResult],
    null: float,
    planted: Sequence[tuple[float, GateResult]],
) -> Iterator[str]:
    refused = [verdict for verdict in verdicts if not verdict.passed]
    why = Counter(line.slice for verdict in refused for line in verdict.worse_slices)
    n = len(verdicts)
    yield "# The release gate: false alarms, and losses that are found\n"
    yield (
        "`python -m benchmarks.studies.gate`: one recipe, trained with several seeds on a part "
        "of the "
        f"bundled gift shop ({len(data.active_user_rows):,} customers, "
        f"{len(data.items):,} items, "
        f"{len(data.events):,} events), every training before the gate against every other, "
        f"hiding other users and items each time. Strategies: {', '.join(STRATEGIES)}.\n"
    )
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield "## False alarms\n"
    yield "| what | comparisons | refused | promised at most |\n| --- | ---: | ---: | ---: |"
    yield f"| the same recipe, another seed | {n} | {len(refused)} ({len(refused) / n:.1%}) | |"
    swaps = _swaps(n) * n
    name = "sides swapped at random, so that neither is better"
    yield f"| {name} | {swaps:,} | {null:.1%} | {FAMILY_ERROR_RATE / 2:.1%} |\n"
    listed = ", ".join(
        f"{DEFINITIONS[name].label} ({count})" for name, count in why.most_common()
    )
    yield (
        f"Refused on: {listed or 'nothing'}. Trainings with other seeds have other weights, so "
        "they truly differ a little; the swaps show the false alarms of the procedure alone.\n"
    )
    yield "## The smallest loss that is found\n"
    yield (
        "Half of the losses of this size are found, by slice: the mean distance from the "
        "difference to the end of its interval, over all comparisons.\n"
    )
    yield "| slice | queries | NDCG@10 | loss found | of the value |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for lines in zip(*(verdict.comparisons for verdict in verdicts), strict=True):
        yield _reach(lines)
    yield "\n## Planted losses\n"
    yield (
        "The strategy that counts most for known items keeps a part of its weight; three "
        "trainings each. Loss: mean over slices of users with 1 to 10 events.\n"
    )
    yield "| weight left | mean loss | refused | slices called worse |"
    yield "| ---: | ---: | ---: | ---: |"
    for left in LEFT:
        mine = [verdict for share, verdict in planted if share == left]
        loss = np.mean([_loss(verdict) for verdict in mine])
        worse = np.mean([len(verdict.worse_slices) for verdict in mine])
        count = sum(not verdict.passed for verdict in mine)
        yield f"| {left:.0%} | {loss:+.4f} | {count} of {len(mine)} | {worse:.1f} |"
    yield ""


def _reach(lines: Sequence[SliceComparison]) -> str:
    label = DEFINITIONS[lines[0].slice].label
    queries = np.mean([line.queries for line in lines])
    value = np.mean([line.old for line in lines])
    reach = np.mean([line.high - line.difference for line in lines])
    note = " (not judged)" if lines[0].word == "not judged" else ""
    if not reach:
        return f"| {label}{note} | {queries:.0f} | {value:.3f} | all lists were the same | |"
    return (
        f"| {label}{note} | {queries:.0f} | {value:.3f} | {reach:.4f} | {reach / value:.1%} |"
    )


def _loss(verdict: GateResult) -> float:
    shots = ("events_1", "events_3", "events_5", "events_10")
    return float(
        np.mean([line.difference for line in verdict.comparisons if line.slice in shots])
    )


if __name__ == "__main__":
    main()
