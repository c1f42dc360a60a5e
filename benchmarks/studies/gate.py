"""False alarms of the release gate, and the losses that it detects.

The same specification is trained with several seeds on a part of the bundled gift shop, and the
gate compares every pair of trainings, each time with other users and items held out. Run:

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
WEIGHT_FACTORS = (0.75, 0.5, 0.25, 0.0)
"""Factors of the largest weight in the artificially weakened specifications."""
N_SWAPS = 4_000
"""Approximate number of simulated comparisons without a difference."""


def read_shop(every: int, min_events: int) -> Dataset:
    """Return the gift shop with one customer in ``every`` and items with enough events."""
    tables = read_folder(gift_shop()).tables
    users = tables.users.gather_every(every)
    events = tables.events.join(users.select("user_id"), on="user_id", how="semi")
    counts = events["item_id"].value_counts()
    often = counts.filter(counts["count"] >= min_events)
    items = tables.items.join(often.select("item_id"), on="item_id", how="semi")
    events = events.join(items.select("item_id"), on="item_id", how="semi")
    reading = DatasetConfig(None, EventRules(), None, 0)
    return encode_dataset(Tables(items, users, events), reading).data


def fit_spec(data: Dataset, seed: int) -> RecommenderSpec:
    """Fit the specification with a seed."""
    blend, fitted = fit_blend(data, get_strategies(STRATEGIES), seed)
    return RecommenderSpec(blend, fitted.strategies)


def gate_result_of(results: Sequence[PairedSliceResult], spec: RecommenderSpec) -> GateResult:
    """Return the result of the gate."""
    return build_gate_result(
        results,
        RANDOM_MIXED_SLICES if spec.blend.arrival.probability >= 0.5 else ("arriving_mixed",),
    )


def swap_at_random(
    results: Sequence[PairedSliceResult], rng: np.random.Generator
) -> list[PairedSliceResult]:
    """Swap the two recommenders at random: by user, or by item if the items are a sample."""
    found = []
    for result in results:
        sizes = np.diff(result.new.indptr)
        new_items = DEFINITIONS[result.slice].target_items != "known"
        units = result.new.indices if new_items else np.repeat(result.users, sizes)
        swap = (rng.random(int(units.max()) + 1) < 0.5)[units]
        first = np.where(swap, result.old.data, result.new.data)
        second = np.where(swap, result.new.data, result.old.data)
        found.append(
            replace(result, new=_like(result.new, first), old=_like(result.old, second))
        )
    return found


def weakened(spec: RecommenderSpec, factor: float) -> RecommenderSpec:
    """Return the specification with less weight of the largest strategy for known items."""
    blend = spec.blend
    largest = int(np.argmax(blend.weights.sum(axis=0)))
    weights = blend.weights.copy()
    weights[:, largest] *= factor
    return replace(spec, blend=replace(blend, weights=weights))


def main() -> None:
    """Train, compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainings", type=int, default=7)
    parser.add_argument("--every", type=int, default=3, help="use one customer in this number")
    parser.add_argument("--least", type=int, default=10, help="events of an item, at least")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    data = read_shop(args.every, args.least)
    specs = [fit_spec(data, seed) for seed in range(args.trainings)]
    pairs = list(combinations(range(args.trainings), 2))
    compared = []
    for number, (a, b) in enumerate(pairs):
        compared.append(evaluate_paired(data, specs[a], specs[b], seed=1000 + number))
        print(f"{number + 1} of {len(pairs)} pairs", flush=True)
    gate_results = [
        gate_result_of(results, specs[a])
        for (a, _), results in zip(pairs, compared, strict=True)
    ]
    weakened_results = list(_weakened_results(data, specs))
    rate = _false_alarm_rate(compared, specs)
    lines = _page(data, gate_results, rate, weakened_results)
    args.out.write_text("\n".join(lines))


