"""Exposure budget: impressions due to a new item, and the bonus if it has fewer."""

from dataclasses import dataclass

import numpy as np

from daybreak.errors import ConfigError
from daybreak.types import Doubles, Mask

MIN_DAYS_LEFT = 1 / 24
"""Minimum number of days over which missing impressions are spread."""


@dataclass(frozen=True)
class ExposureBudget:
    """A number of impressions for every new item within a number of days.

    The impressions due increase linearly with the age of an item. Its missing impressions form
    a queue. The length of the queue is added to its score as a bonus: an item on schedule is
    shown only to users who probably like it, an item behind schedule to an increasing number of
    users. The bonus has no learned parameters. It depends only on the counted impressions, so
    that it can be recomputed from the recommendation log at any time.

    Source:
        Neely 2010, "Stochastic network optimization with application to communication and
        queueing systems", section 4.5: drift plus penalty with virtual queues. Here the penalty
        is the loss of score, and ``patience`` is the weight V.

    Example:
        After two of five days, 40 of 100 impressions are due; 10 were given.

        >>> budget = ExposureBudget(impressions=100, days=5, early=1.0, patience=10)
        >>> budget.impressions_due(np.array([2.0]))
        array([40.])
        >>> budget.bonus(np.array([2.0]), np.array([10]))
        array([3.])
    """

    impressions: int = 100
    """Number of impressions for every new item."""
    days: float = 7.0
    """Age in days up to which an item is new."""
    early: float = 0.8
    """Share of the days after which all impressions are due; the rest allows for delays."""
    patience: float = 5.0
    """Missing impressions that increase the score by one standard deviation."""

    def __post_init__(self) -> None:
        if self.impressions < 1:
            raise ConfigError(f"impressions must be 1 or more, got {self.impressions!r}")
        for name in ("days", "early", "patience"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)!r}")
        if self.early > 1:
            raise ConfigError(f"early must be at most 1, got {self.early!r}")

    def impressions_due(self, age: Doubles) -> Doubles:
        """Return the number of impressions that items of an age in days should have."""
        fraction: Doubles = np.clip(np.asarray(age) / (self.early * self.days), 0.0, 1.0)
        return self.impressions * fraction

    def is_eligible(self, age: Doubles, n_impressions: Doubles) -> Mask:
        """Return the mask of items that are new and have fewer impressions than budgeted."""
        is_new = np.asarray(age) < self.days
        mask: Mask = is_new & (np.asarray(n_impressions) < self.impressions)
        return mask

    def bonus(self, age: Doubles, n_impressions: Doubles) -> Doubles:
        """Return the bonus in standard deviations of the score; 0 for items on schedule."""
        return np.maximum(self.impressions_due(age) - n_impressions, 0.0) / self.patience

    def required_per_day(self, age: Doubles, n_impressions: Doubles) -> float:
        """Return the impressions per day that all eligible items need to meet the budget."""
        days_left = np.maximum(self.days - np.asarray(age), MIN_DAYS_LEFT)
        is_eligible = self.is_eligible(age, n_impressions)
        missing = np.where(is_eligible, self.impressions - np.asarray(n_impressions), 0.0)
        return float((missing / days_left).sum())
