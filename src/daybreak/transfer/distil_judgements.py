"""A language model as teacher: its judgements of similarity, distilled into a static encoder.

The judgements of pairs of texts reweight the dimensions of the encoder, in closed form. They
are used only if they make the encoder agree better with judgements that were held out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from daybreak.encoders.base import Encoder
from daybreak.encoders.static_text import StaticText
from daybreak.errors import DataError
from daybreak.language_models import LanguageModel, read_prompt
from daybreak.rng import create_generator
from daybreak.transfer.ridge_to_prior import RidgeToPrior
from daybreak.types import Doubles, Floats, Progress, ignore_progress

MAX_GRADE = 4
"""Grade of two texts that mean the same; 0: nothing in common."""
MIN_JUDGEMENTS = 20
"""Number of judgements below which nothing is learned."""
N_FOLDS = 5
RIDGES = (1.0, 10.0, 100.0)
"""Weights of the prior, in which all dimensions count the same."""
NEIGHBOURS = 10
"""Half of the pairs are texts and one of this many nearest texts, the others are random."""
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
class JudgementFit:
    """An encoder that has learned from judgements, or the same as before."""

    encoder: StaticText
    n_judgements: int
    before: float
    """Correlation of the cosines with the judgements before learning."""
    after: float
    """The same after learning, on judgements that were held out."""

    @property
    def is_better(self) -> bool:
        """Whether the encoder has learned from the judgements."""
        return self.after > self.before


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


def distil_judgements(encoder: StaticText, judged: Sequence[JudgedPair]) -> JudgementFit:
    """Return an encoder whose dimensions are weighted so that cosines follow judgements.

    Args:
        encoder: Static encoder.
        judged: Judged pairs.

    Returns:
        The encoder unchanged if the correlation on held-out judgements does not grow.

    Raises:
        DataError: There are fewer than 20 judgements.

    Source:
        Weighted dot products as metric learning with a diagonal matrix (Xing et al. 2002), here
        by ridge regression towards equal weights.
    """
    if len(judged) < MIN_JUDGEMENTS:
        raise DataError(
            f"learning needs {MIN_JUDGEMENTS} judgements or more, got {len(judged)}"
        )
    first = encoder.encode([pair.first for pair in judged])
    second = encoder.encode([pair.second for pair in judged])
    products = first * second
    grades = np.array([pair.similarity for pair in judged])
    before = correlation(products.sum(axis=1), grades)
    scored = {
        ridge: correlation(_held_out_scores(products, grades, ridge), grades)
        for ridge in RIDGES
    }
    ridge = max(RIDGES, key=lambda one: scored[one])
    if not scored[ridge] > before:
        return JudgementFit(encoder, len(judged), before, before)
    weights = fit_dimension_weights(products, grades, ridge)
    return JudgementFit(scale_dimensions(encoder, weights), len(judged), before, scored[ridge])


def fit_dimension_weights(products: Floats, grades: Doubles, ridge: float) -> Doubles:
    """Return weights of dimensions, at least 0, with which products predict grades.

    Args:
        products: (n_pairs, dim) products of the coordinates of both texts.
        grades: (n_pairs,) judged similarities.
        ridge: Weight of the prior, in which all dimensions count the same.

    Returns:
        (dim,) weights with mean 1.

    Example:
        The grades follow the first coordinate only.

        >>> products = np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]])
        >>> fit_dimension_weights(products, np.array([1.0, 0, 1, 0]), 1e-9).round(2)
        array([2., 0.])
    """
    centred = np.asarray(products - products.mean(axis=0), np.float64)
    targets = grades - grades.mean()
    total = centred.sum(axis=1)
    scale = float(total @ targets) / max(float(total @ total), 1e-12)
    prior = np.full((products.shape[1], 1), max(scale, 1e-6))
    unit = float((centred * centred).sum(axis=0).mean())
    solver = RidgeToPrior(sp.csr_array(centred), targets[:, None], prior)
    weights = np.maximum(solver.fit(ridge * unit).ravel().astype(np.float64), 0)
    mean = float(weights.mean())
    return np.asarray(weights / mean if mean > 0 else np.ones_like(weights))


def scale_dimensions(encoder: StaticText, weights: Doubles) -> StaticText:
    """Return the encoder with each dimension multiplied by the root of its weight."""
    roots = np.sqrt(weights).astype(np.float32)
    parts = encoder.parts
    vectors = (parts.vectors.astype(np.float32) * roots).astype(np.float16)
    changed = replace(parts, vectors=vectors, fallback=parts.fallback * roots)
    return StaticText(changed, threads=encoder.workers)


def correlation(first: Floats | Doubles, second: Doubles) -> float:
    """Return the correlation of two lists of numbers; 0 if one of them is constant.

    Example:
        >>> round(correlation(np.array([1.0, 2, 3]), np.array([2.0, 4, 7])), 3)
        0.993
    """
    centred = [np.asarray(one, np.float64) - np.mean(one) for one in (first, second)]
    norm = float(np.linalg.norm(centred[0]) * np.linalg.norm(centred[1]))
    return float(centred[0] @ centred[1]) / norm if norm > 0 else 0.0


def _held_out_scores(products: Floats, grades: Doubles, ridge: float) -> Doubles:
    """Return for each pair its score by weights that were learned without it."""
    folds = np.arange(len(grades)) % N_FOLDS
    scores = np.empty(len(grades))
    for fold in range(N_FOLDS):
        out = folds == fold
        weights = fit_dimension_weights(products[~out], grades[~out], ridge)
        scores[out] = products[out] @ weights
    return scores
