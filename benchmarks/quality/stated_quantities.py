"""Bounds in sentences: how many of ten items are within them, and about the topic.

Each sentence of ``stated_sentences.csv`` is said by a stranger, by somebody with one event on a
best seller, and by a known user. "Before" is the same recommender with bounds left in the text
as words. Run from the repository:

    python -m benchmarks.quality.stated_quantities --data DATA --out FILE.md
"""

import argparse
import platform
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl

from benchmarks.common.active_ids import rank_by_events
from daybreak import Recommender
from daybreak.service.state.stated_quantities import QuantityReader, StatedQuantities

SENTENCES = Path(__file__).with_name("stated_sentences.csv")
DATA_SETS = ("gift_shop", "ml100k", "anime_zh_dev")
LIST_LENGTH = 10
MIN_VALUES = {"ml100k": 4.0}
"""Smallest rating that counts as an event."""
TEXT_COLUMNS = ("title", "categories", "genres", "tags")
EVENT_COLUMNS = ("user_id", "item_id", "timestamp", "value", "rating", "event")
PEOPLE = ("stranger", "one event", "known user")
HEAD = """\
# Bounds and relative words in sentences

{date}, {machine}, Python {python}, encoder `{encoder}`:
`python -m benchmarks.quality.stated_quantities --data DATA --out FILE.md`.

Each sentence is said by a stranger, after one event on a best seller that is not about it, and
by the known user with the median number of events. Shares of the ten items listed: within the
bound; about the topic (a pattern over title, categories and tags); both. For *cheap*,
*expensive*, *new*, *old* and *short*, within means on the right side of the median of the items
about the topic; for *about 5*, within 25 %. Sentences without a bound have numbers that are
none. Before: the same models, with bounds as words of the text.

| data | sentences | person | within, before | after | topic, before | after | both, before \
| after |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""
TITLE_OF_SENTENCES = """
## Sentences of a stranger

Items: how many of the catalogue are about the topic and within the bound.

| data | sentence | items | listed | both, before | after | topic, after |
| --- | --- | --- | --- | --- | --- | --- |"""


def main() -> None:
    """Measure all data sets and write a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of data sets")
    parser.add_argument("--only", nargs="*", default=DATA_SETS, help="names of data sets")
    parser.add_argument("--encoder", default="auto")
    parser.add_argument("--out", type=Path, help="Markdown file; default: print only")
    args = parser.parse_args()
    sentences = pl.read_csv(SENTENCES)
    rows = []
    for name in args.only:
        shop = Shop(args.data / name, args.encoder)
        for row in sentences.filter(pl.col("data") == name).iter_rows(named=True):
            rows += list(shop.measure(row))
    text = describe(pl.DataFrame(rows), args.encoder)
    print(text)
    if args.out is not None:
        args.out.write_text(text, encoding="utf-8")


