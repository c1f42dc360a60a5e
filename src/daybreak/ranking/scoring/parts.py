"""What a scorer computes from the models of its strategies, without a blend."""

from dataclasses import dataclass

from daybreak.data.dataset import Items
from daybreak.models import LinearScorer
from daybreak.ranking.scoring.centres import ScoreCentre
from daybreak.types import Mask


@dataclass(frozen=True, eq=False)
class ScorerParts:
    """What a scorer computes from the models of its strategies, without a blend."""

    items: Items
    linear_models: tuple[LinearScorer, ...]
    """The strategies as linear functions for the items."""
    centres: tuple[ScoreCentre, ...]
    """Mean scores of the strategies over the warm items."""
    is_informative: Mask
    """(n_strategies,) whether scores can differ between any two items"""
