"""Cost of the diversity option in NDCG@10, and its gain in intra-list distance.

    python -m benchmarks.studies.diversity shop=DATA/gift_shop films=DATA/ml100k \
        --releases FOLDER \
        --picture docs/images/diversity.svg > benchmarks/results/diversity.md

Holds out 40 % of the users of each data set and trains on the others, or loads the release of
an earlier run from ``FOLDER/NAME``. For half of the held-out users, requests contain the first
80 % of the events, and the later events are relevant; the method was chosen with the other
half. Only the public API is used, except for the distance, which is that of the content of the
models.
"""

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from daybreak import Recommender, Rules, Tables, read_folder
from daybreak.estimates import mean_difference
from daybreak.metrics import ndcg_of_ids
from daybreak.ranking.reranking.similarity import intra_list_distance

DIVERSITY_VALUES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
LIST_LENGTH = 10
MIN_EVENTS = 5
"""Events of a test user."""
N_TIMED_REQUESTS = 200
"""Timed requests of single users."""


@dataclass(frozen=True)
class Point:
    """One value of the option on one data set."""

    diversity: float
    ndcg: np.ndarray
    """(n_users,)"""
    distance: np.ndarray


@dataclass(frozen=True)
class DiversityResult:
    """One data set."""

    points: list[Point]
    plain_ms: float
    """Median CPU time of one request without rules."""
    diverse_ms: float
    """The same with diversity 0.5; requests of both kinds alternate."""


