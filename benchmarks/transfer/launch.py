"""Shops that start without an event, from a release that was trained on other domains.

Run ``python -m benchmarks.transfer.launch --shared SHARED``: leave-one-domain-out. For each
domain a release is trained on all others, as ``daybreak pretrain`` does (with few strategies,
on samples of people); the domain itself has a catalogue and no event. People are known by half
of their events, which are given with the request; the others are targets among the whole
catalogue. NDCG@10 beside content alone (the same training without a source), the cosine of
words (TF-IDF) to the history, and popularity, which a launch does not know. With ``--encoder``,
release and shop read texts with a text model as well, and two more columns are the same
training without it and the gain over that.
"""

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.transfer.run import Case, K, measure
from daybreak import Recommender
from daybreak.data import Tables
from daybreak.estimates import paired_bootstrap
from daybreak.metrics import ndcg_of_ids
from daybreak.service.transferring import join_datasets

DOMAINS = {
    "films": ("ml100k", None),
    "gifts": ("gift_shop", None),
    "food": ("food_kitchen", "food"),
    "kitchen": ("food_kitchen", "kitchen"),
    "beauty": ("amazon_beauty_toys", "Beauty"),
    "toys": ("amazon_beauty_toys", "Toys"),
}
"""Folder and value of ``domain`` by name of the domain."""
TEXT_COLUMNS = ("item_id", "title", "categories")
"""Columns of items that are used, where a domain has them."""
N_PEOPLE = 600
"""People of each domain from whom a release is trained; with the items that they chose."""
N_TEST = 300
MIN_EVENTS = 4
"""Events of test users, at least."""
SOURCE_STRATEGIES = ("popular", "item_knn")
"""Strategies of the release that is the source."""
TARGET_STRATEGIES = ("popular", "item_knn", "content/match", "content/history")
"""Strategies of the new shop."""


