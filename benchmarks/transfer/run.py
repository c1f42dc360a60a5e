"""Lists for people of another domain or market, with and without what is known there.

Run ``python -m benchmarks.transfer.run CASE --shared FOLDER``; it prints one line of the table
for each method. Test users have no event of the target in the training data; all of their
target events are targets, all items of the target with training events are candidates, except
in ``cdrib``, which has the published protocol of 999 random negatives.
"""

import argparse
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from daybreak import Recommender
from daybreak.data import read_tables
from daybreak.estimates import paired_bootstrap

K = 10
N_NEGATIVES = 999
TWO_DOMAIN_FOLDERS = ("food_kitchen", "amazon_beauty_toys", "completejourney")
"""Data sets with two domains whose people are partly the same."""
DEPARTMENTS = ("COSMETICS", "NUTRITION")
"""Departments of ``completejourney`` that are the two domains."""
N_SHARED_CDRIB = 2_179
"""Ids below are the same person in both folders."""
BASE = ("popular", "item_knn", "graph_filter")
METHODS: dict[str, tuple[str, ...] | None] = {
    "no transfer": None,
    "EMCDR": ("source/emcdr",),
    "PTUPCDR, linear": ("source/personalised",),
    "joined regression": ("source/joined",),
    "users, by content": ("source/users_content",),
    "content, whitened": ("source/content",),
    "content, CORAL": ("source/content_coral",),
    "content, contrastive": ("source/content_pairs",),
    "parameters, full": ("source/parameters",),
    "parameters, last": ("source/parameters_last",),
    "parameters, frozen": ("source/parameters_frozen",),
    "Daybreak": (),
}
"""Strategies of the source by method; empty: the default ones."""


@dataclass(frozen=True)
class Case:
    """One transfer: training data of the target, the source, and what test users chose."""

    name: str
    train: pl.DataFrame
    source: pl.DataFrame
    test: pl.DataFrame
    """``user_id, item_id`` of the targets"""
    known: pl.DataFrame | None = None
    """``user_id, item_id`` of the test users that are given with the request"""
    items: pl.DataFrame | None = None
    source_items: pl.DataFrame | None = None


