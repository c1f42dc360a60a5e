"""An ask that was checked, under the names by which its user and session are known inside."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daybreak.errors import DataError
from daybreak.service.ingest.rows import parse_events, parse_rows, user_key
from daybreak.service.ingest.values import RejectedRow
from daybreak.service.privacy import Pseudonyms
from daybreak.service.serving.requests import RecommendRequest

EventTuple = tuple[str, str | None, float | None, float]
"""Item, type, value and time of an event."""


@dataclass(frozen=True)
class PreparedRequest:
    """What one asker wants, ready to be looked up."""

    request: RecommendRequest
    user_key: str | None
    session_key: str | None
    """With the mark of sessions before it."""
    events: tuple[EventTuple, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    """Items beside those of the rules that must not be answered."""

    @classmethod
    def from_request(
        cls,
        ask: RecommendRequest,
        names: Pseudonyms | None = None,
        exclude: tuple[str, ...] = (),
    ) -> "PreparedRequest":
        """Check what an ask brings.

        Raises:
            DataError: An event or the profile cannot be used; the message says which part.
        """
        user, session = user_key(ask.user_id, ask.session_id, names)
        return cls(ask, user, session, _parsed_events(ask), _parsed_profile(ask), exclude)

    @property
    def asker_key(self) -> str | None:
        """Under which name the answer is logged."""
        return self.session_key if self.user_key is None else self.user_key


def _parsed_events(ask: RecommendRequest) -> tuple[EventTuple, ...]:
    if not ask.events:
        return ()
    mine = [{**row, "user_id": "asker"} if isinstance(row, Mapping) else row
            for row in ask.events]  # fmt: skip
    posted = parse_events(mine, time.time())
    _raise_if_rejected("events", posted.rejected)
    columns = ("item_id", "event_type", "value", "timestamp")
    return tuple(posted.tables.events.select(columns).iter_rows())


def _parsed_profile(ask: RecommendRequest) -> Mapping[str, Any]:
    if not ask.profile:
        return {}
    side = parse_rows([{**ask.profile, "user_id": "asker"}], "user_id")
    _raise_if_rejected("profile", side.rejected)
    return {name: value for name, value in side.rows[0].items() if name != "user_id"}


def _raise_if_rejected(what: str, rejected: tuple[RejectedRow, ...]) -> None:
    if rejected:
        first = rejected[0]
        place = f"{what}[{first.row}]" if what == "events" else what
        where = f"{place}.{first.field}" if first.field else place
        raise DataError(f"{where}: {first.reason}, got {first.value!r}")
