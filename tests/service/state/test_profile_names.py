"""Attributes of profiles are known in every notation; the others are told."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.errors import UnusedAttributeWarning
from daybreak.service.state.profile_names import match_names, with_known_names

names = st.lists(
    st.sampled_from(["age", "Age", " AGE", "homeTown", "home_town", "size", "Bio", "text"]),
    unique=True,
    max_size=6,
)


@given(names, st.sets(st.sampled_from(["age", "home_town", "text"])))
def test_no_value_is_lost_and_known_names_stay(given_names, known):
    matched = match_names(given_names, known)
    assert list(matched) == given_names
    assert len(set(matched.values())) == len(given_names)
    assert all(matched[name] == name for name in given_names if name in known)


def test_every_notation_finds_its_attribute():
    known = ["home_town", "age"]
    for name in ("HomeTown", "home town", "HOME-TOWN", " homeTown "):
        assert with_known_names({name: "Oulu"}, known) == {"home_town": "Oulu"}
    assert with_known_names({"About me": "tea"}, known) == {"text": "tea"}
    assert with_known_names({"About me": "tea"}, known, has_text=False) == {"About me": "tea"}


@pytest.fixture(scope="module")
def shop():
    users = [{"user_id": f"u{n}", "homeTown": ("Oulu", "Turku")[n % 2]} for n in range(20)]
    events = [{"user_id": f"u{n}", "item_id": "ab"[n % 2]} for n in range(20)]
    model = Recommender(encoder="none", strategies=["popular", "profile"])
    return model.fit(events, users=users)


def test_a_list_is_the_same_in_every_notation(shop):
    lists = [
        shop.recommend(profiles=[{"user_id": "new", name: "Turku"}], k=2)["score"].to_list()
        for name in ("home_town", "homeTown", "Home Town", "HOME_TOWN")
    ]
    assert lists.count(lists[0]) == 4


def test_an_unknown_attribute_is_told_with_the_nearest_one(shop):
    with pytest.warns(UnusedAttributeWarning, match="'hometwon'; did you mean 'home_town'"):
        shop.recommend(profiles=[{"user_id": "new", "hometwon": "Turku"}], k=2)


def test_added_users_are_stored_under_the_known_names(shop):
    shop.add_users(pl.DataFrame({"user_id": ["late"], "HOMETOWN": ["Turku"]}))
    assert shop.state.profiles.attributes_of("late") == {"home_town": "Turku"}
