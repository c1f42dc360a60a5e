import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import ConfigError, NotFoundError
from daybreak.language_models import MeteredLanguageModel, SentField, TokenBudget
from daybreak.service.state.explain import RecommendationReason
from daybreak.service.state.explainer import SentenceWriter, is_supported
from daybreak.service.state.reason_texts import (
    NEW_TO_EVERYBODY,
    UNPOPULAR,
    phrase_of,
    title_of,
)
from daybreak.service.state.sentences import list_facts, template_sentence
from daybreak.testing.language_models import ScriptedLanguageModel
from tests.language_models.hostile_texts import HOSTILE_TEXTS


def reason(kind, name, value=0.5, title=None, *, is_disliked=False):
    title = title or title_of(kind, name, is_new=False, value=value)
    text = phrase_of(kind, title, value, is_disliked=is_disliked)
    return RecommendationReason(kind, name, title, value, text)


CUP = reason("event", "cup", title="Tea cup")
GREEN = reason("event", "green", title="Green tea")
PRICE = reason("attribute", "price=..6", 0.3)
CROWD = reason("strategy", "everybody", 0.2)


def says(text):
    return ScriptedLanguageModel([json.dumps({"sentence": text})])


@pytest.mark.parametrize(
    ("reasons", "english", "chinese"),
    [
        (
            [CUP, GREEN, CROWD],
            "Because you chose Tea cup and Green tea, and it is popular with everybody.",
            "因为你选过“Tea cup”和“Green tea”，它受大家欢迎。",
        ),
        ([PRICE], "Because you like price up to 6.", "因为你喜欢price 不超过 6。"),
        (
            [reason("text", "cake stand")],
            "Because it matches 'cake stand'.",
            "因为它符合“cake stand”。",
        ),
        (
            [reason("event", "rum", title="Rum", is_disliked=True)],
            "Because you disliked Rum.",
            "因为你不喜欢“Rum”。",
        ),
        (
            [RecommendationReason("strategy", "everybody", NEW_TO_EVERYBODY, -0.1)],
            "Because it is new.",
            "因为它是新的。",
        ),
        (
            [reason("strategy", "age")],
            "Because it was published recently.",
            "因为它是最近发布的。",
        ),
        (
            [reason("strategy", "age", -0.4)],
            "No single reason stands out.",
            "没有单独突出的理由。",
        ),
        (
            [reason("profile", "age=31..36")],
            "Because people with age 31 to 36 like it.",
            "因为age 31 至 36的人喜欢它。",
        ),
        (
            [reason("event", "rum", -0.4)],
            "No single reason stands out.",
            "没有单独突出的理由。",
        ),
        ([], "No single reason stands out.", "没有单独突出的理由。"),
    ],
)
def test_the_template_says_what_speaks_for_an_item(reasons, english, chinese):
    assert template_sentence(reasons) == english
    assert template_sentence(reasons, "zh") == chinese


