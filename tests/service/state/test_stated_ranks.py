"""The best of a kind: what most users have chosen of what has the values that a text names."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.messages import translate_text
from daybreak.service.state.stated_ranks import rank_strengths

FILMS = [
    ("obscure", "Comedy", 0),
    ("unseen", "Comedy", 0),
    ("rare", "Comedy", 1),
    ("known", "Comedy|Drama", 3),
    ("famous", "Comedy|Drama|War", 6),
    ("hit", "War", 9),
    ("epic", "War|Drama", 8),
    ("sad", "Drama", 5),
    ("Best in Show", "Drama", 2),
    ("dogs", "Comedy", 2),
]
ITEMS = pl.DataFrame(
    {
        "item_id": [name for name, _, _ in FILMS],
        "title": [name for name, _, _ in FILMS],
        "genres": [genres for _, genres, _ in FILMS],
    }
)
EVENTS = pl.DataFrame(
    [
        {"user_id": f"user-{user}", "item_id": name}
        for name, _, n_users in FILMS
        for user in range(n_users)
    ]
)


@pytest.fixture(scope="module")
def films():
    return Recommender(encoder="none", strategies=["popular", "content/ridge", "wish"]).fit(
        EVENTS, items=ITEMS
    )


def asked(films, text, k=3, **options):
    profiles = pl.DataFrame({"user_id": ["new"], "text": [text]})
    return films.recommend(profiles=profiles, k=k, **options)


@pytest.mark.parametrize(
    "text",
    [
        "top rated comedies",
        "the best comedies of all time",
        "best comedy films",
        "die besten Komödien",
        "最受欢迎的喜剧",
        "最好看的喜剧片",
    ],
)
def test_the_best_of_a_kind_are_those_that_most_users_have_chosen(films, text):
    assert asked(films, text)["item_id"].to_list() == ["famous", "known", "dogs"]


@pytest.mark.parametrize("text", ["comedies", "a comedy", "some comedy films", "喜剧"])
def test_all_of_a_kind_is_alike_and_what_people_know_comes_first(films, text):
    found = asked(films, text, k=6)["item_id"].to_list()
    assert found[:3] == ["famous", "known", "dogs"]
    assert set(found) == {"famous", "known", "dogs", "rare", "obscure", "unseen"}


def test_a_kind_without_another_has_nothing_of_it(films):
    assert asked(films, "comedies but no war")["item_id"].to_list() == ["known", "dogs", "rare"]


def test_a_sentence_without_spaces_is_no_kind(films):
    assert "famous" not in asked(films, "我想看关于小镇的喜剧电影", k=2)["item_id"].to_list()


def test_a_kind_and_more_is_what_is_most_alike(films):
    assert asked(films, "comedies about dogs", k=1)["item_id"].to_list() == ["dogs"]
    assert asked(films, "Best in Show", k=1)["item_id"].to_list() == ["Best in Show"]


def test_a_reason_says_that_an_item_is_of_the_kind(films):
    reasons = asked(films, "comedies", k=1, explain=True)["reasons"].to_list()[0]
    said = next(one["text"] for one in reasons if "asks for" in one["text"])
    assert said == "is all that 'comedies' asks for"
    assert translate_text(said, "zh") != said


def test_the_best_without_something_have_nothing_of_it(films):
    found = asked(films, "best comedies without war")["item_id"].to_list()
    assert found == ["known", "dogs", "rare"]


def test_a_rank_that_is_a_title_or_about_more_than_values_changes_nothing(films):
    assert asked(films, "Best in Show", k=1)["item_id"].to_list() == ["Best in Show"]
    assert asked(films, "best comedies about dogs", k=1)["item_id"].to_list() == ["dogs"]


def test_reasons_name_the_number_of_users(films):
    text = asked(films, "top rated comedies", k=1, explain=True)["reasons"].to_list()[0]
    said = [one["text"] for one in text if "number of users" in one["text"]]
    assert said == ["number of users 6 is high, as you asked"]
    assert translate_text(said[0], "zh") != said[0]


def test_items_with_more_of_the_values_come_before_the_others():
    likeness = np.zeros((1, 4), dtype=np.float32)
    likeness[0] = [0.5, 0.5, 0.5, 0.0]
    strengths = rank_strengths(np.array([1.0, 2.0, 3.0, 9.0]), likeness, np.array([2, 1, 1, 0]))
    assert np.argsort(-strengths).tolist() == [0, 2, 1, 3]
    assert strengths[3] == 0


def test_a_value_in_a_word_without_blanks_is_not_all_that_it_says():
    """Of 儿童袜子, 儿童 is a value; all that is for children is not what is asked for."""
    items = pl.DataFrame(
        [
            {"item_id": f"{kind}-{who}-{n}", "title": f"{kind} {n}", "who": who}
            for kind in ("socks", "jacket", "shirt", "dress")
            for who in ("kids", "men")
            for n in range(3)
        ]
    )
    shop = Recommender(encoder="none").fit([], items=items)
    asked = [{"user_id": "new", "text": "儿童袜子"}]
    found = shop.recommend(profiles=asked, k=3)["item_id"].to_list()
    assert sorted(found) == [f"socks-kids-{n}" for n in range(3)]
