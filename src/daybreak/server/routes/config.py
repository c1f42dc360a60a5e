"""Settings and server options: ``/config``, and their JSON Schema: ``/config/schema``."""

from dataclasses import asdict
from typing import Any

from fastapi import Request
from pydantic import TypeAdapter
from starlette.responses import Response

from daybreak.config import Settings
from daybreak.server.http.responses import json_response
from daybreak.server.ops.logs import redact_text
from daybreak.server.options import ServerOptions
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.admin import ConfigOut, ConfigSchemaOut
from daybreak.server.state import state_of

router = api_router("models")


@router.get("/config", response_model=ConfigOut, openapi_extra=require_role("admin"))
async def config(request: Request) -> Response:
    """Return the current settings and server options, without passwords."""
    state = state_of(request)
    settings = {
        name: redact_text(value) if isinstance(value, str) else value
        for name, value in asdict(state.service.settings).items()
    }
    return json_response({"settings": settings, "server": asdict(state.options)})


@router.get(
    "/config/schema", response_model=ConfigSchemaOut, openapi_extra=require_role("admin")
)
async def schema() -> Response:
    """Return the JSON Schema of the settings and of the server options."""
    return json_response({"settings": _schema(Settings), "server": _schema(ServerOptions)})


def _schema(kind: type[Any]) -> dict[str, Any]:
    json_schema: dict[str, Any] = TypeAdapter(kind).json_schema()
    return json_schema
