"""Cold starts played on known data: users and items are hidden, then asked for."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.events import Events
from daybreak.data.queries import Queries
from daybreak.ranking.features import Probe
from daybreak.rng import stream
from daybreak.types import Mask, Rows, Sparse

SHOTS = (0, 1, 3, 5, 10)
"""Events shown of a simulated new user."""
HIDDEN = 0.2
"""Share of users and of items that a trial hides."""
NEWEST = 0.15
"""Share of items that a trial by arrival hides: those whose first event came last."""
CUT = 0.8
"""Share of the events before the moment at which the trial of later events stands."""
LONG = 15
"""Events of a history that allows ten to be shown and some to be asked for."""
DRAWS = (2, 3)
"""Least and most draws at random; what few hidden items teach differs from draw to draw."""
FEW = 50
"""Users with long histories below which short ones are asked too."""
MOST = 500
"""Queries of one kind; more cost time and tell little."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One simulated cold start: what may be learned, and what is asked."""

    name: str
    """``random``: hidden at random; ``arrival``: items hidden by time, as they really come;
    ``later``: the future hidden."""
    data: Dataset
    probes: tuple[Probe, ...]
    new: bool = True
    """Whether it asks for items without events."""


def trials(data: Dataset, seed: int) -> Iterator[Trial]:
    """Yield the trials that the data allow; small data are played more than once."""
    for repeat in range(_repeats(data)):
        yield random_trial(data, stream(seed, f"random trial {repeat}"))
    if data.events.dated:
        yield arrival_trial(data, stream(seed, "arrival trial"))
        yield later_trial(data, stream(seed, "later trial"))


def n_trials(data: Dataset) -> int:
    """Return how many trials :func:`trials` yields."""
    return _repeats(data) + 2 * data.events.dated


def _repeats(data: Dataset) -> int:
    return int(np.clip(np.ceil(MOST / max(HIDDEN * len(data.active), 1)), *DRAWS))


def random_trial(data: Dataset, rng: np.random.Generator) -> Trial:
    """Hide a fifth of users and items at random, and the last tenth of each history."""
    events = data.events
    new_user = _share_of(np.arange(data.n_users), HIDDEN, data.n_users, rng)[events.user]
    new_item = _hidden_items(data, rng)[events.item]
    late = late_events(events)
    visible = data.visible(~new_user & ~new_item & ~late)
    probes = [
        *_new_users(visible, events.where(new_user), rng),
        *_known_users(
            visible, events.where(~new_user), late[~new_user], new_item[~new_user], rng
        ),
    ]
    return Trial("random", visible, tuple(probes))


def arrival_trial(data: Dataset, rng: np.random.Generator) -> Trial:
    """Hide the items whose first event came last, as if they were still to come."""
    events = data.events
    new_item = newest_items(data)[events.item]
    late = late_events(events)
    visible = data.visible(~new_item & ~late)
    known = np.isin(events.item, visible.anchor_rows)
    wanted = events.where(new_item | (late & known))
    arriving = _probe("arriving", visible, visible.events, wanted, rng, new=True)
    return Trial("arrival", visible, (arriving,))


def later_trial(data: Dataset, rng: np.random.Generator) -> Trial:
    """Stand at a moment and ask what known users choose after it."""
    past = data.events.at < np.quantile(data.events.at, CUT)
    visible = data.visible(past)
    known = np.isin(data.events.item, visible.anchor_rows)
    wanted = data.events.where(~past & known)
    later = _probe("later", visible, visible.events, wanted, rng)
    return Trial("later", visible, (later,), new=False)


def newest_items(data: Dataset) -> Mask:
    """Mark the items of the catalogue whose first event came last."""
    first = np.full(len(data.items), np.inf)
    np.minimum.at(first, data.events.item, data.events.at)
    order = data.anchor_rows[np.argsort(first[data.anchor_rows], kind="stable")]
    newest = np.zeros(len(data.items), dtype=bool)
    newest[order[len(order) - round(NEWEST * len(order)) :]] = True
    return newest


