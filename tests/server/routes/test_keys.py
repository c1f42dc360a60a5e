"""API keys over HTTP: list, make, revoke."""

import pytest

from daybreak.service.api_keys import ApiKeyStore


@pytest.fixture
def locked(live, start):
    """A server that needs keys, and headers with a key for each role."""
    store = ApiKeyStore(live.store)
    texts = {role: store.create(role, f"the {role}r")[1] for role in ("read", "write", "admin")}
    headers = {role: {"X-API-Key": text} for role, text in texts.items()}
    return start(keys="on"), headers


def test_a_new_key_works_at_once_and_a_revoked_one_no_longer(locked):
    client, headers = locked
    body = {"role": "read", "name": "Kasse 3 <b>"}
    made = client.post("/api/v1/keys", json=body, headers=headers["admin"])
    assert (made.status_code, made.json()["name"]) == (201, "Kasse 3 <b>")
    new = {"X-API-Key": made.json()["key"]}
    assert client.get("/api/v1/recommend/ann", headers=new).status_code == 200
    path = f"/api/v1/keys/{made.json()['id']}"
    assert client.delete(path, headers=headers["admin"]).json()["role"] == "read"
    assert client.get("/api/v1/recommend/ann", headers=new).json()["code"] == "wrong_key"
    assert client.delete(path, headers=headers["admin"]).status_code == 404


def test_a_list_of_keys_has_neither_secrets_nor_hashes(locked):
    client, headers = locked
    answer = client.get("/api/v1/keys", headers=headers["admin"])
    assert answer.json()["needed"] is True
    assert [key["role"] for key in answer.json()["keys"]] == ["read", "write", "admin"]
    assert set(answer.json()["keys"][0]) == {"id", "role", "name", "created_at"}


@pytest.mark.parametrize("role", ["read", "write"])
def test_only_admins_see_and_change_keys(locked, role):
    client, headers = locked
    for method, path in (("GET", "/keys"), ("POST", "/keys"), ("DELETE", "/keys/x")):
        answer = client.request(method, f"/api/v1{path}", json={}, headers=headers[role])
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [{}, {"role": "root"}, {"role": "read", "name": "x" * 201}, {"role": "read", "name": "\0"}],
)
def test_a_plan_that_is_not_valid_makes_no_key(locked, body):
    client, headers = locked
    answer = client.post("/api/v1/keys", json=body, headers=headers["admin"])
    assert answer.status_code in {400, 422}
    assert len(client.get("/api/v1/keys", headers=headers["admin"]).json()["keys"]) == 3


def test_a_server_without_keys_says_so(start):
    answer = start().get("/api/v1/keys").json()
    assert (answer["needed"], answer["keys"]) == (False, [])
