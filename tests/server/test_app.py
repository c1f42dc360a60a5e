"""Properties of every response: errors, headers, ids, limits and shutdown."""

import threading

import httpx
import pytest

from daybreak.server.app import create_app
from tests.server.conftest import WAIT_S, sent, served, until
from tests.server.fake_service import FakeService

RECOMMEND = "/api/v1/recommend"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nowhere", 404, "no_such_path"),
        ("GET", "/nowhere", 404, "no_such_path"),
        ("PUT", "/api/v1/recommend", 405, "bad_method"),
        ("GET", "/api/v1/items/nothing", 404, "not_found"),
        ("GET", "/api/v1/recommend/wrong", 422, "bad_config"),
        ("GET", "/api/v1/recommend/ann?n=0", 422, "invalid"),
        ("GET", "/api/v1/recommend/ann?n=1001", 422, "invalid"),
        ("GET", "/api/v1/recommend/ann?n=99999999999999999999", 422, "invalid"),
        ("GET", "/api/v1/recommend/ann?diversity=nan", 422, "invalid"),
        ("GET", "/api/v1/recommend/ann?colour=red", 422, "invalid"),
        ("GET", "/api/v1/recommend/%FF", 400, "bad_request"),
        ("GET", "/api/v1/recommend/a%00b", 400, "bad_request"),
        ("GET", "/api/v1/recommend/ann?filter=%00", 400, "bad_request"),
        ("GET", "/api/v1/recommend/bug", 500, "bug"),
    ],
)
def test_an_error_is_a_problem_with_a_code_and_the_id_of_its_request(
    client, method, path, status, code
):
    answer = client.request(method, path)
    said = answer.json()
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["request_id"] == answer.headers["x-request-id"]


def test_an_unhandled_exception_does_not_reveal_internals(client):
    assert "secret insides" not in client.get(f"{RECOMMEND}/bug").text


def test_a_store_error_hides_the_password_and_sets_retry_after(client, live):
    live.is_unavailable = True
    answer = client.post("/api/v1/events", json={"user_id": "ann", "item_id": "tea"})
    assert (answer.status_code, answer.json()["code"]) == (503, "store")
    assert answer.headers["retry-after"] == "1"
    assert "secret" not in answer.text


def test_a_valid_request_id_of_the_caller_is_returned(client):
    def id_for(given):
        return client.get("/health/live", headers={"X-Request-ID": given}).json()["request_id"]

    assert id_for("order-7") == "order-7"
    assert id_for("a b\tc") != "a b\tc"
    assert len(id_for("x" * 65)) == 32


def test_responses_have_security_headers(client):
    headers = client.get("/docs").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize(
    "id_", ["a/b", "../../etc/passwd", "😀 ümlaut", "a%2Fb", "a?b#c", "x" * 10_000]
)
def test_a_path_can_hold_any_id(client, id_):
    quoted = "".join(f"%{byte:02X}" for byte in id_.encode())
    assert client.get(f"{RECOMMEND}/{quoted}").json()["user"]["id"] == id_
    said = client.get(f"/api/v1/explain/{quoted}/{quoted}").json()
    assert (said["user_id"], said["item_id"]) == (id_, id_)


def test_slashes_that_are_not_escaped_separate_parts_of_the_path(client):
    assert client.get("/api/v1/explain/a/b/c").status_code == 404
    assert client.get("/api/v1/items/a%2Fsimilar").json()["item_id"] == "a/similar"


def test_dots_in_a_path_do_not_change_the_route(start):
    url = str(start().base_url).rstrip("/")
    first, _ = sent(url, "GET /api/v1/items/../../health/live HTTP/1.1")
    assert " 404 " in first
    first, body = sent(url, "GET /api/v1/items/%2E%2E HTTP/1.1")
    assert " 200 " in first
    assert b'"item_id":".."' in body


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /api/v1/items/\xff HTTP/1.1",),
        ("GARBAGE",),
        ("GET / HTTP/9.9",),
        ("POST /api/v1/recommend HTTP/1.1", "Content-Length: -1"),
        ("POST /api/v1/recommend HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked"),
        ("GET /health/live HTTP/1.1", "X: " + "y" * 400_000),
    ],
)
def test_malformed_http_is_rejected_as_a_bad_request(start, lines):
    client = start()
    try:
        first, _ = sent(str(client.base_url).rstrip("/"), *lines)
    except ConnectionError:
        first = ""
    assert " 500 " not in first
    assert client.get("/health/live").status_code == 200


def test_a_request_beyond_the_time_limit_is_cancelled(start, live):
    live.may_answer.clear()
    answer = start(timeout_s=0.1).get(f"{RECOMMEND}/ann")
    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
    live.may_answer.set()


def test_requests_above_the_concurrency_limit_are_rejected_but_probes_are_not(start, live):
    client = start(concurrency=1)
    live.may_answer.clear()
    slow = threading.Thread(target=client.get, args=[f"{RECOMMEND}/ann"])
    slow.start()
    live.entered.wait()
    answer = client.get(f"{RECOMMEND}/bob")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert client.get("/health/live").status_code == 200
    live.may_answer.set()
    slow.join()


def test_concurrent_requests_are_answered_in_one_batch(start, live):
    client = start()
    live.may_answer.clear()
    threads = [
        threading.Thread(target=client.get, args=[f"{RECOMMEND}/u{n}"]) for n in range(9)
    ]
    for thread in threads:
        thread.start()
        live.entered.wait()
    until(lambda: live.n_submitted == 9)
    live.may_answer.set()
    for thread in threads:
        thread.join()
    assert sum(live.batches) == 9
    assert len(live.batches) <= 3


def test_a_stopping_server_finishes_running_requests(live):
    live.may_answer.clear()
    answers = []
    with served(live) as (server, url):
        thread = threading.Thread(
            target=lambda: answers.append(httpx.get(f"{url}{RECOMMEND}/ann", timeout=30))
        )
        thread.start()
        live.entered.wait()
        server.should_exit = True
        until(lambda: _refuses(url))
        live.may_answer.set()
    thread.join()
    assert answers[0].status_code == 200


def _refuses(url):
    try:
        httpx.get(f"{url}/health/live", timeout=1)
    except httpx.TransportError:
        return True
    return False


def test_readiness_depends_on_the_store(client, live):
    assert client.get("/health/ready").json()["status"] == "ready"
    live.is_unavailable = True
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200


def test_numbers_that_json_cannot_represent_become_null(client, live):
    live.status = lambda: {"release": "rel", "notes": [float("nan")]}
    assert client.get("/health/ready").json()["notes"] == [None]


def test_a_closed_connection_does_not_affect_other_requests(start, live):
    client = start()
    live.may_answer.clear()
    with pytest.raises(httpx.ReadTimeout):
        client.get(f"{RECOMMEND}/ann", timeout=httpx.Timeout(WAIT_S, read=0.1))
    live.may_answer.set()
    assert client.get(f"{RECOMMEND}/bob").status_code == 200


def test_the_earlier_name_of_the_service_parameter_works_with_a_warning():
    with pytest.warns(DeprecationWarning, match=r"use create_app\(service=\)$"):
        app = create_app(live=FakeService())
    assert app.state.daybreak.service is not None
