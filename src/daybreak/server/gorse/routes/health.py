"""Health in gorse's API: ``/api/health/live`` and ``/api/health/ready``, without a key."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from daybreak.errors import DaybreakError
from daybreak.server.gorse.convert import gorse_response
from daybreak.server.gorse.schemas import GorseHealth
from daybreak.server.state import state_of

router = APIRouter(tags=["gorse"])


@router.get("/health/live", response_model=GorseHealth)
async def live(request: Request) -> Response:
    """Return that the process runs, and whether its store can be read."""
    return gorse_response(await _health(request))


@router.get("/health/ready", response_model=GorseHealth)
async def ready(request: Request) -> Response:
    """Return whether the service can answer requests; status 503 if it cannot."""
    health = await _health(request)
    response = gorse_response(health)
    response.status_code = 200 if health.ready else 503
    return response


async def _health(request: Request) -> GorseHealth:
    state = state_of(request)
    fault = "the service is shutting down" if state.shutting_down else None
    try:
        await state.probe.status()
    except DaybreakError as error:
        fault = error.code
    is_healthy = fault is None
    return GorseHealth(
        ready=is_healthy,
        data_store_connected=is_healthy,
        cache_store_connected=is_healthy,
        data_store_error=fault,
        cache_store_error=fault,
    )
