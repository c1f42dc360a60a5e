"""Lists that are the same for everybody: popular, trending, latest."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.events import Events
from daybreak.data.items import Items
from daybreak.models.popular import PopularModel
from daybreak.service.live.scene import Scene
from daybreak.types import Doubles, Floats

Chart = Literal["popular", "trending", "latest"]
CHARTS: tuple[Chart, ...] = ("popular", "trending", "latest")
WINDOW = 0.02
"""Share of the newest events that mark what is trending."""


@dataclass(frozen=True, eq=False)
class Charts:
    """Scores of all items, by the events that are known now; counted when first asked for."""

    items: Items
    liked: Events

    @classmethod
    def of(cls, scene: Scene) -> "Charts":
        """Return the charts of a scene."""
        return cls(scene.shelf.catalogue.items, scene.histories.liked())

    def scores(self, chart: Chart) -> Floats | Doubles:
        """Return (n_items,) scores; NaN where there is nothing to say.

        ``popular`` and ``trending`` count users, in all or faded, out of 10,000 altogether;
        ``latest`` is ``created_at``, or where no item has one, the order in which items came.
        """
        found: Floats | Doubles = getattr(self, chart)
        return found

    @cached_property
    def popular(self) -> Floats:
        """Shares of all users of items."""
        return self._counted(0.0)

    @cached_property
    def trending(self) -> Floats:
        """Shares, the latest events counted most."""
        return self._counted(WINDOW)

    @cached_property
    def latest(self) -> Doubles:
        """Times, or places."""
        created = self.items.created_at
        if len(created) and not np.isnan(created).all():
            return created
        return np.arange(len(self.items), dtype=np.float64)

    def _counted(self, window: float) -> Floats:
        values = np.full(len(self.items), np.nan, dtype=np.float32)
        liked = self.liked.where(self.liked.item < len(self.items))
        if not len(liked):
            return values
        at = np.where(np.isfinite(liked.at), liked.at, 0.0)
        events = Events(liked.user, liked.item, at)
        data = Dataset(self.items, events, int(liked.user.max()) + 1)
        model = PopularModel(window=window, logarithm=False).fit(data)
        values[data.anchor_rows] = model.state.values * 100
        return values
