"""What the data allow now, and what the next events would unlock."""

from dataclasses import dataclass

import polars as pl

from daybreak.data.describe import describe, text_columns
from daybreak.data.tables import Tables

MORE = 1_000
"""Events looked ahead."""


@dataclass(frozen=True)
class Need:
    """One number that a strategy needs."""

    what: str
    have: int
    need: int
    expected: int
    """What there will be after ``MORE`` further events, if all goes on as before."""


@dataclass(frozen=True)
class Strategy:
    """One way to recommend, and whether the data are enough for it."""

    name: str
    gives: str
    needs: tuple[Need, ...]

    @property
    def on(self) -> bool:
        """Whether every need is met."""
        return all(need.have >= need.need for need in self.needs)

    @property
    def soon(self) -> bool:
        """Whether it is off now and on after ``MORE`` further events."""
        return not self.on and all(need.expected >= need.need for need in self.needs)

    def __str__(self) -> str:
        state = (
            "on" if self.on else f"off, on after {MORE:,} more events" if self.soon else "off"
        )
        needs = "; ".join(f"{n.what} {n.have:,} of {n.need:,}" for n in self.needs)
        return f"{self.name} ({self.gives}): {state} [{needs}]"


@dataclass(frozen=True)
class Readiness:
    """All strategies with their needs.

    Example:
        >>> shop = Tables.of(items=pl.DataFrame({"item_id": ["1"], "title": ["Green tea"]}))
        >>> [strategy.name for strategy in readiness(shop).strategies if strategy.on]
        ['content']
    """

    strategies: tuple[Strategy, ...]

    def __getitem__(self, name: str) -> Strategy:
        return next(strategy for strategy in self.strategies if strategy.name == name)


def readiness(tables: Tables) -> Readiness:
    """Compare the tables with what each strategy needs."""
    facts = describe(tables)
    events = facts["events"]
    growth = 1 + MORE / events if events else 0.0
    known = facts["time"]["known"] if events else 1.0
    active = facts["users_with_two_events"]
    some = Need("events", events, 1, events + MORE)
    many = Need("events", events, 1_000, events + MORE)
    pairs = Need("users with 2 events", active, 25, int(active * growth))
    timed = Need(
        "events with a time", round(events * known), 1_000, round((events + MORE) * known)
    )
    texts = _fixed("items with text", tables.items, text_columns(tables.items, "item_id"), 1)
    columns = [name for name in tables.users.columns if name != "user_id"]
    profiles = _fixed("users with attributes", tables.users, columns, 50)
    return Readiness(
        (
            Strategy("popularity", "what most people take", (some,)),
            Strategy("content", "items like the ones liked", (texts,)),
            Strategy("profile", "first lists for new users", (profiles, many)),
            Strategy("collaborative", "what people of like taste take", (pairs, many)),
            Strategy("transitions", "what comes next", (pairs, timed)),
        )
    )


def _fixed(what: str, frame: pl.DataFrame, columns: list[str], need: int) -> Need:
    """Count the rows with a value in one of the columns; events do not change them."""
    have = 0
    if columns:
        have = frame.filter(pl.any_horizontal(pl.col(columns).is_not_null())).height
    return Need(what, have, need, have)
