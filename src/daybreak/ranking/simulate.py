"""Cold starts played on known data: users and items are hidden, then asked for."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.events import Events
from daybreak.data.queries import Queries
from daybreak.ranking.features import Probe
from daybreak.rng import stream
from daybreak.types import Mask, Rows

SHOTS = (0, 1, 3, 5, 10)
"""Events shown of a simulated new user."""
HIDDEN = 0.2
"""Share of users and of items that a trial hides."""
NEWEST = 0.15
"""Share of items that a trial by arrival hides: those whose first event came last."""
CUT = 0.8
"""Share of the events before the moment at which a trial by arrival stands."""
MOST = 500
"""Queries of one kind; more cost time and tell little."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One simulated cold start: what may be learned, and what is asked."""

    name: str
    """``random``: hidden at random; ``arrival``: hidden by time, as new items really come."""
    data: Dataset
    probes: tuple[Probe, ...]


def trials(data: Dataset, seed: int) -> Iterator[Trial]:
    """Yield the trials that the data allow; small data are played more than once."""
    n_hidden = HIDDEN * len(data.active)
    for repeat in range(int(np.clip(np.ceil(MOST / max(n_hidden, 1)), 1, 3))):
        yield random_trial(data, stream(seed, f"random trial {repeat}"))
    if data.events.dated:
        yield arrival_trial(data, stream(seed, "arrival trial"))


def random_trial(data: Dataset, rng: np.random.Generator) -> Trial:
    """Hide a fifth of the users and of the items at random, and the last tenth of each history."""
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
    """Stand at a moment: later events are the future, and the newest items are still to come."""
    events = data.events
    cut = np.quantile(events.at, CUT)
    new_item = newest_items(data)[events.item]
    late = late_events(events)
    past = events.at < cut
    visible = data.visible(past & ~new_item & ~late)
    known = np.isin(events.item, visible.anchor_rows)
    future = _probe(
        "later", visible, visible.events, events.where(~past & known & ~new_item), rng
    )
    arriving = _probe(
        "arriving",
        visible,
        visible.events,
        events.where(new_item | (late & known)),
        rng,
        new=True,
    )
    return Trial("arrival", visible, (future, arriving))


def newest_items(data: Dataset) -> Mask:
    """Mark the items of the catalogue whose first event came last."""
    first = np.full(len(data.items), np.inf)
    np.minimum.at(first, data.events.item, data.events.at)
    order = data.anchor_rows[np.argsort(first[data.anchor_rows], kind="stable")]
    newest = np.zeros(len(data.items), dtype=bool)
    newest[order[len(order) - int(round(NEWEST * len(order))) :]] = True
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
    marked[rng.permutation(rows)[: int(round(share * len(rows)))]] = True
    return marked


def _new_users(visible: Dataset, hidden: Events, rng: np.random.Generator) -> Iterator[Probe]:
    """Yield a probe for each number of shown events, with old candidates; one with new ones too."""
    known = np.isin(hidden.item, visible.anchor_rows)
    old = hidden.where(known)
    position = old.position()
    sizes = np.bincount(old.user, minlength=visible.n_users)[old.user]
    for shots in SHOTS:
        # Targets after the tenth event keep the probes comparable; short histories use what is left.
        after = np.where(sizes >= 15, 10, shots)
        shown = (position < shots) & (sizes >= shots + 2)
        wanted = (position >= after) & (sizes >= shots + 2)
        gap = (position >= shots) & (position < after)
        yield _probe(
            "new_user", visible, old.where(shown), old.where(wanted), rng, gap=old.where(gap)
        )
    for shots in (0, 3):
        shown = (position < shots) & (sizes >= shots + 2)
        rest = Events(
            *_joined(
                old.where((position >= shots) & (sizes >= shots + 2)), hidden.where(~known)
            )
        )
        yield _probe("new_item", visible, old.where(shown), rest, rng, new=True)


def _known_users(
    visible: Dataset, events: Events, late: Mask, new_item: Mask, rng: np.random.Generator
) -> Iterator[Probe]:
    known = np.isin(events.item, visible.anchor_rows)
    yield _probe(
        "user", visible, visible.events, events.where(late & known & ~new_item), rng, most=3
    )
    wanted = events.where(new_item | (late & known))
    yield _probe("new_item", visible, visible.events, wanted, rng, new=True)


def _joined(a: Events, b: Events) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    parts = [
        np.concatenate(pair) for pair in ((a.user, b.user), (a.item, b.item), (a.at, b.at))
    ]
    order = np.argsort(parts[0], kind="stable")
    return parts[0][order], parts[1][order], parts[2][order]


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

    def matrix(events: Events) -> object:
        mine = events.where(place[events.user] >= 0)
        return Events(place[mine.user], mine.item, mine.at).matrix(len(users), n_items)

    seen = matrix(shown) if gap is None else matrix(shown) + matrix(gap)  # type: ignore[operator]
    candidates = np.zeros(n_items, dtype=bool)
    candidates[visible.anchor_rows] = True
    if new:
        candidates[np.unique(wanted.item)] = True
    return Probe(kind, Queries.of(visible, shown, users), matrix(wanted), seen, candidates)
