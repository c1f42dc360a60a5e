"""A language model as teacher: its judgements, distilled into a static encoder.

Similarity grades of pairs and rankings of candidates reweight the dimensions of the encoder, in
closed form. They are used only if they make the encoder agree better with judgements that were
held out.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from daybreak.encoders.static_text import StaticText
from daybreak.errors import DataError
from daybreak.transfer.judgements import (
    MAX_GRADE,
    JudgedPair,
    JudgedRanking,
    JudgementKind,
    choose_pairs,
    judge_pairs,
)
from daybreak.transfer.ridge_to_prior import RidgeToPrior
from daybreak.types import Doubles, Floats, Mask, Rows

__all__ = [
    "MIN_JUDGEMENTS",
    "JudgedPair",
    "JudgementFit",
    "RankingAgreement",
    "choose_pairs",
    "correlation",
    "distil_judgements",
    "fit_dimension_weights",
    "fit_to_equal_weights",
    "judge_pairs",
    "scale_dimensions",
]

MIN_JUDGEMENTS = 20
"""Number of judgements of a kind below which nothing is learned from it."""
N_FOLDS = 5
RIDGES = (1.0, 10.0, 100.0)
"""Weights of the prior, in which all dimensions count the same."""
MARGIN = 1 / MAX_GRADE
"""Difference of similarity of the best candidate and another one: one grade."""
CHANCE_QUANTILE = 1.645
"""One-sided 95 % quantile of the normal distribution [standard deviations]."""
MIN_DIFFERENCE = 1e-9
"""Cosines that differ by less count as equal."""


@dataclass(frozen=True)
class RankingAgreement:
    """How an encoder agrees with rankings, before and after learning."""

    n_rankings: int
    before: float
    """Share of the other candidates that cosines rank behind the best one, from 0 to 1."""
    after: float
    """The same after learning, on rankings that were held out."""


@dataclass(frozen=True)
class JudgementFit:
    """An encoder that has learned from judgements, or the same as before."""

    encoder: StaticText
    n_judgements: int
    """Number of similarity grades."""
    before: float
    """Correlation of the cosines with the grades before learning; 0 without grades."""
    after: float
    """The same after learning, on grades that were held out."""
    rankings: RankingAgreement | None = None
    """Agreement with rankings; None: there were none."""
    learned_from: tuple[JudgementKind, ...] = ()
    """Kinds of judgements that have changed the encoder."""

    @property
    def is_better(self) -> bool:
        """Whether the encoder has learned from the judgements."""
        return bool(self.learned_from)


class _LeastSquaresRows(ABC):
    """Judgements of one kind as equations that are linear in the weights of dimensions."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of judgements."""

    @abstractmethod
    def equations(self, kept: Mask) -> tuple[Doubles, Doubles]:
        """Return (n, dim) rows and (n,) targets of some judgements."""

    @abstractmethod
    def score(self, weights: Doubles, kept: Mask) -> Doubles:
        """Return one score by weights for each of some judgements."""

    @abstractmethod
    def measure(self, scores: Doubles) -> float:
        """Return how the scores of all judgements agree with them, from -1 to 1; 0: chance."""

    @abstractmethod
    def has_signal(self, before: Doubles, after: Doubles) -> bool:
        """Return whether held-out scores show that something can be learned from the kind."""


@dataclass(frozen=True)
class _GradedProducts(_LeastSquaresRows):
    products: Floats
    """(n_pairs, dim) products of the coordinates of both texts"""
    grades: Doubles

    def __len__(self) -> int:
        return len(self.grades)

    def equations(self, kept: Mask) -> tuple[Doubles, Doubles]:
        return _centre_products(self.products[kept], self.grades[kept])

    def score(self, weights: Doubles, kept: Mask) -> Doubles:
        return np.asarray(self.products[kept] @ weights)

    def measure(self, scores: Doubles) -> float:
        return correlation(scores, self.grades)

    def has_signal(self, before: Doubles, after: Doubles) -> bool:
        return self.measure(after) > self.measure(before)


