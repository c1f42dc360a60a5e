import math
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import sparse_rows
from daybreak.encoders.lexical import (
    LexicalEncoder,
    PhraseMatcher,
    l2_normalize_rows,
    most_frequent_terms,
    tokenize,
    tokenize_all,
)

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


def test_words_of_few_documents_can_be_dropped_when_there_are_many():
    documents = [["all"]] * 199 + [["all", "once", "once"]]
    assert LexicalEncoder.fit(documents).terms == ("all", "once")
    assert LexicalEncoder.fit(documents, min_documents=2).terms == ("all",)
    assert LexicalEncoder.fit(documents[1:], min_documents=2).terms == ("all", "once")


def test_rows_of_many_documents_are_computed_in_blocks_and_stay_the_same(monkeypatch):
    documents = [["red"], ["red", "tea", "red"], [], ["teas", "cup"], ["cup", "red"]]
    whole = LexicalEncoder.fit(documents)
    expected = whole.transform(documents), whole.transform_with_forms(documents)
    monkeypatch.setattr(sparse_rows, "BLOCK_ROWS", 2)
    fitted = LexicalEncoder.fit(documents)
    assert fitted.terms == whole.terms
    assert np.array_equal(fitted.idf, whole.idf)
    found = fitted.transform(documents), fitted.transform_with_forms(documents)
    for rows, others in zip(found, expected, strict=True):
        assert np.array_equal(rows.toarray(), others.toarray())


def test_a_word_of_many_texts_takes_its_memory_once():
    first, second = tokenize_all(["Red teapot", "A RED cup"])
    assert first[0] is second[1]


def test_an_unknown_word_counts_as_the_words_it_resembles():
    words = LexicalEncoder.fit([["coffee"], ["tea"], ["coffees"]])
    row = words.transform_with_forms([["cofee"]]).toarray()[0]
    assert row[words.columns["coffee"]] > row[words.columns["coffees"]] > 0
    assert row[words.columns["tea"]] == 0
    assert not words.transform_with_forms([["xyz"], []]).toarray().any()


def test_a_known_word_counts_as_other_forms_with_less_weight():
    words = LexicalEncoder.fit([["lamp"], ["lamps"], ["tea"]])
    asked = [["lamp", "tea"]]
    plain, forms = words.transform(asked), words.transform_with_forms(asked, min_similarity=0.6)
    assert np.allclose(words.transform_with_forms(asked).toarray(), plain.toarray())
    row = forms.toarray()[0]
    assert row[words.columns["lamp"]] > 2 * row[words.columns["lamps"]] > 0
    assert row[words.columns["lamp"]] == row[words.columns["tea"]]


@given(DOCUMENTS, DOCUMENTS)
def test_without_unknown_words_forms_change_nothing(fitted_on, asked):
    words = LexicalEncoder.fit([*fitted_on, *asked])
    rows = words.transform_with_forms(asked).toarray()
    assert np.allclose(rows, words.transform(asked).toarray(), atol=1e-6)


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


def test_words_are_lower_case_runs_of_letters_and_digits():
    assert tokenize("The RED-globe's no_1: Déjà vu!") == [
        *("the", "red", "globe", "s", "no", "1", "déjà", "vu")
    ]


def test_chinese_is_cut_into_words():
    assert tokenize("命运石之门，科幻动画") == ["命运", "石", "之", "门", "科幻", "动画"]


def test_scripts_in_one_text_are_told_apart():
    assert tokenize("NARUTOナルトのアニメ第2季") == [
        "naruto",
        "ナルト",
        "の",
        "アニメ",
        "第",
        "2",
        "季",
    ]


def test_vowel_signs_stay_in_their_words():
    assert tokenize("हिन्दी फ़िल्म") == ["हिन्दी", "फ़िल्म"]
    assert tokenize("caf\u0065\u0301") == ["café"]


def test_nothing_has_no_words():
    assert tokenize("") == tokenize(" … _ 🎈") == []


def test_chinese_needs_no_file_in_the_temporary_folder(tmp_path):
    code = "from daybreak.encoders.lexical import tokenize; print(tokenize('地球仪'))"
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**places, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == "['地球仪']"
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []


@given(st.text())
def test_words_hold_no_blanks_and_are_found_again(text):
    words = tokenize(text)
    assert all(word and not any(letter.isspace() for letter in word) for word in words)
    assert tokenize(" ".join(words)) == words or any(not word.isascii() for word in words)


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_finds_the_same_words(text):
    assert tokenize(text) == tokenize(text + " é")[:-1]


def found(sentence, *terms):
    return PhraseMatcher(terms, {"g", "year"}).find_terms(tokenize(sentence))


def test_values_are_found_as_whole_words():
    assert found("A scary COMEDY, please", "g=comedy", "g=com") == ["g=comedy"]


def test_values_of_several_words_must_stand_together():
    terms = ("g=science fiction", "g=fiction")
    assert found("science fiction", *terms) == ["g=science fiction", "g=fiction"]
    assert found("fiction about science", *terms) == ["g=fiction"]


def test_chinese_values_are_found():
    assert found("好看的科幻动画", "g=科幻", "g=战争") == ["g=科幻"]


def test_short_values_and_small_numbers_are_not_looked_for():
    assert found("I am a 2 or 18", "g=a", "g=am", "g=2", "g=18") == []


def test_years_are_found():
    assert found("a film of 1995", "year=1995") == ["year=1995"]


def test_columns_that_were_not_asked_for_are_left_out():
    assert found("comedy", "mood=comedy") == []


def test_a_value_of_two_columns_is_found_in_both():
    assert found("war", "g=war", "year=war") == ["g=war", "year=war"]


def test_values_are_found_in_other_forms():
    assert found("some westerns please", "g=western") == ["g=western"]
    assert found("science fictions", "g=science fiction") == ["g=science fiction"]
    assert found("gruentee", "g=Grüntee", "g=Tee") == ["g=Grüntee"]
    assert found("녹차를 주세요", "g=녹차", "g=커피") == ["g=녹차"]
    assert found("อยากได้กาแฟ", "g=กาแฟ", "g=ชา") == ["g=กาแฟ"]


def test_in_earlier_releases_only_exact_values_are_found():
    matcher = PhraseMatcher(["g=western"], {"g"}, finds_word_forms=False)
    assert matcher.find_terms(["westerns"]) == []
    assert matcher.find_terms(["western"]) == ["g=western"]


def test_values_are_found_by_parts_of_several_words():
    """Of "ice cream/milk", not all is milk; a part that is a value of its own stands for it."""
    terms = [
        "kind=ice cream/milk/sherbet",
        "kind=makeup brushes & tools",
        "kind=makeup brushes and sponges",
        "kind=hair care",
        "kind=hair care & dyes",
        "note=soft drinks & more",
    ]
    matcher = PhraseMatcher(terms, {"kind"})
    assert matcher.find_terms(["vanilla", "ice", "cream"]) == [terms[0]]
    assert matcher.find_terms(["milk"]) == []
    assert matcher.find_terms(["makeup", "brush"]) == []
    assert matcher.find_terms(["makeup", "brushes"]) == terms[1:3]
    assert matcher.find_terms(["hair", "care"]) == [terms[3]]
    assert matcher.find_terms(["soft", "drinks"]) == []
