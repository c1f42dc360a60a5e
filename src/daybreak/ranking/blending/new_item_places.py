"""Places in a list that items without events get because nothing is lost with them."""

from collections.abc import Sequence

import numpy as np

from daybreak.ranking.blending.objective import lower_gain, sampled_ndcg, values_by_user
from daybreak.ranking.blending.tasks import RankingTask
from daybreak.types import Doubles

MAX_LOSS = 0.005
"""Share of the NDCG@10 of one list that may be lost to items without events."""
N_ERRORS = 1.0
"""Standard errors of the difference that count as lost, so that few queries allow little."""
BIAS_STEPS = (0.0, 0.05, 0.08, 0.12, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.2, 3.0)
"""Amounts that are added to the bias, as multiples of the sum of the weights of items with
events; the largest that loses little against the best is chosen."""


def raise_bias(tasks: Sequence[RankingTask], weights: Doubles, total: float) -> float:
    """Return the largest bias of new items with which one list loses little.

    The NDCG of one list hardly changes over a wide range of biases: what the targets without
    events gain, those with events lose. The fitted bias is somewhere in this range, by chance
    and by the prior. Its upper end shows new items, which have to be seen to get events, at no
    cost.

    Args:
        tasks: Queries whose candidates are items with and without events; the scores of items
            with events are fixed.
        weights: (n_weights,) weights of new items, bias last.
        total: Sum of the weights of items with events.
    """
    shares = [task.share for task in tasks]
    if not sum(shares):
        return float(weights[-1])
    unit = np.eye(len(weights))[-1] * total
    lists = [
        [
            values_by_user(
                sampled_ndcg(task.score(weights + step * unit), task), task.pool.users
            )
            for task in tasks
        ]
        for step in BIAS_STEPS
    ]
    means = [np.average([one.mean() for one in values], weights=shares) for values in lists]
    best = int(np.argmax(means))
    for step, values in reversed(list(zip(BIAS_STEPS, lists, strict=True))[best + 1 :]):
        gains = [value - at_best for value, at_best in zip(values, lists[best], strict=True)]
        gain = lower_gain(list(zip(shares, gains, strict=True)), N_ERRORS)
        if gain >= -MAX_LOSS * means[best]:
            return float(weights[-1] + step * total)
    return float(weights[-1] + BIAS_STEPS[best] * total)
