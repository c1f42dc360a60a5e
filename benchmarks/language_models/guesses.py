"""Guesses: does a model say yes to real choices more often than to random items?

Half of the pairs of a user and an item are the last real choice of the user, half a random one.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.language_models.asking import (
    Answer,
    MeasuredUse,
    Question,
    share_with_interval,
    sum_costs,
)
from benchmarks.language_models.data import read_histories
from daybreak.language_models import LanguageModel, read_prompt
from daybreak.language_models.answers import BuyerAnswer
from daybreak.rng import create_generator
from daybreak.service.imagined_buyers import HISTORY_TITLES

MAX_ANSWER_TOKENS = 24


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one question for each user."""
    histories, rng = read_histories(folder), create_generator(0, "probe of guesses")
    every = [title for titles in histories for title in titles]
    for number, titles in enumerate(histories[: options.n]):
        is_real = number % 2 == 0
        item = titles[-1] if is_real else every[int(rng.integers(len(every)))]
        yield str(number), partial(_guess, titles[:-1][-HISTORY_TITLES:], item, is_real)


def _guess(chosen: Sequence[str], item: str, is_real: bool, model: LanguageModel) -> Answer:
    prompt = read_prompt("buyer").fill({"chosen": list(chosen), "item": item})
    value = model.complete(prompt, BuyerAnswer, max_tokens=MAX_ANSWER_TOKENS).value
    return {"is_real": is_real, "says_yes": None if value is None else value.chooses}


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return the share of yes for real choices and for random items."""
    found: dict[str, Any] = {}
    for name, is_real in (("real", True), ("random", False)):
        said = [one["says_yes"] for one in answers if one["is_real"] == is_real]
        usable = [one for one in said if one is not None]
        found[name] = (sum(usable), *share_with_interval(sum(usable), len(usable)))
    return {**found, **sum_costs(answers)}


USE = MeasuredUse(questions, report)
