import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders import CachedEncoder, MemoryVectors, OnnxTextEncoder
from daybreak.encoders.scripts import MIN_TOKENS_OF_SCRIPT, is_written_in, known_scripts
from tests.encoders.tiny_models import tiny_onnx


def tokens(first, number):
    return [chr(ord(first) + n) for n in range(number)]


def test_a_script_needs_many_tokens():
    few, many = tokens("一", MIN_TOKENS_OF_SCRIPT - 1), tokens("一", MIN_TOKENS_OF_SCRIPT)
    assert known_scripts(few) == {"LATIN"}
    assert known_scripts(many) == {"LATIN", "CJK"}


def test_marks_of_word_pieces_are_skipped():
    assert "HANGUL" in known_scripts(f"##{one}" for one in tokens("가", 600))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("comedy", True),
        ("Komödie für Kinder", True),
        ("喜剧", False),
        ("фильм", False),
        ("วันนี้", False),
        ("喜剧 film noir", True),
        ("看 3D", False),
        ("2024", True),
        ("", True),
    ],
)
def test_texts_are_read_by_the_script_of_most_letters(text, expected):
    assert is_written_in(text, frozenset({"LATIN"})) is expected


@given(st.text())
def test_any_text_is_read_by_a_model_of_its_scripts(text):
    scripts = known_scripts(character for letter in text for character in [letter] * 600)
    assert is_written_in(text, scripts)


def test_encoders_pass_the_question_on(tmp_path):
    plain = OnnxTextEncoder(tiny_onnx(tmp_path))
    cached = CachedEncoder(plain, MemoryVectors())
    assert [one.reads("red globe") for one in (plain, cached)] == [True, True]
    assert [one.reads("红色地球仪") for one in (plain, cached)] == [False, False]
