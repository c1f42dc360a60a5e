"""Asynchronous methods for experiments: ``client.experiments``.

``tools/generate_client.py`` generates ``experiments.py`` from this file: change this file, then
run the script.
"""

from typing import Any, Protocol, TypeVar

from daybreak.client.calls import ApiCall, path_of
from daybreak.client.errors import ResourceNotFoundError
from daybreak.client.experiment_results import (
    Experiment,
    ExperimentList,
    ExperimentResult,
    OnlineResult,
)
from daybreak.client.results import Row

T = TypeVar("T")


class AsyncSendFn(Protocol):
    """Sends a request and returns its result."""

    async def __call__(self, call: ApiCall[T], /) -> T:
        """Return the result."""
        ...


class AsyncExperimentsApi:
    """Experiments of a service: ``client.experiments``.

    Args:
        send: Method of the client that sends a request.
    """

    def __init__(self, send: AsyncSendFn) -> None:
        self._send = send

    async def list(self) -> tuple[Experiment, ...]:
        """Return all experiments, the oldest first."""
        result = await self._send(ApiCall("GET", "/experiments", ExperimentList))
        return result.experiments

    async def get(self, id: str) -> Experiment:
        """Return one experiment.

        Raises:
            ResourceNotFoundError: There is no experiment with this id.
        """
        return await self._send(ApiCall("GET", path_of("experiments", id), Experiment))

    async def create(self, plan: Row) -> Experiment:
        """Store a plan as a draft: ``id``, ``variants``, and any other field of a plan.

        Raises:
            RejectedError: A field is unknown, a value is out of range, or the id exists.
        """
        return await self._send(
            ApiCall("POST", "/experiments", Experiment, body=dict(plan), repeatable=False)
        )

    async def change(self, id: str, **fields: Any) -> Experiment:
        """Change a plan: every field of a draft; ``share`` and ``note`` while it runs."""
        return await self._send(
            ApiCall("PATCH", path_of("experiments", id), Experiment, body=fields)
        )

    async def start(self, id: str) -> Experiment:
        """Start an experiment."""
        return await self._send(
            ApiCall("POST", path_of("experiments", id, "start"), Experiment, repeatable=False)
        )

    async def stop(self, id: str) -> Experiment:
        """Stop an experiment for good."""
        return await self._send(
            ApiCall("POST", path_of("experiments", id, "stop"), Experiment, repeatable=False)
        )

    async def delete(self, id: str) -> bool:
        """Delete an experiment that does not run; return whether it existed."""
        try:
            await self._send(ApiCall("DELETE", path_of("experiments", id), None))
        except ResourceNotFoundError:
            return False
        return True

    async def report(self, id: str) -> ExperimentResult:
        """Return the results so far; the intervals stay valid however often you look."""
        return await self._send(
            ApiCall("GET", path_of("experiments", id, "report"), ExperimentResult)
        )

    async def online(
        self, since: float, *, until: float | None = None, every_h: float = 24.0
    ) -> OnlineResult:
        """Return the metrics of the service over time, with or without an experiment.

        Args:
            since: Start, epoch [s]; a negative number counts back from now.
            until: End, epoch [s]; None: now.
            every_h: Length of a period [h].
        """
        params = {"since": since, "until": until, "every_h": every_h}
        return await self._send(ApiCall("GET", "/online", OnlineResult, params))
