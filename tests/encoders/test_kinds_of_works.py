import pytest

from daybreak.encoders.clauses import drop_small_talk
from daybreak.encoders.kinds_of_works import drop_kind_of_works
from daybreak.encoders.named_items import named_phrases


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("music for studying", "studying"),
        ("I want to listen to music like Radiohead", "Radiohead"),
        ("papers on graph clustering", "graph clustering"),
        ("any news about refugees", "refugees"),
        ("Nachrichten aus Italien", "Italien"),
        ("anything from Starbucks", "Starbucks"),
        ("a Spielberg movie", "Spielberg"),
        ("some rock music", "rock"),
        ("horror movies", "horror"),
        ("bands similar to ABBA", "ABBA"),
        ("christmas music", "christmas"),
        ("música brasileña", "brasileña"),
        ("books by Jane Austen", "by Jane Austen"),
        ("I'm looking for songs by ABBA", "by ABBA"),
        ("films directed by Fritz Lang", "by Fritz Lang"),
        ("starring Meg Ryan", "by Meg Ryan"),
        ("Filme von Fellini", "by Fellini"),
        ("comedies by Mel Brooks", "comedies by Mel Brooks"),
        ("written by Woody Allen", "by Woody Allen"),
        ("something with music", "music"),
        ("give me some horror movies", "give me some horror"),
        ("I'm looking for new french chansons", "I'm looking for new french"),
    ],
)
def test_the_word_for_a_kind_of_works_is_dropped(text, kept):
    assert drop_kind_of_works(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "music box",
        "Scary Movie",
        "Stand by me",
        "Music of the Heart",
        "board games for two",
        "books about tea",
        "wrapping paper with stars",
        "papers with stars",
        "rubber bands",
        "a hair band",
        "a house by the lake",
        "von Berlin nach Wien",
        "movies",
        "",
        "books about films",
        "a gift for someone who loves music",
        "I love music",
        "I like movies",
        "a poster of old films",
        "things that play music",
        "games and movies",
        "mugs with songs",
        "a documentary about the music",
        "ein Buch über Filme",
        "ein Poster von alten Filmen",
        "un livre sur les chansons",
        "regalo para amantes de la música",
        "un libro di canzoni",
    ],
)
def test_other_texts_stay(text):
    assert drop_kind_of_works(text) == text


def test_a_text_of_nothing_else_is_kept():
    assert drop_small_talk("love songs") == "love songs"
    assert drop_small_talk("music") == "music"


def test_a_question_is_a_sentence_whose_small_talk_is_dropped():
    assert drop_small_talk("got any good war films?") == "war"
    assert drop_small_talk("good luck") == "good luck"


def test_titles_with_such_words_and_makers_that_are_titles_are_named():
    assert "news from nowhere" in named_phrases("News from Nowhere")
    assert "madonna" in named_phrases("anything by Madonna")
    assert "abba" in named_phrases("Lieder von ABBA")
