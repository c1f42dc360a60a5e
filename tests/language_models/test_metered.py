import json

import pytest
from pydantic import BaseModel

from daybreak.errors import ConfigError, DataError, OutOfBudgetError
from daybreak.language_models import (
    CompletionCache,
    MemoryCompletions,
    MeteredLanguageModel,
    Prompt,
    PromptMessage,
    SentField,
    TokenBudget,
    TokenPrice,
    parse_sent_fields,
)
from daybreak.testing.language_models import ScriptedLanguageModel


class Colour(BaseModel):
    colour: str


def prompt_of(text, *sends):
    return Prompt((PromptMessage("user", text),), frozenset(sends))


RED = json.dumps({"colour": "red"})


def test_a_budget_is_never_exceeded():
    prompt = prompt_of("a" * 84)  # at most 100 tokens, in fact 1, and 2 of the answer
    inner = ScriptedLanguageModel([RED])
    model = MeteredLanguageModel(inner, budget=TokenBudget(121))
    for _ in range(4):
        model.complete(prompt, Colour, max_tokens=10)
    with pytest.raises(OutOfBudgetError, match=r"may need 110 tokens, 109 of 121 are left"):
        model.complete(prompt, Colour, max_tokens=10)
    assert (model.usage.tokens, len(inner.prompts)) == (12, 4)


def test_a_request_without_a_response_costs_its_bound():
    model = MeteredLanguageModel(
        ScriptedLanguageModel([DataError("broken")]), budget=TokenBudget(100)
    )
    with pytest.raises(DataError):
        model.complete(prompt_of("a"), Colour, max_tokens=10)
    assert model.budget.left == 100 - 27


def test_an_answer_is_asked_for_once():
    inner, cache = ScriptedLanguageModel([RED]), MemoryCompletions()
    for _ in range(2):
        model = MeteredLanguageModel(inner, cache=cache, budget=TokenBudget(1000))
        model.complete(prompt_of("globe"), Colour)
        model.complete(prompt_of("globe"), Colour)
    assert len(inner.prompts) == 1
    assert (model.usage.n_requests, model.usage.n_cached) == (0, 2)


def test_another_prompt_schema_or_length_is_asked_for_anew():
    class Shade(BaseModel):
        colour: str
        shade: str = "light"

    inner = ScriptedLanguageModel([RED])
    model = MeteredLanguageModel(inner, cache=MemoryCompletions())
    model.complete(prompt_of("globe"), Colour)
    model.complete(prompt_of("lamp"), Colour)
    model.complete(prompt_of("globe"), Shade)
    model.complete(prompt_of("globe"), Colour, max_tokens=9)
    assert len(inner.prompts) == 4


def test_a_dropped_answer_is_not_stored():
    inner = ScriptedLanguageModel(["no", RED])
    model = MeteredLanguageModel(inner, cache=MemoryCompletions())
    assert model.complete(prompt_of("globe"), Colour).value is None
    assert model.complete(prompt_of("globe"), Colour).value == Colour(colour="red")


def test_a_stored_answer_of_an_earlier_schema_is_asked_for_anew():
    class OldCache(MemoryCompletions):
        def completion(self, model, prompt):
            return '{"hue": 3}'

    model = MeteredLanguageModel(ScriptedLanguageModel([RED]), cache=OldCache())
    assert not model.complete(prompt_of("globe"), Colour).is_cached


def test_what_a_user_said_is_not_stored():
    inner, cache = ScriptedLanguageModel([RED]), MemoryCompletions()
    model = MeteredLanguageModel(inner, cache=cache)
    for _ in range(2):
        model.complete(prompt_of("a gift", SentField.USER_WORDS), Colour)
    assert len(inner.prompts) == 2
    assert not cache._answers
    assert isinstance(cache, CompletionCache)


@pytest.mark.parametrize("field", list(SentField))
def test_nothing_leaves_the_machine_that_is_not_allowed(field):
    inner = ScriptedLanguageModel([RED], is_local=False)
    allowed = frozenset(SentField) - {field}
    with pytest.raises(ConfigError, match=f"would be sent {field.value};"):
        MeteredLanguageModel(inner, allowed=allowed).complete(prompt_of("x", field), Colour)
    assert not inner.prompts
    MeteredLanguageModel(inner, allowed=[field]).complete(prompt_of("x", field), Colour)
    assert len(inner.prompts) == 1


def test_a_model_on_this_machine_may_know_everything():
    inner = ScriptedLanguageModel([RED])
    MeteredLanguageModel(inner).complete(prompt_of("x", *SentField), Colour)
    assert len(inner.prompts) == 1


def test_kinds_of_data_are_parsed():
    assert parse_sent_fields("all") == frozenset(SentField)
    with pytest.raises(ConfigError, match="did you mean 'user_words'"):
        parse_sent_fields("user_word")


def test_prices_are_parsed():
    price = TokenPrice.parse("0.5/2")
    assert price.cost(prompt_tokens=1_000_000, completion_tokens=500_000) == 1.5
    assert TokenPrice.parse("").cost(prompt_tokens=9, completion_tokens=9) == 0
    for text in ("1", "a/b", "-1/2", "nan/1"):
        with pytest.raises(ConfigError):
            TokenPrice.parse(text)


def test_the_usage_says_what_it_cost():
    model = MeteredLanguageModel(ScriptedLanguageModel([RED, "no"]))
    for text in ("red globe", "blue globe"):
        model.complete(prompt_of(text), Colour)
    told = model.usage.to_dict(TokenPrice(1_000_000, 0))
    assert told == {
        "requests": 2,
        "cached": 0,
        "prompt_tokens": 4,
        "completion_tokens": 3,
        "faults": {"wrong_format": 1},
        "cost": 4.0,
    }
