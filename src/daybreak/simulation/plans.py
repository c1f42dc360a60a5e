"""Split plans: trainings of tables, and the slices of what each training holds out.

``make_plans`` returns one plan for each training, with all slices that the data allow. What is
held out is removed from training with all its rows, negative events and views included. Targets
are positive events only.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.errors import ConfigError
from daybreak.simulation.evaluation_data import (
    ColdItems,
    EvaluationData,
    first_times,
    prepare_evaluation_data,
    tie_order_warnings,
)
from daybreak.simulation.holdout import (
    ITEM_FRACTION,
    MIN_FEW_SHOT_EVENTS,
    N_SET_ASIDE_EVENTS,
    NEWEST_ITEM_FRACTION,
    USER_FRACTION,
    cut_few_shot,
    mark_last,
    newest_rows,
)
from daybreak.simulation.later_events import MIN_WARM_USER_EVENTS, hide_future
from daybreak.simulation.slices import (
    FEW_SHOT_SLICES,
    REPORT_SLICES,
    SHOT_COUNTS,
    SLICE_GROUPS,
    YOUNG_SLICES,
    YOUNG_USER_COUNTS,
    young_slice_names,
)
from daybreak.simulation.stated_wishes import ask_speaking_users
from daybreak.simulation.table_slices import (
    ALL_ITEMS,
    PAIR_COLUMNS,
    RequestInfo,
    SlicesByName,
    SplitPlan,
    build_plan,
    describe_first_events,
    make_slice,
    tell_times,
)
from daybreak.simulation.young_shops import learn_from_first_users
from daybreak.types import Mask

FEW_SHOT_REQUIREMENTS = (
    (N_SET_ASIDE_EVENTS, MIN_FEW_SHOT_EVENTS),
    (10, 11),
    (5, 6),
    (3, 4),
    (1, 2),
)
"""Numbers of events that are set aside, and that a user must have; from strict to relaxed."""
MIN_FEW_SHOT_USERS = 30
"""Minimum number of users of a few-shot slice, unless a quarter of all users is fewer; with
fewer users, the slices require fewer events."""
BOTH_COLD_USER_FRACTION = 0.1
"""Share of users that are held out together with items."""
LATE_EVENT_SHARE = 0.1
"""Share of the last events of a history that is held out together with items."""
MIN_LATE_HISTORY_EVENTS = 10
"""Minimum length of a history whose last events are held out together with items."""


def make_plans(
    tables: Tables,
    *,
    slices: Iterable[str] | None = None,
    positive: pl.Series | None = None,
    cold_items: ColdItems = "random",
    seed: int = 0,
) -> tuple[SplitPlan, ...]:
    """Return the trainings and slices that the data allow; notes name those that are missing.

    Args:
        tables: The whole data set.
        slices: Names out of ``SLICES``, or of groups of them (``young``, ``young_5``, …); None
            for all.
        positive: One boolean for each row of ``tables.events``: whether the event is positive.
            Only positive events are targets. None: all events.
        cold_items: How new items are chosen: ``"random"``, or the ``"newest"`` by first event.
            The newest are closer to the items that really arrive, and harder.
        seed: Seed of everything that is drawn.

    Raises:
        ConfigError: A slice has an unknown name, or ``cold_items`` an unknown value.
        DataError: ``positive`` does not fit, no event is positive, or times are needed and
            unknown.

    Example:
        >>> events = pl.DataFrame({"user_id": list("aabbccdd"), "item_id": list("xyxyxzyz")})
        >>> [plan.name for plan in make_plans(Tables.of(events), slices=["cold_item"])]
        ['new items']
    """
    chosen = validate_slice_names(slices)
    tables = tables.with_text_ids()
    data = prepare_evaluation_data(tables, positive, seed, cold_items)
    plans = tuple(
        _select_slices(chosen, names, *split(data), has_times=data.has_times)
        for names, split in _SPLITS
        if set(names) & set(chosen)
    )
    notes = tie_order_warnings(tables) + plans[0].notes
    return (replace(plans[0], notes=notes), *plans[1:])


def validate_slice_names(names: Iterable[str] | None) -> tuple[str, ...]:
    """Return slice names in the order of ``SLICES``; all by default.

    The name of a group stands for its slices.

    Raises:
        ConfigError: There is no slice and no group of this name.

    Example:
        >>> validate_slice_names(["warm_last", "events_3"])
        ('events_3', 'warm_last')
        >>> validate_slice_names(["young_5"])
        ('young_5_events_0', 'young_5_events_1', 'young_5_events_3')
        >>> validate_slice_names(["lukewarm"])
        Traceback (most recent call last):
        daybreak.errors.ConfigError: no slice named 'lukewarm'; known: cold_user_nothing, \