@dataclass(frozen=True)
class _RankedPairs(_LeastSquaresRows):
    """The best candidate and each of the others, one row for each other candidate."""

    chosen: Floats
    """(n_rows, dim) mean vector of what was chosen"""
    best: Floats
    others: Floats
    ranking: Rows
    """(n_rows,) number of the ranking, from 0"""

    def __len__(self) -> int:
        return int(self.ranking[-1]) + 1

    def equations(self, kept: Mask) -> tuple[Doubles, Doubles]:
        own = kept[self.ranking]
        rows = self.chosen[own] * (self.best[own] - self.others[own])
        return rows.astype(np.float64), np.full(len(rows), MARGIN)

    def score(self, weights: Doubles, kept: Mask) -> Doubles:
        own = kept[self.ranking]
        left = self._cosines(self.best[own], weights, own)
        right = self._cosines(self.others[own], weights, own)
        wins = np.where(np.abs(left - right) < MIN_DIFFERENCE, 0.5, left > right)
        _, numbers = np.unique(self.ranking[own], return_inverse=True)
        return np.asarray(np.bincount(numbers, wins) / np.bincount(numbers))

    def measure(self, scores: Doubles) -> float:
        return 2 * float(scores.mean()) - 1

    def has_signal(self, before: Doubles, after: Doubles) -> bool:
        # a share that is due to chance has a standard deviation of at most 1/2
        bound, gain = CHANCE_QUANTILE / math.sqrt(len(self)), after - before
        is_above_chance = float(after.mean()) - 0.5 > bound / 2
        return is_above_chance and float(gain.mean()) > bound * float(gain.std())

    def _cosines(self, candidates: Floats, weights: Doubles, own: Mask) -> Doubles:
        """Return cosines with what was chosen, but for the length of the latter."""
        lengths = np.sqrt(np.maximum((candidates**2) @ weights, MIN_DIFFERENCE))
        return np.asarray((self.chosen[own] * candidates) @ weights / lengths)


def distil_judgements(
    encoder: StaticText,
    judged: Sequence[JudgedPair],
    rankings: Sequence[JudgedRanking] = (),
) -> JudgementFit:
    """Return an encoder whose dimensions are weighted so that cosines follow judgements.

    A kind of judgements is left out if there are fewer than 20, if grades alone do not help, or
    if the agreement with held-out rankings is not significantly above chance and above that of
    the encoder (95 %, one-sided).

    Args:
        encoder: Static encoder.
        judged: Judged pairs.
        rankings: Judged rankings; their best candidate should be one grade more similar than
            each of the others.

    Returns:
        The encoder unchanged if the agreement with held-out judgements does not grow.

    Raises:
        DataError: There are fewer than 20 judgements of each kind.

    Source:
        Weighted dot products as metric learning with a diagonal matrix (Xing et al. 2002), here
        by ridge regression towards equal weights. Rankings as least squares on differences:
        Pahikkala et al. 2009, An efficient algorithm for learning to rank from preference
        graphs, section 3.
    """
    if max(len(judged), len(rankings)) < MIN_JUDGEMENTS:
        raise DataError(
            f"learning needs {MIN_JUDGEMENTS} judgements or more, got {len(judged)} grades and "
            f"{len(rankings)} rankings"
        )
    kinds: dict[JudgementKind, _LeastSquaresRows] = {}
    if judged:
        kinds["similarity"] = _multiply_pairs(encoder, judged)
    if rankings:
        kinds["ranking"] = _pair_candidates(encoder, rankings)
    equal = np.ones(encoder.dim)
    scores = {
        name: kind.score(equal, np.ones(len(kind), np.bool_)) for name, kind in kinds.items()
    }
    before = {name: kind.measure(scores[name]) for name, kind in kinds.items()}
    used = {name: kind for name, kind in kinds.items() if _is_useful(kind, scores[name])}
    if not used:
        return _summarize(encoder, kinds, before, {})
    ridge, held_out = _choose_ridge(list(used.values()))
    measured = _measure_all(list(used.values()), held_out)
    after = dict(zip(used, measured, strict=True))
    if not sum(after.values()) > sum(before[name] for name in used):
        return _summarize(encoder, kinds, before, {})
    encoder = scale_dimensions(encoder, _fit_kinds(list(used.values()), ridge))
    return _summarize(encoder, kinds, before, after)


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
    return fit_to_equal_weights(*_centre_products(products, grades), ridge)