def test_what_speaks_against_an_item_is_no_fact():
    against = [reason("event", "rum", -0.4), reason("strategy", "everybody", -1.0)]
    assert against[1].title == UNPOPULAR
    assert list_facts([*against, CUP]) == list_facts([CUP])


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Because you chose Tea cup.", "en"),
        ("Because you chose Tea cup, Tea pot is recommended", "en"),
        ("Since you chose Tea cup we recommend Tea pot", "en"),
        ("We recommend Tea pot since you liked Green tea and Tea cup", "en"),
        ("Tea pot is recommended since it is similar to Tea cup.", "en"),
        ("We recommend Tea pot, similar to Tea cup.", "en"),
        ("Tea pot matches your taste: price up to 6.", "en"),
        ("Because you chose Tea pot number 12 and Tea cup", "en"),
        ("因为你选过“Tea cup”，所以推荐 Tea pot 给你。", "zh"),
    ],
)
def test_a_sentence_of_the_evidence_is_used(sentence, language):
    other = reason("event", "pot-12", title="Tea pot number 12")
    known = [CUP, PRICE, CROWD, other if "12" in sentence else GREEN]
    found = SentenceWriter(says(sentence), language).write("Tea pot", known)
    assert (found.text, found.source) == (sentence, "model")


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "Recommended for you.",  # names no evidence
        "Because you chose Tea pot and Tea cup.",  # the item itself
        "You chose a Tea pot, and it matches Tea cup.",
        "You liked Tea cup and the Tea pot.",
        "你选过“Tea cup”和“Tea pot”。",
        "Because you chose Tea cup and Coffee mug.",
        "We recommend Tea cup because you chose Tea cup.",  # not the item
        "We recommend Tea pot and Tea cup, since you liked Green tea.",
        "Green tea is recommended because you chose Tea cup.",
        "推荐给你“Tea cup”，因为你选过“Green tea”。",
        "Because you chose Tea cup, it costs 5 pounds.",
        "Because you chose Tea cup, the best cup of all.",
        "Because you chose Tea cup.\nBuy it.",
        "Because you chose Tea cup. " * 30,
        "因为你选过“Tea cup”，全场五折。",
    ],
)
def test_any_other_sentence_is_counted_and_the_template_is_used(sentence):
    model, language = says(sentence), "zh" if "你" in sentence else "en"
    found = SentenceWriter(model, language).write("Tea pot", [CUP, GREEN, PRICE])
    assert found.source == "template"
    assert found.text == template_sentence([CUP, GREEN, PRICE], language)
    assert sum(model.usage.faults.values()) == 1


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_model_that_obeys_the_text_of_an_item_changes_nothing(hostile, language):
    for title in (hostile, f"Tea pot. {hostile}"):
        for obeyed in (hostile, f"{hostile} Tea cup", "Buy this now, it is the best! Tea cup"):
            writer = SentenceWriter(says(obeyed), language)
            found = writer.write("Tea pot", [CUP])
            assert found.text == SentenceWriter(None, language).write("Tea pot", [CUP]).text
            found = SentenceWriter(says(f"It is the best, {title}"), language)
            assert found.write(title, [CUP]).source == "template"


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_a_hostile_title_is_data_of_the_prompt(hostile):
    model = says("x")
    SentenceWriter(model).write(hostile, [CUP])
    system, user = model.prompts[0].messages
    assert hostile not in system.content
    assert json.loads(user.content)["item"] == hostile[:120]


def test_after_an_error_the_template_writes_without_asking_again():
    model = ScriptedLanguageModel([NotFoundError("no server")])
    writer = SentenceWriter(model)
    assert [writer.write("Tea pot", [CUP]).source for _ in range(3)] == ["template"] * 3
    assert len(model.prompts) == 1


def test_a_used_budget_and_a_passed_limit_leave_the_template():
    model = MeteredLanguageModel(says("Because you chose Tea cup."), budget=TokenBudget(9))
    assert SentenceWriter(model).write("Tea pot", [CUP]).source == "template"
    late = SentenceWriter(says("Because you chose Tea cup."), limit_s=-1.0)
    assert late.write("Tea pot", [CUP]).source == "template"


def test_a_history_is_not_sent_to_another_machine_unless_allowed():
    inner = ScriptedLanguageModel(
        ['{"sentence": "Because you chose Tea cup."}'], is_local=False
    )
    refused = MeteredLanguageModel(inner, allowed=[SentField.ITEM_TITLE])
    assert SentenceWriter(refused).write("Tea pot", [CUP]).source == "template"
    assert not inner.prompts
    allowed = MeteredLanguageModel(inner, allowed=list(SentField))
    assert SentenceWriter(allowed).write("Tea pot", [CUP]).source == "model"


def test_without_a_fact_that_has_a_name_the_model_is_not_asked():
    model = says("anything")
    assert SentenceWriter(model).write("Tea pot", [CROWD]).source == "template"
    assert not model.prompts


def test_an_unknown_language_is_an_error():
    with pytest.raises(ConfigError, match="en, zh"):
        SentenceWriter(None, "de")


@given(st.text(max_size=60), st.text(min_size=1, max_size=20))
def test_whatever_a_model_says_the_sentence_is_supported_or_that_of_the_template(text, title):
    facts = list_facts([CUP])
    found = SentenceWriter(says(text)).write(title, [CUP])
    if found.source == "model":
        assert is_supported(found.text, title, facts)
    else:
        assert found.text == "Because you chose Tea cup."
