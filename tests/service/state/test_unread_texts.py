"""A text of which nothing is known is named: the list does not follow it silently."""

import warnings

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.encoders import CachedEncoder, MemoryVectors
from daybreak.errors import UnreadTextWarning
from daybreak.service.training.encoder_choice import EncoderChoice
from daybreak.testing.encoders import CountingEncoder

EVENTS = pl.DataFrame(
    {"user_id": list("aabbccdd"), "item_id": ["1", "2", "1", "3", "2", "3", "4", "1"]}
)
ITEMS = pl.DataFrame(
    {
        "item_id": ["1", "2", "3", "4"],
        "title": ["Funny comedy", "Sad drama", "Comedy of errors", "War drama"],
        "genres": ["comedy", "drama", "comedy", "drama"],
    }
)


class LatinEncoder(CountingEncoder):
    """Knows the Latin script only."""

    def reads(self, text):
        return text.isascii()


def fit(encoder="none"):
    if encoder != "none":
        encoder = EncoderChoice(CachedEncoder(encoder, MemoryVectors()), "latin", ())
    return Recommender(encoder=encoder, strategies=["popular", "content/ridge"]).fit(
        EVENTS, items=ITEMS
    )


def says(text):
    return pl.DataFrame({"user_id": ["new"], "text": [text]})


@pytest.mark.parametrize("text", ["手术", "хирургия", "외과 수술"])
def test_a_list_for_a_text_of_unknown_words_is_told_without_a_text_model(text):
    with pytest.warns(UnreadTextWarning, match=f"'{text}'.*no text model.*use-multilingual-v3"):
        found = fit().recommend(profiles=says(text), k=2)
    assert len(found) == 2


def test_a_list_for_a_text_in_another_script_is_told():
    with pytest.warns(UnreadTextWarning, match="'手术'.*not learned its script"):
        fit(LatinEncoder()).recommend(profiles=says("手术"), k=2)


def test_an_unread_text_does_not_change_the_list():
    shop = fit(LatinEncoder())
    plain = shop.recommend(["new"], k=4)["item_id"].to_list()
    with pytest.warns(UnreadTextWarning):
        assert shop.recommend(profiles=says("手术"), k=4)["item_id"].to_list() == plain


def test_similar_items_of_an_unread_text_are_none_and_it_is_told():
    shop = fit(LatinEncoder())
    with pytest.warns(UnreadTextWarning, match="'手术'"):
        found = shop.similar_items(texts=["手术", "comedy"], k=2)
    assert set(found["query"]) == {"comedy"}


@pytest.mark.parametrize("text", ["comedy", "手术 comedy", "  "])
def test_a_text_with_a_known_word_is_not_told(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnreadTextWarning)
        fit().recommend(profiles=says(text), k=2)


def test_a_text_that_asks_for_nothing_is_told_so():
    with pytest.warns(UnreadTextWarning, match="asks for nothing|no text model"):
        fit().recommend(profiles=says("hello"), k=2)


def test_a_long_text_is_shortened_in_the_note():
    with pytest.warns(UnreadTextWarning, match="喜喜…'"):
        fit().recommend(profiles=says("喜" * 500), k=2)
