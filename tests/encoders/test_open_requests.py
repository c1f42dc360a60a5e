import pytest

from daybreak.encoders.clauses import drop_small_talk
from daybreak.encoders.named_items import named_phrases
from daybreak.encoders.open_requests import (
    drop_rank,
    find_rank,
    is_open_request,
)


@pytest.mark.parametrize(
    "text",
    [
        "surprise me",
        "Surprise me!",
        "whatever",
        "recommend me something",
        "I don't know what to watch",
        "I'm bored",
        "what's popular right now",
        "what is everybody reading?",
        "top rated films",
        "the best films of all time",
        "something good to watch tonight",
        "can you recommend me a good movie?",
        "best sellers",
        "hello",
        "Überrasche mich",
        "die besten Filme aller Zeiten",
        "je ne sais pas quoi lire",
        "sorpréndeme",
        "随便推荐",
        "不知道看什么",
        "推荐几部电影",
        "最热门的动漫",
        "おすすめのアニメ",
        "추천해줘",
    ],
)
def test_requests_that_name_nothing_are_empty(text):
    assert is_open_request(text)
    assert drop_small_talk(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "love",
        "presents",
        "a top",
        "Top Gun",
        "best man",
        "a surprise party",
        "hello kitty",
        "popular science",
        "recommend me a thriller",
        "a good horror film",
        "something good for a picnic",
        "films about time",
        "new releases",
        "推荐恐怖片",
        "おすすめのホラー",
        "",
    ],
)
def test_requests_that_name_something_are_not(text):
    assert not is_open_request(text)
    assert drop_small_talk(text) or not text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("the best horror of all time", "best horror"),
        ("most popular lamps", "lamps"),
        ("top rated comedies", "comedies"),
        ("最受欢迎的恐怖片", "恐怖片"),
    ],
)
def test_a_rank_is_not_what_something_is_about(text, kept):
    assert drop_small_talk(text) == kept


def test_a_title_of_such_words_still_names_its_item():
    assert "whatever" in named_phrases("Whatever")


@pytest.mark.parametrize(
    ("text", "rank", "rest"),
    [
        ("top 10 horror films", "top 10", "horror films"),
        ("show me the best westerns", "best", "show me the westerns"),
        ("the most popular jazz of all time", "most popular", "the jazz"),
        ("les meilleures comédies", "meilleures", "les comédies"),
        ("最好看的科幻片", "最好看的", "科幻片"),
        ("a film about the best man", "", "a film about the best man"),
        ("my best friend's gift", "", "my best friend's gift"),
        ("the best films", "", "the films"),
        ("comedies", "", "comedies"),
    ],
)
def test_a_rank_is_found_at_the_start_of_a_request(text, rank, rest):
    assert find_rank(text) == rank
    assert " ".join(drop_rank(text).split()) == rest


@pytest.mark.parametrize(
    "said", ["famous films", "well known films", "bekannte Filme", "des films connus"]
)
def test_what_everybody_knows_is_no_topic(said):
    assert is_open_request(said)
