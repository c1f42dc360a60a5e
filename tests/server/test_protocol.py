"""Limits of the HTTP protocol, and the methods of uvicorn that it relies on."""

import inspect
import json
import socket
from importlib.metadata import version

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from daybreak.server import protocol
from daybreak.server.protocol import MAX_HEAD_BYTES, LimitedHttpProtocol
from tests.server.conftest import WAIT_S, scrape, sent

LIVE = "GET /health/live HTTP/1.1"
CHECKED_UVICORN = (34, 54)
"""Versions 0.x of uvicorn for which the contract below was checked, first and last."""
OVERRIDDEN = {
    "data_received": ["self", "data"],
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "send_400_response": ["self", "msg"],
    "on_message_begin": ["self"],
    "on_headers_complete": ["self"],
    "on_message_complete": ["self"],
    "on_response_complete": ["self"],
    "pause_writing": ["self"],
    "resume_writing": ["self"],
}
"""Methods that ``LimitedHttpProtocol`` overrides, with their parameters."""
READ = {
    HttpToolsProtocol: {"config", "loop", "transport", "cycle", "pipeline"},
    RequestResponseCycle: {
        "disconnected", "message_event", "response_started", "response_complete",
    },
}  # fmt: skip
"""Attributes that ``LimitedHttpProtocol`` reads or sets."""


def test_uvicorn_still_has_the_undocumented_methods_that_are_overridden():
    """After an update of uvicorn: read its protocol, then raise CHECKED_UVICORN."""
    major, minor = map(int, version("uvicorn").split(".")[:2])
    assert major == 0
    assert CHECKED_UVICORN[0] <= minor <= CHECKED_UVICORN[1]
    for name, parameters in OVERRIDDEN.items():
        assert (
            list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters) == parameters
        )
        assert name in vars(LimitedHttpProtocol)
    for kind, attributes in READ.items():
        source = inspect.getsource(kind.__init__)
        assert all(f"self.{name}" in source for name in attributes)
    parser_hooks = inspect.getsource(HttpToolsProtocol.__init__)
    assert "HttpRequestParser(self)" in parser_hooks  # calls on_message_begin and the others


@pytest.fixture
def url(client):
    return str(client.base_url).rstrip("/")


def status_and_code(body):
    problem = json.loads(body)
    assert len(problem["request_id"]) == 32
    return problem["status"], problem["code"]


def test_an_endless_url_is_rejected_with_a_problem(url):
    top, body = sent(url, f"GET /api/v1/recommend/{'x' * 3 * MAX_HEAD_BYTES} HTTP/1.1")
    assert top.startswith("HTTP/1.1 431 ")
    assert "content-type: application/problem+json" in top
    assert status_and_code(body) == (431, "head_too_large")


def test_too_many_headers_are_rejected_before_they_are_complete(url):
    lines = [f"x-{n}: {'y' * 1_000}" for n in range(3 * MAX_HEAD_BYTES // 1_000)]
    _, body = sent(url, LIVE, *lines)
    assert status_and_code(body) == (431, "head_too_large")


def test_rejected_heads_are_counted_and_logged_like_other_requests(client, url, caplog):
    """It is counted before the response is sent, so that the caller finds it counted."""
    caplog.set_level("INFO", logger=protocol.__name__)
    for lines in (
        ["GARBAGE"],
        ["GET /\x01 HTTP/1.1"],
        [LIVE, f"x: {'y' * 2 * MAX_HEAD_BYTES}"],
    ):
        sent(url, *lines)
    found = scrape(client)
    counted = 'daybreak_http_requests_total{{code="{}",method="-",route="unknown"}}'
    assert [found[counted.format(code)] for code in (400, 431)] == ["2.0", "1.0"]
    assert found['daybreak_http_request_seconds_count{route="unknown"}'] == "3.0"
    lines = [vars(line) for line in caplog.records if line.name == protocol.__name__]
    assert [line["status"] for line in lines] == [400, 400, 431]
    assert all(0 <= line["ms"] < 1_000 * WAIT_S for line in lines)


def test_a_head_just_below_the_limit_is_accepted(url):
    top, _ = sent(url, LIVE, f"x: {'y' * (MAX_HEAD_BYTES - 1_000)}")
    assert top.startswith("HTTP/1.1 200 ")


def test_a_body_does_not_count_towards_the_head(url):
    """However long, and however short the head before it."""
    body = json.dumps({"profile": {"text": "t" * 90_000}, "exclude": ["x" * 30_000] * 20})
    lines = ["POST /api/v1/recommend HTTP/1.1", "Content-Type: application/json"]
    top, _ = sent(url, *lines, f"Content-Length: {len(body)}", body=body.encode())
    assert top.startswith("HTTP/1.1 200 "), top


@pytest.mark.parametrize("line", ["GARBAGE", "GET / HTTP/9", "GET /\x01 HTTP/1.1"])
def test_data_that_is_not_http_is_rejected_with_a_problem(url, line):
    top, body = sent(url, line)
    assert top.startswith("HTTP/1.1 400 ")
    assert status_and_code(body) == (400, "bad_request")


def test_the_response_can_be_read_while_the_caller_keeps_sending(url):
    """A reset would discard the response; further input is therefore read and discarded."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), WAIT_S) as connection:
        connection.sendall(b"GARBAGE\r\n\r\n")
        for _ in range(20):
            connection.sendall(b"x" * 100_000)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_the_rest_of_a_rejected_request_is_discarded_up_to_a_limit(url):
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), WAIT_S) as connection:
        connection.sendall(b"GARBAGE\r\n\r\n")
        with pytest.raises(ConnectionError):
            connection.sendall(b"x" * 100_000_000)


def test_pipelined_requests_are_answered_in_order(url):
    host, port = url.removeprefix("http://").split(":")
    one = f"{LIVE}\r\nHost: {host}\r\n\r\n".encode()
    last = f"{LIVE}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection((host, int(port)), WAIT_S) as connection:
        connection.sendall(one * 50 + last)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == 51


def test_invalid_data_after_a_request_stops_its_response(client, live, url):
    """Only the response to the invalid data comes: two interleaved ones could not be read."""
    live.may_answer.clear()
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), WAIT_S) as connection:
        connection.sendall(b"GET /api/v1/recommend/ann HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert live.entered.wait(WAIT_S)
        connection.sendall(b"GARBAGE\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    live.may_answer.set()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
