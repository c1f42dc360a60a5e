"""Judgements of a language model: similarity grades of pairs, and rankings of candidates.

Small language models tend to name the candidate in a fixed position. Each ranking is therefore
asked in two orders, and an answer that changes with the order is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from daybreak.encoders.base import Encoder
from daybreak.errors import ConfigError, DataError
from daybreak.language_models import (
    CompletionFault,
    LanguageModel,
    PromptTemplate,
    SentField,
    read_prompt,
)
from daybreak.rng import create_generator
from daybreak.types import Progress, Rows, ignore_progress

JudgementKind: TypeAlias = Literal["similarity", "ranking"]
"""Grades of pairs, or rankings of candidates."""

MAX_GRADE = 4
"""Grade of two texts that mean the same; 0: nothing in common."""
NEIGHBOURS = 10
"""Half of the pairs are texts and one of this many nearest texts, the others are random."""
MIN_CANDIDATES, MAX_CANDIDATES = 2, 4
"""Numbers of candidates of a ranking."""
MAX_TEXT_CHARS = 300
"""Longest text that the model is given [characters]."""
MAX_ANSWER_TOKENS = 24


@dataclass(frozen=True)
class JudgedPair:
    """Two texts, and how similar a language model finds them."""

    first: str
    second: str
    similarity: float
    """From 0 to 1."""


@dataclass(frozen=True)
class RankingQuestion:
    """Which of two to four candidates is closest to what somebody has chosen."""

    chosen: tuple[str, ...]
    """One text, or a short history."""
    candidates: tuple[str, ...]
    is_personal: bool = False
    """Whether ``chosen`` is the history of a real user, which is sent only if allowed."""

    def __post_init__(self) -> None:
        """Check the candidates."""
        n = len(set(self.candidates))
        if not self.chosen or n != len(self.candidates):
            raise ConfigError("a ranking needs a chosen text and different candidates")
        if not MIN_CANDIDATES <= n <= MAX_CANDIDATES:
            raise ConfigError(
                f"a ranking needs {MIN_CANDIDATES} to {MAX_CANDIDATES} candidates, got {n}"
            )


@dataclass(frozen=True)
class JudgedRanking:
    """The candidate that a language model finds closest to some texts, and the others."""

    chosen: tuple[str, ...]
    best: str
    others: tuple[str, ...]


def choose_pairs(
    encoder: Encoder, texts: Sequence[str], n_pairs: int, seed: int = 0
) -> list[tuple[str, str]]:
    """Return pairs of different texts, half of them similar by the encoder.

    Args:
        encoder: Encoder that is to learn.
        texts: Distinct texts.
        n_pairs: Number of pairs.
        seed: Random seed.

    Raises:
        DataError: There are fewer than two texts.
    """
    if len(texts) < 2:
        raise DataError(f"pairs need at least two texts, got {len(texts)}")
    rng, vectors = create_generator(seed, "judged pairs"), encoder.encode(texts)
    pairs = []
    for number in range(n_pairs):
        first = int(rng.integers(len(texts)))
        similarity = vectors @ vectors[first]
        similarity[first] = -np.inf
        nearest = np.argsort(-similarity, kind="stable")[: min(NEIGHBOURS, len(texts) - 1)]
        others = nearest if number % 2 == 0 else np.delete(np.arange(len(texts)), first)
        pairs.append((texts[first], texts[int(rng.choice(others))]))
    return pairs


def judge_pairs(
    model: LanguageModel,
    pairs: Sequence[tuple[str, str]],
    language: str = "en",
    progress: Progress = ignore_progress,
) -> list[JudgedPair]:
    """Return the judgements of a language model; dropped answers are left out.

    Args:
        model: Language model, with the budget of the job and a cache.
        pairs: Pairs of texts.
        language: ``en`` or ``zh``.
        progress: Receives a description of each step.

    Raises:
        OutOfBudgetError: The budget is used up; the cache has what was judged.
    """
    from daybreak.language_models.answers import SimilarityAnswer  # noqa: PLC0415 - pydantic

    prompt, judged = read_prompt("similarity", language), []
    for number, (first, second) in enumerate(pairs, 1):
        progress(f"judging pair {number} of {len(pairs)}")
        data = {"first": first[:MAX_TEXT_CHARS], "second": second[:MAX_TEXT_CHARS]}
        answer = model.complete(
            prompt.fill(data), SimilarityAnswer, max_tokens=MAX_ANSWER_TOKENS
        ).value
        if answer is not None:
            judged.append(JudgedPair(first, second, answer.grade / MAX_GRADE))
    return judged


def choose_rankings(
    encoder: Encoder,
    texts: Sequence[str],
    n_rankings: int,
    n_candidates: int = 3,
    seed: int = 0,
) -> list[RankingQuestion]:
    """Return rankings to ask: one text each, and candidates half of which are similar to it.

    The first candidate is one of the nearest texts by the encoder. In every second ranking the
    others are, too; else they are random. The order of the candidates is random.

    Args:
        encoder: Encoder that is to learn.
        texts: Distinct texts.
        n_rankings: Number of rankings.
        n_candidates: Number of candidates, from 2 to 4.
        seed: Random seed.

    Raises:
        DataError: There are too few texts for so many candidates.
        ConfigError: The number of candidates is out of range.
    """
    if len(texts) <= n_candidates:
        raise DataError(
            f"rankings of {n_candidates} candidates need at least {n_candidates + 1} texts, "
            f"got {len(texts)}"
        )
    rng, vectors = create_generator(seed, "judged rankings"), encoder.encode(texts)
    questions = []
    for number in range(n_rankings):
        chosen = int(rng.integers(len(texts)))
        order = np.argsort(-(vectors @ vectors[chosen]), kind="stable")
        order = order[order != chosen]
        found = _draw_candidates(order, n_candidates, rng, are_near=number % 2 == 0)
        candidates = tuple(texts[one] for one in rng.permutation(found))
        questions.append(RankingQuestion((texts[chosen],), candidates))
    return questions


def _draw_candidates(
    order: Rows, n_candidates: int, rng: np.random.Generator, *, are_near: bool
) -> list[int]:
    """Return one near text and others, without repetition."""
    near = order[: max(NEIGHBOURS, n_candidates)]
    first = int(rng.choice(near))
    rest = near if are_near else order
    others = rng.choice(rest[rest != first], n_candidates - 1, replace=False)
    return [first, *map(int, others)]


def judge_rankings(
    model: LanguageModel,
    questions: Sequence[RankingQuestion],
    language: str = "en",
    progress: Progress = ignore_progress,
) -> list[JudgedRanking]:
    """Return the rankings of a language model; dropped answers are left out.

    Each ranking is asked twice, the second time in reverse order. Answers that name no
    candidate, and those that contradict each other, are counted in the usage and dropped.

    Args:
        model: Language model, with the budget of the job and a cache.
        questions: Rankings to ask.
        language: ``en`` or ``zh``.
        progress: Receives a description of each step.

    Raises:
        OutOfBudgetError: The budget is used up; the cache has what was judged.
        ConfigError: The history of a user may not be sent to the model.
    """
    prompt, judged = read_prompt("ranking", language), []
    personal = replace(prompt, sends=prompt.sends | {SentField.USER_HISTORY})
    for number, question in enumerate(questions, 1):
        progress(f"judging ranking {number} of {len(questions)}")
        template = personal if question.is_personal else prompt
        best = _ask_for_best(model, template, question.chosen, question.candidates)
        if best is None:
            continue
        again = _ask_for_best(model, template, question.chosen, question.candidates[::-1])
        if again == best:
            others = tuple(one for one in question.candidates if one != best)
            judged.append(JudgedRanking(question.chosen, best, others))
        elif again is not None:
            model.usage.count_fault(CompletionFault.CONTRADICTION)
    return judged


def _ask_for_best(
    model: LanguageModel,
    template: PromptTemplate,
    chosen: Sequence[str],
    candidates: Sequence[str],
) -> str | None:
    """Return the candidate that the model names; None: its answer was dropped."""
    from daybreak.language_models.answers import best_answer_of  # noqa: PLC0415 - pydantic

    data = {
        "chosen": [text[:MAX_TEXT_CHARS] for text in chosen],
        "candidates": {
            str(number): text[:MAX_TEXT_CHARS] for number, text in enumerate(candidates, 1)
        },
    }
    answer = model.complete(
        template.fill(data), best_answer_of(len(candidates)), max_tokens=MAX_ANSWER_TOKENS
    ).value
    return None if answer is None else candidates[answer.best - 1]
