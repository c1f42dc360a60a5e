"""Tables of the plan of a training."""

import polars as pl

from daybreak.memory import format_memory_size
from daybreak.service.training.plan import TrainingPlan

MATRIX_FORMS = {
    "dense": "all pairs of items",
    "users": "all pairs of users",
    "nearest": "the nearest items of each item",
}
"""What models of item-item matrices hold, by form."""


def strategies_table(plan: TrainingPlan) -> pl.DataFrame:
    """Return a row for each strategy: its memory, whether it is learned, and why not."""
    rows = [
        (
            one.name,
            "" if one.held_bytes is None else format_memory_size(one.held_bytes),
            "no" if one.left_out else "yes",
            one.left_out,
        )
        for one in plan.strategies
    ]
    return pl.DataFrame(rows, ["strategy", "memory", "used", "why"], orient="row")


def parts_table(plan: TrainingPlan) -> pl.DataFrame:
    """Return a row for each part of a training: expected time and memory."""
    rows = [
        (one.name, round(one.seconds, 1), format_memory_size(one.peak_bytes))
        for one in plan.parts
    ]
    return pl.DataFrame(rows, ["part", "seconds", "memory"], orient="row")


def describe_plan(plan: TrainingPlan) -> list[str]:
    """Return the sizes, the time and the memory of a training as sentences."""
    peak = [format_memory_size(one) for one in plan.peak_bytes]
    seconds = plan.seconds
    return [
        f"data: {plan.n_users:,} users, {plan.n_items:,} items, {plan.n_events:,} events",
        f"matrices of items: {MATRIX_FORMS[plan.form]}",
        f"memory: {peak[0]}, from {peak[1]} to {peak[2]}",
        f"time on one core: {seconds.expected:,.0f} s, from {seconds.low:,.0f} to "
        f"{seconds.high:,.0f} s",
        *(f"note: {note}" for note in plan.notes),
    ]
