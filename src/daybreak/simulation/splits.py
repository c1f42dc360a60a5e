"""Splits of a data set: training data, and labelled queries with what is held out.

``iter_splits`` yields the simulated cold starts on which ``fit`` fits the weights of a blend.
``iter_evaluation_splits`` yields splits of the same kinds with other random draws, cut into the
named slices of benchmarks: the leaderboard, tuning and the release gate use them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.rng import create_generator
from daybreak.simulation.holdout import (
    ITEM_FRACTION,
    MIN_FEW_SHOT_EVENTS,
    N_SET_ASIDE_EVENTS,
    NEWEST_ITEM_FRACTION,
    USER_FRACTION,
    cut_few_shot,
    mark_last,
    newest_rows,
    sample_rows,
    time_cut,
)
from daybreak.simulation.moments import (
    again_queries,
    new_item_moments,
    newcomer_moments,
    now_queries,
)
from daybreak.simulation.next_events import NEXT_SPLIT, next_event_queries
from daybreak.simulation.pauses import pauses_before
from daybreak.simulation.queries import MAX_QUERIES, LabelledQueries
from daybreak.simulation.slices import (
    DEFINITIONS,
    FEW_SHOT_SLICES,
    NEW_ITEM_SLICES,
    SHOT_COUNTS,
    TargetItems,
)
from daybreak.simulation.source_users import (
    MAX_SOURCE_QUERIES,
    count_hidden_source_users,
    hold_out_source_users,
    iter_source_histories,
    shared_users,
    source_users_in_turn,
)
from daybreak.simulation.statements import spoken_queries
from daybreak.simulation.topics import topic_queries
from daybreak.simulation.unsold import draw_on_sale
from daybreak.types import Mask, Rows, Sparse

FIT_REPEATS = (1, 3)
"""Minimum and maximum number of random splits of ``fit``. One is enough with ``MAX_QUERIES``
new users; in smaller shops results vary with the few hidden users and items."""
BENCHMARK_REPEATS = (1, 3)
"""Minimum and maximum number of random splits of a benchmark."""
MIN_FEW_SHOT_USERS = 50
"""Number of users with long histories below which shorter histories are used as well."""
MIN_LATE_HISTORY_EVENTS = 3
"""Minimum length of a history whose last events are held out."""
SOURCE_KIND = "source_user"
"""Kind of the queries of new users of whom sources may know something."""
NEW_ITEM_KINDS = ("new_item", "arriving")
"""Kinds of queries whose targets include items without training events."""
PAUSE_KINDS = ("user", "later")
"""Kinds of queries of known users, whose time since the last event is known."""
KNOWN_USER_FACTOR = 3
"""Maximum number of queries of known users for known items, in multiples of ``MAX_QUERIES``."""


@dataclass(frozen=True, eq=False)
class HoldoutSplit:
    """One simulated cold start.

    Attributes:
        name: ``random``: users and items are held out at random; ``arrival``: the items whose
            first event came last; ``later``: all events after a point in time.
        data: Training data.
        query_sets: Labelled queries whose targets are held out.
        has_new_item_targets: Whether the targets of any query include items without training
            events.
    """

    name: str
    data: Dataset
    query_sets: tuple[LabelledQueries, ...]
    has_new_item_targets: bool = True
    is_without_events: bool = False
    """Whether no event of any user is known, so that only some strategies matter."""


@dataclass(frozen=True, eq=False)
class SliceQueries:
    """The queries of one slice; every query has a target."""

    slice: str
    target_items: TargetItems
    labelled: LabelledQueries


@dataclass(frozen=True, eq=False)
class EvaluationSplit:
    """One split, cut into slices: training data and queries."""

    name: str
    data: Dataset
    slices: tuple[SliceQueries, ...]


# --- the splits of fit and of benchmarks ---------------------------------------------------


def iter_splits(
    data: Dataset,
    seed: int,
    asked: Sequence[frozenset[str] | None] | None = None,
    *,
    with_arrivals: bool = True,
) -> Iterator[HoldoutSplit]:
    """Yield the simulated cold starts on which a blend is fitted, as far as the data allow.

    Hidden items compete with those items without events that were probably on sale.

    Args:
        data: The whole data set.
        seed: Seed of the random draws.
        asked: Kinds of queries of each random split, None for all; default: all kinds of
            :func:`count_random_fit_splits` splits.
        with_arrivals: Whether a split holds out the newest items.
    """
    on_sale = draw_on_sale(data, seed)
    asked = [None] * count_random_fit_splits(data) if asked is None else asked
    in_turn = source_users_in_turn(data, len(asked), seed)
    for repeat, kinds in enumerate(asked):
        rng = create_generator(seed, f"random trial {repeat}")
        split = random_holdout(data, rng, on_sale, in_turn[repeat])
        if kinds is not None:
            kept = tuple(one for one in split.query_sets if one.kind in kinds)
            split = replace(split, query_sets=kept)
        if not repeat:
            topics = topic_queries(split.data, create_generator(seed, "topics"))
            split = replace(split, query_sets=(*split.query_sets, *topics))
        yield split
    if data.events.has_time_order and with_arrivals:
        yield newest_items_holdout(data, create_generator(seed, "arrival trial"), on_sale)
    if data.events.has_time_order:
        yield temporal_holdout(data, create_generator(seed, "later trial"), with_moments=True)


def iter_moment_splits(
    data: Dataset, seed: int, *, with_unsold: bool = False
) -> Iterator[HoldoutSplit]:
    """Yield splits at several moments, with newcomers about whom nothing is known.

    Args:
        data: The whole data set.
        seed: Seed of the random draws.
        with_unsold: Whether unsold items are candidates; then only the last moments are used.
    """
    if data.events.has_time_order:
        iter_moments = new_item_moments if with_unsold else newcomer_moments
        for visible, labelled in iter_moments(data, create_generator(seed, "moments")):
            yield HoldoutSplit("moment", visible, (labelled,), with_unsold, True)


def next_event_split(data: Dataset, seed: int) -> HoldoutSplit:
    """Return the split of a training for next events.

    Args:
        data: The whole data set, with an order in time.
        seed: Seed of the random draws.
    """
    visible, query_sets = next_event_queries(data, create_generator(seed, "next events"))
    return HoldoutSplit(NEXT_SPLIT, visible, query_sets, has_new_item_targets=False)


def count_random_fit_splits(data: Dataset) -> int:
    """Return the number of random splits on which a blend is fitted, at most."""
    n_splits = _n_random_splits(data, *FIT_REPEATS)
    n_shared = len(shared_users(data))
    if not n_shared:
        return n_splits
    needed = min(MAX_SOURCE_QUERIES, n_shared) / count_hidden_source_users(n_shared)
    return int(np.clip(np.ceil(needed), n_splits, FIT_REPEATS[1]))


def iter_evaluation_splits(
    data: Dataset, seed: int, repeats: int | None = None
) -> Iterator[EvaluationSplit]:
    """Yield the splits of a benchmark; their draws differ from those of :func:`iter_splits`.

    Items that were never sold are candidates in every slice.

    Args:
        data: The whole data set.
        seed: Seed of the random draws.
        repeats: Number of random splits; None: up to three, until there are enough new users.
    """
    unsold = ~warm_items(data)
    for repeat in range(count_random_splits(data, repeats)):
        rng = create_generator(seed, f"contest random {repeat}")
        yield _cut_into_slices(random_holdout(data, rng), unsold)
    if data.events.has_time_order:
        rng = create_generator(seed, "contest arrival")
        yield _cut_into_slices(newest_items_holdout(data, rng), unsold)
        rng = create_generator(seed, "contest later")
        yield _cut_into_slices(temporal_holdout(data, rng), unsold)


def count_random_splits(data: Dataset, repeats: int | None = None) -> int:
    """Return the number of random splits of a benchmark.

    Args:
        data: The whole data set.
        repeats: Requested number; None: up to three, until there are enough new users.
    """
    return _n_random_splits(data, *BENCHMARK_REPEATS) if repeats is None else repeats


def _n_random_splits(data: Dataset, minimum: int, maximum: int) -> int:
    shared = shared_users(data)
    users = shared if len(shared) else data.active_user_rows
    n_new_users = max(USER_FRACTION * len(users), 1)
    return int(np.clip(np.ceil(MAX_QUERIES / n_new_users), minimum, maximum))


# --- three ways to hold out ----------------------------------------------------------------


def random_holdout(
    data: Dataset,
    rng: np.random.Generator,
    on_sale: Mask | None = None,
    source_users: Rows | None = None,
) -> HoldoutSplit:
    """Hold out a fifth of users and items at random, and the last tenth of each history.

    Args:
        data: The whole data set.
        rng: Random generator.
        on_sale: (n_items,) items without events that are candidates wherever hidden items are;
            default: none.
        source_users: Rows of the users in common with sources who are held out; default: drawn
            at random.
    """
    events = data.events
    users = sample_rows(np.arange(data.n_users), USER_FRACTION, rng)
    users = hold_out_source_users(data, users, source_users, rng)
    is_new_user = _mask(users, data.n_users)[events.user]
    no_items = np.empty(0, dtype=np.int64)
    has_content = bool(data.items.blocks)
    items = sample_rows(data.train_item_rows, ITEM_FRACTION, rng) if has_content else no_items
    is_new_item = _mask(items, len(data.items))[events.item]
    is_late_event = mark_last_events(events)
    visible = data.filter_events(~is_new_user & ~is_new_item & ~is_late_event)
    remaining, is_late, is_new = (
        events.filter(~is_new_user),
        is_late_event[~is_new_user],
        is_new_item[~is_new_user],
    )
    query_sets = [
        *_iter_new_user_queries(visible, events.filter(is_new_user), rng),
        *_iter_known_user_queries(visible, remaining, is_late, is_new, rng),
        *_spoken_queries(visible, events, users, rng),
        *_iter_source_queries(visible, events.filter(is_new_user), rng),
    ]
    query_sets = [_add_on_sale(labelled, on_sale) for labelled in query_sets]
    return HoldoutSplit("random", visible, tuple(query_sets))


def newest_items_holdout(
    data: Dataset, rng: np.random.Generator, on_sale: Mask | None = None
) -> HoldoutSplit:
    """Hold out the items whose first event came last, as if they had not arrived yet.

    Args:
        data: The whole data set.
        rng: Random generator.
        on_sale: (n_items,) items without events that are candidates as well; default: none.
    """
    events = data.events
    is_new = mark_newest_items(data)[events.item]
    is_late = mark_last_events(events)
    visible = data.filter_events(~is_new & ~is_late)
    known = np.isin(events.item, visible.train_item_rows)
    targets = events.filter(is_new | (is_late & known))
    arriving = _sample_queries(
        "arriving", visible, visible.events, targets, rng, with_new_items=True
    )
    return HoldoutSplit("arrival", visible, (_add_on_sale(arriving, on_sale),))


def temporal_holdout(
    data: Dataset, rng: np.random.Generator, *, with_moments: bool = False
) -> HoldoutSplit:
    """Hold out all events after a point in time; those of known users are the targets.

    Args:
        data: The whole data set.
        rng: Random generator.
        with_moments: Whether to add what newcomers and known users do next, and what they take
            again.
    """
    cut = time_cut(data.events.at)
    past = data.events.at < cut
    visible = data.filter_events(past)
    known = np.isin(data.events.item, visible.train_item_rows)
    targets = data.events.filter(~past & known)
    query_sets = [_sample_queries("later", visible, visible.events, targets, rng)]
    if with_moments:
        query_sets += now_queries(data, visible, cut, rng)
        if data.repeated is not None:
            query_sets.append(again_queries(data, visible, cut, rng))
    return HoldoutSplit("later", visible, tuple(query_sets), has_new_item_targets=False)


def mark_newest_items(data: Dataset) -> Mask:
    """Return (n_items,) which items of the catalogue had their first event last."""
    first = np.full(len(data.items), np.inf)
    np.minimum.at(first, data.events.item, data.events.at)
    rows = data.train_item_rows
    newest = newest_rows(rows, first[rows], np.arange(len(rows)), NEWEST_ITEM_FRACTION)
    return _mask(newest, len(data.items))


def mark_last_events(events: Events) -> Mask:
    """Return (n_events,) which are the last tenth of a history, at least one of three."""
    size = np.bincount(events.user, minlength=1)[events.user]
    n_last = np.maximum(1, size // 10)
    return mark_last(events.count_earlier(), size, n_last, MIN_LATE_HISTORY_EVENTS)


# --- queries with held-out targets ---------------------------------------------------------


def _iter_new_user_queries(
    visible: Dataset, hidden: Events, rng: np.random.Generator
) -> Iterator[LabelledQueries]:
    """Yield the queries for each number of known events, and two sets that rank new items too.

    Targets after the tenth event and its sitting are the same for every number of known events.
    If few users have so many events, shorter histories are used as well, with all events after
    the known ones as targets. Of long ones the first ten are set aside all the same: what
    somebody takes in the same sitting as the known items is alike, and says little about later
    choices.
    """
    known = np.isin(hidden.item, visible.train_item_rows)
    events = hidden.filter(known)
    position = events.count_earlier()
    size = np.bincount(events.user, minlength=visible.n_users)[events.user]
    is_long = size >= MIN_FEW_SHOT_EVENTS
    only_long = len(np.unique(events.user[is_long])) >= MIN_FEW_SHOT_USERS
    n_aside = _count_set_aside(events, position, size)
    for shots in SHOT_COUNTS:
        cut = cut_few_shot(position, shots, np.where(is_long, n_aside, shots))
        is_eligible = is_long if only_long else _has_targets(events, size, shots)
        history, set_aside, targets = (events.filter(is_eligible & mask) for mask in cut)
        yield _sample_queries("new_user", visible, history, targets, rng, set_aside=set_aside)
    for shots in (0, 3):
        cut = cut_few_shot(position, shots, shots)
        is_eligible = size >= shots + 2
        targets = _concat_events(
            events.filter(is_eligible & cut.targets), hidden.filter(~known)
        )
        history = events.filter(is_eligible & cut.history)
        yield _sample_queries("new_item", visible, history, targets, rng, with_new_items=True)


def _has_targets(events: Events, size: Rows, shots: int) -> Mask:
    """Mark the events of users who have targets after their known events.

    One target says less than two, and more than none: it has to do where few users have two, as
    in a young shop, and among applicants for a job or buyers of a house.

    Args:
        events: Events of new users.
        size: (n_events,) length of the history of the user of each event.
        shots: Number of known events.
    """
    has_two = size >= shots + 2
    n_users = len(np.unique(events.user[has_two]))
    return has_two if n_users >= MIN_FEW_SHOT_USERS else size > shots


def _count_set_aside(events: Events, position: Rows, size: Rows) -> Rows:
    """Return (n_events,) how many first events of the user of each event are set aside.

    They are the first ten, and what has the same time as the tenth: the order within a basket
    is unknown, and the rest of it would say how alike a basket is. Who has hardly anything
    later keeps the rest of the basket as targets.

    Args:
        events: Events of new users.
        position: (n_events,) number of earlier events of the same user.
        size: (n_events,) length of the history of the user of each event.
    """
    is_tenth = position == N_SET_ASIDE_EVENTS - 1
    n_ties = events.count_later() - events.count_after()
    n_aside = np.full(int(events.user.max(initial=-1)) + 1, N_SET_ASIDE_EVENTS)
    n_aside[events.user[is_tenth]] += n_ties[is_tenth]
    counts: Rows = n_aside[events.user]
    is_enough = size - counts >= MIN_FEW_SHOT_EVENTS - N_SET_ASIDE_EVENTS
    return np.where(is_enough, counts, N_SET_ASIDE_EVENTS)


def _iter_source_queries(
    visible: Dataset, hidden: Events, rng: np.random.Generator
) -> Iterator[LabelledQueries]:
    """Yield the queries of new users on which the weights of sources are fitted."""
    for history, targets in iter_source_histories(visible, hidden, rng):
        yield _sample_queries(SOURCE_KIND, visible, history, targets, rng, sample_factor=4)


def _iter_known_user_queries(
    visible: Dataset, events: Events, is_late: Mask, is_new: Mask, rng: np.random.Generator
) -> Iterator[LabelledQueries]:
    """Yield the queries of known users: for known items, then for known and new items."""
    is_late = is_late & np.isin(events.item, visible.train_item_rows)
    known_item_targets = events.filter(is_late & ~is_new)
    yield _sample_queries(
        "user",
        visible,
        visible.events,
        known_item_targets,
        rng,
        sample_factor=KNOWN_USER_FACTOR,
    )
    all_targets = events.filter(is_new | is_late)
    yield _sample_queries(
        "new_item", visible, visible.events, all_targets, rng, with_new_items=True
    )


def _sample_queries(  # noqa: PLR0913 - the parts of one set of queries
    kind: str,
    visible: Dataset,
    history: Events,
    target_events: Events,
    rng: np.random.Generator,
    *,
    set_aside: Events | None = None,
    with_new_items: bool = False,
    sample_factor: int = 1,
) -> LabelledQueries:
    """Return the queries of a sample of the users who have targets.

    Args:
        kind: Kind of the queries.
        visible: Training data.
        history: Events known at request time.
        target_events: Events whose items are targets.
        rng: Random generator.
        set_aside: Events whose items are never candidates, besides those of ``history``.
        with_new_items: Whether the new items among the targets are candidates.
        sample_factor: Maximum number of users, in multiples of ``MAX_QUERIES``.
    """
    users = np.sort(
        rng.permutation(np.unique(target_events.user))[: sample_factor * MAX_QUERIES]
    )
    if kind not in ("new_user", SOURCE_KIND) and not (with_new_items and len(history) == 0):
        users = users[np.isin(users, np.unique(history.user))] if len(history) else users
    row_of_user = np.full(visible.n_users, -1)
    row_of_user[users] = np.arange(len(users))
    n_items = len(visible.items)

    def to_matrix(events: Events) -> Sparse:
        selected = events.filter(row_of_user[events.user] >= 0)
        return Events(row_of_user[selected.user], selected.item, selected.at).to_matrix(
            len(users), n_items
        )

    seen = to_matrix(history)
    if set_aside is not None:
        seen = seen + to_matrix(set_aside)
    candidates = _mask(visible.train_item_rows, n_items)
    if with_new_items:
        candidates[np.unique(target_events.item)] = True
    queries = Queries.for_users(visible, history, users)
    if kind in PAUSE_KINDS:
        queries = replace(queries, pause_s=pauses_before(history, target_events, users))
    targets = to_matrix(target_events)
    return LabelledQueries(kind, queries, targets, seen, candidates, users)


def _spoken_queries(
    visible: Dataset, events: Events, new_users: Rows, rng: np.random.Generator
) -> tuple[LabelledQueries, ...]:
    """Return the queries of users who say something about a held-out item."""
    is_new_user = _mask(new_users, visible.n_users)
    n_items = len(visible.items)
    known = visible.events.user * n_items + visible.events.item
    hidden = events.filter(~np.isin(events.user * n_items + events.item, known))
    return spoken_queries(visible, hidden, is_new_user, rng) or ()


def _add_on_sale(labelled: LabelledQueries, on_sale: Mask | None) -> LabelledQueries:
    """Return queries for which items on sale are candidates if hidden items are."""
    if on_sale is None or labelled.kind not in NEW_ITEM_KINDS:
        return labelled
    return replace(labelled, candidates=labelled.candidates | on_sale)


def _concat_events(a: Events, b: Events) -> Events:
    """Return the events of two disjoint sets in one, still sorted by user."""
    parts = zip((a.user, a.item, a.at), (b.user, b.item, b.at), strict=True)
    user, item, at = (np.concatenate(pair) for pair in parts)
    order = np.argsort(user, kind="stable")
    return Events(user[order], item[order], at[order])


def _mask(rows: Rows, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[rows] = True
    return mask


# --- from query sets to named slices -------------------------------------------------------

_SLICES_OF_KIND = {
    "new_user": FEW_SHOT_SLICES,
    "new_item": ("both_cold", "cold_item_3", "cold_item"),
    "user": ("warm_last_tenth",),
    "later": ("warm_later",),
    "arriving": ("arriving",),
}
"""Names of the query sets of one kind, in the order in which a split yields them."""


def warm_items(data: Dataset) -> Mask:
    """Return (n_items,) which items of the catalogue have events."""
    warm = np.zeros(len(data.items), dtype=bool)
    warm[data.train_item_rows] = len(data.events) > 0
    return warm


def _cut_into_slices(split: HoldoutSplit, unsold: Mask) -> EvaluationSplit:
    """Return the slices of a split; ``unsold`` items are candidates in all of them."""
    is_warm = warm_items(split.data)
    names = {kind: iter(slices) for kind, slices in _SLICES_OF_KIND.items()}
    slices_found = [
        slice_
        for labelled in split.query_sets
        if labelled.kind in names
        for slice_ in _iter_slices(next(names[labelled.kind]), labelled, is_warm, unsold)
        if len(slice_.labelled)
    ]
    return EvaluationSplit(split.name, split.data, tuple(slices_found))


def _iter_slices(
    name: str, labelled: LabelledQueries, is_warm: Mask, unsold: Mask
) -> Iterator[SliceQueries]:
    """Yield a set of queries with each of its candidate sets."""
    candidates = labelled.candidates
    if name in NEW_ITEM_SLICES and not (candidates & ~is_warm).any():
        return
    names = (name, f"{name}_mixed") if name in NEW_ITEM_SLICES else (name,)
    for slice_ in names:
        asked = DEFINITIONS[slice_].target_items
        ranked = (candidates & ~is_warm if asked == "new" else candidates) | unsold
        yield SliceQueries(slice_, asked, _keep_answerable(labelled, ranked))


def _keep_answerable(labelled: LabelledQueries, candidates: Mask) -> LabelledQueries:
    """Return the queries that have an unseen target among the candidates."""
    hits = labelled.targets.multiply(candidates[None, :])
    n_targets = np.asarray((hits - hits.multiply(labelled.seen > 0)).sum(axis=1)).ravel()
    return replace(labelled, candidates=candidates).take(np.flatnonzero(n_targets > 0))
