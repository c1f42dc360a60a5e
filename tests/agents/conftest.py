import threading

import anyio
import httpx
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from daybreak.agents.mcp_server import MCP_PATH, http_app
from daybreak.server.options import ServerOptions
from daybreak.server.process import listen, url_of
from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.serving import RecommenderService
from tests.server.conftest import WAIT_S, until
from tests.server.example_store import make_shop


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    """A store with a release."""
    return make_shop(tmp_path_factory.mktemp("agents"))


@pytest.fixture(scope="session")
def service(settings):
    with RecommenderService(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def keys(service):
    """One key of each role."""
    store = ApiKeyStore(service.store)
    return {role: store.create(role, role)[1] for role in ("read", "write", "admin")}


@pytest.fixture(scope="session")
def serve(service, keys):
    """Serve the tools over HTTP with options; return the address of the tools."""
    running = []

    def start(**options):
        chosen = ServerOptions(**{"port": 0, **options})
        app = http_app(service, chosen)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        listening = listen(chosen)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running.append((server, thread, listening))
        until(lambda: server.started or not thread.is_alive())
        return f"{url_of(listening)}{MCP_PATH}"

    yield start
    for server, thread, listening in running:
        server.should_exit = True
        thread.join(WAIT_S)
        listening.close()


def call_over_http(url, name, arguments, key=None):
    """Call a tool with the client of the SDK."""

    async def run():
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            httpx.AsyncClient(headers=headers, timeout=WAIT_S) as web,
            Client(streamable_http_client(url, http_client=web)) as client,
        ):
            return await client.call_tool(name, arguments)

    return anyio.run(run)
