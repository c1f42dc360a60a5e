"""Bounds and relative words: what is one, and the many numbers that are none."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders.clauses import MAX_SENTENCE_CHARS
from daybreak.encoders.quantities import read_quantities

INF = math.inf


def topic_of(said):
    return said.topic([one.span for one in (*said.ranges, *said.preferences)])


@pytest.mark.parametrize(
    ("text", "quantity", "low", "high", "topic"),
    [
        ("a gift under 20 euros", "price", -INF, 20, "a gift"),
        ("tea for less than 5 pounds", "price", -INF, 5, "tea"),
        ("a lamp between 10 and 20 dollars", "price", 10, 20, "a lamp"),
        ("cups for 3 to 5 pounds each", "price", 3, 5, "cups"),
        ("$10 to $20", "price", 10, 20, ""),
        ("nothing over 30 dollars", "price", -INF, 30, ""),
        ("a mug, no more than £5", "price", -INF, 5, "a mug"),
        ("tea but no coffee, at most 5 pounds", "price", -INF, 5, "tea but no coffee"),
        ("I don't want to spend more than 15 pounds on tea", "price", -INF, 15, "on tea"),
        ("my budget is 50", "price", -INF, 50, ""),
        ("lamps over 100 euros", "price", 100, INF, "lamps"),
        ("20 euros max", "price", -INF, 20, ""),
        ("Geschenke bis zu 20 Euro", "price", -INF, 20, "Geschenke"),
        ("Lampen zwischen 10 und 20 Euro", "price", 10, 20, "Lampen"),
        ("mindestens 100 Euro", "price", 100, INF, ""),
        ("20元以下的礼物", "price", -INF, 20, "礼物"),
        ("不超过一百块钱的杯子", "price", -INF, 100, "杯子"),
        ("100到200元的礼物", "price", 100, 200, "礼物"),
        ("预算300元", "price", -INF, 300, ""),
        ("un cadeau à moins de 20 euros", "price", -INF, 20, "un cadeau"),
        ("un regalo por menos de 20 euros", "price", -INF, 20, "un regalo"),
        ("films from the eighties", "year", 1980, 1989, ""),
        ("80s music", "year", 1980, 1989, "music"),
        ("comedies before 1960", "year", -INF, 1960, "comedies"),
        ("comedies after 2010", "year", 2010, INF, "comedies"),
        ("thrillers since 2000", "year", 2000, INF, "thrillers"),
        ("1994 or later", "year", 1994, INF, ""),
        ("films from 1990 to 1999", "year", 1990, 1999, ""),
        ("from the 60s to the 80s", "year", 1960, 1989, ""),
        ("movies released in 1994", "year", 1994, 1994, ""),
        ("before the seventies", "year", -INF, 1970, ""),
        ("Krimis aus den 80er Jahren", "year", 1980, 1989, "Krimis"),
        ("Krimis vor 1960", "year", -INF, 1960, "Krimis"),
        ("90年代的科幻片", "year", 1990, 1999, "科幻片"),
        ("2010年以后的动画", "year", 2010, INF, ""),
        ("1960年以前的爱情片", "year", -INF, 1960, "爱情片"),
        ("un film des années 80", "year", 1980, 1989, ""),
        ("películas antes de 1960", "year", -INF, 1960, ""),
        ("a western, under 90 minutes", "duration", -INF, 90, "a western"),
        ("no longer than two hours", "duration", -INF, 120, ""),
        ("90分钟以内的喜剧", "duration", -INF, 90, "喜剧"),
        ("rated at least 4", "rating", 4, INF, ""),
        ("评分8分以上的动画", "rating", 8, INF, ""),
    ],
)
def test_bounds_are_read_and_leave_the_topic(text, quantity, low, high, topic):
    said = read_quantities(text)
    (one,) = said.ranges
    assert (one.quantity, one.low, one.high, one.is_excluded) == (quantity, low, high, False)
    assert not said.preferences
    assert topic_of(said) == topic


@pytest.mark.parametrize(
    ("text", "includes"),
    [("under 20 euros", False), ("at most 20 euros", True), ("20元以下", True)],
)
def test_below_is_not_at_most(text, includes):
    assert read_quantities(text).ranges[0].includes_high is includes


@pytest.mark.parametrize(
    ("text", "quantity", "direction", "topic"),
    [
        ("cheap", "price", "low", ""),
        ("a necklace that is not too expensive", "price", "low", "a necklace"),
        ("an expensive clock", "price", "high", "an clock"),
        ("günstige Lampen", "price", "low", "Lampen"),
        ("便宜一点的杯子", "price", "low", "杯子"),
        ("不要太贵，送妈妈的礼物", "price", "low", "送妈妈的礼物"),
        ("贵一点的", "price", "high", ""),
        ("pas trop cher", "price", "low", ""),
        ("barato", "price", "low", ""),
        ("new films", "year", "high", ""),
        ("new horror films", "year", "high", "horror films"),
        ("neue Horrorfilme", "year", "high", "Horrorfilme"),
        ("新的恐怖片", "year", "high", "恐怖片"),
        ("old western movies", "year", "low", "western movies"),
        ("the latest thrillers", "year", "high", "the thrillers"),
        ("what's new about Trump", "year", "high", "about Trump"),
        ("Was gibt es Neues zu Corona", "year", "high", "zu Corona"),
        ("Neues aus Wien", "year", "high", "aus Wien"),
        ("老电影", "year", "low", ""),
        ("经典电影", "year", "low", ""),
        ("classics", "year", "low", ""),
        ("horror classics", "year", "low", "horror"),
        ("a classic western", "year", "low", "a western"),
        ("Filmklassiker", "year", "low", ""),
        ("des classiques du cinéma", "year", "low", ""),
        ("新番", "year", "high", ""),
        ("a short film about cats", "duration", "low", "a film about cats"),
    ],
)
def test_relative_words_are_preferences(text, quantity, direction, topic):
    said = read_quantities(text)
    (one,) = said.preferences
    assert (one.quantity, one.direction) == (quantity, direction)
    assert not said.ranges
    assert topic_of(said) == topic


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("about 100 euros", 100),
        ("100元左右的礼物", 100),
        ("a present for 20 euros", 20),
        ("etwa 50 Euro", 50),
    ],
)
def test_an_approximate_price_is_a_preference(text, target):
    (one,) = read_quantities(text).preferences
    assert (one.quantity, one.direction, one.target) == ("price", "near", target)


def test_a_negation_before_a_bound_turns_it():
    for text in ("no films before 1980", "nothing before 1980", "不要1980年以前的电影"):
        (one,) = read_quantities(text).ranges
        assert (one.high, one.is_excluded) == (1980, True)


def test_a_number_without_a_unit_may_be_a_price():
    (one,) = read_quantities("a gift under 20").ranges
    assert (one.quantity, one.high, one.is_guess) == ("price", 20, True)
    assert not read_quantities("price below 20").ranges[0].is_guess
    assert not read_quantities("toys for children under 5").ranges


def test_several_bounds_are_read():
    said = read_quantities("a comedy from the 90s under 100 minutes, cheap")
    assert [one.quantity for one in said.ranges] == ["year", "duration"]
    assert [one.quantity for one in said.preferences] == ["price"]
    assert topic_of(said) == "a comedy"


NO_BOUNDS = """
set of 6 mugs
12 months
2001: a space odyssey
1984
Seven Samurai
top 10
pack of 12
One Hundred Years of Solitude
100 Years of Solitude
10 things I hate about you
The 40-Year-Old Virgin
Ocean's 11
Apollo 13
Blade Runner 2049
Wonder Woman 1984
toys for children under 5
games for kids over 3
toys for 3 year olds
21st birthday card
$100 gift card
a puzzle with more than 1000 pieces
at least 2 litres
up to 50% off
New York
new year cards
New York films
old fashioned sweets
Cléo de 5 à 7
福音战士新剧场版：破
New Model Army
a rack that can hold up to 144
perfect 10s
old school hip hop music
New Zealand films
new year's gifts
新海诚的动画
long necklace
short sleeve shirt
films about the 1920s
films set in the 1960s
a story about 1968
World War 2
the 1914-1918 war
over the moon
under the sea
under the stars
Class of 1999
fantastic 4
3 idiots
four weddings and a funeral
size 38
A4 paper
5 pounds of tea
million dollar baby
men in their 30s
20000 leagues under the sea
around the world in 80 days
half an hour
One Piece
from dusk till dawn
from 9 to 5
less than zero
under siege 2
before sunrise
after hours
the day after tomorrow
三国演义
七武士
一百个人
十二生肖
2001太空漫游
九品芝麻官
新世纪福音战士
老人与海
长江七号
十万个冷笑话
3月的狮子
20世纪少年
91天
6个杯子
一人之下
关于80年代的电影
Cheap Trick
Cheaper by the Dozen
love actually
about time
about a boy
two and a half men
catch 22
the fifth element
48 hrs
127 hours
20er Pack
ein Set mit 6 Tassen
12 Monate
Die 7 Zwerge
deux verres
""".strip().splitlines()


@pytest.mark.parametrize("text", NO_BOUNDS)
def test_other_numbers_are_no_bounds(text):
    said = read_quantities(text)
    assert not said.ranges
    assert not said.preferences
    assert said.text == text


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    said = read_quantities(text)
    for one in (*said.ranges, *said.preferences):
        start, end = one.span
        assert 0 <= start < end <= len(said.text)
        assert one.phrase
    assert len(topic_of(said)) <= max(len(said.text), len(text))


SAID_WORDS = (
    "under over at most less than between and about 20 100 1984 euros $ minutes the 80s cheap"
    " not too expensive films 元 以下 不超过 年 以前 90年代 , . tea no before"
)
WORDS = st.sampled_from(sorted(set(SAID_WORDS.split(" "))))


@given(st.lists(WORDS, max_size=40))
def test_any_order_of_the_words_can_be_read(words):
    said = read_quantities(" ".join(words))
    spans = sorted(one.span for one in (*said.ranges, *said.preferences))
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for one in said.ranges:
        assert one.low <= one.high


@given(st.integers(1, 100_000), st.sampled_from(["euros", "€", "dollars", "pounds"]))
def test_any_price_can_be_a_bound(price, unit):
    (one,) = read_quantities(f"a lamp under {price} {unit}").ranges
    assert (one.quantity, one.high) == ("price", price)


def test_a_long_text_is_no_sentence():
    text = "a lamp under 20 euros " * (MAX_SENTENCE_CHARS // 20)
    assert read_quantities(text).text == text
    assert not read_quantities(text).ranges


@pytest.mark.parametrize("text", ["classic rock", "klassische Musik", "a classic white frame"])
def test_what_is_classic_may_be_of_today(text):
    assert not read_quantities(text).preferences


@pytest.mark.parametrize(
    ("text", "direction", "target"),
    [
        ("a three hour movie", "near", 180),
        ("90分钟的电影", "near", 90),
        ("long epic movies", "high", None),
        ("short animated films", "low", None),
    ],
)
def test_how_long_something_lasts_is_preferred(text, direction, target):
    (found,) = read_quantities(text).preferences
    assert (found.quantity, found.direction) == ("duration", direction)
    assert found.target == target or target is None


@pytest.mark.parametrize("text", ["30 minute meals", "films like 48 Hours", "a long lost film"])
def test_other_durations_and_titles_say_nothing(text):
    assert not read_quantities(text).preferences
