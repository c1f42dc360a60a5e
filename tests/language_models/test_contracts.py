"""Every registered kind of language model keeps the contract."""

import pytest

from daybreak.errors import DataError
from daybreak.language_models import (
    PACKAGED_LANGUAGE_MODELS,
    EndpointLanguageModel,
    GgufLanguageModel,
    MemoryCompletions,
    MeteredLanguageModel,
    Prompt,
    PromptMessage,
    TokenBudget,
    language_models,
    load_language_model,
)
from daybreak.language_models.packages import find_packaged_file, is_installed
from daybreak.testing.language_models import (
    LANGUAGE_MODEL_CHECKS,
    CheckedColour,
    ScriptedLanguageModel,
    answer_colour,
)
from tests.language_models.chat_server import chat_server

SMALLEST = PACKAGED_LANGUAGE_MODELS[0]


@pytest.fixture(scope="module")
def server():
    with chat_server() as running:
        yield running


@pytest.fixture(scope="module")
def small_model():
    """The packaged model, if it is installed."""
    pytest.importorskip("xllamacpp", reason="xllamacpp, of the extra llm, is missing")
    if not is_installed(SMALLEST):
        pytest.skip(f"the package {SMALLEST.packages[0]} is not installed")
    model = GgufLanguageModel(find_packaged_file(SMALLEST), threads=1, context_tokens=512)
    yield model
    model.close()


def metered():
    return MeteredLanguageModel(
        ScriptedLanguageModel(answer_colour), budget=TokenBudget(10_000)
    )


KINDS = ("endpoint", "gguf")


def make_model(kind, request):
    if kind == "endpoint":
        return EndpointLanguageModel(request.getfixturevalue("server").model, wait_s=0.001)
    return request.getfixturevalue("small_model")


@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_keeps_the_contract(kind, check, request):
    check(make_model(kind, request))


@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS)
@pytest.mark.parametrize("make", [metered, lambda: ScriptedLanguageModel(answer_colour)])
def test_wrapped_and_scripted_models_keep_the_contract(make, check):
    check(make())


def test_every_registered_kind_is_checked():
    assert set(language_models) <= set(KINDS)


def test_the_small_model_follows_a_schema_whatever_it_knows(small_model):
    for check in LANGUAGE_MODEL_CHECKS[:2]:
        check(MeteredLanguageModel(small_model, cache=MemoryCompletions()))


def test_a_prompt_beyond_the_context_is_an_error(small_model):
    long = Prompt((PromptMessage("user", "word " * 2000),), frozenset())
    with pytest.raises(DataError, match="exceeds the available context"):
        small_model.complete(long, CheckedColour)


def test_a_packaged_model_has_a_name(small_model):
    assert load_language_model(SMALLEST.model).hash != small_model.hash  # another context
