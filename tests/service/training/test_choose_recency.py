"""How earlier events weigh in the recent histories of a training."""

import pytest

from daybreak.ranking.blending.strategies import get_strategies
from daybreak.service.training.fit import choose_recency


@pytest.mark.parametrize(
    ("names", "power"),
    [(["item_knn"], 0.5), (["item_knn", "popular"], None), ("auto", None)],
)
def test_a_strategy_alone_forgets_slowly_and_a_blend_fast(names, power):
    assert choose_recency(get_strategies(names)).power == power


def test_blends_for_the_next_event_forget_slowly():
    strategies = get_strategies("auto", objective="next")
    assert choose_recency(strategies).power == 0.5
