"""Share of recommended items that are about what a user says, as a Markdown page.

    python -m benchmarks.studies.statements --shared SHARED \
        --data gift_shop ml100k anime_zh_dev > benchmarks/results/statements.md

``SHARED`` contains ``data/NAME/`` and ``stated/NAME.csv`` with columns ``sentence, pattern``.
An item is about a sentence if the regular expression ``pattern`` is found in its title,
categories, genres or tags. Each sentence is said by a stranger without events, by one with an
event on the best seller that it is not about, and by a known user with a typical number of
events. Content alone is ``Recommender.similar_items(texts=...)``.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common.active_ids import rank_by_events
from daybreak import Recommender

LIST_LENGTH = 10
SEARCHED_COLUMNS = ("title", "categories", "genres", "tags", "title_zh")
"""Columns in which the pattern of a sentence is searched."""
EVENT_COLUMNS = ("user_id", "item_id", "timestamp", "value", "rating", "event")
"""Columns of events that a recommender reads."""
MIN_VALUES = {"ml100k": 4.0, "ml1m": 4.0}
"""Smallest rating that counts as an event, by data set."""
YOUNG_SHOP_EVENTS = 300
"""Number of first events of a young shop."""
SPEAKERS = ("stranger", "after one other event", "known user")
COLUMNS = (*SPEAKERS, "content alone", "best sellers")

ShareFunction = Callable[[Sequence[str]], float]


@dataclass(frozen=True)
class Shop:
    """One data set, or its beginning."""

    name: str
    events: pl.DataFrame
    items: pl.DataFrame
    sentences: list[tuple[str, str]]

    def about(self) -> dict[str, str]:
        """Return the searched text of each item by its id."""
        columns = [
            pl.col(c).cast(pl.String).fill_null("") for c in SEARCHED_COLUMNS if c in self.items
        ]
        text = self.items.select(pl.concat_str(columns, separator=" | ")).to_series()
        return dict(zip(self.items["item_id"], text, strict=True))

    def first(self, n_events: int) -> "Shop":
        """Return the shop of the first events, by time if it is known."""
        events = self.events
        if "timestamp" in events.columns:
            events = events.sort("timestamp", nulls_last=True, maintain_order=True)
        name = f"{self.name}, first {n_events} events"
        return Shop(name, events.head(n_events), self.items, self.sentences)


def main() -> None:
    """Parse the command line, measure, print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--data", nargs="+", default=["gift_shop", "ml100k", "anime_zh_dev"])
    parser.add_argument("--encoder", nargs="+", default=["auto", "none"])
    args = parser.parse_args()
    print(HEADING)
    for name in args.data:
        whole = read_shop(args.shared, name)
        for shop in (whole.first(YOUNG_SHOP_EVENTS), whole):
            for encoder in args.encoder:
                print(f"{shop.name}, {encoder}", file=sys.stderr)
                print(format_row(shop, encoder, measure(shop, encoder)), flush=True)


def read_shop(shared: Path, name: str) -> Shop:
    """Read the events, the items and the sentences of a data set."""
    ids = {"user_id": pl.String, "item_id": pl.String}
    folder = shared / "data" / name
    events, items = (
        pl.read_csv(folder / f"{table}.csv.gz", schema_overrides=ids, infer_schema_length=None)
        for table in ("interactions", "items")
    )
    if name in MIN_VALUES:
        value = next(column for column in ("value", "rating") if column in events.columns)
        events = events.filter(pl.col(value).cast(pl.Float64, strict=False) >= MIN_VALUES[name])
    kept = [c for c in EVENT_COLUMNS if c in events.columns]
    sentences = pl.read_csv(shared / "stated" / f"{name}.csv").select("sentence", "pattern")
    return Shop(name, events.select(kept), items, sentences.rows())


def measure(shop: Shop, encoder: str) -> np.ndarray:
    """Return (n_sentences, n_columns) shares of items that are about each sentence."""
    model = Recommender(encoder=encoder).fit(shop.events, shop.items)
    users = rank_by_events(shop.events, "user_id")
    known = users[len(users) // 2]
    counts = shop.events.group_by("item_id").agg(pl.col("user_id").n_unique().alias("n"))
    best = counts.sort("n", "item_id", descending=[True, False])["item_id"].to_list()
    return np.array([list(_shares(model, shop, best, known, *row)) for row in shop.sentences])


def _shares(
    model: Recommender, shop: Shop, best: list[str], known: str, sentence: str, pattern: str
) -> Iterator[float]:
    """Yield the share of each column for one sentence."""
    about = shop.about()

    def share(found: Sequence[str]) -> float:
        return float(np.mean([bool(re.search(pattern, about.get(i, ""), re.I)) for i in found]))

    other = next(item for item in best if not share([item]))
    told = pl.DataFrame({"user_id": ["a stranger"], "item_id": [other]})
    for user, histories in (("a stranger", None), ("a stranger", told), (known, None)):
        says = pl.DataFrame({"user_id": [user], "text": [sentence]})
        found = model.recommend(profiles=says, histories=histories, k=LIST_LENGTH)
        yield share(found["item_id"].to_list())
    yield share(model.similar_items(texts=[sentence], k=LIST_LENGTH)["item_id"].to_list())
    yield share(best[:LIST_LENGTH])


HEADING = f"""# What a user says

Share of the ten recommended items that are about a sentence, mean over the sentences of a data
set; in brackets the share relative to content alone. Made by
`python -m benchmarks.studies.statements`.

| data set | text encoder | sentences | {" | ".join(COLUMNS)} |
| --- | --- | ---: | {" | ".join("---:" for _ in COLUMNS)} |"""


def format_row(shop: Shop, encoder: str, shares: np.ndarray) -> str:
    """Return the row of one training."""
    means = shares.mean(axis=0)
    alone = max(means[COLUMNS.index("content alone")], 1e-9)
    cells = [
        f"{mean:.2f} ({mean / alone:.2f})" if name in SPEAKERS else f"{mean:.2f}"
        for name, mean in zip(COLUMNS, means, strict=True)
    ]
    return f"| {shop.name} | {encoder} | {len(shares)} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
