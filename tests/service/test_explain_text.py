"""Explanations in words, from the library to the client."""

import json

import pytest

from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.errors import ConfigError
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.service.workspace import Workspace
from daybreak.testing.language_models import ScriptedLanguageModel
from tests.language_models.chat_server import chat_body, chat_server


def obedient(body):
    """Return what a good model says: the first reason."""
    data = json.loads(body["messages"][-1]["content"])
    return chat_body(json.dumps({"sentence": f"Because {data['reasons'][0]}."}))


def test_the_library_adds_a_sentence_to_each_row(shop):
    rows = shop.recommend(["person-1"], k=3, explain="text")
    assert rows.columns[-2:] == ["reasons", "explanation"]
    assert all(text.startswith("Because ") for text in rows["explanation"])
    chinese = shop.recommend(["person-1"], k=3, explain="text", language="zh")
    assert all(text.startswith("因为") for text in chinese["explanation"])
    assert shop.recommend([], explain="text").columns[-1] == "explanation"


def test_the_library_asks_its_language_model(shop):
    shop.language_model = ScriptedLanguageModel(['{"sentence": "You will love it!"}'])
    rows = shop.recommend(["person-1"], k=2, explain="text")
    assert shop.language_model.usage.faults == {"unsupported": 2}
    assert all(text.startswith("Because ") for text in rows["explanation"])


@pytest.fixture
def url(tables, tmp_path):
    """A store with a trained release."""
    events, items, users = tables
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Workspace(Settings(store=url, encoder="none"), create=True) as workspace:
        workspace.store.write(Tables.of(events, items, users))
        workspace.train()
    return url


def test_a_service_writes_with_the_model_of_the_settings(url):
    request = RecommendRequest(user_id="person-1", n=2, explain="text")
    with (
        chat_server(obedient) as server,
        RecommenderService(Settings(store=url, language_model=server.model)) as service,
    ):
        items = service.recommend(request).items
        assert {item.explanation_source for item in items} == {"model"}, items
        assert all(item.explanation.startswith("Because you ") for item in items)
        plain = service.recommend(RecommendRequest(user_id="person-1", n=2)).items
        assert {item.explanation for item in plain} == {""}
        ranked = service.rank(request, ["item-1", "item-2"]).items
        assert all(item.explanation for item in ranked)


@pytest.mark.parametrize("model", ["none", "http://127.0.0.1:9/v1#m", "missing.gguf"])
def test_a_service_without_a_usable_model_writes_with_the_template(url, model, monkeypatch):
    monkeypatch.setattr("daybreak.encoders.endpoint.time.sleep", lambda _: None)
    settings = Settings(store=url, language_model=model)
    request = RecommendRequest(user_id="person-1", n=2, explain="text", language="zh")
    with RecommenderService(settings) as service:
        items = service.recommend(request).items
    assert {item.explanation_source for item in items} == {"template"}
    assert all(item.explanation.startswith("因为") for item in items)


def test_while_the_model_writes_for_one_list_others_have_the_template(url):
    request = RecommendRequest(user_id="person-1", n=1, explain="text")
    sources = []

    def busy(body):
        if not sources:
            sources.append("")
            sources.append(service.recommend(request).items[0].explanation_source)
        return obedient(body)

    with (
        chat_server(busy) as server,
        RecommenderService(Settings(store=url, language_model=server.model)) as service,
    ):
        assert service.recommend(request).items[0].explanation_source == "model"
    assert sources == ["", "template"]


@pytest.mark.parametrize("fields", [{"explain": "words"}, {"language": "fr"}])
def test_an_unknown_mode_or_language_is_an_error(fields):
    with pytest.raises(ConfigError):
        RecommendRequest(**fields)
