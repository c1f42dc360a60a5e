import contextlib
import socket
import threading
import time

import httpx
import pytest
import uvicorn

from daybreak.server.app import create_app
from daybreak.server.options import ServerOptions
from daybreak.server.process import listen, url_of, uvicorn_config
from daybreak.service.serving import RecommenderService
from tests.server.example_store import copy_of, make_shop
from tests.server.fake_service import FakeService

WAIT_S = 300
"""Longest wait [s]; only a failing test takes this long."""


@contextlib.contextmanager
def served(live, **options):
    """A real server in a thread; yields its server object and address."""
    server_options = ServerOptions(**{"port": 0, **options})
    app = create_app(live, server_options)
    server = uvicorn.Server(uvicorn_config(app, server_options))
    with listen(server_options) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        until(lambda: server.started or not thread.is_alive())
        try:
            yield server, url_of(listening)
        finally:
            server.should_exit = True
            thread.join(WAIT_S)
            assert not thread.is_alive()


def until(condition):
    """Wait until a condition holds."""
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def sent(url, *lines, body=b""):
    """Send bytes as they are; return the head and the body of the response."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), WAIT_S) as connection:
        head = "\r\n".join((*lines, "Host: 127.0.0.1", "Connection: close", "", ""))
        connection.sendall(head.encode() + body)
        response = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = response.partition(b"\r\n\r\n")
    return head.decode("latin-1"), body


def scrape(client):
    """Return the metrics of a server, by name with labels."""
    lines = client.get("/metrics").text.splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


@pytest.fixture
def live():
    return FakeService()


@pytest.fixture
def start(live):
    """Start a server over the fake service with options; return a client."""
    with contextlib.ExitStack() as stack:

        def starting(**options):
            _, url = stack.enter_context(served(live, **options))
            return stack.enter_context(httpx.Client(base_url=url, timeout=WAIT_S))

        yield starting
        live.may_answer.set()  # a server ends only after its requests


@pytest.fixture
def client(start):
    return start()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Settings of a trained shop that no test changes."""
    return make_shop(tmp_path_factory.mktemp("made"))


@contextlib.contextmanager
def client_of_copy(made, folder):
    """A client of a real server over a copy of the shop, which the test may change."""
    with (
        RecommenderService(copy_of(made, folder)) as live,
        served(live, rate=0) as (_, url),
        httpx.Client(base_url=f"{url}/api/v1", timeout=WAIT_S) as client,
    ):
        yield client


@pytest.fixture
def api(made, tmp_path):
    """A client of a shop that only this test uses."""
    with client_of_copy(made, tmp_path) as client:
        yield client
