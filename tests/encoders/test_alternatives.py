"""Where a sentence may ask for a further kind of item, in the languages of the text model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders.alternatives import (
    MAX_PARTS,
    MAX_WISH_CHARS,
    before_preposition,
    has_article,
    split_parts,
    split_words,
)
from daybreak.encoders.clauses import drop_small_talk, split_clauses

NOUNS = ["coffee", "romance", "glass", "wool", "lamps", "winter", "jazz", "copper", "garden"]


def parts_of(text):
    return split_parts(split_clauses(text).pieces)


@pytest.mark.parametrize(
    "text",
    [
        "a ring or a vase",
        "a ring and a vase",
        "either a ring or maybe a vase",
        "I'd like a ring; or a vase would be nice",
        "a ring, or a vase",
        "ein Ring oder eine Vase",
        "Ringe oder Vasen",
        "une bague ou un vase",
        "un anillo o un florero",
        "anillos o floreros",
        "quiero lámparas o tazas",
        "bagues ou vases",
        "Lampen oder Tassen",
        "un anello o un vaso",
        "um anel ou um vaso",
        "een ring of een vaas",
        "pierścionek lub wazon",
        "кольцо или ваза",
        "yüzük veya vazo",
        "en ring eller en vas",
        "我想要一个戒指或者一个花瓶",
        "戒指还是花瓶",
        "指輪または花瓶",
        "指輪か花瓶",
        "반지 또는 꽃병",
        "반지나 꽃병",
        "แหวนหรือแจกัน",
    ],
)
def test_alternatives_are_wishes_of_their_own(text):
    first, second = parts_of(text)
    assert (first.link, second.link) == ("addition", "alternative")


@pytest.mark.parametrize(
    "text",
    [
        "a cup of tea",
        "a mug with cats and dogs",
        "for my sister, a vase",
        "un collier en or",
        "książka o kotach",
        "quero o anel",
        "i want a vase",
        "Hello, I need a vase",
        "a vase or something",
        "something for a wedding, in white",
        "사과 주스",
        "静かな本",
    ],
)
def test_one_wish_stays_whole(text):
    assert len(parts_of(text)) == 1


def test_the_last_word_decides_a_list():
    assert [part.link for part in parts_of("rings, vases or rugs")][1:] == ["alternative"] * 2
    assert [part.link for part in parts_of("rings, vases and rugs")][1:] == ["addition"] * 2


def test_unwanted_clauses_are_no_wishes():
    assert [part.text for part in parts_of("tea or cake, no coffee")] == ["tea", "cake"]
    assert [part.text for part in parts_of("茶或者蛋糕，不要咖啡")] == ["茶", "蛋糕"]


def test_long_texts_are_descriptions():
    assert len(parts_of("rings or vases " * MAX_WISH_CHARS)) == 1
    assert len(parts_of(", ".join(NOUNS[:MAX_PARTS]))) == MAX_PARTS
    assert len(parts_of(", ".join(NOUNS[: MAX_PARTS + 1]))) == 1


def test_words_around_a_noun():
    assert before_preposition("a toy for kids") == "a toy"
    assert split_words("red lamp") == ["red", "lamp"]
    assert [has_article(part) for part in parts_of("I want a red or blue lamp")] == [
        True,
        False,
    ]


@given(
    st.lists(st.sampled_from(NOUNS), min_size=2, max_size=MAX_PARTS, unique=True),
    st.sampled_from([" or ", " oder ", " ou bien ", ", or a ", " или ", " eller "]),
)
def test_all_alternatives_are_found(nouns, word):
    parts = parts_of(word.join(nouns))
    assert [part.text for part in parts] == nouns
    assert {part.link for part in parts[1:]} == {"alternative"}


@given(st.text(max_size=80))
def test_any_text_can_be_split(text):
    parts = parts_of(text)
    assert 1 <= len(parts) <= MAX_PARTS
    assert all(drop_small_talk(part.text) == part.text or part.text for part in parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a clock but small", ["clock small"]),
        ("like Alien but funny", ["like Alien funny"]),
        ("Krimi, aber lustig", ["Krimi lustig"]),
        ("horror pero divertido", ["horror divertido"]),
        ("tea but also a lamp", ["tea", "lamp"]),
        ("tea but I want a lamp", ["tea", "I want a lamp"]),
        ("tea, but a lamp would be nice", ["tea", "lamp would be nice"]),
    ],
)
def test_what_follows_a_but_limits_what_stands_before(text, expected):
    assert [part.text for part in parts_of(text)] == expected


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("a bed, white or black", ["white bed", "black bed"]),
        ("bed, either white or black", ["white bed", "black bed"]),
        ("Kleid, rot oder blau", ["rot Kleid", "blau Kleid"]),
        ("a shirt, red or blue, for women", ["red shirt for women", "blue shirt for women"]),
        ("candles, rings or lamps", ["candles", "rings", "lamps"]),
    ],
)
def test_colours_behind_a_thing_are_those_of_the_thing(text, wishes):
    assert [part.text for part in split_parts(split_clauses(text).pieces)] == wishes
