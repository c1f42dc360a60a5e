"""Presents and times of use are not what a text is about."""

import pytest

from daybreak.encoders.clauses import drop_small_talk


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wedding gift", "wedding"),
        ("teacher presents", "teacher"),
        ("birthday gift ideas", "birthday"),
        ("a mug as a gift", "mug"),
        ("Hochzeitsgeschenk", "Hochzeit"),
        ("ein Geburtstagsgeschenk", "Geburtstag"),
        ("cadeau de mariage", "mariage"),
        ("regalo di nozze", "nozze"),
        ("生日礼物", "生日"),
        ("誕生日プレゼント", "誕生日"),
        ("something uplifting for a rainy Sunday", "uplifting"),
        ("I need a thriller for a long flight", "thriller"),
        ("a comedy for Friday night with dogs", "comedy dogs"),
        ("eine Komödie für einen verregneten Sonntag", "Komödie"),
        ("une comédie pour un dimanche pluvieux", "comédie"),
        ("una comedia para una tarde lluviosa", "comedia"),
    ],
)
def test_the_present_and_the_time_are_left_out(text, expected):
    assert " ".join(drop_small_talk(text).split()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "gift tags",
        "gift",
        "wrapping paper and gifts",
        "Geschenkpapier",
        "card Mother's Day",
        "Christmas Day",
        "night light",
        "Friday night lights",
        "Sunday",
        "day of the dead",
    ],
)
def test_other_words_stay(text):
    assert drop_small_talk(text).split() == [
        w for w in text.split() if w not in {"of", "the", "and"}
    ]


@pytest.mark.parametrize("text", ["something for a rainy day", "for the weekend"])
def test_a_time_alone_is_what_a_text_is_about(text):
    assert drop_small_talk(text) in {"rainy day", "weekend"}
