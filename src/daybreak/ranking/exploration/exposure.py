"""How many impressions a new item is owed by now, and what that is worth to a list."""

from dataclasses import dataclass

import numpy as np

from daybreak.errors import ConfigError
from daybreak.types import Doubles, Mask


@dataclass(frozen=True)
class ExposureBudget:
    """Every new item gets so many impressions within so many days.

    The impressions that are due grow evenly with the age of an item. What it lags behind is a
    queue, and the length of the queue is its price: it is added to the item's score, so that
    among the users who come by, those get the item who like it best, and the longer it waits
    the less they must like it. No price is learned: it follows from the impressions that were
    given, so it can be rebuilt from the answers at any time.

    Source:
        Neely 2010, "Stochastic network optimization with application to communication and
        queueing systems", section 4.5: drift plus penalty with virtual queues. Here the penalty
        is the loss of score, and ``patience`` is the weight V.

    Example:
        After two of five days, 40 of 100 impressions; 10 were given.

        >>> plan = Budget(impressions=100, days=5, early=1.0, patience=10)
        >>> plan.due(np.array([2.0])), plan.price(np.array([2.0]), np.array([10]))
        (array([40.]), array([3.]))
    """

    impressions: int = 100
    """That every new item is to get."""
    days: float = 7.0
    """Age up to which an item is new [days]."""
    early: float = 0.8
    """Share of the days after which all impressions are due; the rest makes up for delays."""
    patience: float = 5.0
    """Impressions behind that are worth one standard deviation of what is not known."""

    def __post_init__(self) -> None:
        if self.impressions < 1:
            raise ConfigError(f"impressions must be 1 or more, got {self.impressions!r}")
        for name in ("days", "early", "patience"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)!r}")
        if self.early > 1:
            raise ConfigError(f"early must be at most 1, got {self.early!r}")

    def impressions_due(self, age: Doubles) -> Doubles:
        """Return how many impressions items of an age [days] should have."""
        part: Doubles = np.clip(np.asarray(age) / (self.early * self.days), 0.0, 1.0)
        return self.impressions * part

    def is_eligible(self, age: Doubles, n_impressions: Doubles) -> Mask:
        """Mark the items that are still new and still owed impressions."""
        mask: Mask = (np.asarray(age) < self.days) & (
            np.asarray(n_impressions) < self.impressions
        )
        return mask

    def bonus(self, age: Doubles, n_impressions: Doubles) -> Doubles:
        """Return what is added to scores, in standard deviations; 0 for items on schedule."""
        return np.maximum(self.impressions_due(age) - n_impressions, 0.0) / self.patience

    def required_per_day(self, age: Doubles, n_impressions: Doubles) -> float:
        """Return the impressions a day that would keep all promises that can still be kept."""
        left = np.maximum(self.days - np.asarray(age), 1 / 24)
        owed = np.where(
            self.is_eligible(age, n_impressions),
            self.impressions - np.asarray(n_impressions),
            0.0,
        )
        return float((owed / left).sum())
