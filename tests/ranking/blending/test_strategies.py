import pytest

from daybreak.errors import ConfigError
from daybreak.ranking.blending.strategies import (
    FittedStrategies,
    Strategy,
    default_strategies,
    get_strategies,
    slow_strategies,
)


def test_auto_is_all_fast_strategies_in_a_fixed_order():
    assert get_strategies("auto") == default_strategies()
    assert [strategy.name for strategy in default_strategies()] == [
        "popular",
        "popular/share",
        "popular/season",
        "popular/now",
        "popular/trend",
        "age",
        "profile",
        "again",
        "ease",
        "item_knn",
        "graph_filter",
        "transitions",
        "factors",
        "meta_bayes",
        "content/ridge",
        "content/match",
        "content/history",
        "content/ease",
        "content/ease_text",
        "content/neighbours",
        "content/popular",
        "content/popular_neighbours",
        "content/profile",
        "profile/match",
        "taste/attributes",
        "taste/words",
        "wish",
    ]


def test_a_strategy_that_is_not_default_takes_part_when_it_is_named():
    assert "content/smooth" not in [strategy.name for strategy in default_strategies()]
    assert [s.name for s in get_strategies(["ease", "content/smooth"])] == [
        "ease",
        "content/smooth",
    ]


def test_with_a_time_budget_auto_includes_the_slow_strategies_last():
    names = [strategy.name for strategy in get_strategies("auto", include_slow=True)]
    assert names[len(default_strategies()) :] == [
        "sequence",
        "two_tower",
        "meta_gradient",
        "content_vae",
        "adversarial",
        "distilled",
        "history_vae",
    ]
    assert all(strategy.is_slow for strategy in slow_strategies())


def test_a_strategy_survives_its_record_in_a_release():
    for strategy in get_strategies("auto", include_slow=True):
        assert Strategy.from_json(strategy.to_json()) == strategy
    smooth = get_strategies("content/smooth")[0].to_json()
    assert smooth == {
        "name": "content/smooth",
        "model": "content_smooth",
        "options": {},
        "old": False,
        "new": True,
        "costly": False,
    }


def test_strategies_are_in_the_order_of_the_names():
    assert [s.name for s in get_strategies(["ease", "popular"])] == ["ease", "popular"]
    assert [s.name for s in get_strategies("ease")] == ["ease"]


def test_an_unknown_name_is_an_error_with_the_known_ones():
    with pytest.raises(ConfigError, match="no strategy 'magic'; known: auto, popular"):
        get_strategies("magic")


def test_names_are_unique_and_every_strategy_scores_something():
    assert len({s.name for s in default_strategies()}) == len(default_strategies())
    assert all(s.scores_known or s.scores_new for s in default_strategies())


def test_linear_models_score_the_items_of_their_strategies(data):
    fitted = FittedStrategies.fit_on(data, default_strategies(), seed=0)
    for strategy, linear in zip(
        default_strategies(), fitted.linear_models(data.items), strict=True
    ):
        assert linear.scored[:32].any() or not strategy.scores_known, strategy.name
        assert linear.scored[32:].all() or not strategy.scores_new, strategy.name
