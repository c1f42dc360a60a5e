import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders.lexical import LexicalEncoder, l2_normalize_rows, most_frequent_terms

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=12)


def test_weights_are_those_worked_by_hand():
    """Two documents; tea is in one, red in both.

    idf(red) = ln(3/3) + 1 = 1, idf(tea) = ln(3/2) + 1 = 1.4055; red twice: 1 + ln 2 = 1.6931.
    Row 2 is (1.6931, 1.4055) / 2.2005 = (0.7694, 0.6387).
    """
    fitted = LexicalEncoder.fit([["red"], ["red", "tea", "red"]])
    rows = fitted.transform([["red"], ["red", "tea", "red"]]).toarray()
    assert fitted.terms == ("red", "tea")
    assert np.allclose(fitted.idf, [1, math.log(1.5) + 1])
    assert np.allclose(rows, [[1, 0], [0.7694, 0.6387]], atol=1e-4)


def test_with_many_documents_a_word_must_appear_in_two():
    documents = [["all"]] * 199 + [["all", "once", "once"]]
    assert LexicalEncoder.fit(documents).terms == ("all",)
    assert LexicalEncoder.fit(documents[1:]).terms == ("all", "once")


def test_the_words_of_most_documents_stay():
    fitted = LexicalEncoder.fit([["a", "b", "c"], ["b", "c"], ["c"]], max_terms=2)
    assert fitted.terms == ("b", "c")


def test_ties_go_to_the_first_in_the_alphabet():
    assert most_frequent_terms(["a", "b", "c"], np.array([1.0, 2.0, 1.0]), 1, 2) == [0, 1]


def test_words_that_were_never_seen_give_a_zero_row():
    rows = LexicalEncoder.fit([["red"]]).transform([["tea"], []])
    assert rows.shape == (2, 1)
    assert rows.nnz == 0


def test_no_documents_give_no_columns():
    fitted = LexicalEncoder.fit([])
    assert fitted.transform([["red"], []]).shape == (2, 0)
    assert fitted.transform([]).shape == (0, 0)


@given(DOCUMENTS, DOCUMENTS)
def test_rows_have_length_one_or_zero(fitted_on, asked):
    rows = LexicalEncoder.fit(fitted_on).transform(asked)
    lengths = np.linalg.norm(rows.toarray(), axis=1)
    assert rows.dtype == np.float32
    assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths == 0))


@given(DOCUMENTS)
def test_the_order_of_documents_does_not_matter(documents):
    there, back = LexicalEncoder.fit(documents), LexicalEncoder.fit(documents[::-1])
    assert there.terms == back.terms
    assert np.array_equal(there.idf, back.idf)


def test_unit_rows_keep_what_is_zero():
    rows = l2_normalize_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).toarray()
    assert np.allclose(rows, [[0.6, 0.8], [0, 0]])
