"""Scores of the new items of a catalogue, with standard deviations."""

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
from daybreak.service.state.query_builder import UserContext
from daybreak.service.state.serving_state import ServingState
from daybreak.service.training.fit import TrainedModel
from daybreak.types import Doubles, Floats, Rows

MAX_SAMPLED_USERS = 100
"""Largest number of users whose scores are compared with what the content predicts."""


@dataclass(frozen=True, eq=False)
class NewItemScorer:
    """Scores the new items of one state, with standard deviations."""

    trained: TrainedModel
    ids: tuple[str, ...]
    rows: Rows
    """(n,) rows of the catalogue."""
    since: Doubles
    """(n,) time since when each item is new, epoch seconds."""
    scorer: Scorer
    std: Floats
    """(n,) standard deviations of scores, in units of ``uncertainty.scale``."""
    uncertainty: ContentUncertainty | None
    """None: too few items have events to measure it."""

    def score_std(self, levels: Rows) -> Floats:
        """Return (n_users, n) standard deviations for users of some levels."""
        scale = (
            np.ones(len(EVENT_LEVELS), np.float32)
            if self.uncertainty is None
            else self.uncertainty.scale
        )
        return np.asarray(scale[levels][:, None] * self.std[None, :], dtype=np.float32)


def new_item_scorer(
    state: ServingState,
    since: Mapping[str, float],
    max_items: int,
    previous: NewItemScorer | None = None,
) -> NewItemScorer:
    """Return a scorer of the new items of a state.

    Args:
        state: State with the catalogue.
        since: Item id to the time since when it is new, epoch seconds.
        max_items: Largest number of items; the earliest are taken.
        previous: An earlier scorer; the uncertainty of the same training is reused.
    """
    first = sorted(since, key=lambda item: (since[item], item))
    catalogue = state.catalogue.items
    rows = catalogue.ids.rows(first)
    available = [
        (item, row) for item, row in zip(first, rows.tolist(), strict=True) if row >= 0
    ]
    chosen = available[:max_items]
    ids = tuple(item for item, _ in chosen)
    item_rows = np.array([row for _, row in chosen], dtype=np.int64)
    items = catalogue.take(item_rows)
    same = previous is not None and previous.trained is state.trained
    uncertainty = (
        previous.uncertainty if previous is not None and same else uncertainty_of(state)
    )
    return NewItemScorer(
        state.trained,
        ids,
        item_rows,
        np.array([since[item] for item in ids], dtype=np.float64),
        state.scorers[0].for_items(items),
        np.ones(len(ids), np.float32) if uncertainty is None else uncertainty.std(items),
        uncertainty,
    )


def uncertainty_of(state: ServingState) -> ContentUncertainty | None:
    """Measure how much scores differ from what content predicts; None: too few items."""
    train_items = state.trained.fitted.train_items
    if not state.ranker.has_events or len(train_items) < MIN_LANDMARKS:
        return None
    landmarks = train_items.take(select_landmarks(np.arange(len(train_items))))
    scorer = state.scorers[0]  # scores more items than needed, but is ready
    rows = scorer.items.ids.rows(landmarks.ids.ids)
    all_users = state.histories.user_ids()
    users = all_users[:: max(len(all_users) // MAX_SAMPLED_USERS, 1)][:MAX_SAMPLED_USERS]
    events = state.histories.events_of(users)
    sizes = np.bincount(events.user, minlength=len(users))
    no_events = _queries_of_first_events(state, events, np.array([], dtype=np.int64), 0)
    scores = {0: scorer.score(no_events)[:, rows]}
    for level, n_events in enumerate(EVENT_LEVELS):
        long = np.flatnonzero(sizes >= n_events)
        if n_events and len(long):
            scores[level] = scorer.score(
                _queries_of_first_events(state, events, long, n_events)
            )[:, rows]
    return ContentUncertainty.from_scores(landmarks, scores, len(EVENT_LEVELS))


def _queries_of_first_events(
    state: ServingState, events: Events, users: Rows, n_events: int
) -> Queries:
    """Return the queries of users after ``n_events`` events; without users, one empty query."""
    n = max(len(users), 1)
    position_of_user = np.full(int(events.user.max(initial=-1)) + 1, -1, dtype=np.int64)
    position_of_user[users] = np.arange(len(users))
    first = events.filter(
        (position_of_user[events.user] >= 0) & (events.count_earlier() < n_events)
    )
    renumbered = replace(first, user=position_of_user[first.user])
    profile = state.profiles.lookup([f"\0{row}" for row in range(n)], None)[0]
    return state.query_builder.queries(UserContext(renumbered, profile, {}))
