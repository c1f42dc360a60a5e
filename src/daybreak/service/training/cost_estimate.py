"""Time and memory of a training, as a sum over its parts.

Each part has features in closed form: bytes of its matrices, and operations. A benchmark
measures the peak and the processor time of every part of trainings on several data sets, and
fits one constant for each feature; ``cost_constants.json`` holds them with the errors of data
sets that were left out. Operations are converted to this machine by a measurement of a fraction
of a second.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from daybreak.blas import SingleBlasThread
from daybreak.data.user_samples import MAX_SAMPLED_EVENTS
from daybreak.memory import bounded_size
from daybreak.models.shared_statistics import MAX_BLOCK_CELLS, MAX_WEIGHTS_PER_ITEM
from daybreak.models.sizes import TrainingSizes
from daybreak.ranking.blending.pools import (
    MAX_FULLY_SCORED_ITEMS,
    MAX_SCORE_CELLS,
    N_SCORED_ITEMS,
)
from daybreak.simulation.holdout import ITEM_FRACTION, USER_FRACTION
from daybreak.simulation.queries import MAX_QUERIES
from daybreak.simulation.splits import FIT_REPEATS

MB = 1e6
N_REFERENCE_STRATEGIES = 25
"""Strategies of the trainings on which the constants were measured."""
SPEED_SECONDS = 0.2
"""Duration of the measurement of the machine [s]."""
SPEED_SIZE = 384
"""Rows and columns of the matrices that are multiplied in it."""
MEAN_POOL_WIDTH = (0.47, 0.28)
"""Factor and power of the mean width of a pool, by the number of scored items relative to
``N_SCORED_ITEMS``, in multiples of 1,000 candidates."""
QUERIES_OF_RANDOM = 12.0
"""Queries of a random split, in multiples of ``MAX_QUERIES``, if users suffice."""
QUERIES_OF_LATER = 5
"""The same of the split in time, with newcomers at moments."""
N_MOMENTS = (0, 9)
"""Smallest and largest number of fits on data before a moment: six, and three with unsold
items, where the present differs from the past."""


class Interval(NamedTuple):
    """An expected value between a low and a high one."""

    expected: float
    low: float
    high: float

    def to_list(self) -> list[float]:
        """Return expected, low and high value."""
        return [self.expected, self.low, self.high]


@dataclass(frozen=True)
class FitSizes:
    """Sizes of one fit of all strategies, on a part of the data."""

    n: int
    """Items with events."""
    n_items: int
    """Items that are scored."""
    n_users: int
    n_events: int
    n_queries: int = 0
    """Simulated queries that are scored afterwards."""

    @property
    def training(self) -> TrainingSizes:
        """The same as sizes of a training."""
        return TrainingSizes(self.n_users, self.n_items, self.n, self.n_events)


@dataclass(frozen=True)
class TrainingData:
    """What the cost of a training depends on."""

    sizes: TrainingSizes
    table_bytes: int
    """Size of the tables in memory [bytes]."""
    has_times: bool = True
    """Whether the times of events give an order."""
    text_dim: int = 0
    """Dimensions of the text vectors; 0: none."""


@dataclass(frozen=True)
class LearnedShare:
    """How much of what a training can learn is learned."""

    n_strategies: int
    held: float
    """Memory of their models, as a multiple of that of the default strategies."""


@dataclass(frozen=True)
class PartEstimate:
    """Expected cost of one part of a training."""

    name: str
    seconds: float
    peak_bytes: float


@dataclass(frozen=True)
class CostEstimate:
    """Expected cost of a training."""

    peak_bytes: Interval
    seconds: Interval
    """Time of one thread [s]."""
    parts: tuple[PartEstimate, ...]


def fit_memory_features(sizes: FitSizes) -> dict[str, float]:
    """Return the megabytes of the matrices of one fit, by their kind."""
    whole, n = sizes.training, sizes.n
    is_dense, landmarks = whole.form == "dense", whole.n_landmarks
    sparse = 0.0 if is_dense else 12.0 * MAX_WEIGHTS_PER_ITEM * n
    users = 4.0 * sizes.n_users**2 if whole.form == "users" else 0.0
    blocks = min(bounded_size("block_cells", MAX_BLOCK_CELLS), n * n) * 12.0
    return {
        "fixed": 1.0,
        "dense": 4.0 * n * n / MB if is_dense else 0.0,
        "landmarks": 4.0 * landmarks * (n + sizes.n_items) / MB,
        "sparse": (sparse + users) / MB,
        "blocks": 0.0 if is_dense else blocks / MB,
        "scores": 4.0 * bounded_size("score_cells", MAX_SCORE_CELLS) / MB,
        "events": 100.0 * sizes.n_events / MB,
    }


def fit_time_features(sizes: FitSizes) -> dict[str, float]:
    """Return the operations of one fit and of the scores after it, by their kind [10⁹]."""
    whole, n = sizes.training, float(sizes.n)
    landmarks = float(whole.n_landmarks)
    pairs = sizes.n_events * min(sizes.n_events / max(sizes.n_users, 1), 1_000.0)
    dense = n**3 if whole.form == "dense" else 0.0
    users = 0.0 if whole.form != "users" else sizes.n_users**2 * (sizes.n_users + n / 10)
    return {
        "fit": 1.0,
        "dense": dense / 1e9,
        "landmarks": (n + landmarks / 3) * landmarks**2 / 1e9,
        "towards": landmarks * sizes.n_items / 1e9,
        "users": users / 1e9,
        "pairs": pairs / 1e9,
        "events": sizes.n_events / 1e6,
        "scores": sizes.n_queries * float(sizes.n_items) * N_REFERENCE_STRATEGIES / 1e9,
    }


def plan_fits(sizes: TrainingSizes, *, has_times: bool) -> list[FitSizes]:
    """Return the sizes of the simulated cold starts, then of the fit on all data.

    Args:
        sizes: Sizes of the data.
        has_times: Whether the times of events give an order.
    """
    whole = FitSizes(sizes.n_sold, sizes.n_items, sizes.n_users, sizes.n_events)
    sizes = _sample_sizes(sizes)
    n_hidden = max(USER_FRACTION * sizes.n_users, 1.0)
    n_random = int(np.clip(np.ceil(MAX_QUERIES / n_hidden), *FIT_REPEATS))
    scored = sizes.n_items
    if scored > MAX_FULLY_SCORED_ITEMS:
        scored = N_SCORED_ITEMS + N_SCORED_ITEMS // 8
    share = min(sizes.n_users / (MAX_QUERIES / USER_FRACTION), 1.0)
    asked = int(QUERIES_OF_RANDOM * MAX_QUERIES * share) + 1
    kept = (1 - USER_FRACTION) * (1 - ITEM_FRACTION)
    random = FitSizes(
        int((1 - ITEM_FRACTION) * sizes.n_sold),
        scored,
        int((1 - USER_FRACTION) * sizes.n_users),
        int(kept * sizes.n_events),
        asked,
    )
    fits = [random] * n_random
    if has_times:
        late = int(0.8 * sizes.n_events)
        n_late = min(MAX_QUERIES, sizes.n_users)
        fits.append(FitSizes(int(0.85 * sizes.n_sold), scored, sizes.n_users, late, n_late))
        fits.append(
            FitSizes(sizes.n_sold, scored, sizes.n_users, late, QUERIES_OF_LATER * n_late)
        )
    return [*fits, whole]


def _sample_sizes(sizes: TrainingSizes) -> TrainingSizes:
    """Return the sizes of the users whose cold starts are simulated."""
    share = min(1.0, MAX_SAMPLED_EVENTS / max(sizes.n_events, 1))
    return replace(
        sizes, n_users=int(share * sizes.n_users), n_events=int(share * sizes.n_events)
    )


def pool_megabytes(fits: Sequence[FitSizes], n_strategies: int) -> float:
    """Return the megabytes of the pools of simulated cold starts."""
    factor, power = MEAN_POOL_WIDTH
    cells = sum(
        one.n_queries * 1_000 * factor * (one.n_items / N_SCORED_ITEMS) ** power for one in fits
    )
    return float(4.0 * n_strategies * cells / MB)


@cache
def cost_constants() -> Mapping[str, Any]:
    """Return the constants that the benchmark measured."""
    text = files("daybreak.service.training").joinpath("cost_constants.json")
    found: Mapping[str, Any] = json.loads(text.read_text("utf-8"))
    return found


def base_features(data: TrainingData) -> dict[str, float]:
    """Return what is in memory before the first simulated cold start, by its kind [MB]."""
    n_items = data.sizes.n_items
    return {
        "process": 1.0,
        "tables": data.table_bytes / MB,
        "events": 100.0 * data.sizes.n_events / MB,
        "text": 4.0 * data.text_dim * n_items / MB,
        "kernel": kernel_megabytes(data.sizes),
    }


def encoding_features(data: TrainingData) -> dict[str, float]:
    """Return the operations before the first simulated cold start, by their kind."""
    sizes = data.sizes
    landmarks = float(sizes.n_landmarks)
    return {
        "items": sizes.n_items / 1_000,
        "rows": sizes.n_events / 1e6,
        "content": (sizes.n_sold + landmarks / 3) * landmarks**2 / 1e9,
    }


def fit_seconds(fit: FitSizes, constants: Mapping[str, Any]) -> float:
    """Return the expected time of one fit and of the scores after it [s]."""
    return _weigh(fit_time_features(fit), constants["seconds"]["fit"])


def estimate_cost(
    data: TrainingData,
    learned: LearnedShare | None = None,
    speed: float = 1.0,
    constants: Mapping[str, Any] | None = None,
) -> CostEstimate:
    """Return the expected cost of a training, under the limits in use.

    Args:
        data: What the cost depends on.
        learned: Strategies that are learned; default: those of the reference.
        speed: Speed of this machine relative to that of the constants.
        constants: Constants; default: those that the benchmark measured.
    """
    learned = learned or LearnedShare(N_REFERENCE_STRATEGIES, 1.0)
    constants = constants or cost_constants()
    fits = plan_fits(data.sizes, has_times=data.has_times)
    parts = _estimate_parts(data, fits, learned, constants)
    low, high = constants["intervals"]["memory"]
    peak = max(one.peak_bytes for one in parts)
    short, long = constants["intervals"]["seconds"]
    share = learned.n_strategies / N_REFERENCE_STRATEGIES
    moment = max(fit_seconds(one, constants) for one in fits[:-1]) * share * data.has_times
    few, many = (sum(one.seconds for one in parts) + moment * n for n in N_MOMENTS)
    return CostEstimate(
        Interval(peak, peak * low, peak * high),
        Interval(few / speed, few * short / speed, many * long / speed),
        tuple(PartEstimate(one.name, one.seconds / speed, one.peak_bytes) for one in parts),
    )


def _estimate_parts(
    data: TrainingData,
    fits: Sequence[FitSizes],
    learned: LearnedShare,
    constants: Mapping[str, Any],
) -> tuple[PartEstimate, ...]:
    """Return the expected cost of each part at the speed of the constants."""
    memory, seconds = constants["memory"], constants["seconds"]
    share = learned.n_strategies / N_REFERENCE_STRATEGIES
    pools = pool_megabytes(fits[:-1], learned.n_strategies)
    held = _weigh(base_features(data), memory)
    peaks = [learned.held * _weigh(fit_memory_features(one), memory["fit"]) for one in fits]
    times = [fit_seconds(one, constants) * share for one in fits]
    n_queries = sum(one.n_queries for one in fits) / 1_000
    rows = (
        ("encoding", _weigh(encoding_features(data), seconds), held),
        ("simulated cold starts", sum(times[:-1]), held + pools + max(peaks[:-1])),
        ("weights", seconds["weights"] * n_queries * share, held + memory["weights"] * pools),
        ("all data", times[-1], held + peaks[-1]),
    )
    return tuple(PartEstimate(name, time_s, peak * MB) for name, time_s, peak in rows)


def kernel_megabytes(sizes: TrainingSizes) -> float:
    """Return the megabytes of the similarities of the whole catalogue, if they are held."""
    from daybreak.service.inputs.dataset import MAX_KERNEL_ITEMS  # noqa: PLC0415 - reading tables needs it only in a training

    is_held = sizes.n_items <= bounded_size("kernel_items", MAX_KERNEL_ITEMS)
    return 4.0 * sizes.n_items**2 / MB if is_held else 0.0


def measure_speed() -> float:
    """Return the speed of this machine relative to that on which the constants were measured.

    It is the number of products of two matrices in a fraction of a second of processor time.
    """
    left = np.random.default_rng(0).random((SPEED_SIZE, SPEED_SIZE), dtype=np.float32)
    with SingleBlasThread():
        _ = left @ left
        start, n_products = time.thread_time(), 0
        while (spent := time.thread_time() - start) < SPEED_SECONDS:
            _ = left @ left
            n_products += 1
    reference = float(cost_constants()["products_per_s"])
    return n_products / spent / reference


def _weigh(features: Mapping[str, float], constants: Mapping[str, float]) -> float:
    return float(sum(constants[name] * value for name, value in features.items()))
