"""How far the prior holds for a shop, tested on queries that its weights were not fitted on.

Weights learned from other shops can be wrong for one of another kind: in a newsroom, what was
popular at all times is of no use. Where they rank held-out queries worse than the fitted
weights alone, they count as fewer queries, or as none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daybreak.ranking.blending.objective import (
    fit_softmax,
    lower_gain,
    sampled_ndcg,
    values_by_user,
)
from daybreak.ranking.blending.shrinkage import shrink_weights
from daybreak.ranking.blending.tasks import MIN_QUERIES, RankingTask, sample_by_share
from daybreak.types import Doubles, Floats, Mask, Rows

TRUSTS = (1.0, 0.25, 0.0)
"""Factors of the number of queries that the prior counts as, the largest first."""


@dataclass(frozen=True, eq=False)
class HalfFit:
    """Weights fitted on one half of the queries of a level, and the other half."""

    fitted: Doubles
    """(n_strategies,) weights; those of the prior where there are too few queries."""
    held_out: tuple[RankingTask, ...]

    def shrink(
        self, prior: Doubles, questions: float, prior_questions: float
    ) -> tuple[Doubles, tuple[RankingTask, ...]]:
        """Return the weights, shrunk towards the prior, and the held-out queries.

        Args:
            prior: (n_strategies,) prior weights.
            questions: Number of queries of the level, of which half were fitted on.
            prior_questions: Number of queries that count as much as the prior.
        """
        shrunk = shrink_weights(self.fitted, prior, questions / 2, prior_questions)
        return shrunk, self.held_out


def fit_halves(
    tasks: Sequence[RankingTask], allowed: Mask, prior: Doubles, questions: float
) -> tuple[HalfFit, HalfFit]:
    """Fit the weights on each half of the queries of a level.

    Args:
        tasks: Tasks of the level.
        allowed: (n_strategies,) strategies that may have a weight.
        prior: (n_strategies,) prior weights.
        questions: Number of queries that the level has; few are not fitted on.
    """
    halves = [task.split_by_query() for task in tasks]
    first, second = (tuple(pair[half] for pair in halves) for half in (0, 1))

    def fit(part: Sequence[RankingTask]) -> Doubles:
        if questions < MIN_QUERIES and prior.any():
            return prior
        return fit_softmax(sample_by_share(part), allowed)

    return HalfFit(fit(second), first), HalfFit(fit(first), second)


def choose_trust(
    halves: Sequence[HalfFit], prior: Doubles, questions: float, prior_questions: float
) -> float:
    """Return the factor of the number of queries that the prior counts as.

    It is 1 unless a smaller one ranks held-out queries significantly better, paired by query
    and with the queries of a user as one.

    Args:
        halves: Weights fitted on halves of the queries.
        prior: (n_strategies,) prior weights; all 0: none.
        questions: Number of simulated queries of the level.
        prior_questions: Number of queries that count as much as the prior.
    """
    if questions < MIN_QUERIES or not prior.any() or not prior_questions:
        return TRUSTS[0]

    def measure(trust: float) -> list[tuple[float, Floats, Rows]]:
        return [
            (task.share, sampled_ndcg(task.score(weights), task), task.pool.users)
            for half in halves
            for weights, held_out in [half.shrink(prior, questions, trust * prior_questions)]
            for task in held_out
        ]

    measured = [measure(trust) for trust in TRUSTS]
    pairs = [zip(one, measured[0], strict=True) for one in measured[1:]]
    gains = [
        lower_gain(
            [
                (share, values_by_user(new - old, users))
                for (share, new, users), (_, old, _) in one
            ]
        )
        for one in pairs
    ]
    best = int(np.argmax(gains))
    return TRUSTS[1 + best] if gains[best] > 0 else TRUSTS[0]
