"""A teacher of encoders: does a model find the item that the same person has chosen?

Each ranking has a chosen title, another one of the same person, and two of other people. The
answers, and those of the cosines of a text encoder, are compared with that.
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
from daybreak.encoders import load_encoder
from daybreak.language_models import LanguageModel
from daybreak.rng import create_generator
from daybreak.transfer.judgements import RankingQuestion, judge_rankings

N_OTHERS = 2


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one ranking for each person."""
    histories, rng = read_histories(folder), create_generator(0, "probe of rankings")
    every = sorted({title for titles in histories for title in titles})
    for number, titles in enumerate(histories[: options.n]):
        wanted, chosen = titles[-1], titles[-2]
        others = [title for title in rng.permutation(every).tolist() if title not in titles]
        candidates = rng.permutation([wanted, *others[:N_OTHERS]]).tolist()
        if chosen != wanted:
            yield str(number), partial(_rank, chosen, wanted, candidates)


def _rank(chosen: str, wanted: str, candidates: list[str], model: LanguageModel) -> Answer:
    judged = judge_rankings(model, [RankingQuestion((chosen,), tuple(candidates))])
    best = judged[0].best if judged else None
    return {"chosen": chosen, "wanted": wanted, "candidates": candidates, "best": best}


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return how many rankings are usable, and how many find what the person has chosen."""
    usable = [one for one in answers if one["best"] is not None]
    hits = sum(one["best"] == one["wanted"] for one in usable)
    encoder = load_encoder(options.encoder)
    near = sum(_nearest(encoder, one) == one["wanted"] for one in answers)
    return {
        "rankings": len(answers),
        "the same in both orders": share_with_interval(len(usable), len(answers)),
        "right, of these": share_with_interval(hits, len(usable)),
        "cosine right": share_with_interval(near, len(answers)),
        **sum_costs(answers),
    }


def _nearest(encoder: Any, answer: Answer) -> str:
    vectors = encoder.encode([answer["chosen"], *answer["candidates"]])
    return str(answer["candidates"][int((vectors[1:] @ vectors[0]).argmax())])


USE = MeasuredUse(questions, report)
