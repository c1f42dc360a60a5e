import json
import logging

import pytest
from pydantic import BaseModel

from daybreak.errors import ConfigError, DataError, NotFoundError
from daybreak.language_models import (
    CompletionFault,
    EndpointLanguageModel,
    Prompt,
    PromptMessage,
    load_language_model,
)
from daybreak.language_models.base import strict_schema
from tests.language_models.chat_server import chat_body, chat_server

KEY = "DAYBREAK_LANGUAGE_MODEL_KEY"
PROMPT = Prompt((PromptMessage("user", '{"title": "red globe"}'),), frozenset())


class Colour(BaseModel):
    colour: str


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    with chat_server() as running:
        yield running


def model_of(server, **options):
    return EndpointLanguageModel(server.model, wait_s=0.001, **options)


def test_the_schema_and_the_limits_are_sent(server):
    model_of(server).complete(PROMPT, Colour, max_tokens=33)
    asked = server.asked[0]
    assert asked["path"] == "/v1/chat/completions"
    assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("tiny", 33, 0)
    sent = asked["response_format"]["json_schema"]
    assert sent["strict"]
    assert sent["schema"]["required"] == ["colour"]
    assert sent["schema"]["additionalProperties"] is False


def test_a_nested_schema_is_strict_at_every_level():
    class Shade(BaseModel):
        name: str = "light"

    class Colours(BaseModel):
        default: Shade | None = None
        others: list[Shade] = []

    schema = strict_schema(Colours.model_json_schema())
    assert schema["required"] == ["default", "others"]
    assert schema["$defs"]["Shade"]["required"] == ["name"]
    assert '"default": "light"' not in json.dumps(schema)
    assert schema["properties"]["default"]["anyOf"][0] == {"$ref": "#/$defs/Shade"}


def test_a_server_without_schemas_reads_the_schema(server):
    completion = model_of(server, response_format="json_object").complete(PROMPT, Colour)
    assert completion.value == Colour(colour="red")
    assert '"colour"' in server.asked[0]["messages"][0]["content"]
    assert server.asked[0]["response_format"] == {"type": "json_object"}


def test_a_temporary_fault_is_retried_and_counted_once(server):
    server.faults = [(503, b"busy"), (429, b"slow down")]
    model = model_of(server)
    assert model.complete(PROMPT, Colour).value == Colour(colour="red")
    assert (len(server.asked), model.usage.n_requests, model.usage.tokens) == (3, 1, 35)


def test_the_key_is_sent_and_never_told(server, monkeypatch, caplog):
    monkeypatch.setenv(KEY, "very-secret")
    caplog.set_level(logging.DEBUG)
    server.faults = [(503, b"busy very-secret"), (400, b"very-secret has no such model")]
    model = model_of(server)
    with pytest.raises(DataError, match="answered 400") as caught:
        model.complete(PROMPT, Colour)
    assert server.keys == ["Bearer very-secret"] * 2
    assert "very-secret" not in f"{caught.value} {caplog.text} {model.name} {model.hash}"
    assert "very-secret" not in f"{model!r} {model.server!r} {vars(model)}"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (chat_body("", refusal="I will not"), CompletionFault.REFUSAL),
        (chat_body("", finish="content_filter"), CompletionFault.REFUSAL),
        (chat_body('{"colour": "re', finish="length"), CompletionFault.CUT_OFF),
        (chat_body("I am sorry, but I cannot do that."), CompletionFault.WRONG_FORMAT),
        (chat_body('{"color": "red"}'), CompletionFault.WRONG_FORMAT),
        (chat_body(None), CompletionFault.WRONG_FORMAT),
        (chat_body("[1, 2"), CompletionFault.WRONG_FORMAT),
    ],
)
def test_a_refusal_or_a_wrong_format_is_counted_and_dropped(body, fault):
    with chat_server(lambda _: body) as server:
        model = model_of(server)
        completion = model.complete(PROMPT, Colour)
    assert (completion.value, completion.fault) == (None, fault)
    assert model.usage.faults == {fault.value: 1}


@pytest.mark.parametrize("answer", [b"{}", b"[]", b'{"choices": []}', b"nonsense"])
def test_a_response_of_another_api_is_an_error(answer):
    with chat_server(lambda _: answer) as server, pytest.raises(DataError):
        model_of(server).complete(PROMPT, Colour)


def test_a_server_that_reports_no_tokens_is_counted_by_the_bound():
    body = json.loads(chat_body('{"colour": "red"}'))
    del body["usage"]
    with chat_server(lambda _: json.dumps(body).encode()) as server:
        model = model_of(server)
        model.complete(PROMPT, Colour, max_tokens=10)
    assert model.usage.tokens == PROMPT.max_tokens + 10


def test_nobody_at_the_address_is_named():
    model = EndpointLanguageModel("http://127.0.0.1:9/v1#tiny", tries=1)
    with pytest.raises(NotFoundError, match=r"127\.0\.0\.1:9.* does not answer"):
        model.complete(PROMPT, Colour)


@pytest.mark.parametrize(
    "name",
    ["http://127.0.0.1/v1", "http://a:b@host/v1#m", "https://host/v1?key=x#m", "ftp://h#m"],
)
def test_an_unusable_address_is_refused(name):
    with pytest.raises(ConfigError):
        EndpointLanguageModel(name)


def test_a_key_is_not_sent_without_encryption(monkeypatch):
    monkeypatch.setenv(KEY, "very-secret")
    with pytest.raises(ConfigError, match="without encryption"):
        EndpointLanguageModel("http://example.org/v1#m").complete(PROMPT, Colour)


def test_only_this_machine_is_local():
    assert load_language_model("http://localhost:1/v1#m").is_local
    assert not load_language_model("https://example.org/v1#m").is_local


@pytest.mark.parametrize("name", ["gpt", "qwen2.5-coder", "missing.gguf"])
def test_an_unknown_model_is_named(name):
    with pytest.raises(NotFoundError, match=name):
        load_language_model(name)
