"""The server of the Model Context Protocol: over stdio, and over streamable HTTP."""

import functools
import inspect
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from daybreak.agents.calls import ApiCallError, ApiTransport, Caller
from daybreak.agents.tools import SERVER_INSTRUCTIONS, ShopTools, ToolFn
from daybreak.config import Settings
from daybreak.errors import MissingExtraError
from daybreak.server.app import create_app
from daybreak.server.options import ServerOptions
from daybreak.server.process import create_first_key, listen, url_of
from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.serving import RecommenderService
from daybreak.service.workspace import check_store_file

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

KEY_VARIABLE = "DAYBREAK_API_KEY"
"""Environment variable with the API key of a server over stdio."""
MCP_PATH = "/mcp"
"""Path of the streamable HTTP transport."""
LOCAL_HOSTS = ("127.0.0.1:*", "localhost:*", "[::1]:*")
"""Host names that a server without keys accepts; a page of the web has another one."""

_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""Caller of the tool that runs now; None: the process itself."""


def build_mcp_server(
    transport: ApiTransport, key: str | None = None, *, may_write: bool = True
) -> "MCPServer[Any]":
    """Return the server with its tools.

    Args:
        transport: Sends the requests of tools to the API.
        key: API key of calls whose transport carries none, as stdio does.
        may_write: Whether ``add_event`` is offered.

    Raises:
        MissingExtraError: The extra ``agents`` is not installed.
    """
    try:
        from mcp.server.mcpserver import MCPServer  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise MissingExtraError("the server of tools", "'daybreak[agents]'") from error
    process = Caller.of_key(key)
    tools = ShopTools(transport, lambda: _caller.get() or process)
    server: MCPServer[Any] = MCPServer(
        "daybreak",
        title="Daybreak",
        instructions=SERVER_INSTRUCTIONS,
        version=version("daybreak"),
        log_level="WARNING",
    )
    for tool in tools.tools(may_write=may_write):
        server.add_tool(
            _with_caller(tool),
            name=tool.__name__,
            annotations=_annotations(tool.__name__),
            structured_output=True,
        )
    return server


def _annotations(name: str) -> Any:
    from mcp.types import ToolAnnotations  # noqa: PLC0415 - of an extra

    reads = name != "add_event"
    return ToolAnnotations(
        read_only_hint=reads,
        destructive_hint=False,
        idempotent_hint=reads,
        open_world_hint=False,
    )


def _with_caller(tool: ToolFn) -> Callable[..., Any]:
    """Return a tool that knows its caller; a refused request is an error of the tool."""
    from mcp.server.mcpserver import Context  # noqa: PLC0415 - of an extra
    from mcp.server.mcpserver.exceptions import ToolError  # noqa: PLC0415

    @functools.wraps(tool)
    async def run(*args: Any, context: Any, **kwargs: Any) -> dict[str, Any]:
        token = _caller.set(_caller_of(context))
        try:
            return await tool(*args, **kwargs)
        except ApiCallError as error:
            raise ToolError(str(error)) from error
        finally:
            _caller.reset(token)

    signature = inspect.signature(tool)
    parameter = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=Context)
    vars(run)["__signature__"] = signature.replace(
        parameters=[*signature.parameters.values(), parameter]
    )
    run.__annotations__ = {**tool.__annotations__, "context": Context}
    return run


def _caller_of(context: Any) -> Caller | None:
    """Return the caller of an HTTP request; None over stdio."""
    headers = context.headers
    if headers is None:
        return None
    client = getattr(context.request_context.request, "client", None)
    return Caller.of_headers(dict(headers), None if client is None else tuple(client))


def run_remote(url: str, key: str | None, *, may_write: bool = True) -> None:
    """Serve the tools of a running Daybreak server over stdio until the input ends.

    Args:
        url: Address of the server.
        key: API key.
        may_write: Whether ``add_event`` is offered.
    """
    import anyio  # noqa: PLC0415 - only a server needs it

    server = build_mcp_server(ApiTransport(url=url), key, may_write=may_write)
    anyio.run(server.run_stdio_async)


def run_stdio(
    settings: Settings, options: ServerOptions, key: str | None, *, may_write: bool = True
) -> None:
    """Serve the tools of a store over stdio until the input ends.

    Args:
        settings: Store and text model.
        options: Access and limits, as of an HTTP server.
        key: API key.
        may_write: Whether ``add_event`` is offered.

    Raises:
        StoreError: The store cannot be used.
    """
    import anyio  # noqa: PLC0415 - only a server needs it

    check_store_file(settings.store, create=False)
    with RecommenderService(settings) as service:
        app = create_app(service, options)
        server = build_mcp_server(ApiTransport(app), key, may_write=may_write)

        async def run() -> None:
            async with app.router.lifespan_context(app):
                await server.run_stdio_async()

        anyio.run(run)


def run_http(
    settings: Settings,
    options: ServerOptions,
    on_start: Callable[[str, str | None], None],
    *,
    may_write: bool = True,
) -> None:
    """Serve the tools of a store over streamable HTTP until the process is stopped.

    Args:
        settings: Store and text model.
        options: Address, access and limits, as of an HTTP server.
        on_start: Called with the address, and with the new admin key of a store that had none.
        may_write: Whether ``add_event`` is offered.

    Raises:
        ConfigError: The address cannot be used.
        StoreError: The store cannot be used.
    """
    import uvicorn  # noqa: PLC0415 - only a server needs it

    check_store_file(settings.store, create=False)
    with listen(options) as listening, RecommenderService(settings) as service:
        first_key = create_first_key(ApiKeyStore(service.store)) if options.needs_keys else None
        app = http_app(service, options, may_write=may_write)
        on_start(f"{url_of(listening)}{MCP_PATH}", first_key)
        config = uvicorn.Config(app, log_level="warning", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])


def http_app(
    service: RecommenderService, options: ServerOptions, *, may_write: bool = True
) -> Any:
    """Return the ASGI application of the streamable HTTP transport.

    Args:
        service: Service that answers.
        options: Access and limits, as of an HTTP server.
        may_write: Whether ``add_event`` is offered.
    """
    from mcp.server.transport_security import TransportSecuritySettings  # noqa: PLC0415

    inner = create_app(service, options)
    server = build_mcp_server(ApiTransport(inner), may_write=may_write)
    hosts = [*LOCAL_HOSTS, *options.hosts]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=not options.needs_keys,
        allowed_hosts=hosts,
        allowed_origins=[f"http://{host}" for host in LOCAL_HOSTS],
    )
    app = server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        stateless_http=True,
        json_response=True,
        max_request_body_size=options.body_bytes,
        transport_security=security,
    )
    outer = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Any) -> AsyncIterator[Any]:
        async with inner.router.lifespan_context(inner), outer(running) as state:
            yield state

    app.router.lifespan_context = lifespan
    return app


def describe_tools(*, may_write: bool = True) -> list[dict[str, Any]]:
    """Return names, descriptions and arguments of the tools.

    Args:
        may_write: Whether ``add_event`` is offered.
    """
    import anyio  # noqa: PLC0415 - only a server needs it

    server = build_mcp_server(ApiTransport(), may_write=may_write)
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "arguments": tool.input_schema,
        }
        for tool in anyio.run(server.list_tools)
    ]


def key_of_environment() -> str | None:
    """Return the API key of this process; None without one."""
    return os.environ.get(KEY_VARIABLE) or None
