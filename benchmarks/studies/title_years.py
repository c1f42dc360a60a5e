"""Years behind titles: as a part of the title, and as a column of their own.

Run ``python -m benchmarks.studies.title_years --shared SHARED``. A fifth of the films with
events is hidden, at random; a catalogue has titles and genres only, as in the files of
MovieLens. *in the title*: as in earlier releases. NDCG@10 of the hidden films, all of them
ranked, for up to 600 people who liked one of them.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import polars as pl

from benchmarks.transfer.launch import sample_people
from benchmarks.transfer.same_items import read_films
from daybreak import Recommender
from daybreak.encoders.title_years import TitleYears
from daybreak.estimates import paired_bootstrap
from daybreak.metrics import LIST_LENGTH, ndcg_of_ids

MAX_USERS = 600
MAX_PEOPLE = 1_500
"""People in training, at most."""
SEED = 1


def rows_of(shared: Path, name: str) -> Iterator[str]:
    """Yield the rows of the table of one data set.

    Args:
        shared: Folder of the data sets.
        name: Folder of one of them.
    """
    events, items = read_films(shared, name)
    events = sample_people(events, MAX_PEOPLE, SEED)
    sold = sorted(events["item_id"].unique().to_list())
    hidden = np.random.default_rng(SEED).permutation(sold)[: len(sold) // 5].tolist()
    is_hidden = pl.col("item_id").is_in(hidden)
    chosen = events.filter(is_hidden).group_by("user_id").agg("item_id").sort("user_id")
    targets = {user: set(ids) for user, ids in chosen[:MAX_USERS].iter_rows()}
    catalogue = items.select("item_id", "title", "categories")
    for encoder in ("none", "auto"):
        values = []
        started = time.process_time()
        for years in (TitleYears(), TitleYears.find(catalogue)):
            with (
                mock.patch.object(TitleYears, "find", return_value=years),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore")
                shop = Recommender(encoder=encoder).fit(events.filter(~is_hidden), catalogue)
                found = shop.recommend(list(targets), items=hidden, k=LIST_LENGTH)
            lists = dict(found.group_by("user_id").agg("item_id").iter_rows())
            values.append(
                np.array([ndcg_of_ids(lists.get(u, []), targets[u]) for u in targets])
            )
        gain = paired_bootstrap(values[1], values[0])
        yield (
            f"| {name} | {'text model' if encoder == 'auto' else 'words'} | {len(targets)} | "
            f"{values[0].mean():.4f} | **{values[1].mean():.4f}** | {gain.difference:+.4f} "
            f"({gain.low:+.4f} to {gain.high:+.4f}) | {time.process_time() - started:.0f} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    shared = parser.parse_args().shared
    for name in ("ml100k", "ml1m", "mlsmall_mm"):
        for row in rows_of(shared, name):
            print(row, flush=True)


if __name__ == "__main__":
    main()
