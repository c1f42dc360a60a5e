"""Experiments: ``/experiments``, and ``/online``, how the service does."""

import time

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.guarded import interface, needs
from daybreak.server.queries import query_of
from daybreak.server.replies import reply
from daybreak.server.schemas.experiments import (
    Changes,
    ExperimentOut,
    ExperimentsOut,
    OnlineOut,
    OnlineQuery,
    Plan,
    ReportOut,
)
from daybreak.server.schemas.rows import DeletedOut
from daybreak.server.state import state_of
from daybreak.service.experiments import Experiment, Experiments

router = interface("experiments")
_ONE = "/experiments/{id:id}"


@router.get("/experiments", response_model=ExperimentsOut, openapi_extra=needs("read"))
async def experiments(request: Request) -> Response:
    """Return all experiments, the oldest first."""
    found = await run_in_threadpool(_book(request).list)
    return reply({"experiments": [one.to_dict() for one in found]})


@router.post(
    "/experiments", response_model=ExperimentOut, status_code=201, openapi_extra=needs("admin")
)
async def create(request: Request, body: Plan) -> Response:
    """Write down a plan; nobody takes part before it is started."""
    return _shown(await run_in_threadpool(_book(request).create, body), 201)


@router.get(_ONE, response_model=ExperimentOut, openapi_extra=needs("read"))
async def experiment(request: Request, id: str) -> Response:
    """Return one experiment."""
    return _shown(await run_in_threadpool(_book(request).get, id))


@router.patch(_ONE, response_model=ExperimentOut, openapi_extra=needs("admin"))
async def change(request: Request, id: str, body: Changes) -> Response:
    """Change a plan: all of a draft, the share and the note while it runs."""
    return _shown(await run_in_threadpool(_book(request).change, id, body))


@router.delete(_ONE, response_model=DeletedOut, openapi_extra=needs("admin"))
async def delete(request: Request, id: str) -> Response:
    """Forget an experiment that does not run."""
    await run_in_threadpool(_book(request).delete, id)
    return reply({"deleted": 1})


@router.post(f"{_ONE}/start", response_model=ExperimentOut, openapi_extra=needs("admin"))
async def start(request: Request, id: str) -> Response:
    """Let it take requests from now on."""
    return _shown(await run_in_threadpool(_book(request).start, id))


@router.post(f"{_ONE}/stop", response_model=ExperimentOut, openapi_extra=needs("admin"))
async def stop(request: Request, id: str) -> Response:
    """Let it take no more requests, for good."""
    return _shown(await run_in_threadpool(_book(request).stop, id))


@router.get(f"{_ONE}/report", response_model=ReportOut, openapi_extra=needs("read"))
async def report(request: Request, id: str) -> Response:
    """Return what it has found until now; for whoever looks how often."""
    found = await run_in_threadpool(_book(request).report, id)
    return reply(found.to_dict())


@router.get("/online", response_model=OnlineOut, openapi_extra=needs("read", query=OnlineQuery))
async def online(request: Request) -> Response:
    """Return clicks, conversions, satisfaction, coverage and variety over time."""
    query = query_of(request, OnlineQuery)
    since = query.since if query.since >= 0 else time.time() + query.since
    found = await run_in_threadpool(
        _book(request).online, since, until=query.until, every_h=query.every_h
    )
    return reply(found.to_dict())


def _book(request: Request) -> Experiments:
    return state_of(request).live.experiments


def _shown(found: Experiment, status: int = 200) -> Response:
    return reply(found.to_dict(), status)
