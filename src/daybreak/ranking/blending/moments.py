"""How much the queries at moments count when weights are fitted."""

from collections.abc import Sequence

import numpy as np

from daybreak.ranking.blending.objective import sampled_ndcg
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.tasks import RankingTask
from daybreak.simulation.moments import NOW_KIND

MIN_SHARE, MAX_SHARE = 0.02, 0.9
"""Smallest and largest share of the queries at moments in the objective."""
MIN_NEW_ITEM_SHARE = 0.3
"""Share from which unsold items are ranked at moments as well, which takes time."""
MIN_STRANGERS = 10
"""Smallest number of queries without events that can raise the share."""
SURE_STRANGERS = 100
"""Number of such queries from which on one standard error is enough; with fewer, the best of
several strategies is more often so by chance."""
MIN_RELATIVE_GAIN = 0.3
"""Relative gain below which the queries at moments keep their smallest share: the seasons of a
shop are no reason to forget what sells all year."""
SHARE_PER_GAIN = 2.0
"""Share per relative gain; where half of the quality is in the present, nearly nothing else
counts."""
ALL_TIME = "popular"
"""Name of the strategy that knows no time."""


def share_of_moments(pools: TrainingPools, strategies: Sequence[Strategy]) -> float:
    """Return the share of the queries at moments in the objective of the weights.

    Users who are held out at random took their items at all times, so their queries ask what
    was liked over the years. Queries at moments ask what is liked now. The more the present
    differs from the past, the more they count: the share is twice the relative gain in NDCG@10
    (less one standard error, and less ``MIN_RELATIVE_GAIN``) of the best score with a sense of
    time over popularity of all time, for people about whom nothing is known.

    Args:
        pools: Pools of all simulated queries.
        strategies: Their strategies.
    """
    if NOW_KIND not in pools.pools:
        return 0.0
    everybody = pools.pools[NOW_KIND]
    pool = everybody.take(np.flatnonzero(everybody.n_events == 0))
    constant = [row for row, s in enumerate(strategies) if s.is_same_for_all and s.scores_known]
    names = [strategies[row].name for row in constant]
    if len(pool.n_events) < MIN_STRANGERS or ALL_TIME not in names or len(names) < 2:
        return MIN_SHARE
    task = RankingTask(pool.features, pool, pool.present)
    unit = np.eye(len(strategies))
    ndcg = {
        name: sampled_ndcg(task.score(unit[row]), task)
        for row, name in zip(constant, names, strict=True)
    }
    best = max((name for name in names if name != ALL_TIME), key=lambda name: ndcg[name].mean())
    gain = ndcg[best] - ndcg[ALL_TIME]
    n_errors = np.sqrt(max(SURE_STRANGERS / len(gain), 1))
    lower = float(gain.mean() - n_errors * gain.std() / np.sqrt(len(gain)))
    relative = lower / max(float(ndcg[best].mean()), 1e-9)
    return float(np.clip(SHARE_PER_GAIN * (relative - MIN_RELATIVE_GAIN), MIN_SHARE, MAX_SHARE))
