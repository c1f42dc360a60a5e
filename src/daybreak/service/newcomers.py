"""The items of a catalogue that are new, with a scorer of their own and what is not known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from daybreak.data.events import Events
from daybreak.data.queries import Queries
from daybreak.ranking.blend import LEVELS
from daybreak.ranking.doubt import LEAST, Doubt, landmarks_among
from daybreak.ranking.scorer import Scorer
from daybreak.service.asking import Told
from daybreak.service.histories import Histories
from daybreak.service.learning import Learned
from daybreak.service.shelf import Shelf
from daybreak.types import Doubles, Floats, Rows

ASKED = 100
"""Known users whose scores tell how far scores are from what content says."""


@dataclass(frozen=True, eq=False)
class Newcomers:
    """New items of one shelf; a small scorer answers for them alone."""

    learned: Learned
    ids: tuple[str, ...]
    rows: Rows
    """Of the catalogue."""
    since: Doubles
    """(n,) epoch [s] since when each is new."""
    scorer: Scorer
    spread: Floats
    """(n,) standard deviations of scores, in units of the doubt's scale"""
    doubt: Doubt | None
    """None: too few items have events to know how well content tells scores."""

    def spreads(self, levels: Rows) -> Floats:
        """Return (n_users, n) standard deviations for users of some levels."""
        scale = np.ones(len(LEVELS), np.float32) if self.doubt is None else self.doubt.scale
        return np.asarray(scale[levels][:, None] * self.spread[None, :], dtype=np.float32)


def newcomers(
    shelf: Shelf,
    histories: Histories,
    since: Mapping[str, float],
    most: int,
    before: Newcomers | None = None,
) -> Newcomers:
    """Return the new items of a shelf.

    Args:
        shelf: Now.
        histories: Of its users, to measure the doubt.
        since: Epoch [s] since when items are new.
        most: How many at most; those that came first.
        before: Those of earlier; the doubt of the same training is not measured again.
    """
    first = sorted(since, key=lambda item: (since[item], item))
    catalogue = shelf.catalogue.items
    rows = catalogue.ids.rows(first)
    found = [(item, row) for item, row in zip(first, rows.tolist(), strict=True) if row >= 0]
    chosen = found[:most]
    ids = tuple(item for item, _ in chosen)
    places = np.array([row for _, row in chosen], dtype=np.int64)
    items = catalogue.take(places)
    same = before is not None and before.learned is shelf.learned
    doubt = before.doubt if before is not None and same else doubt_of(shelf, histories)
    return Newcomers(
        shelf.learned,
        ids,
        places,
        np.array([since[item] for item in ids], dtype=np.float64),
        shelf.scorers[0].wing(items),
        np.ones(len(ids), np.float32) if doubt is None else doubt.spread(items),
        doubt,
    )


def doubt_of(shelf: Shelf, histories: Histories) -> Doubt | None:
    """Measure how far scores of a shelf are from what content says; None: it cannot be."""
    anchors = shelf.learned.fitted.anchors
    if not shelf.answers.has_events or len(anchors) < LEAST:
        return None
    landmarks = anchors.take(landmarks_among(np.arange(len(anchors))))
    learned = shelf.scorers[0]  # it scores the whole catalogue, but is ready to
    rows = learned.items.ids.rows(landmarks.ids.ids)
    known = histories.known()
    users = known[:: max(len(known) // ASKED, 1)][:ASKED]
    events = histories.of(users)
    sizes = np.bincount(events.user, minlength=len(users))
    nobody = _asked(shelf, events, np.array([], dtype=np.int64), 0)
    scores = {0: learned.score(nobody)[:, rows]}
    for level, shown in enumerate(LEVELS):
        long = np.flatnonzero(sizes >= shown)
        if shown and len(long):
            scores[level] = learned.score(_asked(shelf, events, long, shown))[:, rows]
    return Doubt.of(landmarks, scores, len(LEVELS))


def _asked(shelf: Shelf, events: Events, users: Rows, shown: int) -> Queries:
    """Return the queries of some users after their first events; one of nobody for none."""
    n = max(len(users), 1)
    place = np.full(int(events.user.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[users] = np.arange(len(users))
    mine = events.where((place[events.user] >= 0) & (events.position() < shown))
    moved = replace(mine, user=place[mine.user])
    profile = shelf.profiles.ask([f"\0{row}" for row in range(n)], None)[0]
    return shelf.asking.queries(Told(moved, profile, {}))
