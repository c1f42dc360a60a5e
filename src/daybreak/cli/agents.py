"""The command ``mcp``: tools for assistants over the Model Context Protocol."""

from typing import Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import print_message, show_json

HttpOption = Annotated[
    bool, typer.Option("--http", help="Serve over streamable HTTP instead of stdio.")
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Address of a running server whose API the tools call. Default: the store.",
    ),
]
McpKeysOption = Annotated[
    str,
    typer.Option(
        "--keys",
        metavar="MODE",
        help="Whether API keys are required: on, off or auto (over stdio: if DAYBREAK_API_KEY "
        "is set; over HTTP: if other machines have access).",
    ),
]
ReadOnlyOption = Annotated[
    bool, typer.Option("--read-only", help="Offer no tool that stores events.")
]
ToolsJsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print the tools as one JSON object, and start no server."),
]


def mcp(
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    *,
    http: HttpOption = False,
    host: Annotated[str, typer.Option(help="Address to listen on over HTTP.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0: any.")] = 8_001,
    url: UrlOption = None,
    keys: McpKeysOption = "auto",
    rate: Annotated[
        float, typer.Option(help="Maximum mean rate per key or address [requests/s].")
    ] = 1_000.0,
    longest: Annotated[
        int, typer.Option(min=1, max=10_000, help="Maximum number of items in a list.")
    ] = 1_000,
    read_only: ReadOnlyOption = False,
    json: ToolsJsonOption = False,
) -> None:
    """Give assistants the tools of the recommender, over the Model Context Protocol."""
    from daybreak.agents import mcp_server
    from daybreak.errors import ConfigError
    from daybreak.server.options import ServerOptions

    if json:
        show_json({"tools": mcp_server.describe_tools(may_write=not read_only)})
        return
    key = mcp_server.key_of_environment()
    if url is not None:
        if http:
            raise ConfigError("--url is for stdio; over HTTP the tools use the store")
        mcp_server.run_remote(url, key, may_write=not read_only)
        return
    settings = options.load_settings(store=store, encoder=encoder)
    if not http and keys == "auto":
        keys = "on" if key else "off"
    chosen = ServerOptions(host=host, port=port, keys=keys, rate=rate, longest=longest)  # type: ignore[arg-type]
    if http:
        mcp_server.run_http(settings, chosen, _announce, may_write=not read_only)
    else:
        mcp_server.run_stdio(settings, chosen, key, may_write=not read_only)


def _announce(url: str, first_key: str | None) -> None:
    print_message(f"tools for assistants at {url}")
    if first_key:
        print_message(f"admin key, printed only once: {first_key}")
