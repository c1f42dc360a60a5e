"""Tables prepared for evaluation: positive events in order, and draws from a seed.

Everything is drawn by ids and a seed, never by the order of rows: ids and rows often follow age
or popularity, which a recommender must not learn from the file.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import polars as pl

from daybreak.data import Tables, measure_ties
from daybreak.errors import ConfigError, DataError
from daybreak.rng import create_generator
from daybreak.simulation.holdout import sample_rows
from daybreak.types import Doubles, Rows

ColdItems: TypeAlias = Literal["random", "newest"]
COLD_ITEM_MODES: tuple[ColdItems, ...] = ("random", "newest")
MIN_DISTINCT_TIMES = 11
"""Minimum number of distinct times from which events are ordered by time."""


@dataclass(frozen=True)
class EvaluationData:
    """Tables and their positive events, in the forms that the splits need.

    Attributes:
        tables: Items, users and all events.
        positive: One boolean for each row of events.
        seed: Seed of everything that is drawn.
        cold_items: How new items are chosen: ``random``, or ``newest`` by first event.
    """

    tables: Tables
    positive: pl.Series
    seed: int
    cold_items: ColdItems = "random"

    @cached_property
    def timeline(self) -> pl.DataFrame:
        """The positive events in order; see :func:`build_timeline`."""
        return build_timeline(self.tables.events.filter(self.positive), self.seed)

    @property
    def position(self) -> Rows:
        """(n_timeline,) number of earlier events of the same user."""
        return self.timeline["position"].to_numpy()

    @property
    def history_size(self) -> Rows:
        """(n_timeline,) number of events of the user."""
        return self.timeline["history_size"].to_numpy()

    @cached_property
    def has_times(self) -> bool:
        """Whether events can be ordered by time."""
        return has_usable_times(self.timeline)

    @property
    def order_description(self) -> str:
        """How the events of a user are ordered, in words."""
        return "by time" if self.has_times else "in random order, as times are unknown"

    @cached_property
    def profiles(self) -> pl.DataFrame | None:
        """The attributes of users; None when every attribute of every user is unknown."""
        users = self.tables.users
        known = [c for c in users.columns if users[c].null_count() < len(users)]
        known = [c for c in known if c != "user_id"]
        return users.select("user_id", *known) if known else None

    @cached_property
    def catalogue(self) -> pl.DataFrame:
        """The items in random order.

        A recommender that breaks ties by row would otherwise rank new items by their age.
        """
        items = self.tables.items.sort("item_id")
        return items[create_generator(self.seed, "catalogue order").permutation(items.height)]

    def sample_ids(self, column: str, fraction: float) -> pl.Series:
        """Return a random share of the ids of a column: at least one, never all.

        A smaller share is part of a larger one.
        """
        ids = self.timeline[column].unique().sort()
        rng = create_generator(self.seed, f"cold {column}")
        return ids.gather(sample_rows(np.arange(len(ids)), fraction, rng, nonempty_parts=True))


def prepare_evaluation_data(
    tables: Tables, positive: pl.Series | None, seed: int, cold_items: ColdItems
) -> EvaluationData:
    """Check the arguments of an evaluation, and return its data.

    Args:
        tables: Items, users and all events.
        positive: One boolean for each row of events; None: every event is positive.
        seed: Seed of everything that is drawn.
        cold_items: How new items are chosen.

    Raises:
        ConfigError: ``cold_items`` is neither "random" nor "newest".
        DataError: ``positive`` does not fit the events, no event is positive, or "newest" is
            given and times are unknown.
    """
    if cold_items not in COLD_ITEM_MODES:
        raise ConfigError(f"cold_items must be 'random' or 'newest', got {cold_items!r}")
    if positive is None:
        positive = pl.repeat(value=True, n=tables.events.height, eager=True)
    elif len(positive) != tables.events.height:
        raise DataError(
            f"positive has {len(positive)} values for {tables.events.height} events; "
            "give one boolean for each row"
        )
    data = EvaluationData(
        tables, positive.cast(pl.Boolean).fill_null(value=False), seed, cold_items
    )
    if not data.timeline.height:
        raise DataError("no event is positive, so none can be held out")
    if cold_items == "newest" and not data.has_times:
        raise DataError(
            "cold_items='newest' needs the time of events, and times are unknown; "
            "use cold_items='random'"
        )
    return data


def build_timeline(events: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return the earliest event of each pair of user and item, by time.

    Equal times, and all events when times are unknown, are put in a random order drawn from the
    seed: the order of files and ids often contains information that no recommender could have.

    Args:
        events: Positive events.
        seed: Seed of the order of ties.

    Returns:
        The columns of events, ``position`` (0, 1, … within a user) and ``history_size`` (events
        of the user).

    Example:
        >>> rows = [("u", "tea", 2.0), ("u", "rum", 1.0), ("u", "tea", 3.0)]
        >>> events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
        >>> build_timeline(events, seed=0).select("item_id", "position", "history_size").rows()
        [('rum', 0, 2), ('tea', 1, 2)]
    """
    events = events.sort("user_id", "item_id", "timestamp", nulls_last=False)
    events = events.unique(["user_id", "item_id"], keep="first", maintain_order=True)
    tie = create_generator(seed, "ties in time").random(events.height)
    events = events.with_columns(tie=tie).sort("timestamp", "tie", nulls_last=False)
    return events.drop("tie").with_columns(
        position=pl.int_range(pl.len(), dtype=pl.Int64).over("user_id"),
        history_size=pl.len().over("user_id").cast(pl.Int64),
    )


def first_times(data: EvaluationData) -> tuple[pl.Series, Doubles, Doubles]:
    """Return the items by id, the times of their first events, and a random order for ties.

    The time is minus infinity for items with an event of unknown time.
    """
    first = data.timeline.group_by("item_id").agg(pl.col("timestamp").min()).sort("item_id")
    tie = create_generator(data.seed, "newest items").random(first.height)
    times = first["timestamp"].fill_null(-np.inf).to_numpy()
    return first["item_id"], times, tie


def has_usable_times(events: pl.DataFrame) -> bool:
    """Return whether events can be ordered: most times are known, and more than ten differ.

    Example:
        >>> has_usable_times(pl.DataFrame({"timestamp": [1.0] * 99}))
        False
    """
    known = events["timestamp"].drop_nulls()
    return bool(2 * len(known) > events.height and known.n_unique() >= MIN_DISTINCT_TIMES)


def tie_order_warnings(tables: Tables) -> tuple[str, ...]:
    """Return a warning when events of one user at one time are in the order of item ids.

    Source:
        Ties sorted by id upstream let sequence models guess the next item from the id alone;
        seen in shop reviews dated by day, and in catalogues exported row by row.
    """
    ties = measure_ties(tables.events)
    if not ties.is_sorted_by_id:
        return ()
    return (
        f"{ties.ascending_share:.0%} of {ties.n_pairs:,} neighbouring events with the same "
        "time are in the order of item ids, which is not an order in time; such ties are "
        "put in random order here",
    )
