"""Tools of assistants, called with the client of the SDK."""

import os
import sys

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters

from daybreak.agents.calls import ApiTransport
from daybreak.agents.mcp_server import KEY_VARIABLE, build_mcp_server, describe_tools
from daybreak.agents.tools import DATA_NOTICE
from daybreak.server.app import create_app
from daybreak.server.options import ServerOptions
from tests.agents.conftest import call_over_http

TOOLS = ["recommend", "similar", "explain", "why_not", "interview", "add_event"]


@pytest.fixture
def call(service, keys):
    """Call a tool in the same process."""

    def calling(name, key=None, keys_mode="off", **arguments):
        async def run():
            app = create_app(service, ServerOptions(keys=keys_mode))
            server = build_mcp_server(ApiTransport(app), key)
            async with app.router.lifespan_context(app), Client(server) as client:
                return await client.call_tool(name, arguments)

        return anyio.run(run)

    return calling


def text_of(result):
    return " ".join(part.text for part in result.content)


def test_the_tools_are_described():
    assert [tool["name"] for tool in describe_tools()] == TOOLS
    assert [tool["name"] for tool in describe_tools(may_write=False)] == TOOLS[:-1]
    recommend = describe_tools()[0]["arguments"]["properties"]
    assert recommend["k"]["maximum"] == 50


def test_a_wish_in_words_has_a_list_with_reasons(call):
    found = call("recommend", text="some tea", k=3, attributes=["price"]).structured_content
    assert len(found["items"]) == 3
    first = found["items"][0]
    assert first["title"] == first["item_id"].replace("-", " number ")
    assert set(first["attributes"]) == {"price"}
    assert first["reasons"]
    assert found["notice"] == DATA_NOTICE


def test_similar_explain_and_why_not(call):
    similar = call("similar", item_id="tea-1", k=2).structured_content
    assert len(similar["items"]) == 2
    explained = call("explain", user_id="u1", item_id="tea-1").structured_content
    assert explained["reasons"]
    why = call("why_not", item_id="tea-1", user_id="u1", where="price > 99").structured_content
    assert "where" in why["obstacles"]


def test_an_interview_goes_on_with_all_turns(call):
    first = call("interview", k=2).structured_content
    question = first["question"]
    turn = {
        "kind": question["kind"],
        "name": question["name"],
        "shown": [choice["id"] for choice in question["choices"]],
        "text": "1",
    }
    second = call("interview", turns=[turn], k=2, language="zh").structured_content
    understood = second["understood"]
    assert understood["liked"] or understood["wanted"]
    assert len(second["items"]) == 2


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("recommend", {"where": "price <"}, "bad_filter"),
        ("explain", {"user_id": "u1", "item_id": "no such"}, "not_found"),
        ("similar", {}, "invalid"),
        ("recommend", {"k": 51}, "k"),
        ("recommend", {"text": "x" * 1001}, "text"),
        ("interview", {"turns": [{"kind": "dance"}]}, "kind"),
    ],
)
def test_a_refused_request_is_an_error_with_its_code(call, name, arguments, code):
    found = call(name, **arguments)
    assert found.is_error
    assert code in text_of(found)


def test_keys_and_roles_are_those_of_the_server(call, keys):
    event = {"user_id": "u1", "item_id": "tea-1"}
    assert "no_key" in text_of(call("recommend", keys_mode="on")).lower()
    assert not call("recommend", key=keys["read"], keys_mode="on").is_error
    refused = call("add_event", key=keys["read"], keys_mode="on", **event)
    assert refused.is_error
    assert "forbidden" in text_of(refused).lower()
    stored = call("add_event", key=keys["write"], keys_mode="on", **event)
    assert stored.structured_content["accepted"] == 1


def test_over_http_the_key_of_the_caller_counts(serve, keys):
    url = serve(keys="on")
    assert call_over_http(url, "recommend", {"k": 1}).is_error
    found = call_over_http(url, "recommend", {"k": 1}, keys["read"])
    assert len(found.structured_content["items"]) == 1
    event = {"user_id": "u1", "item_id": "tea-2"}
    assert call_over_http(url, "add_event", event, keys["read"]).is_error
    assert not call_over_http(url, "add_event", event, keys["write"]).is_error


def test_over_http_the_limits_of_the_server_hold(serve):
    url = serve(longest=3)
    found = call_over_http(url, "recommend", {"k": 4})
    assert "a list may have 3 items" in text_of(found)


def test_a_page_of_another_host_gets_nothing(serve):
    url = serve()
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream", "Host": "evil.example"}
    assert httpx.post(url, json=body, headers=headers).status_code == 421


@pytest.mark.parametrize("with_key", [False, True])
def test_over_stdio_a_command_serves_the_tools(settings, keys, with_key):
    environment = {**os.environ, "DAYBREAK_ENCODER": "none"}
    environment |= {KEY_VARIABLE: keys["read"]} if with_key else {}
    arguments = ["-m", "daybreak", "mcp", "--store", settings.store]

    async def run():
        parameters = StdioServerParameters(
            command=sys.executable, args=arguments, env=environment
        )
        async with Client(parameters) as client:
            listed = await client.list_tools()
            found = await client.call_tool("recommend", {"text": "tea", "k": 2})
            stored = await client.call_tool("add_event", {"user_id": "u2", "item_id": "gin-1"})
            return [tool.name for tool in listed.tools], found, stored

    names, found, stored = anyio.run(run)
    assert names == TOOLS
    assert len(found.structured_content["items"]) == 2
    assert stored.is_error is with_key
