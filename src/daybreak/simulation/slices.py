"""Slices: the named groups of queries on which recommenders are measured.

A name stands for one protocol everywhere: which users have queries, what is known about them at
request time, which items are ranked, and which of them are relevant. ``evaluate`` measures
the slices of ``REPORT_SLICES``. The leaderboard, tuning and the release gate measure those of
``BENCHMARK_SLICES``, on splits that are drawn like the simulated cold starts inside ``fit``.
The two lists share the slices whose protocol is the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

TargetItems = Literal["known", "new", "all"]
"""Which items are asked for: mainly those with training events, those without, or both. Ranked
are the items without training events where only these are asked for, else the catalogue."""
SHOT_COUNTS = (0, 1, 3, 5, 10)
"""Numbers of known events of a new user in the few-shot slices."""
YOUNG_USER_COUNTS = (5, 20, 100, 500)
"""Numbers of users from which a young shop has learned."""
YOUNG_SHOT_COUNTS = (0, 1, 3)
"""Numbers of known events of a later user in the slices of young shops."""


@dataclass(frozen=True)
class SliceDefinition:
    """One slice and its protocol.

    Attributes:
        name: Name in reports, on the command line and in files.
        label: Users and targets, in words.
        target_items: Which items are asked for, and thereby which are ranked.
        targets: Which items are relevant, in words.
    """

    name: str
    label: str
    target_items: TargetItems
    targets: str

    @property
    def candidates(self) -> str:
        """Which items are ranked, in words."""
        return "items without events" if self.target_items == "new" else "all items"


def _few_shot(n: int) -> SliceDefinition:
    label = f"new users with {n} event{'' if n == 1 else 's'}"
    targets = "the user's events after the tenth, the same for every number of known events"
    return SliceDefinition(f"events_{n}", label, "known", targets)


def young_slice_names(n_users: int) -> tuple[str, ...]:
    """Return the slices of a shop that has learned from so many users.

    Example:
        >>> young_slice_names(5)
        ('young_5_events_0', 'young_5_events_1', 'young_5_events_3')
    """
    return tuple(f"young_{n_users}_events_{shots}" for shots in YOUNG_SHOT_COUNTS)


def _define_young_slices() -> Iterator[SliceDefinition]:
    for n_users in YOUNG_USER_COUNTS:
        for shots, name in zip(YOUNG_SHOT_COUNTS, young_slice_names(n_users), strict=True):
            known = f"{shots} event{'' if shots == 1 else 's'}"
            yield SliceDefinition(
                name,
                f"a shop of {n_users} users, later users with {known}",
                "all",
                "the later user's events after the third, the same for every number of known "
                "events",
            )


def _define_slices() -> Iterator[SliceDefinition]:
    everything = "all events of the user"
    yield SliceDefinition("cold_user_nothing", "new users", "known", everything)
    yield SliceDefinition(
        "cold_user_profile", "new users with known attributes", "known", everything
    )
    for n in SHOT_COUNTS:
        yield _few_shot(n)
    yield SliceDefinition(
        "says",
        "new users who say something",
        "known",
        "what the user chooses later and the statement is about",
    )
    yield from _define_known_user_slices()
    yield from _define_young_slices()
    yield from _define_new_item_slices()


def _define_known_user_slices() -> Iterator[SliceDefinition]:
    yield SliceDefinition(
        "warm_last", "known users, their last event", "known", "the last event of the user"
    )
    yield SliceDefinition(
        "warm_time",
        "known users with three events, later events",
        "known",
        "events after the 80 % quantile of time, of users with three events before it",
    )
    yield SliceDefinition(
        "newcomer_now",
        "users who arrive right after a moment",
        "known",
        "what they choose within a short time after the moment",
    )
    yield SliceDefinition(
        "again",
        "known users, their next visit",
        "known",
        "the items of the next visit, those chosen before included",
    )
    yield SliceDefinition(
        "warm_last_tenth",
        "known users, their next item",
        "known",
        "the last tenth of the user's events, at least one, of users with at least three",
    )
    yield SliceDefinition(
        "warm_later",
        "known users, later events",
        "known",
        "events after the 80 % quantile of time, of users with an event before it",
    )


def _define_new_item_slices() -> Iterator[SliceDefinition]:
    new_items = (
        ("cold_item", "new items for known users"),
        ("cold_item_3", "new items for new users with 3 events"),
        ("both_cold", "new items for new users with 0 events"),
        ("arriving", "arriving items for known users"),
    )
    for name, label in new_items:
        yield SliceDefinition(name, label, "new", "events of the user with new items")
    yield SliceDefinition(
        "cold_item_all",
        "new and old items in one list, for known users",
        "all",
        "events with new items, and the last tenth of histories of at least ten events",
    )
    for name, label in new_items:
        yield SliceDefinition(
            f"{name}_mixed",
            f"{label}, in one list with old ones",
            "all",
            "events with new items, and other held-out events of the same user",
        )


DEFINITIONS: Mapping[str, SliceDefinition] = MappingProxyType(
    {definition.name: definition for definition in _define_slices()}
)
"""Every slice by name."""

FEW_SHOT_SLICES = tuple(f"events_{n}" for n in SHOT_COUNTS)
"""Slices of new users, by the number of known events: the points of a warm-up curve."""
NEW_ITEM_SLICES = ("cold_item", "cold_item_3", "both_cold", "arriving")
"""Slices in which new items are ranked among new items."""
MIXED_SLICES = tuple(f"{name}_mixed" for name in NEW_ITEM_SLICES)
"""The same queries, with new and known items in one list."""
BENCHMARK_WARM_SLICES = ("warm_last_tenth", "warm_later")
"""Slices of known users and known items in benchmarks."""
BENCHMARK_SLICES = (
    *FEW_SHOT_SLICES,
    *BENCHMARK_WARM_SLICES,
    *NEW_ITEM_SLICES,
    *MIXED_SLICES,
)
"""Slices of the leaderboard, tuning and the release gate."""
REPORT_WARM_SLICES = ("warm_last", "warm_time")
"""Slices of known users and known items in reports of ``evaluate``."""
YOUNG_SLICES = tuple(name for n in YOUNG_USER_COUNTS for name in young_slice_names(n))
"""Slices of young shops: the points of the warm-up curve of a shop."""
REPORT_SLICES = (
    "cold_user_nothing",
    "cold_user_profile",
    *FEW_SHOT_SLICES,
    "says",
    "cold_item",
    "cold_item_all",
    "both_cold",
    *REPORT_WARM_SLICES,
    "newcomer_now",
    "again",
    *YOUNG_SLICES,
)
"""Slices of ``evaluate``."""
SLICE_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "young": YOUNG_SLICES,
        **{f"young_{n_users}": young_slice_names(n_users) for n_users in YOUNG_USER_COUNTS},
    }
)
"""Slices of ``evaluate`` by the name of their group, which can be requested like a slice."""
