"""Forget what is older than it may be."""

from dataclasses import dataclass

from daybreak.errors import ConfigError
from daybreak.store import ErasureCounts, Store

DAY_S = 86_400.0


@dataclass(frozen=True)
class Retention:
    """How long events and answers are kept; items and profiles stay until they are deleted.

    Example:
        >>> Retention(days=30).cutoff(now=31 * 86_400.0)
        86400.0
    """

    days: float

    def __post_init__(self) -> None:
        """Refuse a time that is none."""
        if not 0 < self.days < float("inf"):
            raise ConfigError(f"events must be kept above 0 days, got {self.days!r}")

    def cutoff(self, now: float) -> float:
        """Return the time before which nothing is kept, epoch [s]."""
        return now - self.days * DAY_S

    def apply(self, store: Store, now: float) -> ErasureCounts:
        """Delete what is too old; events without a time stay."""
        return store.erase(before=self.cutoff(now))
