"""Reading of answers: which values do rules, a text encoder and a language model read?

The answers are written by hand, with the values that they mean: half of them name the values,
half only mean them. Precision and recall count values with their sign (wanted, unwanted).
"""

import tomllib
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.language_models.asking import (
    Answer,
    MeasuredUse,
    Question,
    share_with_interval,
    sum_costs,
)
from benchmarks.language_models.data import load_tables
from daybreak import Recommender
from daybreak.language_models import LanguageModel
from daybreak.service.interview.model import InterviewModel
from daybreak.service.interview.reading import AnswerReader
from daybreak.service.interview.turns import AnswerReading, InterviewTurn
from daybreak.service.interview.vocabulary import InterviewVocabulary

WRITTEN = Path(__file__).with_name("answers.toml")
N_ITEMS = 300
"""Most popular items that stand for the catalogue."""
N_SHOWN = 6
READERS = ("rules", "rules and encoder", "rules and model")


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one question for each written answer."""
    written = tomllib.loads(WRITTEN.read_text("utf-8"))[folder.name]
    plain, encoded = (_reader(folder, encoder) for encoder in ("none", options.encoder))
    columns = plain.vocabulary.fields[written["attribute"]][:N_SHOWN]
    shown = tuple(plain.vocabulary.pairs[column][1] for column in columns.tolist())
    for text, wanted, unwanted in written["answers"]:
        turn = InterviewTurn("attribute", written["attribute"], shown, text=text)
        meant = [["+", one] for one in wanted.split()]
        meant += [["-", one] for one in unwanted.split()]
        yield text, partial(_read, plain, encoded, turn, meant)


def _reader(folder: Path, encoder: str) -> AnswerReader:
    tables, _ = load_tables(folder)
    top = tables.events["item_id"].value_counts(sort=True)["item_id"].head(N_ITEMS).to_list()
    events, items = (
        table.filter(pl.col("item_id").is_in(top)) for table in (tables.events, tables.items)
    )
    model = Recommender(strategies=["popular"], encoder=encoder).fit(events, items)
    return AnswerReader(InterviewVocabulary.from_state(model.state))


def _read(
    plain: AnswerReader,
    encoded: AnswerReader,
    turn: InterviewTurn,
    meant: list[list[str]],
    model: LanguageModel,
) -> Answer:
    helper = InterviewModel(model)
    read = {
        "rules": plain.read(turn),
        "rules and encoder": encoded.read(turn),
        "rules and model": helper.read(plain, turn, "en"),
    }
    return {"meant": meant, "read": {name: _signed(one) for name, one in read.items()}}


def _signed(reading: AnswerReading) -> list[list[str]]:
    wanted = [["+", value] for _, value in reading.wanted]
    return wanted + [["-", value] for _, value in reading.unwanted]


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return precision and recall of each reader, and how many answers are read exactly."""
    found: dict[str, Any] = {"answers": len(answers)}
    for reader in READERS:
        pairs = [
            (set(map(tuple, one["meant"])), set(map(tuple, one["read"][reader])))
            for one in answers
        ]
        hits = sum(len(meant & read) for meant, read in pairs)
        exact = sum(meant == read for meant, read in pairs)
        found[reader] = {
            "precision": share_with_interval(hits, sum(len(read) for _, read in pairs)),
            "recall": share_with_interval(hits, sum(len(meant) for meant, _ in pairs)),
            "exact": share_with_interval(exact, len(pairs)),
        }
    return {**found, **sum_costs(answers)}


USE = MeasuredUse(questions, report)
