"""Imagined first buyers: does a language model find the users of a new item?

The events of some known items are hidden. The content ridge proposes the likeliest users of
each; the model says yes or no from titles alone. The weight of the guesses is learned on half
of the items and measured on the other half.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.language_models.asking import Answer, MeasuredUse, Question, sum_costs
from benchmarks.language_models.data import load_tables
from daybreak.language_models import LanguageModel
from daybreak.service.imagined_buyers import (
    BuyerImaginer,
    ImaginedBuyers,
    fit_proposer,
    learn_guess_weight,
    learning_split,
    ndcg_of_ranking,
    titles_chosen,
)

N_USERS = 10
"""Likeliest users of an item about whom the model is asked."""
MAX_TITLE_CHARS = 120


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one question for each hidden item."""
    tables, column = load_tables(folder, options.users)
    visible, buyers = learning_split(tables, options.n)
    proposer, chosen = fit_proposer(visible), titles_chosen(visible, column)
    titles = dict(tables.items.select("item_id", column).iter_rows())

    def imagine(item: str, model: LanguageModel) -> Answer:
        title = str(titles[item] or item)[:MAX_TITLE_CHARS]
        found = BuyerImaginer(proposer, chosen, model).imagine(item, title, N_USERS)
        return {
            "item": item,
            "users": found.users,
            "scores": found.scores.tolist(),
            "guesses": found.guesses.tolist(),
            "hits": [user in buyers[item] for user in found.users],
        }

    for item in sorted(buyers):
        yield item, partial(imagine, item)


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return what was learned on every second item, and what it gives on the others."""
    rows = answers
    imagined = [
        ImaginedBuyers(
            row["item"], tuple(row["users"]), np.array(row["scores"]), np.array(row["guesses"])
        )
        for row in rows
    ]
    buyers = {
        row["item"]: frozenset(
            user for user, hit in zip(row["users"], row["hits"], strict=True) if hit
        )
        for row in rows
    }
    learned = learn_guess_weight(imagined[::2], buyers)
    everything = learn_guess_weight(imagined, buyers)
    tested = imagined[1::2]
    ndcg = {
        weight: float(
            np.nanmean(
                [
                    ndcg_of_ranking(
                        np.array([float(u in buyers[one.item_id]) for u in one.ranking(weight)])
                    )
                    for one in tested
                ]
            )
        )
        for weight in (0.0, learned.tried, 1.0)
    }
    return {
        "items": len(rows),
        "learned": learned,
        "all": everything,
        "tested_ndcg": ndcg,
        "n_tested": len(tested),
        **sum_costs(answers),
    }


USE = MeasuredUse(questions, report)
