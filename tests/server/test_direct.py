"""The short ways to busy endpoints: they answer as FastAPI does, byte for byte."""

import gzip
import json

import httpx
import pytest
from fastapi.routing import APIRoute

from daybreak.server import app as app_module
from daybreak.server.direct import DirectRoute
from tests.server.conftest import WAIT_S, scrape, served, until
from tests.server.fake_service import FakeService

JSON = {"Content-Type": "application/json"}
V1 = "/api/v1"
EVENT = {"user_id": "ann", "item_id": "tea"}
BODIES = [
    ("/events", EVENT),
    ("/events", [EVENT, "no event"]),
    ("/events", "a text"),
    ("/events", {"events": [EVENT, EVENT]}),
    ("/events", []),
    ("/events", None),
    ("/feedback", EVENT),
    ("/recommend", {}),
    ("/recommend", {"user_id": "ann", "n": 3, "filter": ""}),
    ("/recommend", {"user_id": 7, "k": 1, "fields": "score,strategy"}),
    ("/recommend", {"user_id": "wrong"}),
    ("/recommend", {"k": 0, "wher": "price < 3"}),
    ("/recommend", {"k": 2, "n": 3}),
    ("/recommend", {"k": 5_000}),
    ("/recommend", {"user_id": "ann", "release": "r", "record": True}),
    ("/recommend", [1]),
    ("/rank", {"items": [[]]}),
    ("/recommend/next", {}),
]
RAW_BODIES = [
    b"", b"{", b"\xff\xfe{}", b'{"k": NaN}', b'{"k": 1e999}', b'{"text": "\\ud800"}',
    b"[" * 100 + b"]" * 100, b" " * 20_000, b'{"user_id": "' + b"a" * 60_000 + b'"}',
]  # fmt: skip
HEADERS = [
    {},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/json; charset=utf-8"},
    {"Content-Type": "APPLICATION/JSON"},
    {"Content-Type": "application/problem+json"},
    {**JSON, "Content-Encoding": "gzip"},
    {**JSON, "Content-Encoding": "br"},
    {**JSON, "Origin": "https://evil.example"},
    {**JSON, "Host": "evil.example"},
    {**JSON, "Accept-Language": "zh"},
    {**JSON, "X-Request-ID": "not valid!"},
]
PATHS = [
    ("GET", "/recommend/ann?n=1&fields=score"),
    ("GET", "/recommend/a%2Fb%20c"),
    ("GET", "/recommend/ann?k=0&colour=red"),
    ("GET", "/recommend/wrong"),
    ("GET", "/recommend/a/b"),
    ("GET", "/recommend/"),
    ("GET", "/recommend"),
    ("HEAD", "/recommend/ann"),
    ("PUT", "/recommend/ann"),
    ("GET", "/events/"),
    ("PUT", "/events"),
]


@pytest.fixture(scope="module")
def both():
    """Clients of a server with the short ways, and of one without them."""
    with pytest.MonkeyPatch.context() as patch:
        options = {"rate": 0, "body_mb": 0.05, "batch": 3}
        with served(FakeService(), **options) as (_, direct):
            patch.setattr(app_module, "DIRECT_ENDPOINTS", frozenset())
            with served(FakeService(), **options) as (_, usual):
                clients = [
                    httpx.Client(base_url=url, timeout=WAIT_S) for url in (direct, usual)
                ]
                with clients[0], clients[1]:
                    yield clients


def answers(clients, method, path, content=b"", headers=None):
    """Return status, headers and body of each client's response, without ids and times."""
    told = []
    for client in clients:
        sent = {"X-Request-ID": "r-1", **(headers or {})}
        answer = client.request(method, V1 + path, content=content, headers=sent)
        kept = {k: v for k, v in answer.headers.items() if k not in {"date", "x-request-id"}}
        body = json.loads(answer.content) if answer.content else None
        if isinstance(body, dict):
            assert body.pop("request_id")
        told.append((answer.status_code, kept, body))
    return told


@pytest.mark.parametrize(("path", "value"), BODIES)
def test_a_body_gets_the_same_answer(both, path, value):
    direct, usual = answers(both, "POST", path, json.dumps(value).encode(), JSON)
    direct[1].pop("content-length")  # the request ids may have another length
    usual[1].pop("content-length")
    assert direct == usual


@pytest.mark.parametrize("content", RAW_BODIES, ids=lambda content: repr(content[:12]))
def test_bytes_that_are_no_valid_body_get_the_same_answer(both, content):
    for path in ("/events", "/recommend"):
        direct, usual = answers(both, "POST", path, content, JSON)
        assert direct == usual


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_headers_get_the_same_answer(both, headers):
    for content in (json.dumps(EVENT).encode(), gzip.compress(b'{"user_id": "a"}')):
        direct, usual = answers(both, "POST", "/events", content, headers)
        direct[1].pop("content-length")
        usual[1].pop("content-length")
        assert direct == usual


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_paths_get_the_same_answer(both, method, path):
    direct, usual = answers(both, method, path)
    assert direct == usual


def test_requests_are_counted_by_the_same_routes(both):
    counted = []
    for client in both:
        client.get(f"{V1}/recommend/counted")
        client.post(f"{V1}/feedback", json=EVENT)
        counted.append(
            {name for name in scrape(client) if name.startswith("daybreak_http_requests_total")}
        )
    assert any('route="/api/v1/recommend/{user_id}"' in name for name in counted[0])
    assert counted[0] == counted[1]


def test_an_invalid_body_takes_one_token_of_the_rate_limit(start):
    client = start(rate=0.001)  # ten requests, and no more for a long time
    codes = [client.post(f"{V1}/events", json="no row").status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]


def test_a_direct_request_has_the_time_limit_and_the_pool_of_its_route(live, start):
    live.pause_s = 1.0
    answer = start(timeout_s=0.05).get(f"{V1}/recommend/ann")
    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")


def test_a_caller_that_leaves_within_the_body_is_no_fault_of_the_server(live, start):
    client = start()
    with pytest.raises(httpx.WriteError):
        client.post(f"{V1}/events", content=interrupted(), headers={**JSON})
    name = 'daybreak_http_requests_total{code="400",method="POST",route="/api/v1/events"}'
    until(lambda: name in scrape(client))
    assert live.posted == []


def interrupted():
    """Yield a part of a body, then fail."""
    yield b'{"user_id"'
    raise httpx.WriteError("away")


def test_an_endpoint_that_only_fastapi_can_call_is_refused():
    async def paint(request, colour):
        return request, colour

    with pytest.raises(TypeError, match="only FastAPI"):
        DirectRoute(APIRoute("/paint", paint))
