"""An ask that was checked, under the names by which its user and session are known inside."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daybreak.errors import DataError
from daybreak.service.live.accepted import Rejected
from daybreak.service.live.ask import Ask
from daybreak.service.live.incoming import asker_of, read_events
from daybreak.service.live.sides import read_side
from daybreak.service.privacy import Pseudonyms

Told = tuple[str, str | None, float | None, float]
"""Item, type, value and time of an event."""


@dataclass(frozen=True)
class Wish:
    """What one asker wants, ready to be looked up."""

    ask: Ask
    user: str | None
    session: str | None
    """With the mark of sessions before it."""
    events: tuple[Told, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    """Items beside those of the rules that must not be answered."""

    @classmethod
    def of(
        cls, ask: Ask, names: Pseudonyms | None = None, exclude: tuple[str, ...] = ()
    ) -> "Wish":
        """Check what an ask brings.

        Raises:
            DataError: An event or the profile cannot be used; the message says which part.
        """
        user, session = asker_of(ask.user_id, ask.session_id, names)
        return cls(ask, user, session, _events(ask), _profile(ask), exclude)

    @property
    def asker(self) -> str | None:
        """Under which name the answer is logged."""
        return self.session if self.user is None else self.user


def _events(ask: Ask) -> tuple[Told, ...]:
    if not ask.events:
        return ()
    mine = [{**row, "user_id": "asker"} if isinstance(row, Mapping) else row
            for row in ask.events]  # fmt: skip
    posted = read_events(mine, time.time())
    _refuse("events", posted.rejected)
    columns = ("item_id", "event_type", "value", "timestamp")
    return tuple(posted.tables.events.select(columns).iter_rows())


def _profile(ask: Ask) -> Mapping[str, Any]:
    if not ask.profile:
        return {}
    side = read_side([{**ask.profile, "user_id": "asker"}], "user_id")
    _refuse("profile", side.rejected)
    return {name: value for name, value in side.rows[0].items() if name != "user_id"}


def _refuse(what: str, rejected: tuple[Rejected, ...]) -> None:
    if rejected:
        first = rejected[0]
        place = f"{what}[{first.row}]" if what == "events" else what
        where = f"{place}.{first.field}" if first.field else place
        raise DataError(f"{where}: {first.reason}, got {first.value!r}")
