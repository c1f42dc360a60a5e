"""One training for new users and new items together: half the time of two.

Judge a recommender's settings on hidden parts of data.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol, Self

import polars as pl

from daybreak.data import EventRules, Tables
from daybreak.evaluation import Report, Slice, SplitPlan, make_plans, measure
from daybreak.service.inputs.frames import as_tables

USER_SLICES = (
    "cold_user_nothing",
    "cold_user_profile",
    *(f"events_{n}" for n in (0, 1, 3, 5, 10)),
)
ITEM_SLICES = ("cold_item", "cold_item_all")
JOINT_PROTOCOL_NOTE = " The training also lacks the {} of the other slices."


def make_joint_plan(tables: Tables, seed: int = 0) -> SplitPlan:
    """Hide users and items from one and the same training.

    Either question becomes a little harder than alone, as fewer events are left to learn from.

    Raises:
        DataError: The data are too few to hide anything.

    Example:
        >>> shop = [(f"u{n}", f"i{n * m % 7}") for n in range(20) for m in (1, 2, 3)]
        >>> events = pl.DataFrame(shop, ["user_id", "item_id"], orient="row")
        >>> plan = make_joint_plan(Tables.of(events))
        >>> [cell.name for cell in plan.slices][-2:]
        ['cold_item', 'cold_item_all']
    """
    items = make_plans(tables, slices=ITEM_SLICES, seed=seed)[0]
    users = make_plans(items.train, slices=USER_SLICES, seed=seed)[0]
    known = users.train.users["user_id"]
    slices = [
        replace(s, protocol=s.protocol + JOINT_PROTOCOL_NOTE.format("items"))
        for s in users.slices
    ]
    slices += [
        replace(
            _restrict_to_users(cell, known),
            protocol=cell.protocol + JOINT_PROTOCOL_NOTE.format("users"),
        )
        for cell in items.slices
    ]
    notes = tuple(dict.fromkeys((*items.notes, *users.notes)))
    return replace(users, name="new users and items", slices=tuple(slices), notes=notes)


def _restrict_to_users(cell: Slice, users: pl.Series) -> Slice:
    """Return the slice of those of its users that the training knows."""

    def theirs(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("user_id").is_in(users.implode()))

    targets = theirs(cell.targets)
    return replace(
        cell,
        users=tuple(targets["user_id"].unique().sort()),
        targets=targets,
        history=theirs(cell.history),
        exclude=theirs(cell.exclude),
    )


class Evaluable(Protocol):
    """What can be judged: settings that can learn again from a part of the data."""

    rules: EventRules | None
    seed: int

    def again(
        self, strategies: Sequence[str] | None = None, rules: EventRules | None = None
    ) -> Self:
        """Return the same settings, not fitted."""
        ...

    def fit(self, data: Any) -> Self:
        """Learn."""
        ...


def evaluate_recommender(  # noqa: PLR0913 - what an evaluation can be asked
    model: Evaluable,
    data: Any,
    items: Any = None,
    users: Any = None,
    *,
    k: int = 10,
    slices: Sequence[str] | None = None,
    also: Sequence[str] = (),
    cold_items: Literal["random", "newest"] = "random",
    progress: Any = None,
) -> Report:
    """Return a report of the recommender beside random and popular, per slice.

    Args:
        model: Whose settings are judged; what it has learned is not used.
        data: As for :meth:`Recommender.fit`.
        items: As for ``fit``.
        users: As for ``fit``.
        k: Length of the lists.
        slices: Names of slices; default: all that the data allow.
        also: Strategies to be judged each alone, too.
        cold_items: ``"random"`` or ``"newest"``: which items are hidden.
        progress: Called with (done, total, what).
    """
    tables, rules, _ = as_tables(data, items, users, model.rules)
    signs = rules.resolve(tables.events).signs(tables.events)
    plans = make_plans(
        tables,
        slices=slices,
        positive=signs > 0,
        cold_items=cold_items,
        seed=model.seed,
    )
    systems = {"daybreak": _training_system(model.again(rules=rules))}
    for name in also:
        systems[name] = _training_system(model.again([name], rules))
    return measure(systems, plans, k=k, progress=progress)


def _training_system(model: Evaluable) -> Any:
    return lambda train: model.again().fit(train)
