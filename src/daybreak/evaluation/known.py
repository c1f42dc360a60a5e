"""What every split asks of the data: order, times, attributes, ids drawn by a seed."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from daybreak.data import Tables
from daybreak.errors import ConfigError, DataError
from daybreak.evaluation.slices import ColdItems, Plan
from daybreak.evaluation.timeline import timeline, times_known
from daybreak.rng import stream

COLD_ITEMS: tuple[ColdItems, ...] = ("random", "newest")


@dataclass(frozen=True)
class Known:
    """The data, and what every split asks of them."""

    tables: Tables
    positive: pl.Series
    seed: int
    cold_items: ColdItems = "random"

    @cached_property
    def timeline(self) -> pl.DataFrame:
        """Return the positive events in order; see :func:`~.timeline.timeline`."""
        return timeline(self.tables.events.filter(self.positive), self.seed)

    @cached_property
    def timed(self) -> bool:
        """Say whether times are known."""
        return times_known(self.timeline)

    @cached_property
    def order(self) -> str:
        """Say in words how the events of a user are ordered."""
        return "by time" if self.timed else "in random order, as times are unknown"

    @cached_property
    def profiles(self) -> pl.DataFrame | None:
        """Return the users when any attribute of any user is known."""
        users = self.tables.users
        told = [c for c in users.columns if users[c].null_count() < len(users)]
        told = [c for c in told if c != "user_id"]
        return users.select("user_id", *told) if told else None

    @cached_property
    def catalogue(self) -> pl.DataFrame:
        """Return the items in random order.

        Ids and rows often follow age or popularity, so whoever breaks ties by row would know
        something about new items that no score said.
        """
        items = self.tables.items.sort("item_id")
        return items[stream(self.seed, "catalogue order").permutation(items.height)]

    def drawn(self, column: str, share: float) -> pl.Series:
        """Return a random share of the ids of a column: at least one, never all.

        A smaller share is part of a larger one.
        """
        ids = self.timeline[column].unique().sort()
        order = stream(self.seed, f"cold {column}").permutation(len(ids))
        return ids.gather(order[: min(len(ids) - 1, max(1, round(share * len(ids))))])

    def plan(self, name: str, keep: pl.Series, hidden: pl.Series | None = None) -> Plan:
        """Return a plan without slices that trains on the rows of events that are kept.

        Args:
            name: Of the plan.
            keep: One boolean for each row of events.
            hidden: Ids of users that training must not know of at all.
        """
        events, users = self.tables.events, self.tables.users
        if hidden is not None:
            keep = keep & ~events["user_id"].is_in(hidden.implode())
            users = users.filter(~pl.col("user_id").is_in(hidden.implode()))
        train = Tables(self.catalogue, users, events.filter(keep))
        return Plan(name, train, self.positive.filter(keep), ())


def known(
    tables: Tables, positive: pl.Series | None, seed: int, cold_items: ColdItems
) -> Known:
    """Check what is asked of the data.

    Raises:
        ConfigError: ``cold_items`` is neither "random" nor "newest".
        DataError: ``positive`` does not fit the events, nothing is positive, or "newest" is
            asked and no times are known.
    """
    if cold_items not in COLD_ITEMS:
        raise ConfigError(f"cold_items must be 'random' or 'newest', got {cold_items!r}")
    if positive is None:
        positive = pl.repeat(value=True, n=tables.events.height, eager=True)
    elif len(positive) != tables.events.height:
        raise DataError(
            f"positive has {len(positive)} values for {tables.events.height} events; "
            "give one boolean for each row"
        )
    data = Known(tables, positive.cast(pl.Boolean).fill_null(value=False), seed, cold_items)
    if not data.timeline.height:
        raise DataError("no positive events, so nothing can be hidden and asked for")
    if cold_items == "newest" and not data.timed:
        raise DataError(
            "cold_items='newest' needs the time of events, and times are unknown; "
            "use cold_items='random'"
        )
    return data
