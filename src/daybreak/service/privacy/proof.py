"""Proof that a user is gone."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Trace:
    """One place that was looked at."""

    place: str
    """``store events``, ``live profiles`` and so on."""
    before: int
    """Rows that were found there."""
    after: int
    """Rows that are left; proof is that this is 0."""


@dataclass(frozen=True)
class Proof:
    """What was erased of one user, and that nothing is left: looked up again afterwards."""

    digest: str
    """SHA-256 of the id: the proof itself does not name the user."""
    at: float
    """Epoch [s]."""
    traces: tuple[Trace, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left in any place."""
        return all(trace.after == 0 for trace in self.traces)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "complete": self.complete}
