"""Messages of the service in Chinese."""

import ast
import re
import string
import tomllib
from importlib.resources import files
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daybreak
from daybreak.messages import LANGUAGES, choose_by_header, translate_text
from daybreak.messages.phrases import MAX_TRIES, Phrase, _Translator, read_phrases

CATALOGUE = {
    template: text
    for part in tomllib.loads(
        files("daybreak.messages").joinpath("zh.toml").read_text("utf-8")
    ).values()
    for template, text in part.items()
}
SOURCE = Path(daybreak.__file__).parent
TRANSLATED = (
    "data",
    "ranking/filters",
    "ranking/reranking/rules.py",
    "server",
    "service/experiments",
    "service/ingest",
    "service/privacy",
    "service/serving",
    "service/training/retraining.py",
)
"""Parts whose messages a person reads on the page."""
OPERATION = ("server/gorse", "server/ops", "server/workers", "server/links", "data/media")
"""Parts whose messages programs and operators read."""
FOR_PROGRAMMERS = re.compile(
    r"JSON|object has no attribute|reading pictures|reading sounds|pandas|Arrow|read_|array|"
    r"has (no valid|parts|rows|a column|positions)|no valid header|cut while it was in use|"
    r"the columns differ|^\{\}: expected|^\{\}: \{\}$|^picture$|^sound$|items of the kind|"
    r"^\{\} is \{\}$|above 0\{\}"
)
"""Messages of the library about frames and arrays, and those made of other messages."""


def braces(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def message_template(node):
    """Return the text of an expression, with braces for its values; None: it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
        return "".join(map(str, parts))
    return None


def raised_messages(path):
    """Return the messages of the errors that a file raises."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            texts = [message_template(part) for part in node.exc.args[:2]]
            yield from (text for text in texts if text is not None and " " in text)


def source_files():
    for part in TRANSLATED:
        path = SOURCE / part
        found = [path] if path.is_file() else sorted(path.rglob("*.py"))
        named = ((file, file.relative_to(SOURCE).as_posix()) for file in found)
        yield from (file for file, name in named if not name.startswith(OPERATION))


MESSAGES = sorted(
    {
        text
        for text in chain.from_iterable(map(raised_messages, source_files()))
        if not FOR_PROGRAMMERS.search(text)
    }
)


@pytest.mark.parametrize("text", MESSAGES)
def test_messages_that_people_read_have_a_chinese_text(text):
    values = iter("ABCDEFGHIJ")
    filled = re.sub(r"\{\}", lambda _: next(values), text)
    assert re.search(r"[\u4e00-\u9fff]", translate_text(filled, "zh")), filled


def test_enough_messages_are_checked():
    assert len(MESSAGES) > 150


@pytest.mark.parametrize("template", CATALOGUE)
def test_a_translation_uses_values_that_its_template_has(template):
    text = CATALOGUE[template]
    assert braces(text) <= {str(number) for number in range(template.count("{}"))}
    assert re.search(r"[\u4e00-\u9fff]|^\{", text)


def test_the_closest_template_wins_and_values_stay():
    assert translate_text("no item 'cup'; the nearest is 'cap'", "zh") == (
        "没有物品 'cup'；the nearest is 'cap'"
    )
    several = "no item 'x' in the catalogue of 5 items; the nearest id is 'y'"
    assert translate_text(several, "zh") == "5 个物品的目录中没有物品 'x'；最接近的编号是 'y'"


def test_parts_and_messages_within_messages_are_translated():
    filter_ = "filter, at character 4 ('a or'): the filter is empty"
    assert translate_text(f"{filter_}; start a training with POST /train", "zh") == (
        "过滤条件第 4 个字符处（'a or'）：过滤条件是空的；用 POST /train 开始训练"
    )
    note = "shop.csv: 3 of 5 events have no time"
    assert translate_text(note, "zh") == "shop.csv：5 个事件中有 3 个没有时间"
    counts = "user_id is not a time: 5; no item_id: 3"
    assert translate_text(counts, "zh") == "user_id 不是时间：5；没有 item_id：3"


def test_semicolons_in_quotes_end_no_message():
    """Entities of HTML in a title (&amp;) left the whole message in English."""
    text = (
        "2 of 9 items have a title that another item has, too, such as 'tea &amp; cake'; the "
    )
    text += "rule distinct=title shows a title once"
    found = translate_text(text, "zh")
    assert "例如 'tea &amp; cake'；" in found
    assert "no item" not in translate_text(f"no item 'a'; {text}; no item 'b'", "zh")
    assert translate_text("no item 'a'; no item 'b'", "zh") == "没有物品 'a'；没有物品 'b'"


def test_english_and_what_is_unknown_stay_as_they_are():
    assert translate_text("the filter is empty", "en") == "the filter is empty"
    assert translate_text("Tea: green; hot", "zh") == "Tea: green; hot"
    assert translate_text("no item 'x'" + "y" * 3_000, "zh").startswith("no item")


def test_a_phrase_matches_without_going_back():
    phrase = Phrase.parse("{} of {} rows", "{1} 行中的 {0} 行")
    assert phrase.match("1 of 2 rows") == ("1", "2")
    assert phrase.match(" of 2 rows") is None
    assert phrase.match("1 of  rows") is None
    assert phrase.match("1 of 2 columns") is None


@pytest.mark.parametrize("part", ["a: b; ", "x.csv, row 3: ", "note: ", "because you chose "])
def test_hostile_texts_are_given_up_early(part):
    text = (part * 12 + "x: " * 600)[:2_000]
    translator = _Translator("zh")
    translator.translate(text, 6)
    assert translator.n_tries <= MAX_TRIES + 1


@given(st.text(alphabet="zhen-CNq=0.5;,* \t", max_size=40))
def test_any_header_chooses_a_language(header):
    assert choose_by_header(header) in LANGUAGES


@given(st.lists(st.sampled_from([*CATALOGUE, "Tea", "; ", ": "]), max_size=4))
def test_any_text_can_be_translated(parts):
    text = "".join(parts)
    assert isinstance(translate_text(text, "zh"), str)
    assert translate_text(text, "en") == text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,zh;q=0.9", "en"),
        ("fr, zh-TW;q=0.3, en;q=0.2", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=abc", "en"),
        ("*", "en"),
        ("", "en"),
    ],
)
def test_the_language_with_the_highest_quality_is_chosen(header, language):
    assert choose_by_header(header) == language


def test_phrases_are_ordered_by_what_they_fix():
    fixed = [phrase.n_fixed_chars for phrase in read_phrases("zh")]
    assert fixed == sorted(fixed, reverse=True)
