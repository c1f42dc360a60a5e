"""Drift of a shop since a training: what people choose, and what is in the catalogue.

The monitor of a service and the evaluation of a release measure it with :class:`DriftMeter`.
"""

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models.age import item_births
from daybreak.rng import create_generator
from daybreak.service.state.interests import topics_of
from daybreak.service.state.serving_state import ServingState
from daybreak.service.training.drift import (
    DriftReading,
    DriftScore,
    content_drift,
    interest_drift,
)
from daybreak.types import Rows

MAX_UNGROUPED_SHARE = 0.1
"""Share of new items from which the catalogue is grouped again."""


class DriftMeter:
    """Measures the drift of interests and of content; it groups the items of a release once.

    Example:
        >>> import polars as pl
        >>> from daybreak.service.recommender import Recommender
        >>> events = pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["tea", "tea"]})
        >>> shop = Recommender(encoder="none", strategies=["popular"]).fit(events)
        >>> [one.name for one in DriftMeter().readings(shop.state, 0.0)]
        ['interests', 'content']
    """

    def __init__(self) -> None:
        self._topics: tuple[str, Rows] = ("", np.empty(0, dtype=np.int64))

    def readings(self, state: ServingState, trained_at: float) -> tuple[DriftReading, ...]:
        """Return the drift of interests and of content, with thresholds and sentences.

        Args:
            state: Current data, and the training with which they are compared.
            trained_at: Time of the training, epoch [s].
        """
        return (
            DriftReading.of("interests", self.interests(state, trained_at)),
            DriftReading.of("content", self.content(state)),
        )

    def interests(self, state: ServingState, trained_at: float) -> DriftScore:
        """Return the drift of the topics of events since a training.

        The items are grouped once for a release, and again when the catalogue has grown.

        Args:
            state: Current events and catalogue.
            trained_at: Time of the training, epoch [s].
        """
        n = len(state.catalogue.items)
        release, group = self._topics
        if release != state.release or n > (1 + MAX_UNGROUPED_SHARE) * len(group):
            group = topics_of(state)
            self._topics = (state.release, group)
        positive = state.histories.all_positive()
        known = positive.filter((positive.item < len(group)) & (positive.at > 0))
        order = np.argsort(known.at, kind="stable")
        topic, is_late = group[known.item[order]], known.at[order] > trained_at
        n_groups = int(group.max(initial=-1)) + 1
        rng = create_generator(0, "drift")
        return interest_drift(topic[~is_late], topic[is_late], n_groups, rng)

    def content(self, state: ServingState) -> DriftScore:
        """Return the drift of the content of items since a training.

        Args:
            state: Current catalogue, and that of the training.
        """
        items = state.catalogue.items
        trained_rows = np.arange(len(state.trained.items))
        new_rows = np.setdiff1d(np.flatnonzero(state.ranker.is_available), trained_rows)
        if not len(new_rows):
            return DriftScore(0.0, 0.0)
        positive = state.histories.all_positive()
        known = positive.filter(positive.item < len(items))
        arrivals = item_births(Dataset(items, known, int(known.user.max(initial=-1)) + 1))
        rng = create_generator(0, "drift")
        return content_drift(items, trained_rows, new_rows, arrivals, rng)
