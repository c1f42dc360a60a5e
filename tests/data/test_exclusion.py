"""Having keeps an item out of lists, being shown does not."""

import pytest

from daybreak.data import EventRules
from daybreak.data.exclusion import (
    ExclusionRule,
    are_clicks_all,
    is_display,
    parse_event_types,
)
from daybreak.errors import ConfigError

DISPLAYS = (
    *("Impression", "view_item_list", "product-viewed", "ProductView", "page view", "pv"),
    *("SHOWN", "item_seen", "detailView", "search", "klick", "浏览", "曝光", "クリック"),
)


@pytest.mark.parametrize("name", DISPLAYS)
def test_being_shown_or_looked_at_excludes_nothing(name):
    assert is_display(name)
    assert not ExclusionRule().excludes((name, 0))
    assert not ExclusionRule().excludes((name, 1))


@pytest.mark.parametrize(
    "name",
    [None, "purchase", "order", "watched", "read", "rating", "购买", "viewed_and_bought"],
)
def test_having_excludes(name):
    assert ExclusionRule().excludes((name, 1))
    assert not ExclusionRule(repeats=True).excludes((name, 1))


@pytest.mark.parametrize("repeats", [True, False])
def test_negative_events_exclude_in_every_shop(repeats):
    assert ExclusionRule(repeats=repeats).excludes(("dislike", -1))
    assert ExclusionRule(repeats=repeats).excludes(("view", -1))


def test_named_types_are_the_only_ones():
    rule = ExclusionRule.of_types(["Add to cart", "rating"])
    assert rule.excludes(("add-to-cart", 1))
    assert rule.excludes((None, 1))
    assert not rule.excludes(("purchase", 1))
    assert not ExclusionRule.of_types([]).excludes(("purchase", 1))


def test_a_condition_on_a_value_is_no_type():
    with pytest.raises(ConfigError, match="rating>=4"):
        parse_event_types("purchase, rating>=4")
    with pytest.raises(ConfigError):
        EventRules(excludes="rating>=4")


def test_clicks_exclude_where_nothing_more_is_known():
    news, shop = ExclusionRule(clicks=True), ExclusionRule()
    for name in ("click", "Article-Clicked", "geklickt", "点击"):
        assert news.excludes((name, 1))
        assert not shop.excludes((name, 1))
        assert are_clicks_all([(name, 1), ("impression", 0)])
    assert not news.excludes(("impression", 0))
    assert not ExclusionRule(clicks=True, repeats=True).excludes(("click", 1))


@pytest.mark.parametrize("name", [None, "view", "purchase", "tapestry_order"])
def test_other_positive_events_are_more_than_clicks(name):
    assert not are_clicks_all([("click", 1), (name, 1)])
