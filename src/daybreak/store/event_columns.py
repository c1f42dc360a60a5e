"""Events as columns of plain values, which cost less than frames if the events are few."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.errors import DataError

REFERENCE_COLUMNS = ("event_id", "recommendation_id", "session_id", "context")
"""Columns of text that an event has besides ``EVENT_COLUMNS``."""


@dataclass(frozen=True)
class EventColumns:
    """Checked events; all columns have the same length, and None stands for no value.

    Raises:
        DataError: A column has another length than that of the users.

    Example:
        >>> events = EventColumns(["ann"], ["tea"], timestamp=[5.0])
        >>> len(events), events.event_type, events.tables().events["timestamp"].to_list()
        (1, [None], [5.0])
    """

    user_id: Sequence[str]
    item_id: Sequence[str]
    event_type: Sequence[str | None] = field(default=())
    value: Sequence[float | None] = field(default=())
    timestamp: Sequence[float | None] = field(default=())
    """Epoch [s]."""
    domain: Sequence[str | None] = field(default=())
    event_id: Sequence[str | None] = field(default=())
    recommendation_id: Sequence[str | None] = field(default=())
    session_id: Sequence[str | None] = field(default=())
    context: Sequence[str | None] = field(default=())
    """Text of a JSON object."""

    def __post_init__(self) -> None:
        """Fill the columns that are not given, and check the length of the others."""
        n_events = len(self.user_id)
        for name, column in list(vars(self).items()):
            if not column:
                object.__setattr__(self, name, [None] * n_events)
            elif len(column) != n_events:
                raise DataError(f"{len(column)} values of {name} for {n_events} events")

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.user_id)

    def tables(self) -> Tables:
        """Return the events as a frame, with rows for their items and users."""
        columns = vars(self)
        events = pl.DataFrame(
            {name: columns[name] for name in EVENT_COLUMNS}, schema=EVENT_COLUMNS
        )
        items, users = (
            pl.DataFrame({name: list(dict.fromkeys(columns[name]))}, {name: pl.String})
            for name in ("item_id", "user_id")
        )
        return Tables(items, users, events)

    def text(self, name: str) -> pl.Series:
        """Return one of ``REFERENCE_COLUMNS``."""
        return pl.Series(name, vars(self)[name], dtype=pl.String)
