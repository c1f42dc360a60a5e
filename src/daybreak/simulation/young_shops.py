"""Young shops: training on the first users of a data set, queries of those who came later.

Together, the slices of all sizes are the warm-up curve of the shop: how good are lists when
five, twenty, a hundred or five hundred users are all that there is to learn from?
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from daybreak.data import EVENT_COLUMNS
from daybreak.rng import create_generator
from daybreak.simulation.evaluation_data import EvaluationData
from daybreak.simulation.holdout import cut_few_shot
from daybreak.simulation.slices import YOUNG_SHOT_COUNTS, young_slice_names
from daybreak.simulation.table_slices import (
    ALL_ITEMS,
    RequestInfo,
    Slice,
    SlicesByName,
    SplitPlan,
    build_plan,
    describe_first_events,
    make_slice,
)

YOUNG_REQUIREMENTS = ((3, 4), (1, 2), (0, 1))
"""Numbers of events that are set aside, and that a later user must have; strict to relaxed."""
MIN_LATER_USERS = 20
"""Minimum number of later users who are asked about."""
MAX_LATER_USERS = 500
"""Maximum number of later users who are asked about; a random part of more."""


def learn_from_first_users(
    data: EvaluationData, n_users: int
) -> tuple[SplitPlan, SlicesByName]:
    """Train on all events of the first users; return the training and its slices.

    The first users are those whose first positive event came first. Where times are unknown,
    they are drawn at random, and those of a smaller shop are part of a larger one.

    Args:
        data: The whole data set.
        n_users: Number of users of the shop.
    """
    order = _order_users(data)
    first, later = order.head(n_users), order.slice(n_users)
    everything = pl.repeat(value=True, n=data.tables.events.height, eager=True)
    others = data.tables.users["user_id"].unique()
    others = others.filter(~others.is_in(first.implode()))
    plan = build_plan(data, f"first {n_users} users", everything, others)
    if len(later) >= MIN_LATER_USERS:
        return plan, dict(_iter_young_slices(data, n_users, later))
    note = (
        f"young_{n_users}: not measured, only {len(later)} users came after the first {n_users}"
    )
    return replace(plan, notes=(note,)), {}


def _order_users(data: EvaluationData) -> pl.Series:
    """Return the users with positive events, in the order of arrival."""
    first = data.timeline.group_by("user_id").agg(pl.col("timestamp").min()).sort("user_id")
    rng = create_generator(data.seed, "order of users")
    first = first.with_columns(tie=rng.permutation(first.height))
    by = ["timestamp", "tie"] if data.has_times else ["tie"]
    return first.sort(by, nulls_last=True)["user_id"]


def _iter_young_slices(
    data: EvaluationData, n_users: int, later: pl.Series
) -> Iterator[tuple[str, Slice | None]]:
    """Yield the slices by name."""
    timeline = data.timeline
    is_later = timeline["user_id"].is_in(later.implode()).to_numpy()
    sizes = data.history_size[is_later & (data.position == 0)]
    n_aside, min_events = next(
        (pair for pair in YOUNG_REQUIREMENTS if 2 * (sizes >= pair[1]).sum() >= len(sizes)),
        YOUNG_REQUIREMENTS[-1],
    )
    eligible = timeline.filter(is_later & (data.history_size >= min_events))
    users = eligible["user_id"].unique().sort()
    rng = create_generator(data.seed, "later users")
    users = users.gather(np.sort(rng.permutation(len(users))[:MAX_LATER_USERS]))
    asked = timeline["user_id"].is_in(users.implode()).to_numpy()
    events = timeline.select(*EVENT_COLUMNS)
    for shots, name in zip(YOUNG_SHOT_COUNTS, young_slice_names(n_users), strict=True):
        if shots > n_aside:
            continue
        cut = cut_few_shot(data.position, shots, n_aside)
        yield (
            name,
            make_slice(
                name,
                _describe_protocol(data, n_users, shots, (n_aside, min_events)),
                timeline.filter(asked & cut.targets),
                data.catalogue["item_id"],
                RequestInfo(
                    data.profiles,
                    events.filter(asked & cut.history),
                    events.filter(asked & ~cut.targets),
                ),
            ),
        )


def _describe_protocol(
    data: EvaluationData, n_users: int, shots: int, requirement: tuple[int, int]
) -> str:
    n_aside, min_events = requirement
    first = "came first" if data.has_times else "were drawn first, as times are unknown"
    profile = "no attributes known" if data.profiles is None else "attributes known"
    set_aside = (
        f"what follows their first {n_aside}" if n_aside else "all their positive events"
    )
    return (
        f"Training has all events of the {n_users} users who {first}, and nobody else. Asked "
        f"about: up to {MAX_LATER_USERS} of the later users with at least {min_events} "
        f"positive events. {describe_first_events(shots)} known at request time "
        f"({data.order_description}; {profile}). Relevant: {set_aside}, the same for every "
        f"number of known events. {ALL_ITEMS}"
    )