def _read(folder: Path, table: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{table}.csv.gz", infer_schema_length=0)


def _read_domains(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return events and items of two domains, both with the column ``domain``."""
    events, items = _read(folder, "interactions"), _read(folder, "items")
    if "domain" in events.columns:
        return events, items
    items = items.filter(pl.col("domain").is_in(DEPARTMENTS))
    pairs = events.select("user_id", "item_id").unique(maintain_order=True)
    of_item = items.select("item_id", "domain")
    return pairs.join(of_item, on="item_id", maintain_order="left"), items


def two_domain_cases(
    shared: Path,
    folder: str,
    shares: Sequence[float],
    n_test: int,
    n_others: int,
    n_shared: int | None = None,
) -> Iterator[Case]:
    """Yield both directions of a data set with two domains and users in common.

    Of ``completejourney`` they are two departments, :data:`DEPARTMENTS`.

    Args:
        shared: Folder of the data sets.
        folder: Name of the data set.
        shares: Shares of the people in both domains that stay known as such in training.
        n_test: Number of test users.
        n_others: Number of people of only one domain that are kept in each, at most.
        n_shared: Number of people in both domains that are kept; None: all of them.
    """
    events, items = _read_domains(shared / "data" / folder)
    rng = np.random.default_rng(0)
    names = sorted(events["domain"].unique().to_list())
    both = events.group_by("user_id").agg(pl.col("domain").n_unique().alias("n"))
    people = np.array(sorted(both.filter(pl.col("n") > 1)["user_id"].to_list()))
    people = people[rng.permutation(len(people))][:n_shared]
    single = both.filter(pl.col("n") == 1).select("user_id")
    single = (
        events.join(single, on="user_id").group_by("domain").agg(pl.col("user_id").unique())
    )
    kept_users = set(people.tolist())
    for ids in single.sort("domain")["user_id"].to_list():
        chosen = np.array(sorted(ids))
        kept_users |= set(chosen[rng.permutation(len(chosen))[:n_others]].tolist())
    events = events.filter(pl.col("user_id").is_in(list(kept_users)))
    test_users, others = set(people[:n_test].tolist()), people[n_test:]
    for source, target in (names, names[::-1]):
        of_target = events.filter(pl.col("domain") == target)
        of_source = events.filter(pl.col("domain") == source)
        is_test = pl.col("user_id").is_in(test_users)
        for share in shares:
            hidden = set(others[int(np.ceil(share * len(others))) :].tolist())
            kept = of_source.filter(~pl.col("user_id").is_in(hidden))
            yield Case(
                f"{folder} {source}→{target}, {share:.0%} of shared users",
                of_target.filter(~is_test).select("user_id", "item_id"),
                kept.select("user_id", "item_id"),
                of_target.filter(is_test).select("user_id", "item_id"),
                None,
                items.filter(pl.col("domain") == target).drop("domain"),
                items.filter(pl.col("domain") == source).drop("domain"),
            )


def market_cases(shared: Path, sizes: Sequence[int], n_test: int) -> Iterator[Case]:
    """Yield each market as a new one of some known users, with all others as the source.

    Test users are known by half of their events, which are given with the request.
    """
    events = _read(shared / "data" / "amazon_markets", "interactions")
    rng = np.random.default_rng(0)
    for market in sorted(events["domain"].unique().to_list()):
        own = (
            events.filter(pl.col("domain") == market)
            .select("user_id", "item_id")
            .unique(maintain_order=True)
        )
        users = np.array(sorted(own["user_id"].unique().to_list()))
        users = users[rng.permutation(len(users))]
        tested = own.filter(pl.col("user_id").is_in(users[:n_test].tolist()))
        tested = tested.with_columns(pl.Series("draw", rng.random(tested.height)))
        rank = pl.col("draw").rank("ordinal").over("user_id")
        tested = tested.with_columns((rank * 2 <= pl.len().over("user_id")).alias("known"))
        others = events.filter(pl.col("domain") != market).select("user_id", "item_id")
        catalogue = own.select("item_id").unique(maintain_order=True)
        for size in sizes:
            known_users = users[n_test : n_test + size].tolist()
            yield Case(
                f"amazon_markets {market}, {size} known users",
                own.filter(pl.col("user_id").is_in(known_users)),
                others.unique(maintain_order=True),
                tested.filter(~pl.col("known")).select("user_id", "item_id"),
                tested.filter(pl.col("known")).select("user_id", "item_id"),
                catalogue.with_columns(pl.lit("x").alias("kind")),
            )


def cdrib_cases(shared: Path) -> Iterator[Case]:
    """Yield both directions of the published split, tested with its own test file."""
    folder = shared / "data" / "cdrib_game_video"
    for source, target in (("game_video", "video_game"), ("video_game", "game_video")):
        yield Case(
            f"cdrib {'Game→Video' if source == 'game_video' else 'Video→Game'}",
            _cdrib(folder / target / "train.txt", "t"),
            _cdrib(folder / source / "train.txt", "s"),
            _cdrib(folder / target / "test.txt", "t"),
        )


def _cdrib(path: Path, side: str) -> pl.DataFrame:
    pairs = np.loadtxt(path, dtype=np.int64)
    users = [str(u) if u < N_SHARED_CDRIB else f"{side}{u}" for u in pairs[:, 0].tolist()]
    ids = [f"{side}-{item}" for item in pairs[:, 1].tolist()]
    return pl.DataFrame({"user_id": users, "item_id": ids})


def fit(case: Case, names: tuple[str, ...] | None, encoder: str = "none") -> Recommender:
    """Return a recommender with the strategies of a method.

    Args:
        case: The transfer.
        names: Strategies of the source; None: without it, empty: the default ones.
        encoder: Text encoder of the content of both domains.
    """
    model = Recommender(encoder=encoder, strategies=(*BASE, *(names or ())))
    events = case.train if case.train.height else None
    if names is None:
        return model.fit(events, case.items)
    source = case.source
    if case.source_items is not None:
        source = read_tables(case.source, case.source_items)
    return model.fit(events, case.items, sources={"source": source})


def measure(model: Recommender, case: Case, n_items: int) -> Mapping[str, np.ndarray]:
    """Return NDCG@10 of each test user, or of each target among random negatives."""
    catalogue = sorted(set(case.train["item_id"].to_list()))
    if case.items is not None and case.known is not None:
        catalogue = sorted(set(case.items["item_id"].to_list()))
    allowed = set(catalogue)
    targets: dict[str, set[str]] = {}
    for user, item in case.test.iter_rows():
        targets.setdefault(user, set()).add(item)
    told = case.source.filter(pl.col("user_id").is_in(list(targets)))
    if case.known is not None:
        told = pl.concat([told, case.known])
    values: list[float] = []
    rng = np.random.default_rng(0)
    users = sorted(user for user in targets if targets[user] & allowed)
    for start in range(0, len(users), 200):
        batch = users[start : start + 200]
        given = told.filter(pl.col("user_id").is_in(batch))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lists = model.recommend(batch, histories=given if given.height else None, k=n_items)
        by_user = lists.group_by("user_id").agg("item_id", "score")
        found = {row[0]: row[1:] for row in by_user.iter_rows()}
        for user in batch:
            ids, scores = found.get(user, ([], []))
            if n_items > K:
                scored = dict(zip(ids, scores, strict=True))
                values += _among_negatives(scored, targets[user], catalogue, rng)
            else:
                values.append(_ndcg(ids, targets[user] & allowed))
    return {"ndcg": np.array(values)}


def _ndcg(ids: Sequence[str], relevant: set[str]) -> float:
    gains = [1 / np.log2(rank + 2) for rank, id_ in enumerate(ids) if id_ in relevant]
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(len(relevant), K)))
    return float(sum(gains) / ideal)


def _among_negatives(
    scored: Mapping[str, float],
    relevant: set[str],
    catalogue: Sequence[str],
    rng: np.random.Generator,
) -> list[float]:
    values = []
    for target in sorted(relevant):
        drawn = rng.integers(0, len(catalogue), N_NEGATIVES + 300)
        negatives = [catalogue[row] for row in drawn if catalogue[row] not in relevant]
        own = scored.get(target, -np.inf)
        others = np.array([scored.get(id_, -np.inf) for id_ in negatives[:N_NEGATIVES]])
        rank = int((others > own).sum()) + 0.5 * int((others == own).sum())
        values.append(float(1 / np.log2(rank + 2)) if rank < K else 0.0)
    return values


def run(case: Case, methods: Sequence[str]) -> None:
    """Measure some methods on a case and print one row for each."""
    baseline = None
    n_items = 10_000 if case.name.startswith("cdrib") else K
    for name in methods:
        started = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = fit(case, METHODS[name])
        seconds = time.process_time() - started
        values = measure(model, case, n_items)["ndcg"]
        baseline = values if baseline is None else baseline
        gain = paired_bootstrap(values, baseline)
        slices = model.report.get("sources", ())
        used = sorted({one["bridge"] for one in slices if one["used"]})
        print(
            f"| {case.name} | {name} | {len(values):,} | {values.mean():.4f} | "
            f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) | "
            f"{', '.join(used) or '–'} | {seconds:.0f} |",
            flush=True,
        )


def main() -> None:
    """Run one case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "case", choices=["cdrib", "food_kitchen", "amazon_beauty_toys", "markets"]
    )
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--method", action="append")
    parser.add_argument("--match", default="", help="part of the name of the case")
    parser.add_argument("--share", type=float, action="append")
    parser.add_argument("--size", type=int, action="append")
    parser.add_argument("--test", type=int, default=900)
    parser.add_argument("--others", type=int, default=10_000)
    parser.add_argument("--people", type=int, help="people in both domains; default: all")
    options = parser.parse_args()
    shares = options.share or (1.0, 0.1, 0.01, 0.0)
    cases = {
        "cdrib": lambda: cdrib_cases(options.shared),
        "food_kitchen": lambda: two_domain_cases(
            options.shared, "food_kitchen", shares, options.test, options.others, options.people
        ),
        "amazon_beauty_toys": lambda: two_domain_cases(
            options.shared,
            "amazon_beauty_toys",
            shares,
            options.test,
            options.others,
            options.people,
        ),
        "markets": lambda: market_cases(
            options.shared, options.size or (0, 50, 500), options.test
        ),
    }
    for case in cases[options.case]():
        if options.match in case.name:
            run(case, options.method or list(METHODS))


if __name__ == "__main__":
    main()