cold_user_profile, events_0, events_1, events_3, events_5, events_10, says, \
cold_item, cold_item_all, both_cold, warm_last, warm_time, newcomer_now, again; groups: young, \
young_5, young_20, young_100, young_500
    """
    if names is None:
        return REPORT_SLICES
    chosen: set[str] = set()
    for name in names:
        if name not in REPORT_SLICES and name not in SLICE_GROUPS:
            known = ", ".join(name for name in REPORT_SLICES if name not in YOUNG_SLICES)
            raise ConfigError(
                f"no slice named {name!r}; known: {known}; groups: {', '.join(SLICE_GROUPS)}"
            )
        chosen.update(SLICE_GROUPS.get(name, (name,)))
    return tuple(name for name in REPORT_SLICES if name in chosen)


# --- new users -----------------------------------------------------------------------------


def hide_users(data: EvaluationData) -> tuple[SplitPlan, SlicesByName]:
    """Hold out a fifth of the users; return the training and its slices."""
    hidden = data.sample_ids("user_id", USER_FRACTION)
    everything = pl.repeat(value=True, n=data.tables.events.height, eager=True)
    plan = build_plan(data, "new users", everything, hidden)
    is_hidden = data.timeline["user_id"].is_in(hidden.implode()).to_numpy()
    targets, candidates = data.timeline.filter(is_hidden), data.catalogue["item_id"]
    protocol = (
        f"A random {USER_FRACTION:.0%} of users are absent from training. {{}} "
        f"Relevant: all their positive events. {ALL_ITEMS}"
    )
    slices = {
        "cold_user_nothing": make_slice(
            "cold_user_nothing",
            protocol.format("Nothing is known about them."),
            targets,
            candidates,
        )
    }
    if data.profiles is not None:
        slices["cold_user_profile"] = make_slice(
            "cold_user_profile",
            protocol.format("Their attributes are known, no event."),
            targets,
            candidates,
            RequestInfo(profiles=data.profiles),
        )
    slices |= _make_few_shot_slices(data, candidates, is_hidden)
    if says := ask_speaking_users(data, is_hidden):
        slices["says"] = says
    return plan, slices


def _make_few_shot_slices(
    data: EvaluationData, candidates: pl.Series, is_hidden: Mask
) -> SlicesByName:
    """Return a slice for each number of known events, all with the same users and targets."""
    n_aside, min_events = _choose_requirement(data, is_hidden)
    is_eligible = is_hidden & (data.history_size >= min_events)
    is_strict = (n_aside, min_events) == FEW_SHOT_REQUIREMENTS[0]
    relaxed = "" if is_strict else " (relaxed, as the data are small)"
    profile = "no attributes known" if data.profiles is None else "attributes known"
    events = data.timeline.select(*EVENT_COLUMNS)
    slices: SlicesByName = {}
    for shots in (n for n in SHOT_COUNTS if n <= n_aside):
        cut = cut_few_shot(data.position, shots, n_aside)
        history = events.filter(is_eligible & cut.history)
        excluded = events.filter(is_eligible & ~cut.targets)
        slices[f"events_{shots}"] = make_slice(
            f"events_{shots}",
            f"A random {USER_FRACTION:.0%} of users are absent from training. "
            f"{describe_first_events(shots)} known at request time ({data.order_description}; "
            f"{profile}). Relevant: what follows their first {n_aside}, the same for every "
            f"number of known events; those {n_aside} are never candidates. Users with at "
            f"least {min_events} positive events{relaxed}. {ALL_ITEMS}",
            data.timeline.filter(is_eligible & cut.targets),
            candidates,
            RequestInfo(data.profiles, history, excluded),
        )
    return slices


def _choose_requirement(data: EvaluationData, is_hidden: Mask) -> tuple[int, int]:
    """Return the strictest requirement that leaves enough users, else the most relaxed."""
    sizes = data.history_size[is_hidden & (data.position == 0)]
    min_users = min(MIN_FEW_SHOT_USERS, -(-len(sizes) // 4))
    return next(
        (
            requirement
            for requirement in FEW_SHOT_REQUIREMENTS
            if len(sizes) and (sizes >= requirement[1]).sum() >= min_users
        ),
        FEW_SHOT_REQUIREMENTS[-1],
    )


# --- new items -----------------------------------------------------------------------------


def hide_items(data: EvaluationData) -> tuple[SplitPlan, SlicesByName]:
    """Hold out items and some users; return the training and its slices.

    The content of held-out items stays in the catalogue. Nobody is asked at a time: most buyers
    of these items took them before other events that are known.
    """
    cold, choice = _choose_cold_items(data)
    new_users = data.sample_ids("user_id", BOTH_COLD_USER_FRACTION)
    timeline = data.timeline
    is_cold = timeline["item_id"].is_in(cold.implode()).to_numpy()
    is_new_user = timeline["user_id"].is_in(new_users.implode()).to_numpy()
    late_events = _select_late_events(timeline.filter(~is_cold & ~is_new_user))
    plan = build_plan(
        data, "new items", _outside(data.tables.events, cold, late_events), new_users
    )
    known_users = plan.positive_pairs["user_id"].unique()
    new = _select_new_items(plan)
    is_new = timeline["item_id"].is_in(new.implode()).to_numpy()
    held_out = pl.concat([timeline.filter(is_cold), late_events], how="diagonal")
    held_out = held_out.filter(pl.col("user_id").is_in(known_users.implode()))
    profile = "nothing is" if data.profiles is None else "their attributes are"
    rule = f"{choice} have no event in training; their content is known."
    new_only = "Candidates: all items of the catalogue without a training event."
    slices: SlicesByName = {
        "cold_item": make_slice(
            "cold_item",
            f"{rule} Relevant: positive events of known users with them. {new_only}",
            held_out.filter(pl.col("item_id").is_in(new.implode())),
            new,
        ),
        "cold_item_all": make_slice(
            "cold_item_all",
            f"{rule} Relevant: positive events with them, and the last {LATE_EVENT_SHARE:.0%} "
            f"of the others ({data.order_description}; users with at least "
            f"{MIN_LATE_HISTORY_EVENTS}). {ALL_ITEMS}",
            held_out,
            data.catalogue["item_id"],
        ),
        "both_cold": make_slice(
            "both_cold",
            f"{rule} A random {BOTH_COLD_USER_FRACTION:.0%} of users are absent as well, and "
            f"{profile} known at request time. Relevant: their positive events with new items. "
            f"{new_only}",
            timeline.filter(is_new & is_new_user),
            new,
            RequestInfo(profiles=data.profiles),
        ),
    }
    return plan, slices


def _select_new_items(plan: SplitPlan) -> pl.Series:
    """Return the items of the catalogue without a training event: held out, or never sold."""
    ids = plan.train.items["item_id"]
    return ids.filter(~ids.is_in(plan.train.events["item_id"].unique().implode()))


def _choose_cold_items(data: EvaluationData) -> tuple[pl.Series, str]:
    """Return the held-out items, and in words how they were chosen."""
    if data.cold_items == "random":
        items = data.sample_ids("item_id", ITEM_FRACTION)
        return items, f"A random {ITEM_FRACTION:.0%} of items"
    ids, times, tie = first_times(data)
    newest = newest_rows(
        np.arange(len(ids)), times, tie, NEWEST_ITEM_FRACTION, nonempty_parts=True
    )
    share = f"{NEWEST_ITEM_FRACTION:.0%}"
    return ids.gather(newest), f"The newest {share} of items, by their first positive event,"


def _select_late_events(known: pl.DataFrame) -> pl.DataFrame:
    """Return the last tenth of each long history of known items."""
    position = known.select(pl.int_range(pl.len(), dtype=pl.Int64).over("user_id"))
    size = known.select(pl.len().over("user_id").cast(pl.Int64)).to_series().to_numpy()
    n_last = size - (size * (1 - LATE_EVENT_SHARE)).astype(np.int64)
    positions = position.to_series().to_numpy()
    return known.filter(mark_last(positions, size, n_last, MIN_LATE_HISTORY_EVENTS))


def _outside(events: pl.DataFrame, items: pl.Series, pairs: pl.DataFrame) -> pl.Series:
    """Return for each event whether neither its item nor its pair is among those given."""
    marked = events.select(PAIR_COLUMNS).join(
        pairs.select(PAIR_COLUMNS).with_columns(late=pl.lit(value=True)),
        on=PAIR_COLUMNS,
        how="left",
        maintain_order="left",
    )
    is_item = pl.col("item_id").is_in(items.implode())
    return marked.select(keep=~is_item & pl.col("late").is_null())["keep"]


# --- known users ---------------------------------------------------------------------------


def hide_last_events(data: EvaluationData) -> tuple[SplitPlan, SlicesByName]:
    """Hold out the last positive event of each user; return the training and its slice.

    Events of the user after that event, and earlier events with the same item, are removed too.
    """
    is_last = mark_last(data.position, data.history_size, 1, MIN_WARM_USER_EVENTS)
    last = data.timeline.filter(is_last)
    last_of_user = last.select("user_id", item="item_id", at="timestamp")
    events = data.tables.events.select(*PAIR_COLUMNS, "timestamp").join(
        last_of_user, on="user_id", how="left", maintain_order="left"
    )
    after = (pl.col("timestamp") > pl.col("at")).fill_null(value=False)
    same_item = (pl.col("item_id") == pl.col("item")).fill_null(value=False)
    keep = events.select(keep=~after & ~same_item)["keep"]
    plan = build_plan(data, "leave last out", keep)
    slice_ = make_slice(
        "warm_last",
        f"The last positive event of each user with at least {MIN_WARM_USER_EVENTS} is held "
        f"out ({data.order_description}), with all that the user did after it; later events of "
        f"other users stay in training. {ALL_ITEMS}",
        last,
        data.catalogue["item_id"],
        RequestInfo(known=plan.train.events),
    )
    return plan, {"warm_last": slice_}


# --- all plans -----------------------------------------------------------------------------


_SPLITS: tuple[
    tuple[tuple[str, ...], Callable[[EvaluationData], tuple[SplitPlan, SlicesByName]]], ...
] = (
    (("cold_user_nothing", "cold_user_profile", *FEW_SHOT_SLICES, "says"), hide_users),
    (("cold_item", "cold_item_all", "both_cold"), hide_items),
    (("warm_last",), hide_last_events),
    (("warm_time", "newcomer_now", "again"), hide_future),
    *(
        (young_slice_names(n), partial(learn_from_first_users, n_users=n))
        for n in YOUNG_USER_COUNTS
    ),
)
_MISSING_REASONS = {
    "cold_user_profile": "no attribute of any user is known",
    **dict.fromkeys(FEW_SHOT_SLICES, "too few users have so many events"),
    "says": "the catalogue has no words or categories that several items share",
    **dict.fromkeys(YOUNG_SLICES, "the later users have too few events"),
}


def _select_slices(
    chosen: Iterable[str],
    names: Iterable[str],
    plan: SplitPlan,
    slices: SlicesByName,
    *,
    has_times: bool,
) -> SplitPlan:
    """Return the plan with the chosen slices; its notes say why others are missing.

    Args:
        chosen: Names of the slices that are asked for.
        names: Names of the slices of this plan.
        plan: Plan without slices.
        slices: Its slices.
        has_times: Whether the times of events are an order.
    """
    names = [name for name in names if name in set(chosen)]
    notes = [
        f"{name}: not measured, {_explain_missing(name, slices)}"
        for name in names
        if slices.get(name) is None and not _is_explained(name, plan.notes)
    ]
    selected = tuple(
        tell_times(slice_, has_times=has_times)
        for name in names
        if (slice_ := slices.get(name)) is not None
    )
    kept = (note for note in plan.notes if _topic(note) not in {*REPORT_SLICES} - {*names})
    return replace(plan, slices=selected, notes=(*kept, *notes))


def _is_explained(name: str, notes: Iterable[str]) -> bool:
    """Return whether a note is about this slice or its group."""
    topics = {_topic(note) for note in notes}
    return any(name == topic or name.startswith(f"{topic}_") for topic in topics)


def _topic(note: str) -> str:
    """Return the slice or group that a note is about."""
    return note.split(":", maxsplit=1)[0]


def _explain_missing(name: str, slices: SlicesByName) -> str:
    unreachable = "no held-out event can be reached by a list"
    return unreachable if name in slices else _MISSING_REASONS.get(name, unreachable)
