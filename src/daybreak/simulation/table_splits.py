"""What every split asks of the data: order, times, attributes, ids drawn by a seed.

Hide a fifth of the users: slices that tell nothing, a profile or K events of them.

Hide items, and some users: slices for what is new, alone and among everything else.

Hide what came last, user by user or from one moment on: slices for known users.

All slices that the data allow, grouped by the training they share.

Everything is split by ids and a seed, never by the order of rows. Targets are positive events
only. What is hidden is gone from training with all its rows, negative ones and views included.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.errors import ConfigError, DataError
from daybreak.rng import create_generator
from daybreak.simulation.table_slices import (
    PAIR_COLUMNS,
    SHOT_COUNTS,
    SLICES,
    ColdItems,
    RequestInfo,
    SlicesByName,
    SplitPlan,
    make_slice,
)
from daybreak.simulation.timeline import build_timeline, has_usable_times, tie_order_warnings

COLD_ITEM_MODES: tuple[ColdItems, ...] = ("random", "newest")


@dataclass(frozen=True)
class EvaluationData:
    """The data, and what every split asks of them."""

    tables: Tables
    positive: pl.Series
    seed: int
    cold_items: ColdItems = "random"

    @cached_property
    def timeline(self) -> pl.DataFrame:
        """Return the positive events in order; see :func:`.timeline.timeline`."""
        return build_timeline(self.tables.events.filter(self.positive), self.seed)

    @cached_property
    def has_times(self) -> bool:
        """Say whether times are known."""
        return has_usable_times(self.timeline)

    @cached_property
    def order_description(self) -> str:
        """Say in words how the events of a user are ordered."""
        return "by time" if self.has_times else "in random order, as times are unknown"

    @cached_property
    def profiles(self) -> pl.DataFrame | None:
        """Return the users when any attribute of any user is known."""
        users = self.tables.users
        told = [c for c in users.columns if users[c].null_count() < len(users)]
        told = [c for c in told if c != "user_id"]
        return users.select("user_id", *told) if told else None

    @cached_property
    def catalogue(self) -> pl.DataFrame:
        """Return the items in random order.

        Ids and rows often follow age or popularity, so whoever breaks ties by row would know
        something about new items that no score said.
        """
        items = self.tables.items.sort("item_id")
        return items[create_generator(self.seed, "catalogue order").permutation(items.height)]

    def sample_ids(self, column: str, share: float) -> pl.Series:
        """Return a random share of the ids of a column: at least one, never all.

        A smaller share is part of a larger one.
        """
        ids = self.timeline[column].unique().sort()
        order = create_generator(self.seed, f"cold {column}").permutation(len(ids))
        return ids.gather(order[: min(len(ids) - 1, max(1, round(share * len(ids))))])

    def build_plan(
        self, name: str, keep: pl.Series, hidden_users: pl.Series | None = None
    ) -> SplitPlan:
        """Return a plan without slices that trains on the rows of events that are kept.

        Args:
            name: Of the plan.
            keep: One boolean for each row of events.
            hidden_users: Ids of users that are removed from training.
        """
        events, users = self.tables.events, self.tables.users
        if hidden_users is not None:
            keep = keep & ~events["user_id"].is_in(hidden_users.implode())
            users = users.filter(~pl.col("user_id").is_in(hidden_users.implode()))
        train = Tables(self.catalogue, users, events.filter(keep))
        return SplitPlan(name, train, self.positive.filter(keep), ())


def prepare_evaluation_data(
    tables: Tables, positive: pl.Series | None, seed: int, cold_items: ColdItems
) -> EvaluationData:
    """Check what is asked of the data.

    Raises:
        ConfigError: ``cold_items`` is neither "random" nor "newest".
        DataError: ``positive`` does not fit the events, nothing is positive, or "newest" is
            asked and no times are known.
    """
    if cold_items not in COLD_ITEM_MODES:
        raise ConfigError(f"cold_items must be 'random' or 'newest', got {cold_items!r}")
    if positive is None:
        positive = pl.repeat(value=True, n=tables.events.height, eager=True)
    elif len(positive) != tables.events.height:
        raise DataError(
            f"positive has {len(positive)} values for {tables.events.height} events; "
            "give one boolean for each row"
        )
    data = EvaluationData(
        tables, positive.cast(pl.Boolean).fill_null(value=False), seed, cold_items
    )
    if not data.timeline.height:
        raise DataError("no positive events, so nothing can be hidden and asked for")
    if cold_items == "newest" and not data.has_times:
        raise DataError(
            "cold_items='newest' needs the time of events, and times are unknown; "
            "use cold_items='random'"
        )
    return data


HIDDEN_USER_SHARE = 0.2
"""Share of users that are hidden."""
FEW_SHOT_REQUIREMENTS = ((10, 15), (10, 11), (5, 6), (3, 4), (1, 2))
"""How many first events are set aside, and how many a user must have for that [events]."""
MIN_FEW_SHOT_USERS = 30
"""Users below which few-shot slices ask for fewer events, if a quarter of all is more."""


def hide_users(data: EvaluationData) -> tuple[SplitPlan, SlicesByName]:
    """Return one training without the hidden users, and the slices that ask for them."""
    hidden = data.sample_ids("user_id", HIDDEN_USER_SHARE)
    everything = pl.repeat(value=True, n=data.tables.events.height, eager=True)
    plan = data.build_plan("new users", everything, hidden)
    theirs = data.timeline.filter(pl.col("user_id").is_in(hidden.implode()))
    made: SlicesByName = {}
    for name, told, words in _iter_requests(data):
        made[name] = make_slice(
            name,
            f"A random {HIDDEN_USER_SHARE:.0%} of users are absent from training. {words} "
            "Right: all their positive events. Candidates: items with a training event.",
            theirs,
            plan.positive_pairs["item_id"],
            told,
        )
    return plan, made | _make_few_shot_slices(data, plan, theirs)


def _iter_requests(data: EvaluationData) -> Iterator[tuple[str, RequestInfo, str]]:
    yield "cold_user_nothing", RequestInfo(), "Nothing is told of them."
    if data.profiles is not None:
        told = RequestInfo(profiles=data.profiles)
        yield "cold_user_profile", told, "Their attributes are told, no event."


def _make_few_shot_slices(
    data: EvaluationData, plan: SplitPlan, theirs: pl.DataFrame
) -> SlicesByName:
    """Return a slice for each K: same users and same targets, so that K can be compared."""
    aside, least = _choose_requirement(theirs)
    relaxed = (
        ""
        if (aside, least) == FEW_SHOT_REQUIREMENTS[0]
        else " (relaxed, as the data are small)"
    )
    theirs = theirs.filter(pl.col("size") >= least)
    later = theirs.filter(pl.col("place") >= aside)
    first = theirs.filter(pl.col("place") < aside).select(*EVENT_COLUMNS, "place")
    profile = "no attributes known" if data.profiles is None else "attributes told"
    made: SlicesByName = {}
    for shots in (n for n in SHOT_COUNTS if n <= aside):
        told = RequestInfo(
            data.profiles, first.filter(pl.col("place") < shots).drop("place"), first
        )
        made[f"events_{shots}"] = make_slice(
            f"events_{shots}",
            f"A random {HIDDEN_USER_SHARE:.0%} of users are absent from training. {_describe_first_events(shots)} "
            f"told when they ask ({data.order_description}; {profile}). Right: what follows their first "
            f"{aside}, the same for every number told; those {aside} are never candidates. "
            f"Users with at least {least} positive events{relaxed}.",
            later,
            plan.positive_pairs["item_id"],
            told,
        )
    return made


def _describe_first_events(shots: int) -> str:
    if shots == 0:
        return "No event is"
    if shots == 1:
        return "Their first positive event is"
    return f"Their first {shots} positive events are"


def _choose_requirement(theirs: pl.DataFrame) -> tuple[int, int]:
    """Return the strictest rung that leaves enough users, else the loosest."""
    sizes = theirs.filter(pl.col("place") == 0)["size"]
    enough = min(MIN_FEW_SHOT_USERS, -(-len(sizes) // 4))
    return next(
        (
            rung
            for rung in FEW_SHOT_REQUIREMENTS
            if len(sizes) and (sizes >= rung[1]).sum() >= enough
        ),
        FEW_SHOT_REQUIREMENTS[-1],
    )


HIDDEN_ITEM_SHARE = {"random": 0.2, "newest": 0.15}
"""Share of items that are hidden."""
BOTH_COLD_USER_SHARE = 0.1
"""Share of users that are hidden with them."""
LATE_EVENT_SHARE, MIN_LATE_HISTORY_EVENTS = 0.1, 10
"""Share of the last events held out as well, for users with at least so many [events]."""


def hide_items(data: EvaluationData) -> tuple[SplitPlan, SlicesByName]:
    """Return one training without the hidden items and users, and the slices that ask for them.

    The content of hidden items stays in the catalogue: they are new, not unknown.
    """
    cold, chosen = _choose_cold_items(data)
    strangers = data.sample_ids("user_id", BOTH_COLD_USER_SHARE)
    is_cold, is_stranger = (
        pl.col(name).is_in(ids.implode())
        for name, ids in (("item_id", cold), ("user_id", strangers))
    )
    late = _select_late_events(data.timeline.filter(~is_cold & ~is_stranger))
    flagged = data.tables.events.select(PAIR_COLUMNS).join(
        late.select(PAIR_COLUMNS).with_columns(late=pl.lit(value=True)),
        on=PAIR_COLUMNS,
        how="left",
        maintain_order="left",
    )
    keep = flagged.select(keep=~is_cold & pl.col("late").is_null())["keep"]
    plan = data.build_plan("new items", keep, strangers)
    positives = plan.positive_pairs
    wanted = data.timeline.filter(is_cold)
    members = wanted.filter(pl.col("user_id").is_in(positives["user_id"].unique().implode()))
    mixed = pl.concat([members, late], how="diagonal")
    everything = pl.concat([cold, positives["item_id"]])
    told = RequestInfo(profiles=data.profiles)
    profile = "nothing is" if data.profiles is None else "their attributes are"
    rule = f"{chosen} are without any event in training; their content is known."
    made: SlicesByName = {
        "cold_item": make_slice(
            "cold_item",
            f"{rule} Right: positive events of known users with them. Candidates: new items "
            "only.",
            members,
            cold,
        ),
        "cold_item_all": make_slice(
            "cold_item_all",
            f"{rule} Right: positive events with them, and the last {LATE_EVENT_SHARE:.0%} of the others "
            f"({data.order_description}; users with at least {MIN_LATE_HISTORY_EVENTS}). Candidates: new and old items "
            "in one list.",
            mixed,
            everything,
        ),
        "both_cold": make_slice(
            "both_cold",
            f"{rule} A random {BOTH_COLD_USER_SHARE:.0%} of users are absent as well, and {profile} "
            "told when they ask. Right: their positive events with new items. Candidates: new "
            "items only.",
            wanted.filter(is_stranger),
            cold,
            told,
        ),
    }
    return plan, made


def _choose_cold_items(data: EvaluationData) -> tuple[pl.Series, str]:
    """Return the hidden items, and in words how they were chosen."""
    share = HIDDEN_ITEM_SHARE[data.cold_items]
    if data.cold_items == "random":
        return data.sample_ids("item_id", share), f"A random {share:.0%} of items"
    first = data.timeline.group_by("item_id").agg(pl.col("timestamp").min()).sort("item_id")
    tie = create_generator(data.seed, "newest items").random(first.height)
    first = first.with_columns(tie=tie).sort("timestamp", "tie", nulls_last=False)
    newest = first["item_id"].tail(min(first.height - 1, max(1, round(share * first.height))))
    return newest, f"The newest {share:.0%} of items, by their first positive event,"


def _select_late_events(warm: pl.DataFrame) -> pl.DataFrame:
    """Return the last tenth of each long history of old items."""
    place = pl.int_range(pl.len()).over("user_id")
    size = pl.len().over("user_id")
    return warm.filter(
        (place >= (size * (1 - LATE_EVENT_SHARE)).cast(pl.Int64))
        & (size >= MIN_LATE_HISTORY_EVENTS)
    )


MIN_WARM_USER_EVENTS = 3
"""Positive events a user must have [events]."""
TRAIN_TIME_SHARE = 0.8
"""Share of positive events before the cut in time."""


def hide_last_events(data: EvaluationData) -> tuple[SplitPlan, SlicesByName]:
    """Return a training without the last positive events, and the slice that asks for them.

    What a user did after that event, and earlier events with the same item, are left out too.
    """
    is_last = pl.col("place") + 1 == pl.col("size")
    last = data.timeline.filter(is_last & (pl.col("size") >= MIN_WARM_USER_EVENTS))
    mine = last.select("user_id", item="item_id", at="timestamp")
    events = data.tables.events.select(*PAIR_COLUMNS, "timestamp").join(
        mine, on="user_id", how="left", maintain_order="left"
    )
    after = (pl.col("timestamp") > pl.col("at")).fill_null(value=False)
    same = (pl.col("item_id") == pl.col("item")).fill_null(value=False)
    plan = data.build_plan("leave last out", events.select(keep=~after & ~same)["keep"])
    cell = make_slice(
        "warm_last",
        f"The last positive event of each user with at least {MIN_WARM_USER_EVENTS} is hidden ({data.order_description}), "
        "with whatever the user did after it; other users' later events stay in training. "
        "Candidates: items with a training event.",
        last,
        plan.positive_pairs["item_id"],
    )
    return plan, {"warm_last": cell}


def hide_future(data: EvaluationData) -> tuple[SplitPlan, SlicesByName]:
    """Return a training on what came before one moment, and the slice of what came after.

    Events without a time are in neither.
    """
    events = data.tables.events
    if not data.has_times:
        keep = pl.repeat(value=False, n=events.height, eager=True)
        note = "warm_time: not measured, the times of events are unknown"
        return replace(data.build_plan("before the cut", keep), notes=(note,)), {}
    cut = data.timeline["timestamp"].quantile(TRAIN_TIME_SHARE, interpolation="linear")
    keep = (events["timestamp"] < cut).fill_null(value=False)
    plan = data.build_plan("before the cut", keep)
    sizes = plan.positive_pairs.group_by("user_id").len()
    enough = sizes.filter(pl.col("len") >= MIN_WARM_USER_EVENTS)["user_id"]
    later = data.timeline.filter(
        (pl.col("timestamp") >= cut) & pl.col("user_id").is_in(enough.implode())
    )
    cell = make_slice(
        "warm_time",
        f"Training ends for everybody at one moment, after {TRAIN_TIME_SHARE:.0%} of the positive "
        f"events. Right: later positive events of users with at least {MIN_WARM_USER_EVENTS} before it, with "
        "items new to them. Candidates: items with a training event.",
        later.join(plan.train.events, on=PAIR_COLUMNS, how="anti"),
        plan.positive_pairs["item_id"],
    )
    return plan, {"warm_time": cell}


_SPLITS: tuple[
    tuple[tuple[str, ...], Callable[[EvaluationData], tuple[SplitPlan, SlicesByName]]], ...
] = (
    (
        ("cold_user_nothing", "cold_user_profile", *(f"events_{n}" for n in SHOT_COUNTS)),
        hide_users,
    ),
    (("cold_item", "cold_item_all", "both_cold"), hide_items),
    (("warm_last",), hide_last_events),
    (("warm_time",), hide_future),
)
_MISSING_REASONS = {
    "cold_user_profile": "no attribute of any user is known",
    **{f"events_{n}": "too few users have so many events" for n in SHOT_COUNTS},
}


def make_plans(
    tables: Tables,
    *,
    slices: Iterable[str] | None = None,
    positive: pl.Series | None = None,
    cold_items: ColdItems = "random",
    seed: int = 0,
) -> tuple[SplitPlan, ...]:
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
    asked = validate_slice_names(slices)
    data = prepare_evaluation_data(tables, positive, seed, cold_items)
    plans = tuple(
        _select_slices(asked, names, *split(data))
        for names, split in _SPLITS
        if set(names) & set(asked)
    )
    return (replace(plans[0], notes=tie_order_warnings(tables) + plans[0].notes), *plans[1:])


def _select_slices(
    asked: Iterable[str], names: Iterable[str], plan: SplitPlan, made: SlicesByName
) -> SplitPlan:
    """Keep the slices that are asked for; say why the others could not be made."""
    names = [name for name in names if name in set(asked)]
    notes = [
        f"{name}: not measured, {_explain_missing(name, made)}"
        for name in names
        if made.get(name) is None and not any(n.startswith(name) for n in plan.notes)
    ]
    cells = tuple(cell for name in names if (cell := made.get(name)) is not None)
    return replace(plan, slices=cells, notes=(*plan.notes, *notes))


def _explain_missing(name: str, made: SlicesByName) -> str:
    nothing = "no hidden event is within reach of a list"
    return nothing if name in made else _MISSING_REASONS.get(name, nothing)


def validate_slice_names(names: Iterable[str] | None) -> tuple[str, ...]:
    """Return the slices that are asked for, in their order; all by default.

    Raises:
        ConfigError: There is no slice of this name.

    Example:
        >>> validate_slice_names(["warm_last", "events_3"])
        ('events_3', 'warm_last')
        >>> validate_slice_names(["lukewarm"])
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
