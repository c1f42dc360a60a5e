import polars as pl
import pytest

from daybreak.encoders.content import ATTRIBUTES, WORDS, ContentEncoder
from daybreak.encoders.makers import MakerTerms, is_people_column, is_publisher_column
from daybreak.encoders.wishes import encode_wishes

FILMS = pl.DataFrame(
    {
        "item_id": list("abcdefghij"),
        "title": [
            "Psycho",
            "Vertigo",
            "Annie Hall",
            "Sleeper",
            "Toys",
            "More toys",
            "Black Sunday",
            "Black Widow",
            "Black Rain",
            "Hitch by Night",
        ],
        "directors": [
            *["Alfred Hitchcock"] * 2,
            *["Woody Allen"] * 2,
            *["Tim Allen, Jack Black"] * 2,
            *["Ann Other"] * 4,
        ],
        "publisher": [*["Der Spiegel (Hamburg)"] * 5, *["The Sun"] * 5],
    }
)


@pytest.fixture(scope="module")
def content():
    return ContentEncoder.fit(FILMS)


def asked(content, text, block=ATTRIBUTES):
    """Return the terms that a text asks for, and those that it rules out with a minus."""
    number = content.names.index(block)
    row = encode_wishes([text], content.texts)[number].toarray()[0]
    terms = content.block_terms[block]
    names = {n: terms[n].partition("=")[2] or terms[n] for n in row.nonzero()[0]}
    return {name if row[n] > 0 else f"-{name}" for n, name in names.items()}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("anything by Hitchcock", {"alfred hitchcock"}),
        ("movies directed by hitchcock please", {"alfred hitchcock"}),
        ("Filme von Hitchcock", {"alfred hitchcock"}),
        ("a Hitchcock film", {"alfred hitchcock"}),
        ("Hitchcok films", {"alfred hitchcock"}),
        ("something by Allen", {"tim allen", "woody allen"}),
        ("films by Tim Allen", {"tim allen"}),
        ("thrillers by Woody Allen", {"woody allen"}),
        ("films but nothing by Hitchcock", {"-alfred hitchcock"}),
        ("by Jack", set()),
    ],
)
def test_people_are_found_by_their_family_names(content, text, terms):
    assert asked(content, text) == terms


def test_a_word_that_texts_have_more_often_is_a_name_after_by_only(content):
    assert asked(content, "a black comedy") == set()
    assert asked(content, "comedies by Black") == {"jack black"}


def test_publishers_are_found_without_their_article_after_by_only(content):
    assert asked(content, "Artikel vom Spiegel") == {"der spiegel (hamburg)"}
    assert asked(content, "articles by the Sun") == {"the sun"}
    assert asked(content, "a mirror called Spiegel") == set()


def test_by_is_no_word_of_titles(content):
    assert "by" not in asked(content, "something by Allen", WORDS)
    assert asked(content, "hitch by night", WORDS) >= {"hitch", "by", "night"}


def test_of_people_of_one_family_name_those_with_many_items_are_meant():
    shares = {"cast=ann king": 0.2, "cast=bob king": 0.05, "cast=eve king": 0.04}
    makers = MakerTerms.of(shares, None)
    assert makers.find(["by", "king"]) == ["cast=ann king", "cast=bob king"]
    assert makers.find(["eve", "king"]) == ["cast=eve king"]
    assert makers.find(["ann", "king"], ["cast=ann king"]) == []


def test_columns_of_people_and_publishers_are_known_by_their_names():
    assert is_people_column("Lead Actors")
    assert is_people_column("artistName")
    assert is_people_column("Regisseur")
    assert is_publisher_column("brand")
    assert not any(is_people_column(name) for name in ("genres", "authority", "start"))


def test_names_resemble_no_other_words():
    """A film about Christ is none by Christopher; each text has names of its own."""
    films = FILMS.select("item_id").with_columns(
        title=pl.Series(["Christ", "Christopher Robin", *map(str, range(8))])
    )
    content = ContentEncoder.fit(films)
    assert asked(content, "movies by Christopher Nolan", WORDS) == {"christopher"}
    assert asked(content, "Christopher", WORDS) == {"christopher", "christ"}
    texts = ["by Christopher", "Christopher"]
    rows = encode_wishes(texts, content.texts)[content.names.index(WORDS)].toarray()
    assert (rows > 0).sum(axis=1).tolist() == [1, 2]
