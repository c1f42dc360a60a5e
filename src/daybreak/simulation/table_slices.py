"""The slices of tables: queries by user id, what is known at request time, and the targets."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import polars as pl

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.simulation.evaluation_data import EvaluationData

PAIR_COLUMNS = ["user_id", "item_id"]
TIME_SCHEMA = {"user_id": pl.String, "timestamp": pl.Float64}
"""Columns of the times at which users are asked."""
ALL_ITEMS = "Candidates: all items of the catalogue, sold or not."
"""How protocols describe the candidates of all slices but those of new items only."""


@dataclass(frozen=True)
class Slice:
    """Queries of one slice: users, what is known at request time, and what they chose next.

    Attributes:
        name: Name of the slice.
        protocol: The protocol in words, with the numbers of this data set.
        users: Sorted ids; each has at least one row in ``targets``.
        targets: ``user_id``, ``item_id``.
        candidates: Sorted ids of the items that are ranked.
        profiles: Attributes known at request time; None: nothing.
        history: Events known at request time.
        exclude: ``user_id``, ``item_id`` pairs never to recommend, besides those in training
            and history.
        unreachable: Number of targets that are no candidates and were left out.
        exclude_seen: Whether items of training events and of the history are never recommended.
        times: ``user_id``, ``timestamp``: when users of whom events are known are asked, which
            is the time of their first target that no known event follows. Users without such a
            target have no row.
    """

    name: str
    protocol: str
    users: tuple[str, ...]
    targets: pl.DataFrame
    candidates: tuple[str, ...]
    profiles: pl.DataFrame | None
    history: pl.DataFrame
    exclude: pl.DataFrame
    unreachable: int = 0
    exclude_seen: bool = True
    times: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TIME_SCHEMA))

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of users, targets, candidates and unreachable targets."""
        return {
            "users": len(self.users),
            "targets": self.targets.height,
            "candidates": len(self.candidates),
            "unreachable": self.unreachable,
        }


SlicesByName: TypeAlias = dict[str, Slice | None]
"""Slices by name; None where no held-out event can be reached by a list."""


@dataclass(frozen=True)
class SplitPlan:
    """One training and the slices that use it.

    Attributes:
        name: What the training holds out.
        train: Tables to learn from.
        positive: One boolean for each row of the training events.
        slices: Slices that use this training; a plan without slices needs no training.
        notes: Why slices are missing, and warnings about the data.
    """

    name: str
    train: Tables
    positive: pl.Series
    slices: tuple[Slice, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def positive_pairs(self) -> pl.DataFrame:
        """The pairs of user and item with a positive event in training."""
        return self.train.events.filter(self.positive).select(PAIR_COLUMNS).unique()


def build_plan(
    data: EvaluationData, name: str, keep: pl.Series, hidden_users: pl.Series | None = None
) -> SplitPlan:
    """Return a plan without slices whose training events are those to keep.

    Args:
        data: The whole data set.
        name: What the training holds out.
        keep: One boolean for each row of events.
        hidden_users: Ids of users that are removed from training.
    """
    events, users = data.tables.events, data.tables.users
    if hidden_users is not None:
        keep = keep & ~events["user_id"].is_in(hidden_users.implode())
        users = users.filter(~pl.col("user_id").is_in(hidden_users.implode()))
    train = Tables(data.catalogue, users, events.filter(keep))
    return SplitPlan(name, train, data.positive.filter(keep), ())


def describe_first_events(shots: int) -> str:
    """Return the beginning of a sentence about the known events of new users.

    Example:
        >>> describe_first_events(3)
        'Their first 3 positive events are'
    """
    if shots == 0:
        return "No event is"
    if shots == 1:
        return "Their first positive event is"
    return f"Their first {shots} positive events are"


@dataclass(frozen=True)
class RequestInfo:
    """What is known at request time, and which pairs are excluded."""

    profiles: pl.DataFrame | None = None
    history: pl.DataFrame | None = None
    exclude: pl.DataFrame | None = None
    exclude_seen: bool = True
    known: pl.DataFrame | None = None
    """Training events of the users, as far as they are known from training."""


def make_slice(
    name: str,
    protocol: str,
    pairs: pl.DataFrame,
    candidates: pl.Series,
    request: RequestInfo | None = None,
) -> Slice | None:
    """Return the slice of held-out pairs; None when no target is a candidate.

    Targets that are no candidates are counted and left out, and so are users without a target.

    Args:
        name: Name of the slice.
        protocol: The protocol in words.
        pairs: ``user_id``, ``item_id`` of held-out positive events, and where it is known
            ``timestamp``.
        candidates: Ids of the items that are ranked.
        request: What is known at request time.
    """
    request = request or RequestInfo()
    items = candidates.unique().sort()
    targets = (
        pairs.select(PAIR_COLUMNS).unique().filter(pl.col("item_id").is_in(items.implode()))
    )
    users = targets["user_id"].unique().sort()
    if not len(users):
        return None

    def select_users(frame: pl.DataFrame | None) -> pl.DataFrame | None:
        return None if frame is None else frame.filter(pl.col("user_id").is_in(users.implode()))

    history, exclude = select_users(request.history), select_users(request.exclude)
    empty_pairs = pl.DataFrame(schema=dict.fromkeys(PAIR_COLUMNS, pl.String))
    return Slice(
        name=name,
        protocol=protocol,
        users=tuple(users),
        targets=targets.sort(PAIR_COLUMNS),
        candidates=tuple(items),
        profiles=select_users(request.profiles),
        history=pl.DataFrame(schema=EVENT_COLUMNS) if history is None else history,
        exclude=empty_pairs if exclude is None else exclude.select(PAIR_COLUMNS),
        unreachable=pairs.height - targets.height,
        exclude_seen=request.exclude_seen,
        times=_find_times(pairs.join(targets, on=PAIR_COLUMNS, how="semi"), request),
    )


def _find_times(targets: pl.DataFrame, request: RequestInfo) -> pl.DataFrame:
    """Return when users of whom events are known are asked; see :class:`Slice`.

    A user may have chosen a held-out item long before the last event that is known. At that
    time a recommender could not know that event, so it is not asked then.
    """
    known = [frame for frame in (request.history, request.known) if frame is not None]
    if "timestamp" not in targets.columns or not known:
        return pl.DataFrame(schema=TIME_SCHEMA)
    last = (
        pl.concat([frame.select(*TIME_SCHEMA) for frame in known])
        .group_by("user_id")
        .agg(last=pl.col("timestamp").max())
    )
    asked = targets.join(last, on="user_id").filter(pl.col("timestamp") >= pl.col("last"))
    return asked.group_by("user_id").agg(pl.col("timestamp").min()).sort("user_id")


def tell_times(slice_: Slice, *, has_times: bool) -> Slice:
    """Return the slice whose protocol says how many users are asked at a time.

    Args:
        slice_: The slice.
        has_times: Whether times are an order; otherwise nobody is told a time.
    """
    n_asked = slice_.times.height
    if not n_asked:
        return slice_
    if not has_times:
        return replace(slice_, times=slice_.times.clear())
    told = (
        f" {n_asked:,} of {len(slice_.users):,} users are asked at the time of the first "
        "relevant event that none of their known events follows."
    )
    return replace(slice_, protocol=slice_.protocol + told)
