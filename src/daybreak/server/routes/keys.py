"""API keys: ``/keys``."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.keys import KeyPlanBody, KeysOut, NewKeyOut, RevokedKeyOut
from daybreak.server.state import ServerState, state_of
from daybreak.service.api_keys import ApiKey

router = api_router("keys")


@router.get("/keys", response_model=KeysOut, openapi_extra=require_role("admin", cost="store"))
async def keys(request: Request) -> Response:
    """Return all API keys, without their secrets."""
    state = state_of(request)
    known = await run_in_threadpool(state.keys.all)
    return json_response(
        {"needed": state.options.needs_keys, "keys": [_key_to_dict(key) for key in known]}
    )


@router.post(
    "/keys", response_model=NewKeyOut, status_code=201, openapi_extra=require_role("admin")
)
async def create(request: Request, body: KeyPlanBody) -> Response:
    """Make an API key; the response has its text, which cannot be read again."""
    state = state_of(request)
    key, text = await run_in_threadpool(state.keys.create, body.role, body.name)
    await _apply(state)
    return json_response({**_key_to_dict(key), "key": text}, 201)


@router.delete(
    "/keys/{id:id}", response_model=RevokedKeyOut, openapi_extra=require_role("admin")
)
async def revoke(request: Request, id: str) -> Response:
    """Revoke an API key; this server rejects it at once, others within seconds."""
    state = state_of(request)
    key = await run_in_threadpool(state.keys.revoke, id)
    await _apply(state)
    return json_response(_key_to_dict(key))


async def _apply(state: ServerState) -> None:
    """Read the keys again, so that the next request finds the change."""
    cache = state.access.key_cache
    if cache is not None:
        await run_in_threadpool(cache.refresh)


def _key_to_dict(key: ApiKey) -> dict[str, Any]:
    return {"id": key.id, "role": key.role, "name": key.name, "created_at": key.created_at}