def fit_to_equal_weights(rows: Doubles, targets: Doubles, ridge: float) -> Doubles:
    """Return weights of dimensions, at least 0, with which rows predict targets.

    Args:
        rows: (n, dim) matrix; a row of a ranking is the difference of the products of the best
            candidate and of another one.
        targets: (n,) centred grades, or margins of rankings.
        ridge: Weight of the prior, in which all dimensions count the same, in units of the mean
            sum of squares of a column.

    Returns:
        (dim,) weights with mean 1.

    Example:
        Two rankings, and a prior of 1/4 for both dimensions: the second ranking lacks its
        margin of 1/4. The weights are 5.5/19 and 3.75/19, and then have the mean 1.

        >>> rows = np.array([[1.0, 0], [1, -1]])
        >>> fit_to_equal_weights(rows, np.array([0.25, 0.25]), 2.0).round(4)
        array([1.1892, 0.8108])
    """
    total = rows.sum(axis=1)
    scale = float(total @ targets) / max(float(total @ total), 1e-12)
    prior = np.full((rows.shape[1], 1), max(scale, 1e-6))
    unit = max(float((rows * rows).sum(axis=0).mean()), 1e-12)
    solver = RidgeToPrior(sp.csr_array(rows), targets[:, None], prior)
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


def _centre_products(products: Floats, grades: Doubles) -> tuple[Doubles, Doubles]:
    centred = np.asarray(products - products.mean(axis=0), np.float64)
    return centred, grades - grades.mean()


def _multiply_pairs(encoder: StaticText, judged: Sequence[JudgedPair]) -> _GradedProducts:
    first = encoder.encode([pair.first for pair in judged])
    second = encoder.encode([pair.second for pair in judged])
    return _GradedProducts(first * second, np.array([pair.similarity for pair in judged]))


def _pair_candidates(encoder: StaticText, rankings: Sequence[JudgedRanking]) -> _RankedPairs:
    counts = [len(one.others) for one in rankings]
    chosen = [encoder.encode(one.chosen).mean(axis=0) for one in rankings]
    best = encoder.encode([one.best for one in rankings])
    others = encoder.encode([text for one in rankings for text in one.others])
    number = np.repeat(np.arange(len(rankings)), counts)
    return _RankedPairs(np.stack(chosen)[number], best[number], others, number)


def _is_useful(kind: _LeastSquaresRows, before: Doubles) -> bool:
    """Return whether there are enough judgements of a kind, with a signal."""
    if len(kind) < MIN_JUDGEMENTS:
        return False
    _, (after,) = _choose_ridge([kind])
    return kind.has_signal(before, after)


def _choose_ridge(kinds: Sequence[_LeastSquaresRows]) -> tuple[float, list[Doubles]]:
    """Return the ridge that agrees best with held-out judgements, and their scores."""
    scored = {ridge: _score_held_out(kinds, ridge) for ridge in RIDGES}
    ridge = max(RIDGES, key=lambda one: sum(_measure_all(kinds, scored[one])))
    return ridge, scored[ridge]


def _measure_all(kinds: Sequence[_LeastSquaresRows], scores: Sequence[Doubles]) -> list[float]:
    return [kind.measure(own) for kind, own in zip(kinds, scores, strict=True)]


def _fit_kinds(
    kinds: Sequence[_LeastSquaresRows], ridge: float, without: int | None = None
) -> Doubles:
    """Return weights by all judgements but those of one fold."""
    kept = [np.arange(len(kind)) % N_FOLDS != without for kind in kinds]
    parts = [kind.equations(mask) for kind, mask in zip(kinds, kept, strict=True)]
    rows, targets = (np.concatenate(part) for part in zip(*parts, strict=True))
    return fit_to_equal_weights(rows, targets, ridge)


def _score_held_out(kinds: Sequence[_LeastSquaresRows], ridge: float) -> list[Doubles]:
    """Return the score of each judgement by weights that were learned without it."""
    scores = [np.empty(len(kind)) for kind in kinds]
    for fold in range(N_FOLDS):
        weights = _fit_kinds(kinds, ridge, fold)
        for kind, own in zip(kinds, scores, strict=True):
            out = np.arange(len(kind)) % N_FOLDS == fold
            if out.any():
                own[out] = kind.score(weights, out)
    return scores


def _summarize(
    encoder: StaticText,
    kinds: Mapping[JudgementKind, _LeastSquaresRows],
    before: Mapping[JudgementKind, float],
    learned: Mapping[JudgementKind, float],
) -> JudgementFit:
    """Return the result; the agreement with a kind that was not used stays as it was."""
    after = {**before, **learned}
    ranked = None
    if "ranking" in kinds:
        shares = [(values["ranking"] + 1) / 2 for values in (before, after)]
        ranked = RankingAgreement(len(kinds["ranking"]), shares[0], shares[1])
    return JudgementFit(
        encoder,
        len(kinds["similarity"]) if "similarity" in kinds else 0,
        before.get("similarity", 0.0),
        after.get("similarity", 0.0),
        ranked,
        tuple(learned),
    )
