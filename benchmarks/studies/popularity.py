"""Trade-off of the setting ``popularity``: NDCG@10 against the share of a list on one topic.

    python -m benchmarks.studies.popularity --shared ../shared \
        --picture docs/images/popularity.svg > benchmarks/results/popularity.md

A fifth of the users of each data set is held out, and the last events of every tenth user. The
NDCG@10 is the mean over the numbers of known events of held-out users, and the others. The
share on a topic is measured for histories of the best-selling items of a topic: topics that the
users of the data differ in most, and topics that are described by sentences with a pattern, if
``SHARED/stated/NAME.csv`` has any. Only the public API is used, except for finding topics.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from daybreak import EventRules, Recommender, Tables, read_folder
from daybreak.metrics import ndcg_of_ids
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.simulation.topics import find_topics

DATA_SETS = ("ml100k", "gift_shop", "anime_zh_dev", "ml1m")
MIN_VALUE = {"ml100k": 4.0, "ml1m": 4.0}
"""Smallest value that counts as positive, by data set."""
SETTINGS = tuple(round(0.1 * step, 1) for step in range(10, -1, -1))
KNOWN_EVENTS = (0, 1, 3, 5, 10)
"""Numbers of known events of held-out users."""
TOPIC_EVENTS = (1, 3, 5)
"""Numbers of events of histories about one topic."""
MIN_TARGETS = 3
"""Events of a held-out user after the known ones, at least."""
MAX_USERS = 400
"""Users of each kind."""
LIST_LENGTH = 10
TOPIC_COLUMNS = ("title", "categories", "genres", "tags", "title_zh")
"""Columns that the patterns of sentences are searched in."""


@dataclass(frozen=True)
class Queries:
    """Users with histories for one request, and what their lists should contain."""

    name: str
    users: list[str]
    histories: pl.DataFrame | None
    wanted: dict[str, set[str]]
    """Targets of a user, or all items of its topic."""
    is_topic: bool = False

    def values(self, model: Recommender, popularity: float) -> np.ndarray:
        """Return the (n_users,) NDCG@10, or the shares on topic."""
        found = model.recommend(
            self.users, histories=self.histories, k=LIST_LENGTH, popularity=popularity
        )
        lists = dict(found.group_by("user_id", maintain_order=True).agg("item_id").iter_rows())
        if self.is_topic:
            return np.array([_share(lists[user], self.wanted[user]) for user in self.users])
        return np.array(
            [ndcg_of_ids(lists[user], self.wanted[user], LIST_LENGTH) for user in self.users]
        )


def main() -> None:
    """Parse the command line, measure, print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=DATA_SETS)
    parser.add_argument("--shared", type=Path, required=True, help="folder of data and stated")
    parser.add_argument("--picture", type=Path, help="SVG")
    args = parser.parse_args()
    measured = {name: _measure(name, args.shared) for name in args.names}
    print(_page(measured))
    if args.picture:
        _draw(measured, args.picture)


def _measure(name: str, shared: Path) -> pl.DataFrame:
    """Return one row for each setting: means by kind of query."""
    tables = _read(shared / "data" / name, MIN_VALUE.get(name))
    train, held_out = _split(tables)
    model = Recommender().fit(train)
    kinds = [*_ndcg_queries(held_out, train), *_topic_queries(train)]
    stated = shared / "stated" / f"{name}.csv"
    if stated.exists():
        kinds += _stated_queries(train, pl.read_csv(stated))
    rows = []
    for setting in SETTINGS:
        row = {kind.name: float(kind.values(model, setting).mean()) for kind in kinds}
        plain = np.mean([row[kind.name] for kind in kinds if not kind.is_topic])
        rows.append({"popularity": setting, "NDCG@10": float(plain)} | row)
    return pl.DataFrame(rows)


def _read(folder: Path, min_value: float | None) -> Tables:
    tables = read_folder(folder).tables
    if min_value is None:
        return tables
    return Tables(
        tables.items, tables.users, tables.events.filter(pl.col("value") >= min_value)
    )


def _split(tables: Tables) -> tuple[Tables, pl.DataFrame]:
    """Return training tables, and the other events with the number of known ones before."""
    rows = tables.events.with_row_index("row").sort("user_id", "timestamp", "row")
    rows = rows.unique(["user_id", "item_id"], keep="first", maintain_order=True).with_columns(
        n=pl.len().over("user_id"),
        place=pl.int_range(pl.len()).over("user_id"),
        draw=pl.col("user_id").hash(7) % 10,
    )
    is_late = (pl.col("draw") == 2) & (pl.col("n") >= 5)
    is_late &= pl.col("place") >= (pl.col("n") * 0.8).floor()
    is_held_out = (pl.col("draw") < 2) | is_late
    names = tables.events.columns
    train = Tables(tables.items, tables.users, rows.filter(~is_held_out).select(names))
    return train, rows.filter(is_held_out)


