"""Does the doubt about new items mean what it says? Scores before and after their events come.

Some items are hidden and scored by content; then a training of the same weights learns their
events. How far the scores moved, in standard deviations of the doubt, should be about 1. Run
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


class Moved(NamedTuple):
    """Of all pairs of a user and a new item; (n_users, n_new)."""

    moved: np.ndarray
    """By how much the score moved"""
    doubt: np.ndarray
    """The standard deviation that was told before"""


def moved(folder: Path, size: int, most: int, seed: int) -> Moved:
    """Return how far scores moved when items got their events.

    Args:
        folder: Of the data.
        size: New items.
        most: Users.
        seed: Of what is hidden.
    """
    events, items = positive(folder)
    users = np.random.default_rng(seed).permutation(sorted(set(events["user_id"])))[:most]
    events = events.filter(pl.col("user_id").is_in(users.tolist()))
    start = world(events, items, size, seed)
    with TemporaryDirectory() as place:
        base = train_base(start, place, seed)
    new = pl.col("item_id").is_in(start.new) & ~pl.col("user_id").is_in(start.judges)
    columns = start.known.events.select(events.columns)
    full = Tables.of(pl.concat([columns, events.filter(new)]), start.known.items)
    later = base.clone(STRATEGIES).fit(full, start=base, keep_weights=True)
    state = base.state
    args = new_item_scorer(state, dict.fromkeys(start.new, 0.0), size)
    queries = _queries(base, start)
    doubt = args.score_std(nearest_level(queries.n_events))
    return Moved(_scores(later, start) - _scores(base, start), doubt)


def _scores(model: Recommender, start: World) -> np.ndarray:
    scores = model.state.ranker.score(_queries(model, start))
    ids = model.state.catalogue.items.ids
    return scores[:, ids.rows(start.new)]


def _queries(model: Recommender, start: World) -> Queries:
    """Return the queries of the judges, who are asked in one batch."""
    request = FrameRequest.from_frames(model.state, list(start.judges))
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
        folder.name: [moved(folder, args.new, args.most, seed) for seed in range(args.seeds)]
        for folder in args.data
    }
    args.out.write_text("\n".join([*_page(found, args), ""]), encoding="utf-8")


def _page(found: dict[str, list[Moved]], args: argparse.Namespace) -> Iterator[str]:
    yield "# Does the doubt about new items mean what it says?\n"
    yield f"`python -m benchmarks.studies.doubt --data DATA --seeds {args.seeds}`\n"
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield (
        f"{args.new} items of {args.most} users are hidden, as in the [replay](exploration.md),"
        " and scored by content for the judges; then a training with the same weights learns "
        "what others did with them. Together: the mean difference of the scores, in units of "
        "the blend. It is the same for all new items of a user: where they stand against old "
        "ones is a number that the blend fits, and is no doubt about any of them. Apart: the "
        "root mean square of what each item moved beyond that. Ratio: that over the doubt; 1 "
        "is right, more is bold. Inside: share within 1.96 standard deviations, 95 % is "
        "right.\n"
    )
    yield "| data | pairs | together | apart | doubt | ratio | inside |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, parts in found.items():
        yield f"| {name} | {_row(parts)} |"
    yield ""


def _row(parts: Sequence[Moved]) -> str:
    gone = np.concatenate([part.moved for part in parts])
    doubt = np.concatenate([part.doubt for part in parts])
    apart = gone - gone.mean(axis=1, keepdims=True)
    size = np.sqrt(np.mean(doubt**2))
    numbers = (gone.mean(), np.sqrt(np.mean(apart**2)), size, np.sqrt(np.mean(apart**2)) / size)
    inside = np.mean(abs(apart) < 1.96 * doubt)
    return f"{gone.size:,} | {' | '.join(f'{n:.2f}' for n in numbers)} | {inside:.1%}"


if __name__ == "__main__":
    main()
