"""Sessions of browsers: cookie, CSRF token, roles, revoked keys."""

import httpx
import pytest

from daybreak.config import Settings
from daybreak.server.sessions import MAX_SESSIONS, SessionStore
from daybreak.service.api_keys import ROLES, ApiKeyStore
from daybreak.service.serving import RecommenderService
from tests.server.conftest import served, until

ITEM = {"item_id": "tea", "title": "Tea"}


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A server that needs keys: its address, the store of the keys, and a key of each role."""
    folder = tmp_path_factory.mktemp("sessions")
    settings = Settings(store=f"sqlite:///{folder / 'shop.db'}", encoder="none")
    with RecommenderService(settings) as service:
        keys = ApiKeyStore(service.store)
        texts = {role: keys.create(role)[1] for role in ROLES}
        with served(service, rate=0, keys="on") as (_, url):
            yield f"{url}/api/v1", keys, texts


@pytest.fixture
def browser(locked):
    with httpx.Client(base_url=locked[0]) as client:
        yield client


def log_in(client, locked, role):
    return client.post("/session", json={"key": locked[2][role]})


def test_without_a_session_nothing_is_allowed(browser):
    found = browser.get("/session").json()
    assert (found["needs_key"], found["role"], found["csrf_token"]) == (True, None, None)
    assert browser.get("/items").status_code == 401


def test_the_cookie_is_hidden_from_scripts_and_other_sites(browser, locked):
    answer = log_in(browser, locked, "read")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert "dbk_" not in cookie


def test_a_change_needs_the_csrf_token_and_reading_does_not(browser, locked):
    answer = log_in(browser, locked, "write")
    token = answer.json()["csrf_token"]
    assert browser.get("/items").status_code == 200
    assert browser.post("/items", json=[ITEM]).status_code == 403
    wrong = {"X-CSRF-Token": token[:-1] + "é"}
    wrong = {name: value.encode() for name, value in wrong.items()}
    assert browser.post("/items", json=[ITEM], headers=wrong).status_code == 403
    right = {"X-CSRF-Token": token}
    assert browser.post("/items", json=[ITEM], headers=right).status_code == 200


def test_a_session_has_the_role_of_its_key(browser, locked):
    answer = log_in(browser, locked, "read")
    found = answer.json()
    headers = {"X-CSRF-Token": found["csrf_token"]}
    assert found["role"] == "read"
    assert browser.post("/items", json=[ITEM], headers=headers).json()["code"] == "forbidden"


def test_a_session_ends_with_the_logout_and_with_its_key(browser, locked):
    log_in(browser, locked, "read")
    assert browser.delete("/session").json()["role"] is None
    assert browser.get("/items").status_code == 401
    key, text = locked[1].create("read")
    until(lambda: browser.post("/session", json={"key": text}).status_code == 200)
    locked[1].revoke(key.id)
    until(lambda: browser.get("/items").status_code == 401)
    assert browser.get("/session").json()["role"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_pages_of_other_origins_cannot_log_in(browser, locked, headers):
    answer = browser.post("/session", json={"key": locked[2]["read"]}, headers=headers)
    assert answer.json()["code"] == "bad_origin"


def test_behind_a_proxy_with_tls_the_cookie_is_secure(browser, locked):
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://shop.example"}
    answer = browser.post("/session", json={"key": locked[2]["read"]}, headers=headers)
    assert "Secure" in answer.headers["set-cookie"]


def test_a_server_without_keys_gives_every_role_without_a_cookie(client):
    answer = client.post("/api/v1/session", json={"key": "any"})
    assert (answer.json()["role"], answer.json()["needs_key"]) == ("admin", False)
    assert "set-cookie" not in answer.headers


def test_the_oldest_session_ends_when_there_are_too_many():
    sessions = SessionStore()
    tokens = [sessions.create("k")[0] for _ in range(MAX_SESSIONS + 1)]
    assert sessions.find(tokens[0]) is None
    assert sessions.find(tokens[1]) is not None
    assert len(sessions) == MAX_SESSIONS
