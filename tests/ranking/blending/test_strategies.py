import pytest

from daybreak.errors import ConfigError
from daybreak.models import models
from daybreak.ranking.blending.strategies import (
    DEFAULT_STRATEGIES,
    FittedStrategies,
    get_strategies,
)


def test_auto_is_all_default_strategies():
    assert get_strategies("auto") == DEFAULT_STRATEGIES


def test_strategies_are_in_the_order_of_the_names():
    assert [s.name for s in get_strategies(["ease", "popular"])] == ["ease", "popular"]
    assert [s.name for s in get_strategies("ease")] == ["ease"]


def test_an_unknown_name_is_an_error_with_the_known_ones():
    with pytest.raises(ConfigError, match="no strategy 'magic'; known: auto, popular"):
        get_strategies("magic")


def test_names_are_unique_and_every_strategy_scores_something():
    assert len({s.name for s in DEFAULT_STRATEGIES}) == len(DEFAULT_STRATEGIES)
    assert all(s.scores_known or s.scores_new for s in DEFAULT_STRATEGIES)


def test_strategies_for_new_items_have_models_that_score_them():
    assert all(models[s.model].scores_new_items for s in DEFAULT_STRATEGIES if s.scores_new)


def test_linear_models_score_the_items_of_their_strategies(data):
    fitted = FittedStrategies.fit_on(data, DEFAULT_STRATEGIES, seed=0)
    for strategy, linear in zip(
        DEFAULT_STRATEGIES, fitted.linear_models(data.items), strict=True
    ):
        assert linear.scored[:32].any() or not strategy.scores_known, strategy.name
        assert linear.scored[32:].all() or not strategy.scores_new, strategy.name
