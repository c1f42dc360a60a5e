"""Options in force: ``/config``, and what they may be: ``/config/schema``."""

from dataclasses import asdict
from typing import Any

from fastapi import Request
from pydantic import TypeAdapter
from starlette.responses import Response

from daybreak.config import Settings
from daybreak.server.guarded import interface, needs
from daybreak.server.logs import hidden
from daybreak.server.options import ServerOptions
from daybreak.server.replies import reply
from daybreak.server.schemas.files import ConfigOut, ConfigSchemaOut
from daybreak.server.state import state_of

router = interface("models")


@router.get("/config", response_model=ConfigOut, openapi_extra=needs("admin"))
async def config(request: Request) -> Response:
    """Return the options in force, without passwords."""
    state = state_of(request)
    settings = {
        name: hidden(value) if isinstance(value, str) else value
        for name, value in asdict(state.live.settings).items()
    }
    return reply({"settings": settings, "server": asdict(state.options)})


@router.get("/config/schema", response_model=ConfigSchemaOut, openapi_extra=needs("admin"))
async def schema() -> Response:
    """Return JSON Schema of the settings and of the options of the server."""
    return reply({"settings": _schema(Settings), "server": _schema(ServerOptions)})


def _schema(kind: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = TypeAdapter(kind).json_schema()
    return found
