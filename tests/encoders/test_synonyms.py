"""Words of a sentence in those of the catalogue, and what belongs to an occasion."""

import numpy as np
import polars as pl
import pytest

from daybreak.encoders.content import WORDS, ContentEncoder
from daybreak.encoders.languages import foreign_words
from daybreak.encoders.related_words import related_words
from daybreak.encoders.synonym_words import SYNONYM_LINES
from daybreak.encoders.synonyms import Synonyms

SHOP = Synonyms(
    {
        **{"torch": 0.1, "candle": 0.2, "cookie": 0.01, "biscuit": 0.1, "cup": 0.1, "mug": 0.1},
        **{"red": 0.2, "tea": 0.1, "towels": 0.1, "dog": 0.1, "chien": 0.01, "waste": 0.01},
        **{"bin": 0.1, "rock": 0.1, "toffees": 0.01, "duftkerze": 0.1},
    }
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("a flashlight for children", "a torch for children"),
        ("flashlights", "torch"),
        ("linterna", "torch"),
        ("eine rote Tasse", "eine red cup mug"),
        ("Geschirrtücher", "tea towels"),
        ("杯子", "cup mug"),
        ("a trash can", "a waste bin"),
    ],
)
def test_what_no_item_has_is_called_as_the_catalogue_calls_it(said, expected):
    assert SHOP.say(said).strip() == expected


@pytest.mark.parametrize("said", ["torch", "a mug", "tea towels", "skirt", "Kerze", "hats"])
def test_words_that_items_have_and_unknown_ones_stay(said):
    # "Rock" is a skirt in German, and music in English; "Duftkerze" is a kind of "Kerze".
    assert SHOP.say(said) == said


def test_a_rare_word_gets_the_frequent_one_beside_it():
    assert SHOP.say("cookies") == "cookies biscuit"
    assert SHOP.say("biscuits") == "biscuits"
    assert SHOP.say("chien") == "chien dog"


def test_words_that_are_english_too_count_in_other_languages_only():
    hats = Synonyms({"hat": 0.1})
    assert hats.say("a hut in the woods") == "a hut in the woods"
    assert hats.say("einen Hut", is_foreign=True) == "einen hat"


def test_the_catalogue_may_be_in_another_language():
    german = Synonyms({"kerze": 0.2, "kartoffel": 0.1})
    assert german.say("candles") == "kerze"
    assert german.say("Erdäpfel") == "kartoffel"


def test_each_line_has_words_of_english_and_no_mark_alone():
    for line in SYNONYM_LINES.strip().replace("\n    ", " ").splitlines():
        english = line.partition(" :")[0].split()
        assert any(word[0] not in "?~" for word in english), line
        assert all(word.strip("?~_") for word in line.replace(" :", "").split()), line


@pytest.fixture(scope="module")
def gifts():
    titles = ["wedding card", "heart garland", "baby bib", "candy bag", "desk lamp", "oak bowl"]
    items = pl.DataFrame({"item_id": list("abcdef"), "title": titles})
    return ContentEncoder.fit(items)


def similar(content, text, **options):
    items = content.texts(["wedding card", "heart garland", "baby bib", "candy bag"])
    said = content.texts([text], **options)
    pairs = zip(items, said, strict=True)
    rows = next((item, own) for item, own in pairs if item.name == WORDS)
    return np.round((rows[0].matrix @ rows[1].matrix.T).toarray().ravel(), 2).tolist()


def test_what_belongs_to_an_occasion_comes_after_the_occasion(gifts):
    wedding, heart, *others = similar(gifts, "wedding")
    assert wedding > heart > 0
    assert others == [0, 0]


def test_it_takes_the_place_of_an_occasion_that_no_item_has(gifts):
    found = similar(gifts, "christening")
    assert found[2] > 0
    assert found[0] == found[3] == 0


def test_it_is_not_ruled_out_with_the_occasion(gifts):
    assert similar(gifts, "wedding", n_ruled_out=1)[1] == 0


def test_plurals_of_known_words_are_no_typing_errors():
    items = pl.DataFrame({"item_id": ["a", "b"], "title": ["candy bag", "candles"]})
    content = ContentEncoder.fit(items)
    assert content._sentence_reader.correct(["candies"]) == ["candies"]


def test_words_of_nothing_else_have_no_related_ones():
    assert related_words(["lamp", "the"]) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Schreibtischlampe", "Schreibtischlampe lamp"),
        ("Küchenuhr", "kitchen clock"),
        ("Geburtstagskarte", "birthday card"),
        ("办公椅", "办公 chair"),
        ("竹椅的坐垫", "竹 chair 的坐垫"),
        ("rote Kissen", "red cushion"),
    ],
)
def test_compounds_are_called_as_the_catalogue_calls_their_last_part(said, expected):
    words = ("lamp", "kitchen", "clock", "birthday", "card", "chair", "red", "cushion", "kiss")
    shop = Synonyms(dict.fromkeys(words, 0.1))
    assert " ".join(shop.say(said).split()) == expected


@pytest.mark.parametrize("said", ["Tischlampe", "Cinderella", "candlelight", "isabela"])
def test_compounds_of_the_catalogue_and_other_words_stay(said):
    assert Synonyms({"lamp": 0.1, "tischlampe": 0.1, "candle": 0.1}).say(said) == said


def test_an_article_tells_the_language_of_words_that_english_has_as_well():
    shop = pl.DataFrame(
        {"item_id": list("abc"), "title": ["red bag", "blue bag", "rug du sud"]}
    )
    content = ContentEncoder.fit(shop)
    reader = content._sentence_reader
    text = "un sac rouge"
    assert reader.correct([text], foreign={0: foreign_words(text)}) == ["un bag red"]


def test_words_written_apart_are_found_where_the_catalogue_writes_them_together():
    others = ["ear muffs", "key ring", "black bowl"]
    titles = [f"{colour} earrings" for colour in ("red", "blue", "gold", "green")] + others
    shop = pl.DataFrame({"item_id": list("abcdefg"), "title": titles})
    content = ContentEncoder.fit(shop)
    found = content.texts(["ear rings"])[content.names.index(WORDS)].matrix
    items = content.transform(shop)[content.names.index(WORDS)].matrix
    best = np.argsort(-(items @ found.T).toarray()[:, 0])[:4]
    assert sorted(best.tolist()) == [0, 1, 2, 3]