def late_events(events: Events) -> Mask:
    """Mark the last tenth, at least one, of every history of three or more events."""
    sizes = np.bincount(events.user, minlength=1)[events.user]
    return (events.from_end() < np.maximum(1, sizes // 10)) & (sizes >= 3)


def _hidden_items(data: Dataset, rng: np.random.Generator) -> Mask:
    if not data.items.blocks:
        return np.zeros(len(data.items), dtype=bool)
    return _share_of(data.anchor_rows, HIDDEN, len(data.items), rng)


def _share_of(rows: Rows, share: float, size: int, rng: np.random.Generator) -> Mask:
    marked = np.zeros(size, dtype=bool)
    marked[rng.permutation(rows)[: round(share * len(rows))]] = True
    return marked


def _new_users(visible: Dataset, hidden: Events, rng: np.random.Generator) -> Iterator[Probe]:
    """Yield a probe for each number of shown events, and two that ask for new items as well."""
    known = np.isin(hidden.item, visible.anchor_rows)
    old, position = hidden.where(known), hidden.where(known).position()
    sizes = np.bincount(old.user, minlength=visible.n_users)[old.user]
    # Targets after the tenth event are the same for every number of shown events; where hardly
    # anybody has so many, what follows the shown ones must do.
    enough = len(np.unique(old.user[sizes >= LONG])) >= FEW
    for shots in SHOTS:
        asked = sizes >= (LONG if enough else shots + 2)
        after = SHOTS[-1] if enough else shots
        shown = old.where(asked & (position < shots))
        wanted = old.where(asked & (position >= after))
        gap = old.where(asked & (position >= shots) & (position < after))
        yield _probe("new_user", visible, shown, wanted, rng, gap=gap)
    for shots in (0, 3):
        asked = sizes >= shots + 2
        wanted = _joined(old.where(asked & (position >= shots)), hidden.where(~known))
        shown = old.where(asked & (position < shots))
        yield _probe("new_item", visible, shown, wanted, rng, new=True)


def _known_users(
    visible: Dataset, events: Events, late: Mask, new_item: Mask, rng: np.random.Generator
) -> Iterator[Probe]:
    known = np.isin(events.item, visible.anchor_rows)
    yield _probe(
        "user", visible, visible.events, events.where(late & known & ~new_item), rng, most=3
    )
    wanted = events.where(new_item | (late & known))
    yield _probe("new_item", visible, visible.events, wanted, rng, new=True)


def _joined(a: Events, b: Events) -> Events:
    """Return the events of two disjoint sets in one, still sorted by user."""
    parts = zip((a.user, a.item, a.at), (b.user, b.item, b.at), strict=True)
    user, item, at = (np.concatenate(pair) for pair in parts)
    order = np.argsort(user, kind="stable")
    return Events(user[order], item[order], at[order])


def _probe(  # noqa: PLR0913 - the parts of one simulated question
    kind: str,
    visible: Dataset,
    shown: Events,
    wanted: Events,
    rng: np.random.Generator,
    *,
    gap: Events | None = None,
    new: bool = False,
    most: int = 1,
) -> Probe:
    """Ask for a sample of the users of ``wanted``, knowing what is ``shown``."""
    users = np.sort(rng.permutation(np.unique(wanted.user))[: most * MOST])
    if kind != "new_user" and not (new and len(shown) == 0):
        users = users[np.isin(users, np.unique(shown.user))] if len(shown) else users
    place = np.full(visible.n_users, -1)
    place[users] = np.arange(len(users))
    n_items = len(visible.items)

    def matrix(events: Events) -> Sparse:
        mine = events.where(place[events.user] >= 0)
        return Events(place[mine.user], mine.item, mine.at).matrix(len(users), n_items)

    seen = matrix(shown) if gap is None else matrix(shown) + matrix(gap)
    candidates = np.zeros(n_items, dtype=bool)
    candidates[visible.anchor_rows] = True
    if new:
        candidates[np.unique(wanted.item)] = True
    queries = Queries.of(visible, shown, users)
    return Probe(kind, queries, matrix(wanted), seen, candidates, users)
