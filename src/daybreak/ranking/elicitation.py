"""Which question to ask somebody: the one whose answer is expected to improve the list most."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daybreak.data.dataset import Queries
from daybreak.metrics import discounts
from daybreak.models.meta_bayes import MetaBayesModel
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.types import Doubles, Floats, Mask, Rows

LIST_LENGTH = 10
"""Length of the list that is to be improved."""
MAX_DIVERSIFIED_QUESTIONS = 10
"""Questions on one screen after which no further ones are kept apart: each costs as much as the
first, and nobody answers so many."""


@dataclass(frozen=True, eq=False)
class ChoiceModel:
    """What the models expect somebody to choose, item by item, as probabilities.

    With ``meta_bayes`` in the blend it is the mean of its posterior: the probability that an
    item is among all that somebody with such a beginning chose. Without it the blend has to do:
    it is fitted with a softmax, so that ``exp(score)`` over its sum is the chance that one
    choice falls on an item, and of ``typical`` choices one does with
    ``1 - exp(-typical * share)``.
    """

    scorer: Scorer
    n_typical_events: float = 10.0
    """Events of a typical user."""

    @cached_property
    def source(self) -> str:
        """Who says so: ``meta_bayes`` or ``blend``."""
        return "blend" if self.model_row is None else "meta_bayes"

    @cached_property
    def model_row(self) -> int | None:
        """Position of ``meta_bayes`` among the models; None: it is not in the blend."""
        models = self.scorer.fitted.models
        rows = [row for row, model in enumerate(models) if isinstance(model, MetaBayesModel)]
        return rows[0] if rows else None

    def choice_probabilities(self, queries: Queries, scores: Floats, allowed: Mask) -> Floats:
        """Return (n_queries, n_items) probabilities that an item is chosen at some time.

        Args:
            queries: Who chooses.
            scores: (n_queries, n_items) of the blend.
            allowed: (n_items,) what can be chosen at all; others have 0.
        """
        if self.model_row is None:
            return softmax_probabilities(scores, allowed, self.n_typical_events)
        form = self.scorer.linear_models[self.model_row]
        model = self.scorer.fitted.models[self.model_row]
        product = form.weights.apply(model.query_features(queries))
        found = form.bias if product is None else product + form.bias
        chances = np.clip(np.broadcast_to(found, scores.shape), 0, 1) * (allowed & form.scored)
        return np.asarray(chances, dtype=np.float32)


def softmax_probabilities(scores: Floats, allowed: Mask, n_typical_events: float) -> Floats:
    """Return (n_queries, n_items) chances that one of some choices falls on an item.

    Example:
        Two items of the same score, and a third that cannot be chosen: half of the choices
        each, so of two choices one falls on it with ``1 - exp(-1)``.

        >>> scores = np.zeros((1, 3), dtype=np.float32)
        >>> softmax_probabilities(scores, np.array([True, True, False]), 2.0).round(4)
        array([[0.6321, 0.6321, 0.    ]], dtype=float32)
    """
    masked = np.where(allowed, scores, -np.inf)
    top = masked.max(axis=1, keepdims=True, initial=-1e30)
    share = np.exp(masked - top)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-30)
    return np.asarray(1 - np.exp(-n_typical_events * share), dtype=np.float32)


def top_k(scores: Floats, allowed: Mask, k: int = LIST_LENGTH) -> Rows:
    """Return (n, k) columns of the best allowed scores, best first; ties by lower column.

    Args:
        scores: (n, n_items)
        allowed: (n_items,) or (n, n_items)
        k: How many; fewer when there are fewer columns.
    """
    masked = np.where(allowed, scores, -np.inf)
    k = min(k, masked.shape[1])
    found = np.sort(np.argpartition(-masked, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(masked, found, axis=1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(found, order, axis=1), dtype=np.int64)


def expected_dcg(probabilities: Floats, lists: Rows) -> Doubles:
    """Return (n,) expected DCG of lists: chances, discounted by the rank.

    Example:
        >>> worth(np.array([[0.5, 0.0, 1.0]]), np.array([[2, 0]])).round(4)
        array([1.3155])
    """
    discount = discounts(lists.shape[1])
    return np.asarray(
        np.take_along_axis(probabilities, lists, axis=1) @ discount, dtype=np.float64
    )


def expected_dcg_gain(
    p_yes: Floats, probabilities: Floats, scores: Floats, current: Rows, k: int = LIST_LENGTH
) -> Doubles:
    """Return (n,) by how much the answer to each question is expected to improve the list.

    If the answer is yes, the list is made anew, and what it is worth is judged with what is
    known then; so is the list of before. The difference counts as often as the answer is yes.
    Any other answer is taken as silence, which moves nothing.

    Args:
        yes: (n,) chance that the answer is yes.
        chances: (n, n_items) of :class:`ChoiceModel` after a yes; 0 for what is known then.
        scores: (n, n_items) of the blend after a yes; -inf for what is known then.
        now: (k,) the list of before.
        k: Length of the list.

    Source:
        Howard 1966, "Information value theory"; Golbandi, Koren and Lempel 2011, "Adaptive
        bootstrapping of recommender systems using decision trees", choose questions by the
        squared error after the answer. Here it is the list after the answer that is judged.

    Example:
        The answer is yes half the time. A list of one: item 1 then has a chance of 0.9, and the
        item 0 of before 0.5. So 0.5 * (0.9 - 0.5).

        >>> found = information(np.array([0.5]), np.array([[0.5, 0.9]]),
        ...                     np.array([[1.0, 2.0]]), np.array([0]), k=1)
        >>> found.round(4)
        array([0.2])
    """
    after = expected_dcg(probabilities, top_k(scores, scores > -np.inf, k))
    before = expected_dcg(
        probabilities, np.repeat(current[None, :], len(probabilities), axis=0)
    )
    return np.asarray(p_yes * (after - before), dtype=np.float64)


def select_questions(
    gains: Doubles, p_yes: Floats, gains_after: Callable[[int], Doubles], k: int
) -> Rows:
    """Return k questions that are asked together, so that none tells what another has told.

    The first is the most informative. What each further one gains is lessened by what it gains
    no more once an earlier one is answered with yes, times the chance of that.

    Args:
        gains: (n,) of each alone.
        yes: (n,) chance that it is answered with yes.
        later: Returns the (n,) gains after a yes to one of them.
        k: How many.

    Example:
        Two that tell the same, and a third: after a yes to the first the second gains nothing.

        >>> screen(np.array([1.0, 0.9, 0.5]), np.array([0.6, 0.6, 0.1]),
        ...        lambda row: np.array([0.0, 0.0, 0.5]), 2).tolist()
        [0, 2]
    """
    left = gains.copy()
    chosen: list[int] = []
    for _ in range(min(k, len(gains))):
        open_ = np.setdiff1d(np.arange(len(gains)), chosen)
        row = int(open_[np.argmax(left[open_])])
        chosen.append(row)
        if len(chosen) < min(k, len(gains), MAX_DIVERSIFIED_QUESTIONS):
            left -= p_yes[row] * np.maximum(gains - gains_after(row), 0.0)
    return np.array(chosen, dtype=np.int64)
