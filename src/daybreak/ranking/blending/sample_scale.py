"""Scales of strategies whose weights are learned from a sample of the users."""

from dataclasses import replace

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models import models
from daybreak.ranking.blending.pools import measure_user_scales
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.blending.warm_start import fit_all
from daybreak.types import Floats

MAX_SCALE_RATIO = 100.0
"""Largest ratio of two scales of a strategy that is believed."""


def scale_from_sample(
    data: Dataset, sample: Dataset, fitted: FittedStrategies, scale: Floats, seed: int
) -> Floats:
    """Return the scales of strategies that are fitted on all data, from those in the sample.

    The scores of a strategy grow with the events that it is fitted on, for instance because
    rare pairs of items are shrunk. Its weight was learned for the scores in the sample, so its
    scale grows by the ratio of the scores.

    Args:
        data: All training data.
        sample: Data of the simulated cold starts; ``data`` itself if there are few events.
        fitted: Strategies, fitted on all data.
        scale: (n_strategies,) scales in the simulated cold starts.
        seed: Seed of the fits.

    Cost: one more fit of each strategy on the sample.
    """
    if sample is data:
        return scale
    of_sample, _ = fit_all(replace(sample), fitted.strategies, seed, None)
    before, now = (
        measure_user_scales(seen, of, of.linear_models(seen.items))
        for seen, of in ((sample, of_sample), (data, fitted))
    )
    ratio = np.divide(now, before, out=np.ones_like(now), where=(before > 0) & (now > 0))
    ordinary = [models[s.model].card.fitted_on == "ordinary" for s in fitted.strategies]
    bounded = np.clip(ratio, 1 / MAX_SCALE_RATIO, MAX_SCALE_RATIO)
    return np.where(ordinary, scale * bounded, scale).astype(np.float32)
