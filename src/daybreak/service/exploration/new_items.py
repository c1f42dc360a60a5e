"""The items of a catalogue that are new, with a scorer of their own and what is not known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from daybreak.data.dataset import Events, Queries
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.ranking.exploration.uncertainty import (
    MIN_LANDMARKS,
    ContentUncertainty,
    select_landmarks,
)
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.service.inputs.histories import Histories
from daybreak.service.state.query_builder import UserContext
from daybreak.service.state.serving_state import ServingState
from daybreak.service.training.fit import TrainedModel
from daybreak.types import Doubles, Floats, Rows

MAX_SAMPLED_USERS = 100
"""Known users whose scores tell how far scores are from what content says."""


@dataclass(frozen=True, eq=False)
class NewItemScorer:
    """New items of one shelf; a small scorer answers for them alone."""

    trained: TrainedModel
    ids: tuple[str, ...]
    rows: Rows
    """Of the catalogue."""
    since: Doubles
    """(n,) epoch [s] since when each is new."""
    scorer: Scorer
    std: Floats
    """(n,) standard deviations of scores, in units of the doubt's scale"""
    uncertainty: ContentUncertainty | None
    """None: too few items have events to know how well content tells scores."""

    def score_std(self, levels: Rows) -> Floats:
        """Return (n_users, n) standard deviations for users of some levels."""
        scale = (
            np.ones(len(EVENT_LEVELS), np.float32)
            if self.uncertainty is None
            else self.uncertainty.scale
        )
        return np.asarray(scale[levels][:, None] * self.std[None, :], dtype=np.float32)


def new_item_scorer(
    shelf: ServingState,
    histories: Histories,
    since: Mapping[str, float],
    max_items: int,
    before: NewItemScorer | None = None,
) -> NewItemScorer:
    """Return the new items of a shelf.

    Args:
        shelf: Now.
        histories: Of its users, to measure the doubt.
        since: Epoch [s] since when items are new.
        max_items: How many at most; those that came first.
        before: Those of earlier; the doubt of the same training is not measured again.
    """
    first = sorted(since, key=lambda item: (since[item], item))
    catalogue = shelf.catalogue.items
    rows = catalogue.ids.rows(first)
    found = [(item, row) for item, row in zip(first, rows.tolist(), strict=True) if row >= 0]
    chosen = found[:max_items]
    ids = tuple(item for item, _ in chosen)
    places = np.array([row for _, row in chosen], dtype=np.int64)
    items = catalogue.take(places)
    same = before is not None and before.trained is shelf.trained
    doubt = (
        before.uncertainty if before is not None and same else uncertainty_of(shelf, histories)
    )
    return NewItemScorer(
        shelf.trained,
        ids,
        places,
        np.array([since[item] for item in ids], dtype=np.float64),
        shelf.scorers[0].for_items(items),
        np.ones(len(ids), np.float32) if doubt is None else doubt.std(items),
        doubt,
    )


def uncertainty_of(shelf: ServingState, histories: Histories) -> ContentUncertainty | None:
    """Measure how far scores of a shelf are from what content says; None: it cannot be."""
    anchors = shelf.trained.fitted.train_items
    if not shelf.ranker.has_events or len(anchors) < MIN_LANDMARKS:
        return None
    landmarks = anchors.take(select_landmarks(np.arange(len(anchors))))
    learned = shelf.scorers[0]  # it scores the whole catalogue, but is ready to
    rows = learned.items.ids.rows(landmarks.ids.ids)
    known = histories.user_ids()
    users = known[:: max(len(known) // MAX_SAMPLED_USERS, 1)][:MAX_SAMPLED_USERS]
    events = histories.events_of(users)
    sizes = np.bincount(events.user, minlength=len(users))
    nobody = _queries_of_first_events(shelf, events, np.array([], dtype=np.int64), 0)
    scores = {0: learned.score(nobody)[:, rows]}
    for level, shown in enumerate(EVENT_LEVELS):
        long = np.flatnonzero(sizes >= shown)
        if shown and len(long):
            scores[level] = learned.score(_queries_of_first_events(shelf, events, long, shown))[
                :, rows
            ]
    return ContentUncertainty.from_scores(landmarks, scores, len(EVENT_LEVELS))


def _queries_of_first_events(
    shelf: ServingState, events: Events, users: Rows, shown: int
) -> Queries:
    """Return the queries of some users after their first events; one of nobody for none."""
    n = max(len(users), 1)
    place = np.full(int(events.user.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[users] = np.arange(len(users))
    mine = events.filter((place[events.user] >= 0) & (events.count_earlier() < shown))
    moved = replace(mine, user=place[mine.user])
    profile = shelf.profiles.lookup([f"\0{row}" for row in range(n)], None)[0]
    return shelf.query_builder.queries(UserContext(moved, profile, {}))
