from importlib import import_module

import pytest

from daybreak.ranking.blending.strategies import get_strategies
from daybreak.ranking.exploration import exposure, thompson


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("daybreak.ranking.exploration", "Exploring", thompson.ExplorationConfig),
        ("daybreak.ranking.exploration", "Hopes", thompson.ScorePosterior),
        ("daybreak.ranking.exploration", "most_lost", thompson.max_ndcg_loss),
        ("daybreak.ranking.exploration", "pick_all", thompson.sample_slots),
        ("daybreak.ranking.exploration", "win_chances", thompson.win_probabilities),
        ("daybreak.ranking.exposure", "Budget", exposure.ExposureBudget),
        ("daybreak.ranking.strategies", "line_up", get_strategies),
    ],
)
def test_documented_names_of_version_0_1_warn_and_name_the_new_ones(module, old, new):
    with pytest.warns(DeprecationWarning, match=f"{old} is deprecated.*{new.__name__}"):
        assert getattr(import_module(module), old) is new
