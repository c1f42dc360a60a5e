"""Countries in other words than the values of a catalogue."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.encoders.nation_words import nations
from daybreak.encoders.nations import NationTerms, find_nations

TERMS = {
    "country=France": 12.0,
    "country=Sweden": 3.0,
    "country=UK": 20.0,
    "country=Japan": 2.0,
    "language=French": 60.0,
    "language=Swedish": 4.0,
    "language=Japanese": 8.0,
    "tags=swedish": 1.0,
    "meat=Turkey": 9.0,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("French films", {"country=France", "language=French"}),
        ("des films français", {"country=France", "language=French"}),
        ("法国电影", {"country=France", "language=French"}),
        ("ein schwedischer Krimi", {"country=Sweden", "language=Swedish"}),
        ("from Great Britain", {"country=UK"}),
        ("日本のアニメ", {"country=Japan", "language=Japanese"}),
        ("turkey for dinner", set()),
        ("a red lamp", set()),
    ],
)
def test_words_for_a_country_ask_for_its_values_in_each_column(text, expected):
    assert set(NationTerms.of(TERMS).find(text)) == expected


def test_of_the_values_of_a_country_the_rarest_is_ruled_out():
    names = NationTerms.of(TERMS)
    said = ["genre=Drama", *names.find("no French films")]
    assert names.narrow(said) == ["genre=Drama", "country=France"]


def test_a_column_with_few_countries_names_none():
    assert not NationTerms.of({"tags=french": 5.0, "tags=swedish": 2.0}).terms


def test_every_word_is_in_lower_case_and_of_one_country_or_few():
    words = [word for group in nations() for word in group]
    assert all(word == word.casefold() for word in words)
    assert len(find_nations("a Norwegian story")) == 1


FILMS = [
    ("Le Pont", "a bridge", "France", "French"),
    ("Le Port", "a harbour", "France", "French"),
    ("La Gare", "a station", "France", "French"),
    ("Spies", "two spies", "USA", "English|French"),
    ("Pilots", "two pilots", "USA", "English|French"),
    ("Ron", "a king", "Japan", "Japanese"),
    ("Kimono", "a dress", "Japan", "Japanese"),
    ("Fjord", "a boat", "Norway", "Norwegian"),
    ("Skis", "a race", "Norway", "Norwegian"),
    ("French Kiss", "a romance on a train", "USA", "English"),
    ("Hug", "a romance on a ship", "USA", "English"),
]
ITEMS = pl.DataFrame(
    FILMS, schema=["title", "description", "country", "languages"], orient="row"
)


@pytest.fixture(scope="module")
def films():
    events = pl.DataFrame(
        [
            {"user_id": f"u{user}", "item_id": name}
            for name in ("Spies", "Pilots", "Hug")
            for user in range(6)
        ]
    )
    items = ITEMS.select(pl.col("title").alias("item_id"), pl.all())
    return Recommender(encoder="none", strategies=["popular", "content/ridge", "wish"]).fit(
        events, items=items
    )


def asked(films, text, k):
    profiles = pl.DataFrame({"user_id": ["new"], "text": [text]})
    return films.recommend(profiles=profiles, k=k)["item_id"].to_list()


@pytest.mark.parametrize("text", ["French films", "französische Filme", "films from France"])
def test_what_is_from_a_country_comes_before_what_is_spoken_in_its_language(films, text):
    assert set(asked(films, text, 3)) == {"Le Pont", "Le Port", "La Gare"}


@pytest.mark.parametrize("text", ["French Kiss", "something like French Kiss"])
def test_a_title_asks_for_its_item_and_no_country(films, text):
    assert set(asked(films, text, 2)) == {"French Kiss", "Hug"}
