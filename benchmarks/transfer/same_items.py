"""Shops that sell the same items under other ids: the same titles, other numbers.

Run ``python -m benchmarks.transfer.same_items --shared SHARED``: three lists of films, of which
one is the new shop and another one the source. The ids of items and people of the source are
its own, either with a prefix or as they are, equal to other ids by chance. The new shop has 0,
50 or 500 own people in training; 300 others are known by half of their events, which are given
with the request, or by none; the other half are targets among the whole catalogue. NDCG@10
without and with the source.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from benchmarks.transfer.launch import launch_case, sample_people
from benchmarks.transfer.run import Case, K, measure
from daybreak import Recommender
from daybreak.data import Tables
from daybreak.estimates import paired_bootstrap

PAIRS = (
    ("ml100k", "ml1m"),
    ("ml1m", "ml100k"),
    ("ml1m", "mlsmall_mm"),
    ("mlsmall_mm", "ml100k"),
)
"""Source and target."""
COLUMNS = ("item_id", "title", "categories", "year")
STRATEGIES = ("popular", "item_knn", "content/match", "content/history")
SIZES = (0, 50, 500)
"""Own people of the target."""
N_SOURCE_PEOPLE = 2_000


def read_films(shared: Path, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the pairs of people and films that they like, and the films.

    Args:
        shared: Folder of the data sets.
        name: Folder of one of them.
    """
    folder = shared / "data" / name
    events = pl.read_csv(folder / "interactions.csv.gz", infer_schema_length=0)
    items = pl.read_csv(folder / "items.csv.gz", infer_schema_length=0)
    liked = events.filter(pl.col("rating").cast(pl.Float64) >= 4)
    pairs = liked.select("user_id", "item_id").unique(maintain_order=True)
    return pairs, items.select(one for one in COLUMNS if one in items.columns)


def source_tables(events: pl.DataFrame, items: pl.DataFrame, prefix: str) -> Tables:
    """Return a sample of a source with a prefix before its ids.

    Args:
        events: Its events.
        items: Its items.
        prefix: Put before all ids; may be empty.
    """
    kept = sample_people(events, N_SOURCE_PEOPLE, 1)
    named = [(pl.lit(prefix) + pl.col(key)).alias(key) for key in ("user_id", "item_id")]
    return Tables.of(kept.with_columns(named), items.with_columns(named[1]))


def rows_of(shared: Path, encoder: str = "none") -> Iterator[str]:
    """Yield the rows of the table.

    Args:
        shared: Folder of the data sets.
        encoder: Text encoder.
    """
    for source, target in PAIRS:
        events, items = read_films(shared, target)
        elsewhere = read_films(shared, source)
        case = launch_case(target, events, items)
        assert case.known is not None
        own = events.join(case.known, on="user_id", how="anti")
        for prefix in ("", f"{source}-"):
            other = source_tables(*elsewhere, prefix)
            for size in SIZES:
                train = sample_people(own, size, 2) if size else own[:0]
                name = f"{source}→{target} | {prefix or 'none'}"
                yield compare(case, train, other, name, encoder)


def compare(
    case: Case, train: pl.DataFrame, source: Tables, name: str, encoder: str = "none"
) -> str:
    """Return the row of one training.

    Args:
        case: The shop and its test users.
        train: Events of its own people.
        source: The source.
        name: First cells of the row.
        encoder: Text encoder.
    """
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = Recommender(encoder=encoder, strategies=STRATEGIES)
        alone.fit(train if train.height else None, case.items)
        shop = Recommender(encoder=encoder, strategies=STRATEGIES)
        shop.fit(train if train.height else None, case.items, sources={"other": source})
        cells = []
        for known in (case.known[:0], case.known):
            one = replace(case, known=known)
            without, values = (measure(m, one, K)["ndcg"] for m in (alone, shop))
            gain = paired_bootstrap(values, without)
            cells.append(
                f"{without.mean():.4f} | **{values.mean():.4f}** | "
                f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
            )
    used = {one["bridge"] for one in shop.report.get("sources", ()) if one["used"]}
    return (
        f"| {name} | {train['user_id'].n_unique()} | {' | '.join(cells)} | "
        f"{', '.join(sorted(used)) or '–'} | {time.process_time() - started:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--encoder", default="none", help="text encoder, or auto")
    options = parser.parse_args()
    for row in rows_of(options.shared, options.encoder):
        print(row, flush=True)


if __name__ == "__main__":
    main()
