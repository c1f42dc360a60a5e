"""Held-out events after one point in time: known users, newcomers, and repeat consumption.

The three slices use one training, which ends at the cut.
"""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from daybreak.simulation.evaluation_data import EvaluationData
from daybreak.simulation.holdout import TIME_CUT_QUANTILE, time_cut
from daybreak.simulation.table_slices import (
    ALL_ITEMS,
    PAIR_COLUMNS,
    RequestInfo,
    Slice,
    SlicesByName,
    SplitPlan,
    build_plan,
    make_slice,
)

MIN_WARM_USER_EVENTS = 3
"""Minimum number of positive events of a user in ``warm_last``, and before the cut in
``warm_time`` and ``again``."""
HORIZONS_DAYS = (1, 7, 30)
"""Lengths of the time after the cut in which newcomers are asked about [days]; the shortest
with enough newcomers is used."""
MIN_NEWCOMERS = 30
"""Number of newcomers with a target from which a horizon is long enough."""
VISIT_DAYS = 1
"""Length of a visit: the time from the first event after the cut in which events are asked for
in ``again`` [days]."""
MIN_REPEAT_SHARE = 0.1
"""Share of positive events that repeat an earlier one of the same user and item, from which
``again`` is measured."""
DAY_S = 86_400
"""Length of a day [s]."""


def hide_future(data: EvaluationData) -> tuple[SplitPlan, SlicesByName]:
    """Hold out all events after one point in time; return the training and its slices.

    Events without a time are in neither.
    """
    events = data.tables.events
    if not data.has_times:
        keep = pl.repeat(value=False, n=events.height, eager=True)
        notes = tuple(
            f"{name}: not measured, the times of events are unknown"
            for name in ("warm_time", "newcomer_now", "again")
        )
        return replace(build_plan(data, "before the cut", keep), notes=notes), {}
    cut = time_cut(data.timeline["timestamp"].drop_nulls().to_numpy())
    keep = (events["timestamp"] < cut).fill_null(value=False)
    plan = build_plan(data, "before the cut", keep)
    slices: SlicesByName = {
        "warm_time": _ask_known_users(data, plan, cut),
        "newcomer_now": _ask_newcomers(data, plan, cut),
    }
    share = measure_repeat_share(events.filter(data.positive))
    if share >= MIN_REPEAT_SHARE:
        slices["again"] = _ask_for_next_visit(data, plan, cut)
        return plan, slices
    note = f"again: not measured, only {share:.0%} of the positive events repeat an earlier one"
    return replace(plan, notes=(note,)), slices


def measure_repeat_share(positive_events: pl.DataFrame) -> float:
    """Return the share of events whose user chose the same item at an earlier time.

    Example:
        >>> rows = [("ann", "tea", 1.0), ("ann", "tea", 1.0), ("ann", "tea", 9.0)]
        >>> events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
        >>> measure_repeat_share(events)
        0.5
    """
    occasions = positive_events.select(*PAIR_COLUMNS, "timestamp").drop_nulls().unique()
    n_pairs = occasions.select(PAIR_COLUMNS).n_unique() if occasions.height else 0
    return 1 - n_pairs / max(occasions.height, 1)


def _ask_known_users(data: EvaluationData, plan: SplitPlan, cut: float) -> Slice | None:
    later = _later_events(data.timeline, cut, _known_users(plan))
    return make_slice(
        "warm_time",
        f"{_describe_cut()} Relevant: later positive events of users with at least "
        f"{MIN_WARM_USER_EVENTS} before it, with items new to them. {ALL_ITEMS}",
        later.join(plan.train.events, on=PAIR_COLUMNS, how="anti"),
        data.catalogue["item_id"],
        RequestInfo(known=plan.train.events),
    )


def _ask_newcomers(data: EvaluationData, plan: SplitPlan, cut: float) -> Slice | None:
    """Return the slice of users whose first event comes soon after the cut."""
    known = plan.train.events["user_id"].unique()
    newcomers = data.timeline.filter(
        (pl.col("timestamp") >= cut) & ~pl.col("user_id").is_in(known.implode())
    )
    items = data.catalogue
    if "created_at" in items.columns and items["created_at"].dtype.is_numeric():
        items = items.filter((pl.col("created_at") <= cut).fill_null(value=True))
    slice_: Slice | None = None
    for end, horizon in _iter_horizons(cut):
        found = make_slice(
            "newcomer_now",
            f"{_describe_cut()} Users whose first positive event comes {horizon} this moment; "
            "nothing is known about them. Relevant: their positive events in this time. "
            "Candidates: all items of the catalogue that are not known to be created later.",
            newcomers.filter(pl.col("timestamp") < end),
            items["item_id"],
        )
        slice_ = found or slice_
        if slice_ is not None and len(slice_.users) >= MIN_NEWCOMERS:
            break
    return slice_


def _iter_horizons(cut: float) -> Iterator[tuple[float, str]]:
    """Yield the ends of the horizons, and the horizons in words."""
    for days in HORIZONS_DAYS:
        yield cut + days * DAY_S, f"within {days} day{'' if days == 1 else 's'} after"
    yield float("inf"), "after"


def _ask_for_next_visit(data: EvaluationData, plan: SplitPlan, cut: float) -> Slice | None:
    """Return the slice of the next visit of known users, items that they have included."""
    positive = data.tables.events.filter(data.positive)
    later = _later_events(positive, cut, _known_users(plan))
    start = pl.col("timestamp").min().over("user_id")
    visit = later.filter(pl.col("timestamp") < start + VISIT_DAYS * DAY_S)
    return make_slice(
        "again",
        f"{_describe_cut()} Relevant: what users with at least {MIN_WARM_USER_EVENTS} positive "
        f"events before it choose on their next visit, which is the {VISIT_DAYS * 24} hours "
        "from their first later event; items that they have chosen before included. "
        f"{ALL_ITEMS}",
        visit.group_by(PAIR_COLUMNS).agg(pl.col("timestamp").min()),
        data.catalogue["item_id"],
        RequestInfo(exclude_seen=False, known=plan.train.events),
    )


def _describe_cut() -> str:
    return (
        f"Training ends for all users at one moment, after {TIME_CUT_QUANTILE:.0%} of the "
        "positive events."
    )


def _known_users(plan: SplitPlan) -> pl.Series:
    """Return the users with enough positive pairs in training."""
    sizes = plan.positive_pairs.group_by("user_id").len()
    return sizes.filter(pl.col("len") >= MIN_WARM_USER_EVENTS)["user_id"]


def _later_events(events: pl.DataFrame, cut: float, users: pl.Series) -> pl.DataFrame:
    return events.filter(
        (pl.col("timestamp") >= cut) & pl.col("user_id").is_in(users.implode())
    )
