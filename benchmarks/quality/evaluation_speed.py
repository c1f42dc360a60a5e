"""Duration of an evaluation: full ranking, all metrics, all intervals.

    python -m benchmarks.quality.evaluation_speed [--users 6000] [--items 4000] [--out FILE.md]

Scores are random, so that only the evaluation is timed. Of all items, every user has seen 4 %,
which are left out, and about 0.4 % are relevant; items have about 2 of 20 categories.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy.sparse import csr_array, random_array

from daybreak.estimates import bootstrap_all
from daybreak.evaluation import bootstrap, top_k
from daybreak.metrics import ListMetrics

REPEATS = 5
LIMIT_S = 5.0


def random_mask(shape: tuple[int, int], share: float, rng: np.random.Generator) -> Any:
    """Return a random boolean CSR matrix in which this share of the values is True."""
    return csr_array(random_array(shape, density=share, format="csr", rng=rng) != 0)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the median seconds of some runs, and the last result."""
    seconds = []
    for _ in range(REPEATS):
        start = perf_counter()
        result = work()
        seconds.append(perf_counter() - start)
    return float(np.median(seconds)), result


def measure(n_users: int, n_items: int, k: int) -> list[tuple[str, float]]:
    """Return the seconds of each step."""
    rng = np.random.default_rng(0)
    scores = rng.random((n_users, n_items), dtype=np.float32)
    seen = random_mask((n_users, n_items), 0.04, rng)
    metrics = ListMetrics(
        relevant=random_mask((n_users, n_items), 0.004, rng),
        counts=rng.integers(0, n_users // 4, n_items),
        n_train_users=n_users,
        categories=random_mask((n_items, 20), 0.1, rng),
    )
    bootstrap(np.zeros(2))
    rank_s, ranked = timed(lambda: top_k(scores, k, seen))
    metrics_s, values = timed(lambda: (metrics.per_user(ranked), metrics.overall(ranked)))
    interval_s, _ = timed(lambda: bootstrap_all(values[0]))
    steps = [
        (f"top {k} of all items, seen ones left out", rank_s),
        ("all 10 metrics", metrics_s),
        ("8 intervals, 1,000 resamples", interval_s),
    ]
    return [*steps, ("**all**", sum(seconds for _, seconds in steps))]


def main() -> None:
    """Measure, print the table, and write it to the file if one is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=6000)
    parser.add_argument("--items", type=int, default=4000)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    steps = measure(options.users, options.items, options.k)
    lines = [
        "# Speed of evaluation",
        "",
        f"{options.users:,} users × {options.items:,} items, full ranking, median of {REPEATS} "
        f"runs on {os.cpu_count()} cores. Limit: {LIMIT_S:.0f} s.",
        "",
        "| step | seconds |",
        "| --- | ---: |",
        *(f"| {name} | {seconds:.2f} |" for name, seconds in steps),
        "",
        "Made by `python -m benchmarks.quality.evaluation_speed --out "
        "benchmarks/results/evaluation_speed.md`.",
    ]
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
