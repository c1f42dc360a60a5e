"""Typing errors in sentences, by the words of a catalogue."""

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders import CachedEncoder, MemoryVectors, OnnxTextEncoder
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.spelling import correct_spelling, is_one_error
from daybreak.testing.encoders import CountingEncoder
from tests.encoders.tiny_models import tiny_onnx

WORDS = (
    "umbrella",
    "kitchen",
    "scales",
    "christmas",
    "message",
    "horse",
    "freud",
    "red",
    "tea",
)
SHOP = pl.DataFrame({"item_id": [*"abcdefghi"], "title": list(WORDS)})


def as_dense(matrix):
    return matrix.toarray() if sp.issparse(matrix) else matrix


def correct(text, known=()):
    def is_known(word):
        return word in WORDS or word in known

    return correct_spelling(text, is_known, lambda asked: [WORDS for _ in asked])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a red umbrela", "a red umbrella"),
        ("Chrismas tea", "christmas tea"),
        ("red kicthen scalles", "red kitchen scales"),
        ("umbbrella", "umbrella"),
        ("red hose", "red hose"),
        ("eine Freude für Mutter", "eine Freude für Mutter"),
        ("cable", "cable"),
        ("somthing umbrela", "umbrella"),
        ("kichen moveis", "kitchen"),
        ("recomend a mesage", "a message"),
        ("moveis", "moveis"),
    ],
)
def test_corrections_by_hand(text, meant):
    assert correct(text) == meant


def test_a_word_that_the_text_model_knows_is_right():
    assert correct("red massage") == "red message"
    assert correct("red massage", known={"massage"}) == "red massage"


@given(st.sampled_from([word for word in WORDS if len(word) > 6]), st.data())
def test_any_error_but_in_the_first_letter_is_corrected(word, data):
    at = data.draw(st.integers(1, len(word) - 1))
    letter = data.draw(st.sampled_from("qxz"))
    changed = data.draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at:],
                word[:at] + letter + word[at + 1 :],
                word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :] if at > 1 else word,
            ]
        )
    )
    assert correct(f"red {changed}") == f"red {word}"


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_being_one_error_away_is_symmetric(word, other):
    if len(word) == len(other):
        assert is_one_error(word, other) == is_one_error(other, word)
    assert not is_one_error(word, word)


@given(st.text())
def test_any_text_is_read(text):
    assert isinstance(correct(text), str)


def test_a_sentence_with_an_error_is_that_without():
    content = ContentEncoder.fit(SHOP, CountingEncoder())
    wrong, right = (content.texts([text]) for text in ("red umbrela", "red umbrella"))
    for one, other in zip(wrong, right, strict=True):
        assert np.allclose(as_dense(one.matrix), as_dense(other.matrix))


def test_encoders_know_the_words_of_their_vocabulary(tmp_path):
    plain = OnnxTextEncoder(tiny_onnx(tmp_path))
    cached = CachedEncoder(plain, MemoryVectors())
    word = next(one for one in plain._tokenizer.get_vocab() if one.isalpha() and len(one) > 2)
    assert [one.knows(word) for one in (plain, cached)] == [True, True]
    assert [one.knows("umbrela grobe") for one in (plain, cached)] == [False, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wstern", "western"),
        ("jaket", "jacket"),
        ("mirorr", "mirror"),
        ("tasse", "tasse"),  # a cup in German, no tassel
        ("moose", "moose"),
    ],
)
def test_a_short_word_alone_is_corrected_before_its_last_letter(text, expected):
    words = ["western", "jacket", "mirror", "tassel", "mouse"]
    found = correct_spelling(text, words.__contains__, lambda asked: [words for _ in asked])
    assert found == expected
