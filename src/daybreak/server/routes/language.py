"""Tasks with the language model of the settings: ``/enrichment`` and ``/buyers``."""

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.admin import TaskOut
from daybreak.server.schemas.language import BuyersBody, BuyersOut, EnrichBody, EnrichmentOut
from daybreak.server.state import state_of

router = api_router("models")


@router.get(
    "/enrichment",
    response_model=EnrichmentOut,
    openapi_extra=require_role("read", cost="store"),
)
async def enrichment(request: Request) -> Response:
    """Return what the language model has written about items, and whether it is used."""
    tasks = state_of(request).service.language_tasks
    return json_response(await run_in_threadpool(tasks.enrichment))


@router.post(
    "/enrichment",
    response_model=TaskOut,
    status_code=202,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def enrich(request: Request, body: EnrichBody) -> Response:
    """Start to write about items with thin text, in a separate process; see `/tasks`."""
    tasks = state_of(request).service.language_tasks
    task = await run_in_threadpool(lambda: tasks.enrich(**body.model_dump()))
    return json_response(task, 202)


@router.get(
    "/buyers", response_model=BuyersOut, openapi_extra=require_role("admin", cost="store")
)
async def buyers(request: Request) -> Response:
    """Return what the last task learned about imagined buyers."""
    tasks = state_of(request).service.language_tasks
    return json_response(await run_in_threadpool(tasks.buyers))


@router.post(
    "/buyers",
    response_model=TaskOut,
    status_code=202,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def imagine(request: Request, body: BuyersBody) -> Response:
    """Start to learn whether guesses about buyers help, in a separate process."""
    tasks = state_of(request).service.language_tasks
    task = await run_in_threadpool(lambda: tasks.imagine(**body.model_dump()))
    return json_response(task, 202)
