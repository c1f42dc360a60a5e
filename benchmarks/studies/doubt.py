"""Calibration of the uncertainty of new items: scores before and after their first events.

Some items are hidden and scored by content; then a training with the same weights includes
their events. The change of the scores should be about one predicted standard deviation. Run
from the repository:

    python -m benchmarks.studies.doubt --data DATA --out benchmarks/results/doubt.md
"""

import argparse
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import polars as pl

from benchmarks.studies.exploration import STRATEGIES, World, positive, train_base, world
from daybreak import Recommender, Tables
from daybreak.data.dataset import Queries
from daybreak.ranking.blending.weights import nearest_level
from daybreak.service.exploration.new_items import new_item_scorer
from daybreak.service.state.frame_requests import FrameRequest


class ScoreChanges(NamedTuple):
    """Changes of scores; arrays of (n_users, n_new) pairs of a user and a new item."""

    change: np.ndarray
    """Score with the events minus score by content"""
    std: np.ndarray
    """Standard deviation that was predicted before"""


def measure_changes(folder: Path, size: int, most: int, seed: int) -> ScoreChanges:
    """Return the changes of scores when items got their events.

    Args:
        folder: Folder of the data.
        size: Number of new items.
        most: Maximum number of users.
        seed: Seed of the draw of hidden items and users.
    """
    events, items = positive(folder)
    users = np.random.default_rng(seed).permutation(sorted(set(events["user_id"])))[:most]
    events = events.filter(pl.col("user_id").is_in(users.tolist()))
    start = world(events, items, size, seed)
    with TemporaryDirectory() as place:
        base = train_base(start, place, seed)
    new = pl.col("item_id").is_in(start.new) & ~pl.col("user_id").is_in(start.test_users)
    columns = start.known.events.select(events.columns)
    full = Tables.of(pl.concat([columns, events.filter(new)]), start.known.items)
    later = base.clone(STRATEGIES).fit(full, start=base, keep_weights=True)
    state = base.state
    scorer = new_item_scorer(state, dict.fromkeys(start.new, 0.0), size)
    queries = _queries(base, start)
    std = scorer.score_std(nearest_level(queries.n_events))
    return ScoreChanges(_scores(later, start) - _scores(base, start), std)


def _scores(model: Recommender, start: World) -> np.ndarray:
    scores = model.state.ranker.score(_queries(model, start))
    ids = model.state.catalogue.items.ids
    return scores[:, ids.rows(start.new)]


def _queries(model: Recommender, start: World) -> Queries:
    """Return the queries of the test users, in one batch."""
    request = FrameRequest.from_frames(model.state, list(start.test_users))
    ((_, context),) = request.contexts()
    return model.state.query_builder.queries(context)


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--new", type=int, default=100)
    parser.add_argument("--most", type=int, default=1000, help="users")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    found = {
        folder.name: [
            measure_changes(folder, args.new, args.most, seed) for seed in range(args.seeds)
        ]
        for folder in args.data
    }
    args.out.write_text("\n".join([*_page(found, args), ""]), encoding="utf-8")


def _page(found: dict[str, list[ScoreChanges]], args: argparse.Namespace) -> Iterator[str]:
    yield "# Calibration of the uncertainty of new items\n"
    yield f"`python -m benchmarks.studies.doubt --data DATA --seeds {args.seeds}`\n"
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield (
        f"{args.new} items of {args.most} users are hidden, as in the [replay](exploration.md),"
        " and scored by content for the test users; then a training with the same weights "
        "includes the events of other users on them. Mean change: the mean difference of the "
        "scores, in units of the blend. It is a common shift of new items against old ones, "
        "which the blend fits separately, and not part of the uncertainty of an item. Change: "
        "the root mean square of the differences from the mean change of each user. Predicted: "
        "the root mean square of the predicted standard deviations. Ratio: change over "
        "predicted; above 1 the predictions are too small. Inside: share within 1.96 predicted "
        "standard deviations; 95 % is calibrated.\n"
    )
    yield "| data | pairs | mean change | change | predicted | ratio | inside |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, parts in found.items():
        yield f"| {name} | {_row(parts)} |"
    yield ""


def _row(parts: Sequence[ScoreChanges]) -> str:
    changes = np.concatenate([part.change for part in parts])
    std = np.concatenate([part.std for part in parts])
    residuals = changes - changes.mean(axis=1, keepdims=True)
    change, predicted = np.sqrt(np.mean(residuals**2)), np.sqrt(np.mean(std**2))
    numbers = (changes.mean(), change, predicted, change / predicted)
    inside = np.mean(abs(residuals) < 1.96 * std)
    return f"{changes.size:,} | {' | '.join(f'{n:.2f}' for n in numbers)} | {inside:.1%}"


if __name__ == "__main__":
    main()
