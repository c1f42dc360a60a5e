"""Popularity that follows events, counted as a training would count it."""

from dataclasses import replace

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.events import Events
from daybreak.models.popular import PopularModel, PopularState
from daybreak.rng import stream
from daybreak.service.learning import Learned


def followed(learned: Learned, liked: Events) -> Learned | None:
    """Return what was learned with popularity counted from other events; None: nothing there.

    An item keeps its place in the other models; popularity alone is a sum over events that can
    be made anew at any time: the result is that of a training on these events, for the items
    that the models know.

    Args:
        learned: The models.
        liked: Positive events; ``item`` are rows of a catalogue that begins with that of the
            training.
    """
    fitted = learned.fitted
    counting = {row: m for row, m in enumerate(fitted.models) if isinstance(m, PopularModel)}
    if not counting or not len(liked) or not len(fitted.anchors):
        return None
    anchor_rows = learned.items.ids.rows(fitted.anchors.ids)
    place = np.full(int(max(liked.item.max(), anchor_rows.max())) + 1, -1)
    place[anchor_rows] = np.arange(len(anchor_rows))
    known = place[liked.item] >= 0
    if not known.any():
        return None
    at = np.where(np.isfinite(liked.at[known]), liked.at[known], 0.0)
    events = Events(liked.user[known], place[liked.item[known]], at)
    data = Dataset(fitted.anchors, events, int(liked.user.max()) + 1)
    models = list(fitted.models)
    for row, model in counting.items():
        models[row] = _counted(model, data)
    return replace(learned, fitted=replace(fitted, models=tuple(models)))


def _counted(model: PopularModel, data: Dataset) -> PopularModel:
    """Return a model of the same options for the same items, counted from other events."""
    state = model.learn(data, stream(0, "popular"))  # counting draws nothing
    values = np.zeros(len(data.items), dtype=np.float32)
    values[data.anchor_rows] = state.values
    return model.holding(PopularState(values, state.dated))