def main() -> None:
    """Parse the command line, measure, print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", help="NAME=FOLDER")
    parser.add_argument("--releases", type=Path, required=True, help="folder for the releases")
    parser.add_argument("--picture", type=Path, help="SVG")
    args = parser.parse_args()
    measured = {}
    for given in args.data:
        name, _, folder = given.partition("=")
        measured[name] = _measure(Path(folder), args.releases / Path(folder).name)
    print(_page(measured))
    if args.picture:
        _draw(measured, args.picture)


def _measure(data: Path, release: Path) -> DiversityResult:
    tables = read_folder(data).tables
    train_users, test_users = _users(tables)
    keep = pl.col("user_id").is_in(train_users)
    if not release.is_dir():
        users, events = tables.users.filter(keep), tables.events.filter(keep)
        Recommender(encoder="none").fit(Tables(tables.items, users, events)).save(release)
    model = Recommender.load(release)
    args, wanted = _split_histories(model, tables.events, test_users)
    points = [_point(model, args, wanted, value) for value in DIVERSITY_VALUES]
    return DiversityResult(points, *_milliseconds(model, args, list(wanted)))


def _users(tables: Tables) -> tuple[list[str], list[str]]:
    """Return the training users and the test users; a fifth is neither."""
    users = np.array(sorted(tables.users["user_id"].to_list()))
    users = users[np.random.default_rng(0).permutation(len(users))]
    n = len(users)
    return users[: int(0.6 * n)].tolist(), users[int(0.8 * n) :].tolist()


def _split_histories(
    model: Recommender, events: pl.DataFrame, users: list[str]
) -> tuple[pl.DataFrame, dict[str, set[str]]]:
    """Return the first events of users, and the items that they chose later."""
    rows = events.with_row_index("row").filter(pl.col("user_id").is_in(users))
    rows = rows.sort("user_id", "timestamp", "row").with_columns(
        n=pl.len().over("user_id"), place=pl.int_range(pl.len()).over("user_id")
    )
    rows = rows.filter(pl.col("n") >= MIN_EVENTS)
    early = pl.col("place") < (pl.col("n") * 0.8).floor()
    args, later = rows.filter(early), rows.filter(~early)
    signs = model.state.trained.rules.signs(later)
    wanted: dict[str, set[str]] = {}
    seen = set(args.select("user_id", "item_id").iter_rows())
    for user, item in later.filter(signs > 0).select("user_id", "item_id").iter_rows():
        if (user, item) not in seen:
            wanted.setdefault(user, set()).add(item)
    args = args.filter(pl.col("user_id").is_in(list(wanted)))
    return args.select(events.columns), wanted


def _point(
    model: Recommender, args: pl.DataFrame, wanted: dict[str, set[str]], diversity: float
) -> Point:
    rules = Rules(diversity=diversity) if diversity else None
    users = list(wanted)
    found = model.recommend(users, histories=args, k=LIST_LENGTH, rules=rules)
    lists = dict(found.group_by("user_id").agg("item_id").iter_rows())
    items = model.state.catalogue.items
    return Point(
        diversity,
        np.array([ndcg_of_ids(lists[user], wanted[user], LIST_LENGTH) for user in users]),
        np.array(
            [intra_list_distance(items.blocks, items.ids.rows(lists[user])) for user in users]
        ),
    )


def _milliseconds(
    model: Recommender, args: pl.DataFrame, users: list[str]
) -> tuple[float, float]:
    """Return the median CPU times of a list for one user, without and with diversity."""
    each = dict(args.partition_by("user_id", as_dict=True))
    took: dict[bool, list[float]] = {False: [], True: []}
    for user in users[:N_TIMED_REQUESTS]:
        for is_diverse, times in took.items():
            rules = Rules(diversity=0.5) if is_diverse else None
            start = time.process_time()
            model.recommend([user], histories=each[(user,)], k=LIST_LENGTH, rules=rules)
            times.append(time.process_time() - start)
    return float(np.median(took[False])) * 1000, float(np.median(took[True])) * 1000


def _page(measured: dict[str, DiversityResult]) -> str:
    lines = [
        "# Cost of diversity",
        "",
        "Made by `python -m benchmarks.studies.diversity`. Lists of 10",
        "for users that are not in the training data: requests contain the first 80 % of their",
        "events, the later ones are relevant. Distance is 1 - cosine of content, mean over the",
        "pairs of a list. Differences from diversity 0 are means over the same users with 95 %",
        f"intervals. Times are CPU times of one request, medians of {N_TIMED_REQUESTS}, on "
        f"{os.cpu_count()} cores",
        "shared with other work.",
        "",
        "![NDCG against distance](../../docs/images/diversity.svg)",
        "",
    ]
    for name, found in measured.items():
        base = found.points[0]
        lines += [
            f"## {name}: {len(base.ndcg):,} users",
            "",
            f"A request takes {found.plain_ms:.1f} ms without rules, and with diversity 0.5",
            f"{found.diverse_ms:.1f} ms.",
            "",
            "| diversity | NDCG@10 | difference | relative | distance | difference |",
            "| ---: | ---: | --- | ---: | ---: | --- |",
        ]
        for point in found.points:
            cost = _difference(point.ndcg, base.ndcg)
            gain = _difference(point.distance, base.distance)
            share = point.ndcg.mean() / base.ndcg.mean() - 1
            lines.append(
                f"| {point.diversity:.1f} | {point.ndcg.mean():.4f} | {cost} | {share:+.1%} | "
                f"{np.nanmean(point.distance):.3f} | {gain} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip()


def _difference(values: np.ndarray, base: np.ndarray) -> str:
    """Return the mean difference with its 95 % interval, by the normal approximation."""
    found = mean_difference(values - base)
    return f"{found.difference:+.4f} ± {found.high - found.difference:.4f}"


def _draw(measured: dict[str, DiversityResult], file: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - only where a picture is wanted

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "daybreak"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(1, len(measured), figsize=(4.6 * len(measured), 3.6))
    for axis, (name, found) in zip(np.atleast_1d(axes), measured.items(), strict=True):
        points = found.points
        x = [np.nanmean(point.distance) for point in points]
        y = [point.ndcg.mean() for point in points]
        axis.plot(x, y, marker="o", color="#2a6f97")
        for point, at in zip(points, zip(x, y, strict=True), strict=True):
            axis.annotate(
                f"{point.diversity:.1f}", at, xytext=(4, 4), textcoords="offset points"
            )
        axis.set(title=name, xlabel="distance within a list", ylabel="NDCG@10", ylim=(0, None))
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
