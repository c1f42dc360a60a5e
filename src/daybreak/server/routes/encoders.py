"""Fine-tuned encoders: ``/encoders``."""

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.admin import TaskOut
from daybreak.server.schemas.encoders import EncoderOut, EncodersOut, FinetuneBody
from daybreak.server.state import state_of
from daybreak.service.finetuning.methods import FinetuningOptions

router = api_router("models")


@router.get(
    "/encoders", response_model=EncodersOut, openapi_extra=require_role("read", cost="store")
)
async def encoders(request: Request) -> Response:
    """Return all fine-tuned encoders, the newest first."""
    found = await run_in_threadpool(state_of(request).service.encoders.all)
    return json_response({"encoders": found})


@router.post(
    "/encoders",
    response_model=TaskOut,
    status_code=202,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def tune(request: Request, body: FinetuneBody) -> Response:
    """Start to fine-tune the encoder of the settings, in a separate process; see `/tasks`."""
    service = state_of(request).service
    seed = service.settings.seed if body.seed is None else body.seed
    options = FinetuningOptions(body.method, seed, body.objective, body.steps, body.goal)
    task = await run_in_threadpool(service.encoders.tune, options, body.resume)
    return json_response(task, 202)


@router.get(
    "/encoders/{id:id}",
    response_model=EncoderOut,
    openapi_extra=require_role("read", cost="store"),
)
async def encoder(request: Request, id: str) -> Response:
    """Return a fine-tuned encoder: its verdict, the gain of each slice, and its card."""
    return json_response(await run_in_threadpool(state_of(request).service.encoders.get, id))


@router.post(
    "/encoders/{id:id}/use",
    response_model=EncoderOut,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def use(request: Request, id: str) -> Response:
    """Let trainings use an encoder from now on; `original`: that of the settings."""
    return json_response(await run_in_threadpool(state_of(request).service.encoders.use, id))
