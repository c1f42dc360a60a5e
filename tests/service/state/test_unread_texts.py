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


ENGLISH = {"kitchen", "present", "want", "house", "children", "brother"}


class EnglishEncoder(CountingEncoder):
    """Knows words of English, or of all languages."""

    def __init__(self, *, is_english):
        super().__init__()
        self.is_english = is_english

    def knows(self, word):
        return not self.is_english or word in ENGLISH


def fit_shop(*, is_english, titles=("tassel necklace", "desk lamp", "wool rug", "tea cosy")):
    encoder = CachedEncoder(EnglishEncoder(is_english=is_english), MemoryVectors())
    items = pl.DataFrame({"item_id": ["1", "2", "3", "4"], "title": titles})
    shop = Recommender(
        encoder=EncoderChoice(encoder, "english", ()), strategies=["popular", "wish"]
    )
    return shop.fit(EVENTS, items=items)


@pytest.mark.parametrize("text", ["Eine Tasse", "quelque chose pour ma tasse", "una tassa"])
def test_a_language_that_nothing_knows_is_told_and_changes_no_list(text):
    """*Tasse* is no *tassel*."""
    shop = fit_shop(is_english=True)
    plain = shop.recommend(["new"], k=4)["item_id"].to_list()
    with pytest.warns(UnreadTextWarning, match="not learned its language"):
        found = shop.recommend(profiles=says(text), k=4)
    assert found["item_id"].to_list() == plain


@pytest.mark.parametrize(
    ("text", "is_english", "titles"),
    [
        ("Eine Tasse", False, ("tassel necklace", "desk lamp", "wool rug", "tea cosy")),
        ("a tassel for my bag", True, ("tassel necklace", "desk lamp", "wool rug", "tea cosy")),
        ("eine Tasse", True, ("eine Tasse", "eine Lampe", "ein Teppich", "eine Kanne")),
        ("etwas mit tassel", True, ("tassel necklace", "desk lamp", "wool rug", "tea cosy")),
    ],
)
def test_a_language_is_read_that_the_model_or_the_catalogue_knows(text, is_english, titles):
    shop = fit_shop(is_english=is_english, titles=titles)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnreadTextWarning)
        shop.recommend(profiles=says(text), k=4)
