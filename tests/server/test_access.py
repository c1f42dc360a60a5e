"""API keys, roles, rate limits, host names and origins."""

import pytest

from daybreak.errors import ConfigError
from daybreak.server.access import AccessControl, RateLimiter
from daybreak.server.options import ServerOptions
from daybreak.service.api_keys import ApiKeyStore
from tests.server.conftest import until

EVENT = {"user_id": "ann", "item_id": "tea"}


@pytest.fixture
def keys(live):
    return ApiKeyStore(live.store)


@pytest.fixture
def locked(keys, start):
    """A server that needs keys, and one key of each role."""
    made = {role: keys.create(role)[1] for role in ("read", "write", "admin")}
    return start(keys="on"), made


@pytest.mark.parametrize(
    ("method", "path", "body", "least"),
    [
        ("GET", "/api/v1/recommend/ann", None, "read"),
        ("POST", "/api/v1/recommend", {"user_id": "ann"}, "read"),
        ("GET", "/metrics", None, "read"),
        ("POST", "/api/v1/events", EVENT, "write"),
        ("POST", "/api/v1/feedback", EVENT, "write"),
        ("GET", "/api/v1/users/ann/export", None, "admin"),
    ],
)
def test_a_role_includes_the_rights_of_lower_roles(locked, method, path, body, least):
    client, made = locked
    roles = list(made)
    for role in roles:
        headers = {"X-API-Key": made[role]}
        answer = client.request(method, path, json=body, headers=headers)
        allowed = roles.index(role) >= roles.index(least)
        assert (answer.status_code == 403) is not allowed
        if not allowed:
            assert answer.json()["code"] == "forbidden"
    assert client.request(method, path, json=body).json()["code"] == "no_key"


def test_a_key_is_accepted_as_a_bearer_token(locked):
    client, made = locked
    bearer = {"Authorization": f"bearer {made['read']}"}
    assert client.get("/api/v1/recommend/ann", headers=bearer).status_code == 200
    basic = {"Authorization": f"Basic {made['read']}"}
    answer = client.get("/api/v1/recommend/ann", headers=basic)
    assert (answer.status_code, answer.json()["code"]) == (401, "no_key")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_invalid_key_is_rejected_before_the_body_is_read(locked, live):
    client, _ = locked
    headers = {"X-API-Key": "dbk_0_wrong", "Content-Type": "application/json"}
    answer = client.post("/api/v1/events", content=b"{" * 50, headers=headers)
    assert answer.json()["code"] == "wrong_key"
    assert not live.posted


def test_probes_and_the_description_need_no_key(locked):
    client, _ = locked
    for path in ("/health/live", "/health/ready", "/openapi.json", "/docs"):
        assert client.get(path).status_code == 200


def test_keys_created_or_revoked_elsewhere_take_effect_within_seconds(locked, keys):
    client, _ = locked
    key, text = keys.create("read")

    def status():
        headers = {"X-API-Key": text}
        return client.get("/api/v1/recommend/ann", headers=headers).status_code

    until(lambda: status() == 200)
    keys.revoke(key.id)
    until(lambda: status() == 401)


def test_keys_are_required_if_other_machines_can_reach_the_server():
    assert not ServerOptions().needs_keys
    assert ServerOptions(host="0.0.0.0").needs_keys
    assert ServerOptions(keys="on").needs_keys
    assert not ServerOptions(host="0.0.0.0", keys="off").needs_keys


@pytest.mark.parametrize(
    "wrong",
    [{"keys": "maybe"}, {"port": 70_000}, {"rate": -1.0}, {"timeout_s": 0.0}, {"batch": 0},
     {"rate": float("nan")}],
)  # fmt: skip
def test_invalid_options_are_rejected(wrong):
    with pytest.raises(ConfigError):
        ServerOptions(**wrong)


def test_without_keys_requests_from_pages_of_other_sites_are_rejected(client):
    evil = {"Origin": "https://evil.example"}
    answer = client.post("/api/v1/events", json=EVENT, headers=evil)
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")
    odd = {"Host": "evil.example:8000"}
    answer = client.get("/api/v1/recommend/ann", headers=odd)
    assert (answer.status_code, answer.json()["code"]) == (421, "bad_host")
    own = {"Origin": str(client.base_url)}
    assert client.post("/api/v1/events", json=EVENT, headers=own).status_code == 200


def test_a_host_name_can_be_allowed(start):
    client = start(hosts=("shop.local",))
    named = {"Host": "shop.local"}
    assert client.get("/api/v1/recommend/ann", headers=named).status_code == 200


def test_a_caller_above_the_rate_limit_has_to_wait(start):
    client = start(rate=0.1)
    answers = [client.get("/api/v1/recommend/ann") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) in range(1, 11)
    assert client.get("/health/live").status_code == 200


def test_each_key_has_its_own_rate_limit(start, keys):
    made = [keys.create("read")[1] for _ in range(2)]
    client = start(keys="on", rate=0.1)
    for text in made:
        for _ in range(10):
            headers = {"X-API-Key": text}
            assert client.get("/api/v1/recommend/ann", headers=headers).status_code == 200


def test_the_number_of_token_buckets_is_bounded():
    rates = RateLimiter(1, max_callers=100)
    for number in range(200):
        rates.take_token(str(number))
    assert len(rates) == 100


def test_requests_with_invalid_keys_are_limited_by_address(start):
    client = start(keys="on", rate=0.1)
    headers = {"X-API-Key": "dbk_0_wrong"}
    statuses = [
        client.get("/api/v1/recommend/ann", headers=headers).status_code for _ in range(11)
    ]
    assert statuses == [401] * 10 + [429]


def test_an_invalid_host_header_is_not_a_server_error():
    gate = AccessControl(ServerOptions(), None)
    for host in (b"[", b"a b", b"", b"\xff", b"[::2]:x"):
        scope = {"type": "http", "headers": [(b"host", host)], "client": None}
        with pytest.raises(Exception, match="does not accept this host name"):
            gate.authorize(scope, "read")