class Shop:
    """A recommender of one data set, with the values that bounds are checked against.

    Args:
        folder: Folder of ``interactions.csv.gz`` and ``items.csv.gz``.
        encoder: Text encoder.
    """

    def __init__(self, folder: Path, encoder: str) -> None:
        self.name = folder.name
        ids = {"user_id": pl.String, "item_id": pl.String}
        events = _read(folder / "interactions.csv.gz", ids)
        items = _read(folder / "items.csv.gz", ids)
        if self.name in MIN_VALUES:
            value = "value" if "value" in events.columns else "rating"
            events = events.filter(pl.col(value).cast(pl.Float64) >= MIN_VALUES[self.name])
        kept = [name for name in EVENT_COLUMNS if name in events.columns]
        self.model = Recommender(encoder=encoder).fit(events.select(kept), items=items)
        self.best_sellers = rank_by_events(events, "item_id")
        users = rank_by_events(events, "user_id")
        self.known_user = users[len(users) // 2]
        texts = [pl.col(c).cast(pl.String).fill_null("") for c in TEXT_COLUMNS if c in items]
        about = items.select(pl.concat_str(texts, separator=" | ").alias("about"))["about"]
        self.about = dict(zip(items["item_id"], about, strict=True))
        self.values = {name: _values(items, name) for name in ("price", "year", "duration")}

    def measure(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the measurements of a sentence, before and after, for each person."""
        is_about = {id_: bool(re.search(row["pattern"], text, re.IGNORECASE))
                    for id_, text in self.about.items()}  # fmt: skip
        for when in ("before", "after"):
            for person in PEOPLE:
                found = self._recommend(row, person, is_about, reads=when == "after")
                inside = self._is_inside(row, found, is_about)
                topic = np.array([is_about[id_] for id_ in found], dtype=bool)
                yield {
                    "data": self.name,
                    "sentence": row["sentence"],
                    "kind": row["kind"],
                    "person": person,
                    "when": when,
                    "listed": len(found),
                    "within": inside.mean() if len(found) else np.nan,
                    "topic": topic.mean() if len(found) else np.nan,
                    "both": (inside & topic).mean() if len(found) else np.nan,
                    "possible": self._n_possible(row, is_about),
                }

    def _recommend(
        self, row: Mapping[str, Any], person: str, is_about: Mapping[str, bool], *, reads: bool
    ) -> list[str]:
        user = self.known_user if person == "known user" else "a stranger"
        said = pl.DataFrame({"user_id": [user], "text": [row["sentence"]]})
        history = None
        if person == "one event":
            other = next(id_ for id_ in self.best_sellers if not is_about[id_])
            history = pl.DataFrame({"user_id": [user], "item_id": [other]})
        ask = dict(profiles=said, histories=history, k=LIST_LENGTH)
        if reads:
            return self.model.recommend(**ask)["item_id"].to_list()
        with patch.object(QuantityReader, "read", _read_nothing):
            return self.model.recommend(**ask)["item_id"].to_list()

    def _is_inside(
        self, row: Mapping[str, Any], found: list[str], is_about: Mapping[str, bool]
    ) -> Any:
        """Return which items are within the bound.

        Relative words mean the right side of the median of the items about the topic.
        """
        values = self.values[row["quantity"]]
        low, high = row["low"], row["high"]
        known = [
            values[id_] for id_, yes in is_about.items() if yes and values[id_] is not None
        ]
        if row["kind"] == "low":
            high = float(np.median(known))
        if row["kind"] == "high":
            low = float(np.median(known))
        return np.array([
            values[id_] is not None
            and (low is None or values[id_] >= low)
            and (high is None or values[id_] <= high)
            for id_ in found
        ], dtype=bool)  # fmt: skip

    def _n_possible(self, row: Mapping[str, Any], is_about: Mapping[str, bool]) -> int:
        """Return the number of items about the topic and within the bound."""
        topical = [id_ for id_, yes in is_about.items() if yes]
        return int(self._is_inside(row, topical, is_about).sum())


def _read_nothing(reader: QuantityReader, text: str) -> StatedQuantities | None:
    """Stand for a reader that knows no bounds."""
    return None


def _read(path: Path, schema: dict[str, Any]) -> pl.DataFrame:
    return pl.read_csv(path, schema_overrides=schema, infer_schema_length=None)


def _values(items: pl.DataFrame, quantity: str) -> dict[str, float | None]:
    """Return the values of a quantity, read independently of the package."""
    column = {
        "price": ("median_price", r"([\d.]+)"),
        "year": ("year" if "year" in items.columns else "air_date", r"(\d{4})"),
        "duration": ("runtime", r"(\d+)"),
    }[quantity]
    name, pattern = column
    if name not in items.columns:
        return dict.fromkeys(items["item_id"])
    values = items[name].cast(pl.String).str.extract(pattern).cast(pl.Float64)
    return dict(zip(items["item_id"], values, strict=True))


def describe(rows: pl.DataFrame, encoder: str) -> str:
    """Return the tables as Markdown."""
    kind = pl.when(pl.col("kind") == "bound").then(pl.lit("bounds"))
    kind = kind.when(pl.col("kind") == "none").then(pl.lit("without bounds"))
    rows = rows.with_columns(kind.otherwise(pl.lit("relative words")).alias("group"))
    head = HEAD.format(
        date=datetime.now(UTC).date(),
        machine=platform.machine(),
        python=platform.python_version(),
        encoder=encoder,
    )
    return "\n".join([head, *_summary(rows), TITLE_OF_SENTENCES, *_sentences(rows)]) + "\n"


def _summary(rows: pl.DataFrame) -> Iterator[str]:
    """Yield the rows of the first table."""
    groups = rows.group_by("data", "group", "person", "when", maintain_order=True)
    means = groups.agg(pl.col("within", "topic", "both").mean(), pl.len())
    for data, group in means.select("data", "group").unique(maintain_order=True).iter_rows():
        for person in PEOPLE:
            one = means.filter(data=data, group=group, person=person)
            sides = [one.filter(when=when).row(0, named=True) for when in ("before", "after")]
            names = ["topic"] if group == "without bounds" else ["within", "topic", "both"]
            cells = {name: " | ".join(f"{side[name]:.2f}" for side in sides) for name in names}
            values = [cells.get(name, "– | –") for name in ("within", "topic", "both")]
            count = sides[0]["len"]
            yield f"| {data} | {group} ({count}) | {person} | {' | '.join(values)} |"


def _sentences(rows: pl.DataFrame) -> Iterator[str]:
    """Yield the rows of the second table."""
    strangers = rows.filter(person="stranger")
    pairs = zip(
        strangers.filter(when="before").iter_rows(named=True),
        strangers.filter(when="after").iter_rows(named=True),
        strict=True,
    )
    for before, after in pairs:
        shares = [before["both"], after["both"], after["topic"]]
        cells = [after[name] for name in ("data", "sentence", "possible", "listed")]
        yield f"| {' | '.join([*map(str, cells), *(f'{share:.1f}' for share in shares)])} |"


if __name__ == "__main__":
    main()
