"""Interests of users over time, and moves of the audience: people go from tea to wine."""

import xml.etree.ElementTree as ET

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.errors import ConfigError, NotFoundError
from daybreak.service.moving import flow_svg, interests_svg
from daybreak.service.state.interests import _spaced

DAY_S = 86_400


@pytest.fixture(scope="module")
def shop():
    """Thirty people take two teas and then two wines, one a day."""
    order = ["assam", "ceylon", "merlot", "rioja"]
    events = pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in range(30) for _ in order],
            "item_id": order * 30,
            "timestamp": [1.7e9 + user + DAY_S * day for user in range(30) for day in range(4)],
        }
    )
    items = pl.DataFrame(
        {
            "item_id": order,
            "title": order,
            "category": ["tea", "tea", "wine", "wine"],
            "year": [2001, 1999, 2001, 1999],
        }
    )
    users = pl.DataFrame({"user_id": ["stranger"], "country": ["fr"]})
    return Recommender(encoder="none", strategies=["popular"]).fit(events, items, users)


def topic(found, name):
    return next(one.topic for one in found.topics if one.name == name)


def test_topics_are_contents_without_years(shop):
    flow = shop.interest_flow(topics=2)
    assert sorted(one.name for one in flow.topics) == ["tea", "wine"]
    assert [one.n_items for one in flow.topics] == [2, 2]


def test_an_interest_moves_by_the_step_with_each_event(shop):
    found = shop.interests("u3", topics=2)
    tea, before = topic(found, "tea"), 0.5
    for point, is_tea in zip(found.points, [1, 1, 0, 0], strict=True):
        before = (1 - found.step) * before + found.step * is_tea
        assert point.shares[tea] == pytest.approx(before)
    assert [point.events for point in found.points] == [1, 2, 3, 4]
    assert sum(found.expected) == pytest.approx(1)


def test_the_audience_moves_from_tea_to_wine(shop):
    flow = shop.interest_flow(topics=2, points=4)
    wine = topic(flow, "wine")
    assert [point.shares[wine] for point in flow.points] == pytest.approx([0, 0, 1, 1])
    assert flow.current[wine] > 0.5
    assert sum(flow.expected) == pytest.approx(sum(flow.current)) == pytest.approx(1)
    assert all(move.share > 0 for move in flow.moves)


def test_somebody_without_events_has_the_interest_of_a_stranger(shop):
    found = shop.interests("stranger", topics=2)
    assert found.points == ()
    assert found.expected == pytest.approx((0.5, 0.5), abs=0.2)


def test_unknown_users_and_numbers_out_of_range_are_errors(shop):
    with pytest.raises(NotFoundError, match="nobody"):
        shop.interests("nobody")
    with pytest.raises(ConfigError, match="topics must be from 2 to 30, got 1"):
        shop.interest_flow(topics=1)
    with pytest.raises(ConfigError, match="points must be from 1 to 100, got 0"):
        shop.interests("u3", points=0)


def test_pictures_are_svg_with_the_names_of_topics(shop):
    for svg in (interests_svg(shop.interests("u3")), flow_svg(shop.interest_flow())):
        assert ET.fromstring(svg).tag.endswith("svg")
        assert "tea" in svg


def test_a_catalogue_without_terms_has_titles_as_names():
    events = pl.DataFrame(
        {"user_id": list("aabbccdd"), "item_id": list("xyxyzwzw"), "timestamp": range(8)}
    )
    flow = (
        Recommender(encoder="none", strategies=["popular"]).fit(events).interest_flow(topics=2)
    )
    names = [set(one.name.split(", ")) for one in flow.topics]
    assert {"x", "y"} in names
    assert {"w", "z"} in names


@given(st.integers(0, 300), st.integers(1, 100))
def test_points_are_distinct_and_end_with_the_last_event(n, n_points):
    found = _spaced(n, n_points)
    assert len(found) == min(n, n_points)
    assert list(found) == sorted(set(found))
    assert not n or found[-1] == n - 1
    assert np.asarray(found).max(initial=-1) < max(n, 1)


def test_words_name_topics_where_attributes_are_numbers():
    """Prices are the only attribute; the words of titles say what items are."""
    order = ["cake", "lunch"]
    items = pl.DataFrame(
        {
            "item_id": [f"{kind}{n}" for kind in order for n in range(12)],
            "title": ["cake stand"] * 12 + ["lunch bag"] * 12,
            "price": [0.5 + 0.25 * n for n in range(24)],
        }
    )
    events = pl.DataFrame(
        {
            "user_id": [f"u{n % 8}" for n in range(24)],
            "item_id": items["item_id"],
            "timestamp": [1.7e9 + n for n in range(24)],
        }
    )
    flow = (
        Recommender(encoder="none", strategies=["popular"])
        .fit(events, items)
        .interest_flow(topics=2)
    )
    names = sorted(one.name for one in flow.topics)
    assert set(" ".join(names).replace(",", "").split()) <= {"cake", "stand", "lunch", "bag"}
    assert names[0] != names[1]
