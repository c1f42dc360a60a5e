import json

from tests.language_models.chat_server import chat_body, chat_server


def test_items_with_thin_text_are_written_about(imported, ask, call, monkeypatch):
    with chat_server(lambda _: chat_body(json.dumps({"keywords": []}))) as server:
        monkeypatch.setenv("DAYBREAK_LANGUAGE_MODEL", server.model)
        found = ask("enrich", "--use", "never")
        assert found["thin"] == len(server.asked) == found["dropped"] > 0
        assert found["usage"]["prompt_tokens"] == 30 * found["thin"]
        status, out, _ = call("enrich", "--use", "never")
    assert status == 0
    assert "items with thin text" in out


def test_without_a_model_the_setting_is_named(imported, call):
    status, _, err = call("enrich")
    assert status == 2
    assert "language_model" in err


def test_a_used_budget_has_an_exit_status_of_its_own(imported, call, monkeypatch):
    with chat_server(lambda _: chat_body("{}")) as server:
        monkeypatch.setenv("DAYBREAK_LANGUAGE_MODEL", server.model)
        monkeypatch.setenv("DAYBREAK_LANGUAGE_MODEL_TOKENS", "10")
        status, _, err = call("enrich")
    assert status == 14
    assert "tokens" in err
