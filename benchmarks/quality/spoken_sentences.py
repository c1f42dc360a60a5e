"""How many of ten items are what people ask for in their own words, by kind of sentence.

Each row of ``spoken_sentences.csv`` is a sentence as people say it, with a pattern of what is
wanted and one of what is ruled out. The half ``first`` was looked at while the reading of
sentences was changed, ``second`` only at the end. Run from the repository:

    python -m benchmarks.quality.spoken_sentences --data DATA --releases FOLDER --save NOW.csv
    python -m benchmarks.quality.spoken_sentences --compare BEFORE.csv NOW.csv --out FILE.md

Recommenders are trained on few users and items, saved in ``--releases``, and loaded from there
by a second run, so that two revisions are compared with the same weights.
"""

import argparse
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.common.active_ids import rank_by_events
from daybreak import Recommender

SENTENCES = Path(__file__).with_name("spoken_sentences.csv")
DATA_SETS = (
    "gift_shop",
    "ml100k",
    "anime_zh_dev",
    "food_kitchen",
    "nemig_de",
    "completejourney",
    "citeulike_t",
)
LIST_LENGTH = 10
MAX_EVENTS, MAX_ITEMS = 3_000, 3_000
"""Events of whole users, and items, that a recommender is trained on."""
MIN_VALUES = {"ml100k": 4.0, "ml1m": 4.0}
"""Smallest rating that counts as an event."""
EVENT_COLUMNS = ("user_id", "item_id", "timestamp", "value", "rating", "event")
LABEL_COLUMNS = (
    "title",
    "other_titles",
    "categories",
    "categories_en",
    "tags",
    "directors",
    "actors",
    "writers",
    "product_type",
    "product_category",
)
"""Columns in which patterns are searched."""
TEXT_COLUMNS = ("description", "description_long")
"""Further columns, for sentences about a topic and for news."""
WHOLE_TEXT_DATA = ("nemig_de", "citeulike_t")
PEOPLE = ("stranger", "one event", "known user")
HEAD = """\
# Sentences in people's own words

{date}, {machine}, Python {python}, encoder `auto`:
`python -m benchmarks.quality.spoken_sentences`, with `--save` at two revisions and the same
trained recommenders ({n_events:,} events of whole users, at most {n_items:,} items;
`gift_shop` whole), then `--compare`.

Share of the ten items listed that match the pattern of what is wanted and not that of what is
ruled out; if fewer than ten items of the catalogue do, relative to these. Said by a stranger,
after one event on a best seller that is about something else, and by the known user with the
median number of events. The sentences `first` were looked at while the reading of sentences was
changed; `second` were measured once, at the end. Patterns are searched in labels, so that a
share of 1 is not always possible.
"""


def main() -> None:
    """Measure and save, or compare two measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--only", nargs="*", default=DATA_SETS, help="names of data sets")
    parser.add_argument("--half", choices=("first", "second"), help="default: both")
    parser.add_argument("--releases", type=Path, help="folder of trained recommenders")
    parser.add_argument("--save", type=Path, help="CSV of the shares of all sentences")
    parser.add_argument("--compare", nargs=2, type=Path, metavar="CSV")
    parser.add_argument("--out", type=Path, help="Markdown file; default: print only")
    args = parser.parse_args()
    if args.compare:
        before, now = (pl.read_csv(path) for path in args.compare)
        text = describe(before, now)
        print(text)
        if args.out is not None:
            args.out.write_text(text, encoding="utf-8")
        return
    sentences = pl.read_csv(SENTENCES).fill_null("")
    if args.half is not None:
        sentences = sentences.filter(pl.col("half") == args.half)
    rows: list[dict[str, Any]] = []
    for name in args.only:
        shop = Shop(args.data / name, args.releases)
        for row in sentences.filter(pl.col("data") == name).iter_rows(named=True):
            rows.append(shop.measure(row))
            print(rows[-1], file=sys.stderr)
    found = pl.DataFrame(rows)
    print(_means(found, ["half"]))
    if args.save is not None:
        found.write_csv(args.save)


class Shop:
    """A recommender of a part of a data set, with the texts that patterns are searched in.

    Args:
        folder: Folder of ``interactions.csv.gz`` and ``items.csv.gz``.
        releases: Folder of trained recommenders, from which one is loaded if it is there.
    """

    def __init__(self, folder: Path, releases: Path) -> None:
        self.name = folder.name
        events, items = read_part(folder)
        release = releases / self.name
        if release.exists():
            self.model = Recommender.load(release, events=events)
        else:
            self.model = Recommender().fit(events, items=items)
            self.model.save(release)
        self.best_sellers = rank_by_events(events, "item_id")
        users = rank_by_events(events, "user_id")
        self.known_user = users[len(users) // 2]
        self.labels = _joined(items, LABEL_COLUMNS)
        self.texts = _joined(items, LABEL_COLUMNS + TEXT_COLUMNS)

    def measure(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the shares of one sentence."""
        is_whole = row["kind"] == "topic" or self.name in WHOLE_TEXT_DATA
        texts = self.texts if is_whole else self.labels
        is_about = {id_: _is_about(row, text) for id_, text in texts.items()}
        n_possible = max(min(sum(is_about.values()), LIST_LENGTH), 1)
        found = {
            person: min(sum(is_about[id_] for id_ in ids) / n_possible, 1.0)
            for person, ids in self._lists(row["sentence"], is_about)
        }
        kept = {name: row[name] for name in ("data", "half", "kind", "sentence")}
        return {**kept, "items": sum(is_about.values()), **found}

    def _lists(
        self, sentence: str, is_about: Mapping[str, bool]
    ) -> Iterator[tuple[str, list[str]]]:
        other = [id_ for id_ in self.best_sellers if not is_about[id_]][:1]
        events = pl.DataFrame({"user_id": ["new"] * len(other), "item_id": other})
        users = ("new", "new", self.known_user)
        for person, user, told in zip(PEOPLE, users, (None, events, None), strict=True):
            says = pl.DataFrame({"user_id": [user], "text": [sentence]})
            found = self.model.recommend(profiles=says, histories=told, k=LIST_LENGTH)
            yield person, found["item_id"].to_list()


