"""The cells of the evaluation: who asks, what is told of them, what turned out right."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import polars as pl

from daybreak.data import EVENT_COLUMNS, Tables

ColdItems: TypeAlias = Literal["random", "newest"]
SHOT_COUNTS = (0, 1, 3, 5, 10)
"""Events known of a new user in the few-shot slices."""
SLICES = (
    "cold_user_nothing",
    "cold_user_profile",
    *(f"events_{n}" for n in SHOT_COUNTS),
    "cold_item",
    "cold_item_all",
    "both_cold",
    "warm_last",
    "warm_time",
)
PAIR_COLUMNS = ["user_id", "item_id"]


def empty_events() -> pl.DataFrame:
    """Return an empty frame of events."""
    return pl.DataFrame(schema=EVENT_COLUMNS)


def empty_pairs() -> pl.DataFrame:
    """Return an empty frame of pairs."""
    return pl.DataFrame(schema=dict.fromkeys(PAIR_COLUMNS, pl.String))


@dataclass(frozen=True)
class Slice:
    """One cell: users, what is told at request time, what they went on to choose.

    ``users`` are sorted, and each has at least one row in ``targets`` (user_id, item_id).
    ``profiles`` is what is told of them when they ask; None: nothing. ``history`` holds events
    told when they ask. ``candidates`` are sorted. ``exclude`` holds pairs never to recommend
    besides those in training and history. ``unreachable`` counts targets that were left out
    because no candidate is right for them.
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

    @property
    def counts(self) -> dict[str, int]:
        """Return how many users, targets, candidates and unreachable targets there are."""
        return {
            "users": len(self.users),
            "targets": self.targets.height,
            "candidates": len(self.candidates),
            "unreachable": self.unreachable,
        }


SlicesByName: TypeAlias = dict[str, Slice | None]
"""Slices by name; None: the data leave nothing to ask for."""


@dataclass(frozen=True)
class SplitPlan:
    """One training and the slices it serves; ``positive`` marks the rows of its events.

    A plan without slices needs no training; its notes say why.
    """

    name: str
    train: Tables
    positive: pl.Series
    slices: tuple[Slice, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def positive_pairs(self) -> pl.DataFrame:
        """Return the pairs with a positive event in training."""
        return self.train.events.filter(self.positive).select(PAIR_COLUMNS).unique()


@dataclass(frozen=True)
class RequestInfo:
    """What a slice tells at request time, and what it forbids."""

    profiles: pl.DataFrame | None = None
    history: pl.DataFrame | None = None
    exclude: pl.DataFrame | None = None


def make_slice(
    name: str,
    protocol: str,
    pairs: pl.DataFrame,
    candidates: pl.Series,
    request: RequestInfo | None = None,
) -> Slice | None:
    """Build a slice from wanted pairs; None when no candidate is right for anybody.

    Targets that are no candidates are counted and left out, and so are users without a target.
    """
    request = request or RequestInfo()
    choices = candidates.unique().sort()
    targets = (
        pairs.select(PAIR_COLUMNS).unique().filter(pl.col("item_id").is_in(choices.implode()))
    )
    users = targets["user_id"].unique().sort()

    def theirs(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("user_id").is_in(users.implode()))

    if not len(users):
        return None
    return Slice(
        name=name,
        protocol=protocol,
        users=tuple(users),
        targets=targets.sort(PAIR_COLUMNS),
        candidates=tuple(choices),
        profiles=None if request.profiles is None else theirs(request.profiles),
        history=empty_events() if request.history is None else theirs(request.history),
        exclude=empty_pairs()
        if request.exclude is None
        else theirs(request.exclude).select(PAIR_COLUMNS),
        unreachable=pairs.height - targets.height,
    )
