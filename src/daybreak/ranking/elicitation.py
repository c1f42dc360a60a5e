"""Selection of onboarding questions whose answers are expected to improve a list the most."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daybreak.data.dataset import Queries
from daybreak.metrics import LIST_LENGTH, discounts
from daybreak.models.meta_bayes import MetaBayesModel
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.types import Doubles, Floats, Mask, Rows

MAX_DIVERSIFIED_QUESTIONS = 10
"""Maximum number of questions on one screen that are selected for complementary answers; each
costs as much as the first."""
MIN_POSTERIOR_SHARE = 0.02
"""Smallest share of ``meta_bayes`` in the weights for users with few events with which it
estimates choices; with less, the data have not shown that it knows anything."""
FEW_EVENT_LEVELS = slice(1, 4)
"""Levels of 1 to 3 events among the levels of a blend."""


@dataclass(frozen=True, eq=False)
class ChoiceModel:
    """Probabilities that a user chooses each item.

    If ``meta_bayes`` has a weight in the blend, they are the mean of its posterior: the
    probability that an item is among all items chosen by a user with this history. Otherwise,
    also in small shops where its posterior hardly differs from its prior, they follow
    from the blend, which is fitted with a softmax: a single choice falls on an item with the
    probability ``exp(score)`` over its sum, and at least one of ``n_typical_events`` choices
    with ``1 - exp(-n_typical_events * probability)``.
    """

    scorer: Scorer
    n_typical_events: float = 10.0
    """Number of events of a typical user."""

    @cached_property
    def source(self) -> str:
        """Source of the probabilities: ``meta_bayes`` or ``blend``."""
        return "blend" if self.model_row is None else "meta_bayes"

    @cached_property
    def model_row(self) -> int | None:
        """Position of ``meta_bayes`` among the models; None if the blend does not use it."""
        models = self.scorer.fitted.models
        rows = [row for row, model in enumerate(models) if isinstance(model, MetaBayesModel)]
        if not rows or self._weight_share(rows[0]) < MIN_POSTERIOR_SHARE:
            return None
        return rows[0]

    def _weight_share(self, row: int) -> float:
        """Return the share of a strategy in the weights for users with few events."""
        weights = self.scorer.blend.weights[FEW_EVENT_LEVELS]
        return float(weights[:, row].sum() / max(weights.sum(), 1e-9))

    def choice_probabilities(self, queries: Queries, scores: Floats, allowed: Mask) -> Floats:
        """Return the (n_queries, n_items) probabilities that an item is ever chosen.

        Args:
            queries: Queries of the users.
            scores: (n_queries, n_items) scores of the blend.
            allowed: (n_items,) mask of the candidates; other items have probability 0.
        """
        if self.model_row is None:
            return softmax_probabilities(scores, allowed, self.n_typical_events)
        linear = self.scorer.linear_models[self.model_row]
        model = self.scorer.fitted.models[self.model_row]
        product = linear.weights.apply(model.query_features(queries))
        means = linear.bias if product is None else product + linear.bias
        means = np.clip(np.broadcast_to(means, scores.shape), 0, 1)
        return np.asarray(means * (allowed & linear.scored), dtype=np.float32)


def softmax_probabilities(scores: Floats, allowed: Mask, n_typical_events: float) -> Floats:
    """Return the (n_queries, n_items) probabilities that some choice falls on an item.

    Args:
        scores: (n_queries, n_items) scores of the blend.
        allowed: (n_items,) mask of the candidates.
        n_typical_events: Number of choices.

    Example:
        Two items with the same score, and a third that is no candidate: each choice falls on
        either with 1/2, and one of two choices with ``1 - exp(-1)``.

        >>> scores = np.zeros((1, 3), dtype=np.float32)
        >>> softmax_probabilities(scores, np.array([True, True, False]), 2.0).round(4)
        array([[0.6321, 0.6321, 0.    ]], dtype=float32)
    """
    masked = np.where(allowed, scores, -np.inf)
    top = masked.max(axis=1, keepdims=True, initial=-1e30)
    share = np.exp(masked - top)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-30)
    return np.asarray(1 - np.exp(-n_typical_events * share), dtype=np.float32)


def best_candidates(scores: Floats, allowed: Mask, k: int = LIST_LENGTH) -> Rows:
    """Return the (n, k) columns of the best candidates, best first.

    Equal scores are in the order of their columns. Unlike in
    :func:`daybreak.ranked_lists.top_k`, rows with fewer candidates are filled with other items.

    Args:
        scores: (n, n_items) scores.
        allowed: (n_items,) or (n, n_items) mask of the candidates.
        k: Number of columns; at most n_items.
    """
    masked = np.where(allowed, scores, -np.inf)
    k = min(k, masked.shape[1])
    top = np.sort(np.argpartition(-masked, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(masked, top, axis=1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(top, order, axis=1), dtype=np.int64)


def expected_dcg(probabilities: Floats, lists: Rows) -> Doubles:
    """Return the (n,) expected DCG of lists.

    Args:
        probabilities: (n, n_items) probabilities that an item is relevant.
        lists: (n, k) items of the lists.

    Example:
        >>> expected_dcg(np.array([[0.5, 0.0, 1.0]]), np.array([[2, 0]])).round(4)
        array([1.3155])
    """
    gains = np.take_along_axis(probabilities, lists, axis=1)
    return np.asarray(gains @ discounts(lists.shape[1]), dtype=np.float64)


def expected_dcg_gain(
    p_yes: Floats, probabilities: Floats, scores: Floats, current: Rows, k: int = LIST_LENGTH
) -> Doubles:
    """Return the (n,) expected gain in DCG from the answer to each question.

    After a positive answer, the new and the current list are compared by their expected DCG
    under the probabilities that follow from the answer. The difference counts with the
    probability of a positive answer. Any other answer changes nothing.

    Args:
        p_yes: (n,) probabilities of positive answers.
        probabilities: (n, n_items) probabilities of :class:`ChoiceModel` after a positive
            answer; 0 for items that are known by then.
        scores: (n, n_items) scores of the blend after a positive answer; -inf for items that
            are known by then.
        current: (n, k) items of the lists without the answer, or (k,) if they are all the same.
        k: Length of the list.

    Source:
        Howard 1966, "Information value theory"; Golbandi, Koren and Lempel 2011, "Adaptive
        bootstrapping of recommender systems using decision trees", select questions by the
        squared error after the answer. Here the list after the answer is evaluated.

    Example:
        The answer is positive half the time. The new list contains item 1 with a probability of
        0.9, the current list item 0 with 0.5: 0.5 * (0.9 - 0.5).

        >>> gain = expected_dcg_gain(np.array([0.5]), np.array([[0.5, 0.9]]),
        ...                          np.array([[1.0, 2.0]]), np.array([0]), k=1)
        >>> gain.round(4)
        array([0.2])
    """
    after = expected_dcg(probabilities, best_candidates(scores, scores > -np.inf, k))
    lists = np.broadcast_to(current, (len(probabilities), current.shape[-1]))
    before = expected_dcg(probabilities, lists)
    return np.asarray(p_yes * (after - before), dtype=np.float64)


def select_questions(
    gains: Doubles, p_yes: Floats, gains_after: Callable[[int], Doubles], k: int
) -> Rows:
    """Return k questions to ask together, whose answers complement each other.

    The first question has the largest gain. The gain of each further one is reduced by the part
    that it loses after a positive answer to an earlier one, times the probability of that
    answer.

    Args:
        gains: (n,) expected gain of each question alone.
        p_yes: (n,) probabilities of positive answers.
        gains_after: Returns the (n,) gains after a positive answer to one question.
        k: Number of questions.

    Example:
        Two equivalent questions and a third: after a positive answer to the first, the second
        has no gain.

        >>> select_questions(np.array([1.0, 0.9, 0.5]), np.array([0.6, 0.6, 0.1]),
        ...                  lambda row: np.array([0.0, 0.0, 0.5]), 2).tolist()
        [0, 2]
    """
    remaining = gains.copy()
    selected: list[int] = []
    n_selected = min(k, len(gains))
    for _ in range(n_selected):
        candidates = np.setdiff1d(np.arange(len(gains)), selected)
        row = int(candidates[np.argmax(remaining[candidates])])
        selected.append(row)
        if len(selected) < min(n_selected, MAX_DIVERSIFIED_QUESTIONS):
            remaining -= p_yes[row] * np.maximum(gains - gains_after(row), 0.0)
    return np.array(selected, dtype=np.int64)
