import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders.lexical import tokenize


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
