"""Retention: delete events and logged recommendations that are too old."""

from dataclasses import dataclass

from daybreak.errors import ConfigError
from daybreak.store import ErasureCounts, Store

DAY_S = 86_400.0
"""Length of a day [s]."""


@dataclass(frozen=True)
class Retention:
    """How long events and logged recommendations are kept.

    Items and users stay until they are deleted.

    Args:
        days: Retention time [days].

    Example:
        >>> Retention(days=30).cutoff(now=31 * 86_400.0)
        86400.0
    """

    days: float

    def __post_init__(self) -> None:
        """Reject times that are not positive and finite."""
        if not 0 < self.days < float("inf"):
            raise ConfigError(f"the retention time must be above 0 days, got {self.days!r}")

    def cutoff(self, now: float) -> float:
        """Return the time before which everything is deleted, epoch [s].

        Args:
            now: The present time, epoch [s].
        """
        return now - self.days * DAY_S

    def apply(self, store: Store, now: float) -> ErasureCounts:
        """Delete events and recommendations that are too old; events without a time stay.

        Args:
            store: The store.
            now: The present time, epoch [s].
        """
        return store.erase(before=self.cutoff(now))
