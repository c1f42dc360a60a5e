"""Health, metrics and the description of the API."""

import logging
from contextlib import suppress

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from daybreak.errors import DaybreakError
from daybreak.server.http.problems import problem_response
from daybreak.server.http.responses import json_response, to_json
from daybreak.server.openapi import build_openapi, render_api_page
from daybreak.server.schemas.admin import HealthOut
from daybreak.server.state import state_of

log = logging.getLogger(__name__)

router = APIRouter(tags=["health"])


@router.get("/health/live", response_model=HealthOut)
async def live() -> Response:
    """Return that the process runs."""
    return json_response({"status": "live"})


@router.get("/health/ready", response_model=HealthOut)
async def ready(request: Request) -> Response:
    """Return whether the service can answer requests; status 503 if it cannot.

    The response takes a second at most, also if the store does not answer.
    """
    state = state_of(request)
    if state.shutting_down:
        return problem_response("overloaded", 503, "the service is shutting down")
    try:
        status = await state.probe.status()
    except DaybreakError as error:
        log.warning("the service is not ready: %s", error)
        return problem_response(error.code, 503, "the store does not answer; see the log")
    details = {str(name): status[name] for name in ("release", "notes") if name in status}
    if status.get("faulty"):
        details["faulty"] = sorted(status["faulty"])  # the reasons contain paths
    return json_response({"status": "ready"} | details)


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Return counters and gauges for Prometheus; a service with keys needs any key."""
    state = state_of(request)
    if state.access.key_cache is not None:
        state.access.authorize(request.scope, "read")
    with suppress(DaybreakError):  # the metrics of the server itself are shown in any case
        await state.probe.status()
    text, media_type = await state.pools.of("probe").run(state.metrics.render)
    return Response(text, headers={"Content-Type": media_type})


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Return the OpenAPI description."""
    pool = state_of(request).pools.of("probe")
    description = await pool.run(build_openapi, request.app)
    return Response(to_json(description), media_type="application/json")


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Return the description as an HTML page."""
    pool = state_of(request).pools.of("probe")
    return HTMLResponse(render_api_page(await pool.run(build_openapi, request.app)))
