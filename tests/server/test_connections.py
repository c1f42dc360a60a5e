"""Connections that send nothing, little, or take nothing lock nobody out."""

import contextlib
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.server import protocol
from daybreak.server.connections import (
    MIN_CONNECTIONS,
    RESERVED_CONNECTIONS,
    RESERVED_DESCRIPTORS,
    ConnectionLimit,
    backlog_of,
    connections_of,
    descriptor_limit,
    raise_descriptor_limit,
)
from tests.server.conftest import WAIT_S, scrape, until

RECOMMEND = "/api/v1/recommend/ann"


def connect(client):
    return socket.create_connection((client.base_url.host, client.base_url.port), WAIT_S)


def ask_live(connection):
    """Send a request that is answered, before heads get so little time that one is late."""
    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def is_closed(connection):
    """Return whether the server has closed a connection."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(WAIT_S)


class Named:
    def __init__(self):
        self.is_closed = False

    def close_idle(self):
        self.is_closed = True


def test_the_longest_idle_connection_is_closed_for_a_new_one():
    limit, made = ConnectionLimit(3), [Named() for _ in range(5)]
    for one in made[:3]:
        assert limit.add(one)
    limit.mark_busy(made[0])
    limit.mark_busy(made[1])
    limit.mark_idle(made[1])
    assert limit.add(made[3])
    assert limit.add(made[4])
    assert [one.is_closed for one in made] == [False, True, True, False, False]
    assert len(limit) == 3


def test_while_all_are_busy_some_places_are_left_for_probes():
    limit = ConnectionLimit(2)
    made = [Named() for _ in range(3 + RESERVED_CONNECTIONS)]
    accepted = []
    for one in made:
        accepted.append(limit.add(one))
        limit.mark_busy(one)
    assert accepted == [True] * (2 + RESERVED_CONNECTIONS) + [False]
    limit.remove(made[0])
    assert limit.add(made[-1])


@given(
    st.lists(st.tuples(st.sampled_from(["add", "busy", "idle", "remove"]), st.integers(0, 9)))
)
def test_there_are_never_more_than_the_limit_and_busy_ones_stay(steps):
    limit, made, alive = ConnectionLimit(3), [Named() for _ in range(10)], set()
    busy = set()
    for step, number in steps:
        one = made[number]
        if step == "add" and one not in alive:
            one.is_closed = False
            if limit.add(one):
                alive.add(one)
        elif step == "busy" and one in alive:
            limit.mark_busy(one)
            busy.add(one)
        elif step == "idle" and one in alive:
            limit.mark_idle(one)
            busy.discard(one)
        elif step == "remove":
            limit.remove(one)
            alive.discard(one)
            busy.discard(one)
        closed = {one for one in alive if one.is_closed}
        assert not closed & busy
        alive -= closed
        assert len(limit) == len(alive) <= 3 + RESERVED_CONNECTIONS
        assert len(alive - busy) <= 3


@given(st.integers(1, 10_000), st.integers(256, 100_000))
def test_connections_leave_descriptors_for_all_else(wanted, descriptors):
    n = connections_of(wanted, descriptors)
    assert MIN_CONNECTIONS <= n <= max(wanted, MIN_CONNECTIONS)
    taken = n + backlog_of(descriptors) + RESERVED_CONNECTIONS + RESERVED_DESCRIPTORS
    assert taken <= descriptors or n == MIN_CONNECTIONS


def test_the_limit_of_descriptors_is_only_raised():
    before = descriptor_limit()
    raise_descriptor_limit()
    assert descriptor_limit() >= before


def test_silent_connections_lock_nobody_out(start):
    client = start(connections=20)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(client)) for _ in range(100)]
        for path in ("/health/live", RECOMMEND, "/metrics"):
            assert client.get(path).status_code == 200
        until(lambda: sum(map(is_closed, silent)) >= 80)
        assert not is_closed(silent[-1])
        for partial in silent[90:]:
            with contextlib.suppress(OSError):
                partial.sendall(b"GET /health/live HTTP/1.1\r\nx: ")
        assert client.get(RECOMMEND).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [b"", b"\r\n", b"GET /health/li", b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"],
    ids=["nothing", "a blank line", "half a line", "half a head"],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_connection_without_a_whole_head_is_closed_in_time(
    start, monkeypatch, sent, is_first
):
    """Also after an answered request, and also if bytes trickle in."""
    client = start()
    with monkeypatch.context() as short, contextlib.ExitStack() as stack:
        if is_first:
            short.setattr(protocol, "HEAD_TIMEOUT_S", 0.5)
        connection = stack.enter_context(connect(client))
        if not is_first:
            ask_live(connection)
            short.setattr(protocol, "HEAD_TIMEOUT_S", 0.5)
            sent = sent or b"\r\n"  # uvicorn closes an idle one after its own time
        connection.sendall(sent)
        for _ in range(4):
            time.sleep(0.05)
            with contextlib.suppress(OSError):
                connection.sendall(b"x" if b"G" in sent else sent)
        until(lambda: is_closed(connection))
    assert client.get("/health/live").status_code == 200
    counted = scrape(client).get(
        'daybreak_http_requests_total{code="408",method="-",route="unknown"}'
    )
    assert counted == ("1.0" if b"G" in sent else None)


def test_a_slow_response_and_a_slow_body_are_no_slow_head(start, live, monkeypatch):
    client = start()
    assert client.get("/health/live").status_code == 200  # this connection goes on
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.3)
    live.pause_s = 0.8
    assert client.get(RECOMMEND).status_code == 200
    live.pause_s = 0.0
    body = (part for part in [b'{"user_id"', b": ", b'"ann"}'] if not time.sleep(0.25))
    kind = {"Content-Type": "application/json"}
    assert client.post("/api/v1/recommend", content=body, headers=kind).status_code == 200


def test_the_rest_of_an_answered_request_must_come_soon(start, monkeypatch):
    client = start()
    with connect(client) as connection:
        ask_live(connection)
        monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.3)
        connection.sendall(
            b"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n\r\n"
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 404")
        until(lambda: is_closed(connection))


def test_a_caller_that_takes_nothing_of_a_response_is_dropped(start, monkeypatch):
    monkeypatch.setattr(protocol, "SEND_TIMEOUT_S", 0.3)
    client = start(concurrency=3)
    request = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            slow = socket.socket()
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            stack.enter_context(slow)
            slow.connect((client.base_url.host, client.base_url.port))
            slow.sendall(request * 50)
        until(lambda: client.get(RECOMMEND).status_code == 200)
