"""What a caller asks: for whom, what is known right now, and under which rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daybreak.errors import ConfigError, DataError
from daybreak.service.inputs import check_k

if TYPE_CHECKING:
    from daybreak.ranking.rules import Rules

SESSION = "session:"
"""Before the id of a session, where it stands for a user that nobody knows yet."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request for recommendations; every field may be left out.

    Example:
        >>> Ask(session_id="s1").asker, Ask(user_id="ann", session_id="s1").asker
        ('session:s1', 'ann')
    """

    user_id: str | None = None
    """Known or not."""
    session_id: str | None = None
    """Of a visitor; what the session did counts beside what the user did."""
    n: int = 10
    """Items wanted."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """Attributes, and ``text``: what is known right now; nothing of it is kept."""
    events: Sequence[Mapping[str, Any]] = ()
    """Events known right now, ``item_id`` and if known ``event_type, value, timestamp``;
    nothing of them is kept."""
    rules: "Rules | None" = None
    """Filters, boosts, quotas, diversity."""
    explore: bool | None = None
    """Whether new items may be tried out on this asker; None: as the service is set up."""
    explain: bool = False
    """Whether every item comes with reasons."""
    scenario: str | None = None
    """Where the answer is shown: ``home``, ``basket``; kept in the log."""
    experiment: bool = True
    """Whether running experiments may choose the variant."""

    def __post_init__(self) -> None:
        """Check what can be checked without data."""
        check_k(self.n)
        for name in ("user_id", "session_id", "scenario"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ConfigError(f"{name} must be text, got {value!r}")
        if not isinstance(self.profile, Mapping):
            raise DataError(f"a profile must be an object, got {self.profile!r:.60}")

    @property
    def asker(self) -> str | None:
        """Who asks: the user, else the session, else nobody."""
        if self.user_id is not None:
            return self.user_id
        return None if self.session_id is None else SESSION + self.session_id
