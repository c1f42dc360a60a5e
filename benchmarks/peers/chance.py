"""A random list for each user: the lowest reference of every table."""

import numpy as np
import pandas as pd

from .inputs import Split
from .ranking import top


def rank(split: Split, k: int, seed: int = 0) -> pd.DataFrame:
    """Rank at random, warm and cold items alike."""
    rng = np.random.default_rng(seed)
    return top(split, k, lambda rows: rng.random((len(rows), len(split.item_ids))), seed)
