"""A kind and more: "courtroom drama" asks for dramas that are about courtrooms."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.content import ContentEncoder
from daybreak.messages import translate_text
from daybreak.models.wish import reference_likeness, saturate_wishes
from daybreak.service.state.wishes import WishEncoder, topic_strengths

DRAMAS = [(f"drama {n}", "a family by the sea", "Drama") for n in range(12)]
FILMS = [
    *DRAMAS,
    ("verdict", "a lawyer in a courtroom", "Drama|Crime|Thriller|Mystery"),
    ("witness", "a witness in the courtroom", "Drama|Crime|Romance|War"),
    ("clowns", "clowns in a courtroom", "Comedy"),
    *((f"farce {n}", "a wedding in a hotel", "Comedy|War") for n in range(12)),
]
ITEMS = pl.DataFrame(FILMS, schema=["item_id", "description", "genres"], orient="row").select(
    "item_id", pl.col("item_id").alias("title"), "description", "genres"
)
EVENTS = pl.DataFrame(
    [
        {"user_id": f"user-{user}", "item_id": f"drama {n}"}
        for n in range(12)
        for user in range(n + 1)
    ]
)


@pytest.fixture(scope="module")
def films():
    return Recommender(encoder="none", strategies=["popular", "content/ridge", "wish"]).fit(
        EVENTS, items=ITEMS
    )


def asked(films, text, k, **options):
    profiles = pl.DataFrame({"user_id": ["new"], "text": [text]})
    return films.recommend(profiles=profiles, k=k, **options)


@pytest.mark.parametrize(
    "text", ["courtroom drama", "a drama in a courtroom", "剧情 courtroom"]
)
def test_what_is_of_the_kind_and_about_the_rest_comes_first(films, text):
    assert set(asked(films, text, k=2)["item_id"].to_list()) == {"verdict", "witness"}


def test_all_others_of_the_kind_follow(films):
    found = asked(films, "courtroom drama", k=10)["item_id"].to_list()
    assert "clowns" not in found
    assert found[2:4] == ["drama 11", "drama 10"]


def test_a_reason_names_the_text(films):
    reasons = asked(films, "courtroom drama", k=1, explain=True)["reasons"].to_list()[0]
    assert "is all that 'courtroom drama' asks for" in [one["text"] for one in reasons]


def test_other_items_gain_nothing_by_the_rest():
    likeness = np.array([[0.6, 0.5, 0.2, 0.0]], dtype=np.float32)
    other = np.array([[0.0, 0.4, 0.4, 0.4]], dtype=np.float32)
    added = topic_strengths(likeness, np.array([1.0, 1.0, 0.0, 0.0]), other)
    wanted = added + saturate_wishes(likeness / 0.6)[0]
    np.testing.assert_allclose(wanted, [0.5, 1.0, 1 / 3, 0.0], atol=1e-6)


def test_like_an_item_but_of_a_kind_is_both(films):
    """Of comedies, the one about a courtroom is like the drama about one."""
    limited = asked(films, "something like verdict but funny", k=3)["item_id"].to_list()
    assert "clowns" in limited[:2]
    assert not any(name.startswith("drama") for name in limited)


def test_a_title_is_no_kind_and_more(films):
    assert asked(films, "farce 3", k=1)["item_id"].to_list() == ["farce 3"]


def test_words_that_are_ruled_out_are_not_of_the_kind(films):
    found = asked(films, "dramas without a courtroom", k=13)["item_id"].to_list()
    assert {"verdict", "witness"}.isdisjoint(found)
    assert found[:2] == ["drama 11", "drama 10"]


@pytest.fixture(scope="module")
def wishes():
    items = pl.DataFrame(
        {
            "item_id": [f"film {n}" for n in range(14)],
            "title": [f"film {n}" for n in range(14)],
            "genres": ["War", "Comedy|Crime|Drama|Romance|War", *["Comedy|Drama", "Drama"] * 6],
        }
    )
    content, blocks = ContentEncoder.fit_transform(items)
    return WishEncoder(content.texts, Items(Vocabulary(items["item_id"]), blocks))


@pytest.mark.parametrize("text", ["no war", "drama but no war", "kein Krieg", "不要战争"])
def test_an_item_with_many_other_values_is_ruled_out_as_well(wishes, text):
    taken = wishes.excluded_likeness(text)
    likeness = wishes.likeness(text)
    scaled = saturate_wishes(likeness / reference_likeness(likeness)[:, None]).max(axis=0)
    assert np.all((taken + scaled)[:2] <= -1)
    assert np.all(taken[2:] == 0)


def test_without_a_value_that_is_ruled_out_nothing_is_taken(wishes):
    assert wishes.excluded_likeness("drama") is None
    assert wishes.excluded_likeness("drama without lawyers") is None
    assert wishes.excluded_likeness("no drama, no comedy, no war") is None


def test_reasons_say_what_is_ruled_out(films):
    asked_for = pl.DataFrame({"user_id": ["new"], "text": ["drama, but no crime"]})
    found = films.recommend(profiles=asked_for, k=27, explain=True)
    reasons = dict(zip(found["item_id"], found["reasons"], strict=True))
    said = [one["text"] for one in reasons["verdict"]]
    text = next(one for one in said if "rules out" in one)
    assert translate_text(text, "zh") != text
