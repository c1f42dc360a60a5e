"""A teacher of encoders: do the grades of a model follow who chooses the items?

Half of the pairs of items were chosen by the same people, half are random. The grades, and the
cosines of a text encoder, are compared with that.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.language_models.asking import (
    Answer,
    MeasuredUse,
    Question,
    correlation_with_interval,
    sum_costs,
)
from benchmarks.language_models.data import read_histories
from daybreak.encoders import load_encoder
from daybreak.language_models import LanguageModel
from daybreak.rng import create_generator
from daybreak.transfer.distil_judgements import judge_pairs


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one question for each pair of titles."""
    histories, rng = read_histories(folder), create_generator(0, "probe of grades")
    every = [title for titles in histories for title in titles]
    for number, titles in enumerate(histories[: options.n]):
        is_same = number % 2 == 0
        other = titles[-1] if is_same else every[int(rng.integers(len(every)))]
        yield str(number), partial(_grade, titles[-2], other, is_same)


def _grade(first: str, second: str, is_same: bool, model: LanguageModel) -> Answer:
    judged = judge_pairs(model, [(first, second)])
    grade = round(4 * judged[0].similarity) if judged else None
    return {"first": first, "second": second, "is_same": is_same, "grade": grade}


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return how grades and cosines follow the pairs of the same people."""
    graded = [one for one in answers if one["grade"] is not None]
    grades = np.array([one["grade"] for one in graded], dtype=np.float64)
    is_same = np.array([one["is_same"] for one in graded])
    encoder = load_encoder(options.encoder)
    first, second = (
        encoder.encode([one[side] for one in graded]) for side in ("first", "second")
    )
    cosines = (first * second).sum(axis=1).astype(np.float64)
    return {
        "pairs": len(graded),
        "grades": {int(grade): int((grades == grade).sum()) for grade in np.unique(grades)},
        "mean grade, same people": float(grades[is_same].mean()),
        "mean grade, random": float(grades[~is_same].mean()),
        "grade and same people": correlation_with_interval(grades, is_same),
        "cosine and same people": correlation_with_interval(cosines, is_same),
        "grade and cosine": correlation_with_interval(grades, cosines),
        **sum_costs(answers),
    }


USE = MeasuredUse(questions, report)
