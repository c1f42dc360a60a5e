"""What each text encoder gains for new items and for sentences, and what it costs.

    python -m benchmarks.quality.encoder_gain --shared SHARED --work WORK \
        [--data NAME ...] [--encoder NAME ...] [--repeats N] [--page]

``SHARED/data/NAME`` holds items and events. The values of each encoder on each data set are
kept in ``WORK``; ``--page`` writes the table of those that are there. Text vectors are kept in
the cache.
"""

import argparse
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.common.paths import RESULTS
from benchmarks.quality.text_gain import (
    HIDDEN_FRACTION,
    LIST_LENGTH,
    MAX_USERS,
    STRATEGIES,
    TEXT_BLOCK,
    hide_items,
    new_item_ndcg,
)
from daybreak.data import EventRules, Tables, read_folder
from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders import CachedEncoder, Encoder, FileVectors, load_encoder
from daybreak.encoders.item_meaning import PART_SEPARATOR
from daybreak.estimates import PairedDifference, paired_bootstrap
from daybreak.service.inputs.dataset import DatasetConfig, EncodedDataset, encode_dataset

WITHOUT = "none"
_ENGLISH = ("all-MiniLM-L6-v2", "all-mpnet-base-v2", "multilingual-e5-small")
ENCODERS = {
    "anime_zh_dev": ("none", "use-multilingual-v3", "multilingual-e5-small"),
    "ml100k": ("none", *_ENGLISH, "use-multilingual-v3"),
    "gift_shop": ("none", *_ENGLISH, "use-multilingual-v3"),
}
"""Encoders of each data set; the second is the one that the others are compared with."""
OWN_LANGUAGES = {"anime_zh_dev": "Chinese", "ml100k": "English", "gift_shop": "English"}
TOPIC_COLUMNS = ("title", "categories", "genres", "tags", "categories_en")
SENTENCES = Path(__file__).with_name("encoder_sentences.csv")
N_TIMED_ITEMS = 200
PROTOCOL = """*New items*: a fifth of the items that have events is hidden, by the hash of the
item's id ({fraction:.0%}); repeats: {repeats}, with other hashes, lists pooled. Test users: up
to {users} users with events on visible and on hidden items. All hidden items are ranked;
NDCG@{k}. Words and attributes are always there; weights of columns and of the text vectors are
learned from the events.

*Sentences*: the share of the {k} items most like a sentence that are about it, by a pattern on
title, categories and tags (`benchmarks/quality/encoder_sentences.csv`); content alone, no
events. *text vectors only*: without the words.

*CPU-s per 1,000*: processor time for the texts of 1,000 items on one thread, without a cache,
from {timed} items. Differences are to the encoder in bold, paired, 95 % bootstrap over users
(sentences: over sentences); `*`: the interval excludes 0."""


@dataclass(frozen=True)
class EncoderMeasurement:
    """Values of one encoder on one data set."""

    data: str
    encoder: str
    repeats: int
    seconds_per_1000: float
    """Processor time of 1,000 items."""
    ndcg: dict[str, list[float]]
    """Values of all users by strategy."""
    on_topic: dict[str, list[float]]
    """Shares on topic of all sentences by language, with all content."""
    on_topic_vectors: dict[str, list[float]]
    """The same with the text vectors only."""


def main() -> None:
    """Measure what is asked for, or write the page."""
    args = _arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    if args.page:
        args.out.write_text("\n".join(_page(args)) + "\n", encoding="utf-8")
        print(f"wrote {args.out}")
        return
    for name in args.data:
        tables = read_folder(args.shared / "data" / name).tables
        for encoder in args.encoder or ENCODERS[name]:
            path = _path(args.work, name, encoder)
            if not path.is_file():
                found = measure(name, tables, encoder, args.repeats)
                path.write_text(json.dumps(vars(found)), encoding="utf-8")


def measure(name: str, tables: Tables, encoder_name: str, repeats: int) -> EncoderMeasurement:
    """Return the values of one encoder on one data set."""
    plain = None if encoder_name == WITHOUT else load_encoder(encoder_name, threads=1)
    encoder = CachedEncoder(plain, FileVectors()) if plain else None
    made = encode_dataset(
        tables, DatasetConfig(encoder=encoder, rules=EventRules(), fields=None, seed=0)
    )
    ndcg = {}
    for strategy, model, options in STRATEGIES:
        parts = [
            new_item_ndcg(made.data, hide_items(made.data, repeat), model, options)
            for repeat in range(repeats)
        ]
        ndcg[strategy] = np.concatenate(parts).tolist()
        print(name, encoder_name, strategy, np.mean(ndcg[strategy]).round(4), flush=True)
    on_topic, on_topic_vectors = (
        sentence_shares(name, made, tables, only_vectors=only) for only in (False, True)
    )
    print(name, encoder_name, {key: np.mean(row) for key, row in on_topic.items()}, flush=True)
    seconds = _seconds_per_1000(plain, made.content.item_texts(tables.items)) if plain else 0.0
    return EncoderMeasurement(
        name, encoder_name, repeats, seconds, ndcg, on_topic, on_topic_vectors
    )