def _ndcg_queries(held_out: pl.DataFrame, train: Tables) -> Iterator[Queries]:
    """Yield held-out users with a few known events, then known users with late ones."""
    known_items = train.events["item_id"].unique().implode()
    new = held_out.filter(pl.col("draw") < 2).filter(
        pl.col("n") >= max(KNOWN_EVENTS) + MIN_TARGETS
    )
    for n_known in KNOWN_EVENTS:
        later = new.filter(
            (pl.col("place") >= max(KNOWN_EVENTS)) & pl.col("item_id").is_in(known_items)
        )
        wanted = _targets(later)
        early = new.filter(
            (pl.col("place") < n_known) & pl.col("user_id").is_in(list(wanted))
        ).select("user_id", "item_id", "timestamp")
        histories = early if n_known else None
        yield Queries(f"{n_known} events", list(wanted), histories, wanted)
    late = held_out.filter(pl.col("draw") == 2)
    wanted = _targets(late.filter(pl.col("item_id").is_in(known_items)))
    before = train.events.filter(pl.col("user_id").is_in(list(wanted)))
    histories = before.select("user_id", "item_id", "timestamp")
    yield Queries("known users", list(wanted), histories, wanted)


def _targets(events: pl.DataFrame) -> dict[str, set[str]]:
    grouped = events.group_by("user_id").agg("item_id").sort("user_id")[:MAX_USERS]
    return {user: set(items) for user, items in grouped.iter_rows()}


def _topic_queries(train: Tables) -> Iterator[Queries]:
    """Yield histories of best sellers of the topics in which users differ most."""
    data = encode_dataset(train, DatasetConfig(None, EventRules(), None, 0)).data
    ids = np.array(data.train_items.ids.ids, dtype=object)
    topics = {str(number): ids[topic.rows] for number, topic in enumerate(find_topics(data))}
    yield from _histories_of_topics("topics", topics, train)


def _stated_queries(train: Tables, sentences: pl.DataFrame) -> Iterator[Queries]:
    """Yield histories of best sellers that match the patterns of sentences."""
    columns = [column for column in TOPIC_COLUMNS if column in train.items.columns]
    text = pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in columns])
    about = train.items.select("item_id", text=text)
    topics = {
        pattern: about.filter(pl.col("text").str.contains(f"(?i){pattern}"))[
            "item_id"
        ].to_numpy()
        for pattern in sentences["pattern"]
    }
    yield from _histories_of_topics("stated", topics, train)


def _histories_of_topics(
    name: str, topics: dict[str, np.ndarray], train: Tables
) -> Iterator[Queries]:
    counts = dict(
        train.events.group_by("item_id").agg(pl.col("user_id").n_unique()).iter_rows()
    )
    for n_events in TOPIC_EVENTS:
        rows, wanted = [], {}
        for topic, ids in topics.items():
            best = sorted(ids, key=lambda id_: (-counts.get(id_, 0), id_))
            if len(best) < n_events + LIST_LENGTH:
                continue
            user = f"fan of {topic}"
            rows += [(user, id_) for id_ in best[:n_events]]
            wanted[user] = set(ids)
        if rows:
            frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
            yield Queries(f"{name}, {n_events}", list(wanted), frame, wanted, is_topic=True)


def _share(found: list[str], topic: set[str]) -> float:
    return sum(id_ in topic for id_ in found) / LIST_LENGTH


def _page(measured: dict[str, pl.DataFrame]) -> str:
    lines = [
        "# Popularity and taste",
        "",
        "Made by `python -m benchmarks.studies.popularity`. For each value of the setting",
        "`popularity`: NDCG@10 of held-out users after 0 to 10 events and of known users, and",
        "the share of ten recommended items that are on the topic of a history of 1, 3 or 5",
        "best sellers of the topic: topics in which the users of the data set differ most",
        "(*topics*), and those of the sentences of `shared/stated` (*stated*). The default is",
        "0.5.",
        "",
        "![NDCG against the share on topic](../../docs/images/popularity.svg)",
        "",
    ]
    for name, table in measured.items():
        kinds = [column for column in table.columns if column not in {"popularity", "NDCG@10"}]
        best = table["NDCG@10"][0]
        lines += [
            f"## {name}",
            "",
            f"| popularity | NDCG@10 | of plain | {' | '.join(kinds)} |",
            f"| ---: | ---: | ---: |{' ---: |' * len(kinds)}",
        ]
        for row in table.iter_rows(named=True):
            cells = " | ".join(f"{row[kind]:.3f}" for kind in kinds)
            share = row["NDCG@10"] / best
            lines.append(
                f"| {row['popularity']:.1f} | {row['NDCG@10']:.4f} | {share:.1%} | {cells} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip()


def _draw(measured: dict[str, pl.DataFrame], file: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - only where a picture is wanted

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "daybreak"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(1, len(measured), figsize=(3.8 * len(measured), 3.6))
    for axis, (name, table) in zip(np.atleast_1d(axes), measured.items(), strict=True):
        y = (table["NDCG@10"] / table["NDCG@10"][0]).to_list()
        for n_events, colour in zip(TOPIC_EVENTS[1:], ("#e07a3f", "#2a6f97"), strict=True):
            column = f"topics, {n_events}"
            if column not in table.columns:  # no topic has enough items
                continue
            x = table[column].to_list()
            axis.plot(x, y, marker="o", color=colour, label=f"{n_events} events")
            for point in (0, 5, 10):
                axis.annotate(
                    f"{SETTINGS[point]:g}",
                    (x[point], y[point]),
                    xytext=(4, 4),
                    textcoords="offset points",
                )
        axis.axhline(0.98, color="#888888", linestyle=":")
        axis.set(title=name, xlabel="share of the list on topic", ylabel="NDCG@10 of plain")
        axis.set(xlim=(0, 1.02), ylim=(0.5, 1.04))
        axis.grid(alpha=0.3)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(loc="lower left")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