def read_part(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return events of some whole users, and items: theirs first, then others."""
    ids = {"user_id": pl.String, "item_id": pl.String}
    events, items = (
        pl.read_csv(folder / f"{table}.csv.gz", schema_overrides=ids, infer_schema_length=None)
        for table in ("interactions", "items")
    )
    if folder.name in MIN_VALUES:
        events = events.filter(pl.col("rating") >= MIN_VALUES[folder.name])
    users = events["user_id"].unique().sort().shuffle(seed=1).to_frame()
    sizes = users.join(events.group_by("user_id").len(), on="user_id", maintain_order="left")
    chosen = sizes.filter(pl.col("len").cum_sum() <= MAX_EVENTS)["user_id"]
    events = events.filter(pl.col("user_id").is_in(chosen.to_list()))
    if len(items) > MAX_ITEMS and folder.name not in {"gift_shop", "ml1m"}:
        have = items.join(events.select("item_id").unique(), on="item_id", how="semi")
        have = have.head(MAX_ITEMS)
        rest = items.join(events.select("item_id").unique(), on="item_id", how="anti")
        items = pl.concat([have, rest.sample(max(MAX_ITEMS - len(have), 0), seed=1)])
    return events.select([name for name in EVENT_COLUMNS if name in events.columns]), items


def _joined(items: pl.DataFrame, columns: tuple[str, ...]) -> dict[str, str]:
    texts = [pl.col(name).cast(pl.String).fill_null("") for name in columns if name in items]
    joined = items.select(pl.concat_str(texts, separator=" | ").alias("text"))["text"]
    return dict(zip(items["item_id"], joined, strict=True))


def _is_about(row: Mapping[str, Any], text: str) -> bool:
    if row["unwanted"] and re.search(row["unwanted"], text, re.IGNORECASE):
        return False
    return bool(re.search(row["wanted"], text, re.IGNORECASE))


def _means(found: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    means = found.group_by(by).agg(pl.len().alias("sentences"), pl.col(*PEOPLE).mean())
    return means.sort(by)


def describe(before: pl.DataFrame, now: pl.DataFrame) -> str:
    """Return the page that compares two measurements of the same sentences."""
    head = HEAD.format(
        date=datetime.now(UTC).date(),
        machine=platform.machine(),
        python=platform.python_version(),
        n_events=MAX_EVENTS,
        n_items=MAX_ITEMS,
    )
    tables = [
        _table(before, now, by, title)
        for by, title in (
            (["half"], "All"),
            (["half", "kind"], "Kinds of sentences"),
            (["half", "data"], "Data sets"),
        )
    ]
    return "\n".join([head, *tables, _sentence_table(before, now)])


def _table(before: pl.DataFrame, now: pl.DataFrame, by: list[str], title: str) -> str:
    pairs = _means(before, by).join(_means(now, by), on=by, suffix=" now").sort(by)
    names = [f"{person}, {when}" for person in PEOPLE for when in ("before", "now")]
    lines = [
        f"## {title}\n",
        f"| {' | '.join(by)} | sentences | {' | '.join(names)} |",
        f"|{' --- |' * len(by)}{' ---: |' * (1 + len(names))}",
    ]
    for row in pairs.iter_rows(named=True):
        cells = [f"{row[p]:.2f} | {row[f'{p} now']:.2f}" for p in PEOPLE]
        labels = " | ".join(str(row[name]) for name in by)
        lines.append(f"| {labels} | {row['sentences']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _sentence_table(before: pl.DataFrame, now: pl.DataFrame) -> str:
    keys = ["data", "half", "kind", "sentence"]
    pairs = before.join(now, on=keys, suffix=" now", maintain_order="right")
    lines = [
        "## Sentences of a stranger\n",
        "| data | half | kind | sentence | items | before | now |",
        "| --- | --- | --- | --- | ---: | ---: | ---: |",
    ]
    for row in pairs.iter_rows(named=True):
        labels = " | ".join(str(row[name]) for name in keys)
        shares = f"{row['stranger']:.1f} | {row['stranger now']:.1f}"
        lines.append(f"| {labels} | {row['items']} | {shares} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
