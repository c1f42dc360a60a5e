"""The language model of the settings in interviews of a server."""

import json

import pytest

from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.service.interview.turns import InterviewRequest, InterviewTurn
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.service.workspace import Workspace
from tests.language_models.chat_server import chat_body, chat_server

SAID = "a hot drink with leaves"
TURN = InterviewTurn("attribute", "shelf", ("tea", "rum"), text=SAID)


def careful(body):
    """Ask in other words, and read the answer as tea."""
    data = json.loads(body["messages"][-1]["content"])
    if "answer" in data:
        read = [{"name": "tea", "words": SAID}] if data["answer"] == SAID else []
        return chat_body(json.dumps({"likes": read, "dislikes": []}))
    return chat_body(json.dumps({"question": "Which of these would you rather have?"}))


@pytest.fixture(scope="module")
def url(tables, tmp_path_factory):
    """A store with a trained release."""
    events, items, users = tables
    url = f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}"
    with Workspace(Settings(store=url, encoder="none"), create=True) as workspace:
        workspace.store.write(Tables.of(events, items, users))
        workspace.train()
    return url


def held(service, *turns, **options):
    request = InterviewRequest(turns, use_model=True, **options)
    return service.interview(request, RecommendRequest(n=3))


def test_a_server_asks_and_reads_with_the_model_of_the_settings(url):
    with (
        chat_server(careful) as server,
        RecommenderService(Settings(store=url, language_model=server.model)) as service,
    ):
        assert held(service).step.question.source == "model"
        found = held(service, TURN)
        assert found.step.understood.wanted == (("shelf", "tea"),)
        assert found.step.readings[0].source == "model"
        n_asked = len(server.asked)
        again = held(service, TURN)
        assert len(server.asked) == n_asked  # neither is asked twice
        assert again.step.understood == found.step.understood
        plain = service.interview(InterviewRequest((TURN,)), RecommendRequest(n=3))
        assert plain.step.question.source == "template"
        assert plain.step.readings[0].source == "rules"
        assert service.status()["language_model"] is True


@pytest.mark.parametrize("model", ["none", "http://127.0.0.1:9/v1#m", "missing.gguf"])
def test_without_a_usable_model_templates_ask_and_rules_read(url, model, monkeypatch):
    monkeypatch.setattr("daybreak.encoders.endpoint.time.sleep", lambda _: None)
    settings = Settings(store=url, language_model=model)
    with RecommenderService(settings) as service:
        found = held(service, TURN)
        assert found.step.question.source == "template"
        assert found.step.readings[0].source == "rules"
        assert service.status()["language_model"] is (model != "none")


def test_while_the_model_reads_for_one_request_rules_read_for_others(url):
    sources = []

    def busy(body):
        if not sources:
            sources.append("")
            sources.append(held(service, TURN).step.readings[0].source)
        return careful(body)

    with (
        chat_server(busy) as server,
        RecommenderService(Settings(store=url, language_model=server.model)) as service,
    ):
        assert held(service, TURN).step.readings[0].source == "model"
    assert sources == ["", "rules"]


def test_the_command_line_uses_the_model_of_the_settings(url):
    with chat_server(careful) as server:
        settings = Settings(store=url, language_model=server.model)
        with Workspace(settings) as workspace:
            interview = workspace.start_interview(use_model=True, k=3)
            assert interview.question.source == "model"
            assert interview.answer(SAID).understood.wanted[0][1] == "tea"