def _like(matrix: sp.csr_array, values: np.ndarray) -> sp.csr_array:
    return sp.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _swaps(n_pairs: int) -> int:
    """Return the number of random swaps of each pair."""
    return max(1, N_SWAPS // n_pairs)


def _false_alarm_rate(
    compared: Sequence[Sequence[PairedSliceResult]], specs: Sequence[RecommenderSpec]
) -> float:
    """Return the share of random swaps in which the gate refuses the release."""
    rng = np.random.default_rng(0)
    each = _swaps(len(compared))
    found = [
        gate_result_of(swap_at_random(results, rng), specs[0])
        for results in compared
        for _ in range(each)
    ]
    return float(np.mean([not gate_result.passed for gate_result in found]))


def _weakened_results(
    data: Dataset, specs: Sequence[RecommenderSpec]
) -> Iterator[tuple[float, GateResult]]:
    for factor in WEIGHT_FACTORS:
        for number, spec in enumerate(specs[:3]):
            results = evaluate_paired(data, weakened(spec, factor), spec, seed=2000 + number)
            yield factor, gate_result_of(results, spec)
            print(f"weight factor {factor}", flush=True)


def _page(
    data: Dataset,
    gate_results: Sequence[GateResult],
    null: float,
    weakened_results: Sequence[tuple[float, GateResult]],
) -> Iterator[str]:
    refused = [gate_result for gate_result in gate_results if not gate_result.passed]
    why = Counter(line.slice for gate_result in refused for line in gate_result.worse_slices)
    n = len(gate_results)
    yield "# The release gate: false alarms, and losses that are detected\n"
    yield (
        "`python -m benchmarks.studies.gate`: one specification, trained with several seeds on "
        "a part of the "
        f"bundled gift shop ({len(data.active_user_rows):,} customers, "
        f"{len(data.items):,} items, "
        f"{len(data.events):,} events), every pair of trainings compared by the gate, "
        f"with other users and items held out each time. Strategies: {', '.join(STRATEGIES)}.\n"
    )
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield "## False alarms\n"
    yield "| comparison | number | refused | bound |\n| --- | ---: | ---: | ---: |"
    share = f"{len(refused)} ({len(refused) / n:.1%})"
    yield f"| the same specification, other seed | {n} | {share} | |"
    swaps = _swaps(n) * n
    name = "recommenders swapped at random, so that neither is better"
    yield f"| {name} | {swaps:,} | {null:.1%} | {FAMILY_ERROR_RATE / 2:.1%} |\n"
    listed = ", ".join(
        f"{DEFINITIONS[name].label} ({count})" for name, count in why.most_common()
    )
    yield (
        f"Refused on: {listed or 'nothing'}. Trainings with other seeds have other weights, so "
        "they differ slightly in quality; the swaps show the false alarms of the test alone.\n"
    )
    yield "## The smallest loss that is detected\n"
    yield (
        "The gate detects half of the losses of this size. It is the mean half-width of the "
        "interval of a slice, over all comparisons.\n"
    )
    yield "| slice | queries | NDCG@10 | loss detected | of the value |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for lines in zip(*(gate_result.comparisons for gate_result in gate_results), strict=True):
        yield _detectable_loss(lines)
    yield "\n## Artificial losses\n"
    yield (
        "The weight of the strategy with the largest weight for known items is reduced, in "
        "three trainings each. Loss: mean over the slices of new users with 1 to 10 events.\n"
    )
    yield "| remaining weight | mean loss | refused | slices that are worse |"
    yield "| ---: | ---: | ---: | ---: |"
    for factor in WEIGHT_FACTORS:
        mine = [gate_result for share, gate_result in weakened_results if share == factor]
        loss = np.mean([_loss(gate_result) for gate_result in mine])
        worse = np.mean([len(gate_result.worse_slices) for gate_result in mine])
        count = sum(not gate_result.passed for gate_result in mine)
        yield f"| {factor:.0%} | {loss:+.4f} | {count} of {len(mine)} | {worse:.1f} |"
    yield ""


def _detectable_loss(lines: Sequence[SliceComparison]) -> str:
    label = DEFINITIONS[lines[0].slice].label
    queries = np.mean([line.queries for line in lines])
    value = np.mean([line.old for line in lines])
    margin = np.mean([line.high - line.difference for line in lines])
    note = " (not judged)" if lines[0].word == "not judged" else ""
    if not margin:
        return f"| {label}{note} | {queries:.0f} | {value:.3f} | all lists were the same | |"
    return (
        f"| {label}{note} | {queries:.0f} | {value:.3f} | {margin:.4f} | {margin / value:.1%} |"
    )


def _loss(gate_result: GateResult) -> float:
    shots = ("events_1", "events_3", "events_5", "events_10")
    return float(
        np.mean([line.difference for line in gate_result.comparisons if line.slice in shots])
    )


if __name__ == "__main__":
    main()
