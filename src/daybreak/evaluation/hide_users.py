"""Hide a fifth of the users: slices that tell nothing, a profile or K events of them."""

from collections.abc import Iterator

import polars as pl

from daybreak.data import EVENT_COLUMNS
from daybreak.evaluation.known import Known
from daybreak.evaluation.slices import SHOTS, Made, Plan, Told, make_slice

USER_SHARE = 0.2
"""Share of users that are hidden."""
RUNGS = ((10, 15), (10, 11), (5, 6), (3, 4), (1, 2))
"""How many first events are set aside, and how many a user must have for that [events]."""
ENOUGH = 30
"""Users below which few-shot slices ask for fewer events, if a quarter of all is more."""


def hide_users(data: Known) -> tuple[Plan, Made]:
    """Return one training without the hidden users, and the slices that ask for them."""
    hidden = data.drawn("user_id", USER_SHARE)
    everything = pl.repeat(value=True, n=data.tables.events.height, eager=True)
    plan = data.plan("new users", everything, hidden)
    theirs = data.timeline.filter(pl.col("user_id").is_in(hidden.implode()))
    made: Made = {}
    for name, told, words in _told(data):
        made[name] = make_slice(
            name,
            f"A random {USER_SHARE:.0%} of users are absent from training. {words} "
            "Right: all their positive events. Candidates: items with a training event.",
            theirs,
            plan.positives["item_id"],
            told,
        )
    return plan, made | _few_shot(data, plan, theirs)


def _told(data: Known) -> Iterator[tuple[str, Told, str]]:
    yield "cold_user_nothing", Told(), "Nothing is told of them."
    if data.profiles is not None:
        told = Told(profiles=data.profiles)
        yield "cold_user_profile", told, "Their attributes are told, no event."


def _few_shot(data: Known, plan: Plan, theirs: pl.DataFrame) -> Made:
    """Return a slice for each K: same users and same targets, so that K can be compared."""
    aside, least = _rung(theirs)
    relaxed = "" if (aside, least) == RUNGS[0] else " (relaxed, as the data are small)"
    theirs = theirs.filter(pl.col("size") >= least)
    later = theirs.filter(pl.col("place") >= aside)
    first = theirs.filter(pl.col("place") < aside).select(*EVENT_COLUMNS, "place")
    profile = "no attributes known" if data.profiles is None else "attributes told"
    made: Made = {}
    for shots in (n for n in SHOTS if n <= aside):
        told = Told(data.profiles, first.filter(pl.col("place") < shots).drop("place"), first)
        made[f"events_{shots}"] = make_slice(
            f"events_{shots}",
            f"A random {USER_SHARE:.0%} of users are absent from training. {_first(shots)} "
            f"told when they ask ({data.order}; {profile}). Right: what follows their first "
            f"{aside}, the same for every number told; those {aside} are never candidates. "
            f"Users with at least {least} positive events{relaxed}.",
            later,
            plan.positives["item_id"],
            told,
        )
    return made


def _first(shots: int) -> str:
    if shots == 0:
        return "No event is"
    if shots == 1:
        return "Their first positive event is"
    return f"Their first {shots} positive events are"


def _rung(theirs: pl.DataFrame) -> tuple[int, int]:
    """Return the strictest rung that leaves enough users, else the loosest."""
    sizes = theirs.filter(pl.col("place") == 0)["size"]
    enough = min(ENOUGH, -(-len(sizes) // 4))
    return next(
        (rung for rung in RUNGS if len(sizes) and (sizes >= rung[1]).sum() >= enough), RUNGS[-1]
    )
