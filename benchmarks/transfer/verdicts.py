"""The verdict on sources that share neither people nor items: films, and anime in Chinese.

Run ``python -m benchmarks.transfer.verdicts CASE --shared SHARED``; it prints one row for each
bridge and number of known events, as a training reports them. Ids are prefixed, so that equal
numbers connect nothing: only content does.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import polars as pl

from daybreak import Recommender
from daybreak.data import Tables

CASES = {
    "ml100k→ml1m": ("ml100k", "ml1m", "none"),
    "ml1m→anime_zh_dev": ("ml1m", "anime_zh_dev", "auto"),
}
"""Source, target and text encoder where none is named; ``auto`` is multilingual for anime."""
STRATEGIES = ("popular", "item_knn", "content/match", "content/history")
COLUMNS = ("item_id", "title", "categories", "categories_en", "tags", "description")
N_SOURCE = 1_500
N_TARGET = 800
MIN_RATING = {"ml100k": 4, "ml1m": 4, "anime_zh_dev": 8}


def read(shared: Path, folder: str, n_people: int) -> Tables:
    """Return the positive events of some people, and all items, with prefixed ids.

    Args:
        shared: Folder of the data sets.
        folder: Name of the data set.
        n_people: Number of people.
    """
    path = shared / "data" / folder
    events = pl.read_csv(path / "interactions.csv.gz", infer_schema_length=0)
    items = pl.read_csv(path / "items.csv.gz", infer_schema_length=0)
    rating = pl.col("rating").cast(pl.Float64, strict=False)
    events = events.filter(rating >= MIN_RATING[folder]).select("user_id", "item_id")
    people = np.array(sorted(events["user_id"].unique().to_list()))
    chosen = np.random.default_rng(0).permutation(people)[:n_people].tolist()
    events = events.filter(pl.col("user_id").is_in(chosen)).unique(maintain_order=True)
    items = items.select(one for one in COLUMNS if one in items.columns)
    prefix = pl.lit(f"{folder}/")
    named = [(prefix + pl.col(key)).alias(key) for key in ("user_id", "item_id")]
    return Tables.of(events.with_columns(named), items.with_columns(named[1]))


def main() -> None:
    """Print the rows of a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=list(CASES))
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--people", type=int, default=N_TARGET)
    parser.add_argument("--encoder", help="text encoder, auto or none; default: of the case")
    options = parser.parse_args()
    source, target, encoder = CASES[options.case]
    encoder = options.encoder or encoder
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Recommender(encoder=encoder, strategies=STRATEGIES)
        model.fit(
            read(options.shared, target, options.people),
            sources={source: read(options.shared, source, N_SOURCE)},
        )
    for one in model.report.get("sources", ()):
        gain = "{:+.4f} ({:+.4f} to {:+.4f})".format(*one["gain"])
        print(
            f"| {options.case} | {one['bridge']} | {one['events']} | {one['queries']} | "
            f"{one['without']:.4f} | {one['with']:.4f} | {gain} | {one['verdict']} | "
            f"{'yes' if one['used'] else 'no'} |",
            flush=True,
        )
    print(f"{time.process_time() - started:.0f} CPU s; {model.notes}")


if __name__ == "__main__":
    main()
