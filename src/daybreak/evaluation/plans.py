"""All slices that the data allow, grouped by the training they share.

Everything is split by ids and a seed, never by the order of rows. Targets are positive events
only. What is hidden is gone from training with all its rows, negative ones and views included.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import polars as pl

from daybreak.data import Tables
from daybreak.errors import ConfigError
from daybreak.evaluation.hide_items import hide_items
from daybreak.evaluation.hide_time import hide_future, hide_last
from daybreak.evaluation.hide_users import hide_users
from daybreak.evaluation.known import Known, known
from daybreak.evaluation.slices import SHOTS, SLICES, ColdItems, Made, Plan
from daybreak.evaluation.timeline import order_notes

_SPLITS: tuple[tuple[tuple[str, ...], Callable[[Known], tuple[Plan, Made]]], ...] = (
    (("cold_user_nothing", "cold_user_profile", *(f"events_{n}" for n in SHOTS)), hide_users),
    (("cold_item", "cold_item_all", "both_cold"), hide_items),
    (("warm_last",), hide_last),
    (("warm_time",), hide_future),
)
_MISSING = {
    "cold_user_profile": "no attribute of any user is known",
    **{f"events_{n}": "too few users have so many events" for n in SHOTS},
}


def make_plans(
    tables: Tables,
    *,
    slices: Iterable[str] | None = None,
    positive: pl.Series | None = None,
    cold_items: ColdItems = "random",
    seed: int = 0,
) -> tuple[Plan, ...]:
    """Return the trainings and slices that the data allow; notes say what they do not.

    Args:
        tables: Everything that is known.
        slices: Names out of ``SLICES``; None for all.
        positive: One boolean for each row of ``tables.events``: does the user like the item?
            Only such events are asked for. None: all of them.
        cold_items: Which items play the new ones: "random", or the "newest" by first event.
            The newest are what a shop really meets, and harder.
        seed: Of everything that is drawn.

    Raises:
        ConfigError: A slice has an unknown name, or ``cold_items`` an unknown value.
        DataError: ``positive`` does not fit, nothing is positive, or times are needed and not
            known.

    Example:
        >>> events = pl.DataFrame({"user_id": list("aabbccdd"), "item_id": list("xyxyxzyz")})
        >>> [plan.name for plan in make_plans(Tables.of(events), slices=["cold_item"])]
        ['new items']
    """
    asked = check_names(slices)
    data = known(tables, positive, seed, cold_items)
    plans = tuple(
        _only(asked, names, *split(data)) for names, split in _SPLITS if set(names) & set(asked)
    )
    return (replace(plans[0], notes=order_notes(tables) + plans[0].notes), *plans[1:])


def _only(asked: Iterable[str], names: Iterable[str], plan: Plan, made: Made) -> Plan:
    """Keep the slices that are asked for; say why the others could not be made."""
    names = [name for name in names if name in set(asked)]
    notes = [
        f"{name}: not measured, {_why(name, made)}"
        for name in names
        if made.get(name) is None and not any(n.startswith(name) for n in plan.notes)
    ]
    cells = tuple(cell for name in names if (cell := made.get(name)) is not None)
    return replace(plan, slices=cells, notes=(*plan.notes, *notes))


def _why(name: str, made: Made) -> str:
    nothing = "no hidden event is within reach of a list"
    return nothing if name in made else _MISSING.get(name, nothing)


def check_names(names: Iterable[str] | None) -> tuple[str, ...]:
    """Return the slices that are asked for, in their order; all by default.

    Raises:
        ConfigError: There is no slice of this name.

    Example:
        >>> check_names(["warm_last", "events_3"])
        ('events_3', 'warm_last')
        >>> check_names(["lukewarm"])
        Traceback (most recent call last):
        daybreak.errors.ConfigError: no slice named 'lukewarm'; known: cold_user_nothing, \
cold_user_profile, events_0, events_1, events_3, events_5, events_10, cold_item, \
cold_item_all, both_cold, warm_last, warm_time
    """
    asked = SLICES if names is None else tuple(names)
    for name in asked:
        if name not in SLICES:
            raise ConfigError(f"no slice named {name!r}; known: {', '.join(SLICES)}")
    return tuple(name for name in SLICES if name in asked)