def sentence_shares(
    name: str, made: EncodedDataset, tables: Tables, *, only_vectors: bool
) -> dict[str, list[float]]:
    """Return the share on topic of each sentence by language; empty without text vectors."""
    catalogue = made.data.items
    blocks = {block.name for block in catalogue.blocks}
    if only_vectors:
        blocks &= {TEXT_BLOCK}
    if not blocks:
        return {}
    columns = [column for column in TOPIC_COLUMNS if column in tables.items.columns]
    rows = tables.items.select(columns).rows()
    about = dict(
        zip(tables.items["item_id"], (" | ".join(map(str, row)) for row in rows), strict=True)
    )
    found: dict[str, list[float]] = {}
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        sentences = [row for row in csv.DictReader(file) if row["data"] == name]
    for row in sentences:
        said = [b for b in made.content.texts([row["sentence"]]) if b.name in blocks]
        known = {b.name: b for b in catalogue.blocks}
        items = Items(catalogue.ids, tuple(known[b.name] for b in said))
        scores = Items(Vocabulary(["sentence"]), tuple(said)).similarity(items)[0]
        top = np.argsort(-scores, kind="stable")[:LIST_LENGTH]
        hits = [
            bool(re.search(row["pattern"], about[catalogue.ids.ids[item]], re.IGNORECASE))
            for item in top
            if scores[item] > 0
        ]
        found.setdefault(row["language"], []).append(sum(hits) / LIST_LENGTH)
    return found


def _seconds_per_1000(encoder: Encoder, texts: list[str]) -> float:
    """Return the processor time of the texts of 1,000 items."""
    step = max(1, len(texts) // N_TIMED_ITEMS)
    chosen = texts[::step][:N_TIMED_ITEMS]
    parts = [part for text in chosen for part in text.split(PART_SEPARATOR) if part]
    encoder.encode(parts[:4])
    started = process_time()
    encoder.encode(parts)
    return 1000 * (process_time() - started) / len(chosen)


def _page(args: argparse.Namespace) -> Iterator[str]:
    yield "# What each text encoder gains and costs\n"
    command = "python -m benchmarks.quality.encoder_gain --shared SHARED --work WORK"
    yield f"Commands: `{command}`, and the same with `--page`\n"
    measured = [
        [
            EncoderMeasurement(**json.loads(path.read_text("utf-8")))
            for encoder in ENCODERS[name]
            if (path := _path(args.work, name, encoder)).is_file()
        ]
        for name in args.data
    ]
    repeats = ", ".join(f"{rows[0].data} {rows[0].repeats}" for rows in measured if rows)
    yield (
        PROTOCOL.format(
            fraction=HIDDEN_FRACTION,
            repeats=repeats,
            users=f"{MAX_USERS:,}",
            k=LIST_LENGTH,
            timed=N_TIMED_ITEMS,
        )
        + "\n"
    )
    for rows in measured:
        if rows:
            yield from _tables(rows)


def _tables(rows: list[EncoderMeasurement]) -> Iterator[str]:
    base = next(row for row in rows if row.encoder == ENCODERS[row.data][1])
    yield f"## {base.data}\n"
    names = [strategy for strategy, _, _ in STRATEGIES]
    heads = " | ".join(f"`{name}` | difference" for name in names)
    yield f"| encoder | CPU-s per 1,000 | {heads} |"
    yield f"|---|---:|{'---:|---|' * len(names)}"
    for row in rows:
        cells = [
            cell
            for name in names
            for cell in _compare(row.ndcg[name], base.ndcg[name], is_base=row is base)
        ]
        yield f"| {_name(row, base)} | {row.seconds_per_1000:.1f} | {' | '.join(cells)} |"
    yield ""
    yield from _sentence_table(rows, base)


def _sentence_table(rows: list[EncoderMeasurement], base: EncoderMeasurement) -> Iterator[str]:
    languages = list(base.on_topic)
    yield f"Sentences about {base.data}, {len(base.on_topic[languages[0]])} in each language:\n"
    others = [name for name in languages if name != OWN_LANGUAGES[base.data]]
    heads = " | ".join((*languages, "other languages, difference", "text vectors only"))
    yield f"| encoder | {heads} |"
    yield f"|---|{'---:|' * len(languages)}---|---:|"
    for row in rows:
        cells = [f"{np.mean(row.on_topic[name]):.2f}" for name in languages]
        mine, theirs = (
            [value for name in others for value in one.on_topic[name]] for one in (row, base)
        )
        cells.append(_compare(mine, theirs, is_base=row is base)[1])
        alone = [value for values in row.on_topic_vectors.values() for value in values]
        cells.append(f"{np.mean(alone):.2f}" if alone else "")
        yield f"| {_name(row, base)} | {' | '.join(cells)} |"
    yield ""


def _compare(mine: list[float], base: list[float], *, is_base: bool) -> tuple[str, str]:
    """Return the mean, and the difference to the base with its interval."""
    mean = f"{np.mean(mine):.4f}"
    if is_base:
        return mean, ""
    found: PairedDifference = paired_bootstrap(np.array(mine), np.array(base))
    star = "*" if found.differs else ""
    return mean, f"{found.difference:+.4f} ({found.low:+.4f} to {found.high:+.4f}){star}"


def _name(row: EncoderMeasurement, base: EncoderMeasurement) -> str:
    name = "words and attributes only" if row.encoder == WITHOUT else row.encoder
    return f"**{name}**" if row is base else name


def _path(work: Path, data: str, encoder: str) -> Path:
    return work / f"{data}--{encoder}.json"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds data/")
    parser.add_argument("--work", type=Path, required=True, help="folder of measured values")
    parser.add_argument("--data", nargs="+", default=list(ENCODERS))
    parser.add_argument("--encoder", nargs="+")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--page", action="store_true", help="write the table")
    parser.add_argument("--out", type=Path, default=RESULTS / "encoder_gain.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
