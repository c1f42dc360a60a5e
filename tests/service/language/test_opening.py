import pytest
from pydantic import BaseModel

from daybreak.config import Settings
from daybreak.errors import ConfigError, OutOfBudgetError
from daybreak.language_models import MeteredLanguageModel, Prompt, PromptMessage, SentField
from daybreak.service.doctor import run_checks
from daybreak.service.language import (
    StoreCompletions,
    check_language_model,
    open_language_model,
)
from daybreak.store import open_store
from daybreak.testing.language_models import ScriptedLanguageModel
from tests.language_models.chat_server import chat_server

PROMPT = Prompt((PromptMessage("user", '{"title": "red globe"}'),), frozenset())


class Colour(BaseModel):
    colour: str


def test_a_model_of_the_settings_has_budget_and_cache(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with chat_server() as server:
        settings = Settings(language_model=server.model, language_model_tokens=400)
        for _ in range(2):
            with open_store(url) as store:
                model = open_language_model(settings, store)
                assert model.complete(PROMPT, Colour).value == Colour(colour="red")
        assert len(server.asked) == 1
        with pytest.raises(OutOfBudgetError):
            model.complete(PROMPT, Colour, max_tokens=500)


def test_answers_stay_in_the_store_of_their_model(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        cache = StoreCompletions(store)
        cache.put_completion("one", "prompt", '{"colour": "red"}')
        assert StoreCompletions(store).completion("one", "prompt") == '{"colour": "red"}'
        assert StoreCompletions(store).completion("other", "prompt") is None
        model = MeteredLanguageModel(ScriptedLanguageModel(["no"]), cache=cache)
        assert model.complete(PROMPT, Colour).value is None


@pytest.mark.parametrize(
    "changes", [{"language_model_sends": "everything"}, {"language_model_price": "cheap"}]
)
def test_a_wrong_setting_is_an_error_before_anything_is_sent(changes):
    with pytest.raises(ConfigError):
        open_language_model(Settings(**changes))
    (finding,) = check_language_model(Settings(**changes))
    assert finding.level == "FAIL"


def findings(**changes):
    return "\n".join(map(str, check_language_model(Settings(**changes))))


def test_the_checks_say_what_would_be_sent(monkeypatch):
    monkeypatch.setenv("DAYBREAK_LANGUAGE_MODEL_KEY", "very-secret")
    told = findings(language_model="https://example.org/v1#big")
    assert "big at https://example.org/v1/chat/completions, with a key" in told
    assert (
        "would be sent: item_title, item_text, item_attributes; would not be sent: user" in told
    )
    assert "very-secret" not in told
    for field in SentField:
        told = findings(
            language_model="https://example.org/v1#big", language_model_sends=field.value
        )
        assert f"would be sent: {field.value}; would not" in told


def test_nothing_leaves_the_machine_by_default():
    assert "none; texts are made from templates" in findings()
    assert "nothing leaves it" in findings(language_model="http://127.0.0.1:1/v1#m")
    assert any(finding.code == "language_model" for finding in run_checks(Settings(store="x")))
