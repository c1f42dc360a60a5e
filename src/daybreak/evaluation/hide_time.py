"""Hide what came last, user by user or from one moment on: slices for known users."""

from dataclasses import replace

import polars as pl

from daybreak.evaluation.known import Known
from daybreak.evaluation.slices import PAIR, Made, Plan, make_slice

LEAST = 3
"""Positive events a user must have [events]."""
TIME_SHARE = 0.8
"""Share of positive events before the cut in time."""


def hide_last(data: Known) -> tuple[Plan, Made]:
    """Return a training without the last positive events, and the slice that asks for them.

    What a user did after that event, and earlier events with the same item, are left out too.
    """
    is_last = pl.col("place") + 1 == pl.col("size")
    last = data.timeline.filter(is_last & (pl.col("size") >= LEAST))
    mine = last.select("user_id", item="item_id", at="timestamp")
    events = data.tables.events.select(*PAIR, "timestamp").join(
        mine, on="user_id", how="left", maintain_order="left"
    )
    after = (pl.col("timestamp") > pl.col("at")).fill_null(value=False)
    same = (pl.col("item_id") == pl.col("item")).fill_null(value=False)
    plan = data.plan("leave last out", events.select(keep=~after & ~same)["keep"])
    cell = make_slice(
        "warm_last",
        f"The last positive event of each user with at least {LEAST} is hidden ({data.order}), "
        "with whatever the user did after it; other users' later events stay in training. "
        "Candidates: items with a training event.",
        last,
        plan.positives["item_id"],
    )
    return plan, {"warm_last": cell}


def hide_future(data: Known) -> tuple[Plan, Made]:
    """Return a training on what came before one moment, and the slice of what came after.

    Events without a time are in neither.
    """
    events = data.tables.events
    if not data.timed:
        keep = pl.repeat(value=False, n=events.height, eager=True)
        note = "warm_time: not measured, the times of events are unknown"
        return replace(data.plan("before the cut", keep), notes=(note,)), {}
    cut = data.timeline["timestamp"].quantile(TIME_SHARE, interpolation="linear")
    keep = (events["timestamp"] < cut).fill_null(value=False)
    plan = data.plan("before the cut", keep)
    sizes = plan.positives.group_by("user_id").len()
    enough = sizes.filter(pl.col("len") >= LEAST)["user_id"]
    later = data.timeline.filter(
        (pl.col("timestamp") >= cut) & pl.col("user_id").is_in(enough.implode())
    )
    cell = make_slice(
        "warm_time",
        f"Training ends for everybody at one moment, after {TIME_SHARE:.0%} of the positive "
        f"events. Right: later positive events of users with at least {LEAST} before it, with "
        "items new to them. Candidates: items with a training event.",
        later.join(plan.train.events, on=PAIR, how="anti"),
        plan.positives["item_id"],
    )
    return plan, {"warm_time": cell}