def read_domain(shared: Path, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the positive events of a domain, each pair once, and its items.

    Args:
        shared: Folder of the data sets.
        name: Name of the domain.
    """
    folder, domain = DOMAINS[name]
    events = pl.read_csv(
        shared / "data" / folder / "interactions.csv.gz", infer_schema_length=0
    )
    items = pl.read_csv(shared / "data" / folder / "items.csv.gz", infer_schema_length=0)
    if domain is not None:
        events = events.filter(pl.col("domain") == domain)
        items = items.filter(pl.col("domain") == domain)
    if "rating" in events.columns:
        events = events.filter(pl.col("rating").cast(pl.Float64) >= 4)
    items = items.select(one for one in TEXT_COLUMNS if one in items.columns)
    pairs = events.select("user_id", "item_id").join(items, on="item_id", how="semi")
    return pairs.unique(maintain_order=True), items


def sample_people(events: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
    """Return the events of some people.

    Args:
        events: Events.
        n: Number of people.
        seed: Seed of the draw.
    """
    people = np.array(sorted(events["user_id"].unique().to_list()))
    chosen = np.random.default_rng(seed).permutation(people)[:n]
    return events.filter(pl.col("user_id").is_in(chosen.tolist()))


def launch_case(name: str, events: pl.DataFrame, items: pl.DataFrame) -> Case:
    """Return a domain as a shop without events, with people who are known by a half.

    Args:
        name: Name of the domain.
        events: Its events.
        items: Its items; those without any event are left out.
    """
    counted = events.filter(pl.len().over("user_id") >= MIN_EVENTS)
    tested = sample_people(counted, N_TEST, 0)
    rng = np.random.default_rng(0)
    tested = tested.with_columns(pl.Series("draw", rng.random(tested.height)))
    rank = pl.col("draw").rank("ordinal").over("user_id")
    is_known = rank * 2 <= pl.len().over("user_id")
    pairs = tested.with_columns(is_known.alias("known"))
    return Case(
        name,
        events[:0],
        events[:0],
        pairs.filter(~pl.col("known")).select("user_id", "item_id"),
        pairs.filter(pl.col("known")).select("user_id", "item_id"),
        items.join(events, on="item_id", how="semi"),
    )


def train_release(
    domains: Sequence[tuple[str, pl.DataFrame, pl.DataFrame]], encoder: str
) -> Recommender:
    """Return a recommender of several domains, as ``pretrain`` joins them.

    Args:
        domains: Name, events and items of each.
        encoder: Text encoder.
    """
    parts = []
    for name, events, items in domains:
        chosen = sample_people(events, N_PEOPLE, 1)
        parts.append((name, Tables.of(chosen, items.join(chosen, on="item_id", how="semi"))))
    joined = join_datasets(parts)
    return Recommender(encoder=encoder, strategies=SOURCE_STRATEGIES).fit(joined)


def launched(
    case: Case, others: Sequence[tuple[str, pl.DataFrame, pl.DataFrame]], encoder: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return NDCG@10 of each user in the new shop: with the release, and by content alone.

    Args:
        case: The shop.
        others: Name, events and items of the other domains.
        encoder: Text encoder of the release and of the shop.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        release = train_release(others, encoder)
        shop = Recommender(encoder=encoder, strategies=TARGET_STRATEGIES)
        shop.fit(None, case.items, sources={"release": release})
        alone = Recommender(encoder=encoder, strategies=TARGET_STRATEGIES)
        alone.fit(None, case.items)
        return measure(shop, case, K)["ndcg"], measure(alone, case, K)["ndcg"]


def by_words(case: Case) -> dict[str, list[str]]:
    """Return the items whose words resemble those of each history most.

    Args:
        case: The shop.
    """
    assert case.items is not None
    assert case.known is not None
    ids = case.items["item_id"].to_list()
    columns = [name for name in case.items.columns if name != "item_id"]
    texts = case.items.select(pl.concat_str(columns, separator=" ", ignore_nulls=True))
    vectors = sp.csr_array(TfidfVectorizer().fit_transform(texts.to_series().to_list()))
    row_of = {id_: row for row, id_ in enumerate(ids)}
    lists = {}
    for user, known in case.known.group_by("user_id").agg("item_id").iter_rows():
        rows = [row_of[id_] for id_ in known]
        scores = np.asarray(vectors @ np.asarray(vectors[rows].sum(axis=0)).ravel()).ravel()
        scores[rows] = -1
        lists[user] = [ids[row] for row in np.argsort(-scores, kind="stable")[:K]]
    return lists


def popular(case: Case, events: pl.DataFrame) -> dict[str, list[str]]:
    """Return the items that most people of the domain chose, without those that are known.

    Args:
        case: The shop.
        events: All events of the domain but those of the tested people.
    """
    assert case.known is not None
    others = events.join(case.known, on="user_id", how="anti")
    best = others.group_by("item_id").len().sort("len", "item_id", descending=[True, False])
    ids = best["item_id"].to_list()
    known = {
        user: set(ids_)
        for user, ids_ in case.known.group_by("user_id").agg("item_id").iter_rows()
    }
    return {
        user: [id_ for id_ in ids[: K + len(seen)] if id_ not in seen][:K]
        for user, seen in known.items()
    }


def ndcg_of(lists: dict[str, list[str]], case: Case) -> np.ndarray:
    """Return NDCG@10 of each user with a target, in the order of :func:`measure`.

    Args:
        lists: Items in order, by user.
        case: The shop.
    """
    assert case.items is not None
    sold = set(case.items["item_id"].to_list())
    values = []
    for user, ids in case.test.group_by("user_id").agg("item_id").sort("user_id").iter_rows():
        relevant = set(ids) & sold
        if relevant:
            values.append(ndcg_of_ids(lists.get(user, []), relevant, K))
    return np.array(values)


def rows_of(shared: Path, names: Sequence[str], encoder: str = "none") -> Iterator[str]:
    """Yield the row of the table of each domain.

    Args:
        shared: Folder of the data sets.
        names: Domains that are left out in turn.
        encoder: Text encoder; with another one than ``none``, the gain over none is shown too.
    """
    domains = {name: read_domain(shared, name) for name in DOMAINS}
    for name in names:
        started = time.process_time()
        others = [(one, *domains[one]) for one in DOMAINS if one != name]
        case = launch_case(name, *domains[name])
        values, content = launched(case, others, encoder)
        words = ndcg_of(by_words(case), case)
        best = ndcg_of(popular(case, domains[name][0]), case)
        cells = [name, f"{case.items.height if case.items is not None else 0:,}"]
        cells += [f"{len(values)}", f"**{values.mean():.4f}**", f"{content.mean():.4f}"]
        cells += [gain_cell(values, content), f"{words.mean():.4f}", gain_cell(values, words)]
        if encoder != "none":
            plain = launched(case, others, "none")[0]
            cells += [f"{plain.mean():.4f}", gain_cell(values, plain)]
        cells += [f"{best.mean():.4f}", f"{time.process_time() - started:.0f}"]
        yield f"| {' | '.join(cells)} |"


def gain_cell(values: np.ndarray, others: np.ndarray) -> str:
    """Return a paired difference with its interval, as a cell of the table.

    Args:
        values: Values of each user.
        others: Values of the same users that are taken off.
    """
    gain = paired_bootstrap(values, others)
    return f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--domain", action="append", choices=list(DOMAINS))
    parser.add_argument("--encoder", default="none", help="text encoder, or auto")
    options = parser.parse_args()
    for row in rows_of(options.shared, options.domain or list(DOMAINS), options.encoder):
        print(row, flush=True)


if __name__ == "__main__":
    main()
