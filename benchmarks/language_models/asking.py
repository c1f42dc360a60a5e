"""Asks a language model the questions of one use, keeps every answer in a file, and counts.

A question has a key; a run that was stopped, or whose time was over, continues with the next
question that has no answer yet. Each answer is kept with its tokens, its CPU time and the
reasons why it was dropped.
"""

import json
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from daybreak.language_models import LanguageModel
from daybreak.types import Doubles

Answer = dict[str, Any]
"""What is kept of one answer."""
Question = tuple[str, Callable[[LanguageModel], Answer]]
"""Key of a question, and what asks it."""


@dataclass(frozen=True)
class MeasuredUse:
    """One use of language models, as questions and a report on the answers."""

    questions: Callable[[Path, Namespace], Iterable[Question]]
    """Returns the questions about the data in a folder."""
    report: Callable[[Path, Sequence[Answer], Namespace], Mapping[str, Any]]
    """Returns what the answers give."""


def read_answers(file: Path) -> list[Answer]:
    """Return the kept answers."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def ask_questions(
    questions: Iterable[Question], model: LanguageModel, file: Path, seconds: float
) -> None:
    """Ask the questions without an answer until the time is over.

    Args:
        questions: Questions.
        model: Language model.
        file: File of the answers.
        seconds: Time after which no further question is asked [s].
    """
    done = {answer["key"] for answer in read_answers(file)}
    end = None
    for key, ask in questions:
        end = end or time.monotonic() + seconds
        if key in done or time.monotonic() > end:
            continue
        tokens, faults = model.usage.tokens, Counter(model.usage.faults)
        requests, began = model.usage.n_requests, time.process_time()
        answer = ask(model)
        answer |= {
            "key": key,
            "cpu_s": time.process_time() - began,
            "requests": model.usage.n_requests - requests,
            "tokens": model.usage.tokens - tokens,
            "faults": dict(Counter(model.usage.faults) - faults),
        }
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")


def sum_costs(answers: Sequence[Answer]) -> Mapping[str, Any]:
    """Return what a request costs, and how many answers were dropped for which reason."""
    requests = max(sum(answer["requests"] for answer in answers), 1)
    faults: Counter[str] = Counter()
    for answer in answers:
        faults.update(answer["faults"])
    return {
        "requests": requests,
        "tokens": round(sum(answer["tokens"] for answer in answers) / requests),
        "cpu_s": round(sum(answer["cpu_s"] for answer in answers) / requests, 2),
        "faults": dict(faults),
    }


def share_with_interval(n_hits: int, n: int) -> tuple[float, float, float]:
    """Return a share with its interval (95 %) by Wilson; NaN without any case.

    Example:
        >>> [round(value, 3) for value in share_with_interval(5, 10)]
        [0.5, 0.237, 0.763]
    """
    if not n:
        return (float("nan"),) * 3
    found = binomtest(n_hits, n).proportion_ci(method="wilson")
    return n_hits / n, float(found.low), float(found.high)


def correlation_with_interval(
    first: Doubles, second: Doubles
) -> tuple[float, float, float] | None:
    """Return a correlation with its interval (95 %) by Fisher; None: one side is constant."""
    if np.std(first) == 0 or np.std(second) == 0:
        return None
    found = float(np.corrcoef(first, second)[0, 1])
    error = 1.96 / np.sqrt(max(len(first) - 3, 1))
    low, high = np.tanh([np.arctanh(found) - error, np.arctanh(found) + error])
    return found, float(low), float(high)
