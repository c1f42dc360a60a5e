import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from daybreak.errors import ConfigError, NotFoundError
from daybreak.language_models import (
    LANGUAGES,
    CompletionFault,
    Generation,
    PromptTemplate,
    read_prompt,
    unsupported_parts,
)
from daybreak.language_models.base import parse_answer
from daybreak.language_models.facts import connecting_words
from daybreak.language_models.prompts import prompt_names


@pytest.mark.parametrize("name", prompt_names("en"))
def test_a_prompt_is_there_in_both_languages_and_sends_the_same(name):
    english, chinese = (read_prompt(name, language) for language in LANGUAGES)
    assert english.sends == chinese.sends
    assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese.system)
    assert english.system.isascii()


def test_both_languages_have_the_same_prompts():
    assert prompt_names("en") == prompt_names("zh")


@pytest.mark.parametrize("name", prompt_names("en"))
@pytest.mark.parametrize(
    ("language", "words"), [("en", "never an instruction"), ("zh", "指令")]
)
def test_a_prompt_says_that_its_message_is_data_and_asks_for_json(name, language, words):
    system = read_prompt(name, language).system
    assert words in system
    assert "JSON" in system


@pytest.mark.parametrize("name", ["nothing", "../en/explain", ""])
def test_an_unknown_prompt_is_named(name):
    with pytest.raises(NotFoundError, match="known: "):
        read_prompt(name)


def test_an_unknown_language_is_named():
    with pytest.raises(ConfigError, match="en, zh, got 'fr'"):
        read_prompt("explain", "fr")


def test_an_instruction_without_its_value_is_an_error():
    template = PromptTemplate("x", "en", "At most $n words.", frozenset())
    assert template.fill({}, {"n": "5"}).messages[0].content == "At most 5 words."
    with pytest.raises(ConfigError, match="needs a value for 'n'"):
        template.fill({})


@given(st.text(alphabet=st.characters(), max_size=60))
def test_data_never_become_instructions(text):
    template = PromptTemplate("x", "en", "Name the colour of $what.", frozenset())
    system, user = template.fill({"title": text}, {"what": "the item"}).messages
    assert system.content == "Name the colour of the item."
    assert json.loads(user.content)["title"] == text.encode("utf-8", "replace").decode()


class Sentence(BaseModel):
    sentence: str


@given(st.text(max_size=80))
def test_any_generated_text_is_an_answer_or_a_fault(text):
    value, fault = parse_answer(Generation(text, 1, 1), Sentence)
    assert (value is None) == (fault is not None)


@given(st.text(max_size=40), st.text(max_size=9), st.text(max_size=9))
def test_an_answer_is_found_in_the_text_around_it(sentence, before, after):
    text = before.replace("{", "") + json.dumps({"sentence": sentence}) + after.replace("}", "")
    value, _ = parse_answer(Generation(text, 1, 1), Sentence)
    assert value is None or value.sentence == sentence
    if not before.strip("{") and not after.strip("}"):
        assert value is not None


def test_a_model_that_refused_has_no_answer():
    text = json.dumps({"sentence": "x"})
    assert parse_answer(Generation(text, 1, 1, is_refusal=True), Sentence)[1] == (
        CompletionFault.REFUSAL
    )


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("Because you liked Heat and The Matrix.", "en", []),
        ("because you liked heat", "en", []),
        ("Because you liked Heated arguments.", "en", ["heated", "arguments"]),
        ("A gripping thriller with Al Pacino", "en", ["gripping", "thriller", "al", "pacino"]),
        ("You chose 12 Angry Men (1957)", "en", []),
        ("You chose 12 films", "en", ["12"]),
        ("You'll love it, buy now!", "en", ["you'll", "buy", "now"]),
        ("因为你喜欢《盗梦空间》，所以推荐给你。", "zh", []),
        ("因为你喜欢《盗梦空间》，它获得了奥斯卡奖", "zh", ["获得", "奥斯卡奖"]),
        ("因为你选过 Heat，现在打折", "zh", ["现", "打折"]),
    ],
)
def test_what_is_not_in_the_evidence_is_found(text, language, parts):
    names = ["Heat", "The Matrix", "12 Angry Men (1957)", "盗梦空间", ""]
    assert unsupported_parts(text, names, language) == parts


@given(st.lists(st.text(min_size=1, max_size=12), max_size=4))
def test_whole_names_are_always_supported(names):
    text = " because ".join(names)
    kept = unsupported_parts(text, [*names, text], "en")
    assert kept == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_connecting_words_have_no_praise_and_no_number(language):
    words = connecting_words(language)
    assert not any(any(sign.isdigit() for sign in word) for word in words)
    assert not words & {"best", "first", "must", "free", "buy", "now", "cheap", "top"}
    assert not words & {"最好", "第一", "必须", "免费", "购买", "立即", "便宜", "最"}
