"""The experiments of a service, for both kinds of client."""

from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

from daybreak.client import trial_calls
from daybreak.client.calls import ApiCall
from daybreak.client.errors import ResourceNotFoundError
from daybreak.client.results import ExperimentInfo, ExperimentResult, OnlineResult, Row

T = TypeVar("T")


class SendFn(Protocol):
    """Sends a request and waits for its result."""

    def __call__(self, call: ApiCall[T], /) -> T:
        """Return the result."""
        ...


class AsyncSendFn(Protocol):
    """Sends a request; its result can be awaited."""

    def __call__(self, call: ApiCall[T], /) -> Awaitable[T]:
        """Return what can be awaited."""
        ...


class ExperimentsApi:
    """Plans, starts, stops and reads experiments; ``client.experiments``.

    Example:
        >>> import httpx
        >>> from daybreak.client import Client
        >>> said = {"id": "page", "variants": [{"name": "now"}, {"name": "new"}]}
        >>> service = httpx.MockTransport(lambda request: httpx.Response(201, json=said))
        >>> with Client(transport=service) as client:
        ...     client.experiments.create(said).status
        'draft'
    """

    def __init__(self, send: SendFn) -> None:
        self._send = send

    def list(self) -> tuple[ExperimentInfo, ...]:
        """Return all, the oldest first."""
        return self._send(trial_calls.listed()).experiments

    def get(self, id: str) -> ExperimentInfo:
        """Return one.

        Raises:
            MissingError: There is none of this id.
        """
        return self._send(trial_calls.get(id))

    def create(self, plan: Row) -> ExperimentInfo:
        """Write down a plan as a draft: ``id``, ``variants``, and what else it has.

        Raises:
            RejectedError: A name is unknown, a value out of range, or the id is taken.
        """
        return self._send(trial_calls.create(plan))

    def change(self, id: str, **fields: Any) -> ExperimentInfo:
        """Change a plan: all of a draft, ``share`` and ``note`` while it runs."""
        return self._send(trial_calls.change(id, fields))

    def start(self, id: str) -> ExperimentInfo:
        """Let it take requests from now on."""
        return self._send(trial_calls.start(id))

    def stop(self, id: str) -> ExperimentInfo:
        """Let it take no more requests, for good."""
        return self._send(trial_calls.stop(id))

    def delete(self, id: str) -> bool:
        """Forget one that does not run; return whether it was there."""
        try:
            self._send(trial_calls.delete(id))
        except ResourceNotFoundError:
            return False
        return True

    def report(self, id: str) -> ExperimentResult:
        """Return what it has found until now; for whoever looks how often."""
        return self._send(trial_calls.report(id))

    def online(
        self, since: float, *, until: float | None = None, every_h: float = 24.0
    ) -> OnlineResult:
        """Return how the service does over time, with or without an experiment.

        Args:
            since: From here, epoch [s]; negative: so long before now.
            until: Up to here; None: now.
            every_h: Length of a period [hours].
        """
        return self._send(trial_calls.online(since, until, every_h))


class AsyncExperimentsApi:
    """What :class:`ExperimentsApi` is, for asyncio."""

    def __init__(self, send: AsyncSendFn) -> None:
        self._send = send

    async def list(self) -> tuple[ExperimentInfo, ...]:
        """Return all, the oldest first."""
        return (await self._send(trial_calls.listed())).experiments

    async def get(self, id: str) -> ExperimentInfo:
        """Return one; see :meth:`ExperimentsApi.get`."""
        return await self._send(trial_calls.get(id))

    async def create(self, plan: Row) -> ExperimentInfo:
        """Write down a plan as a draft; see :meth:`ExperimentsApi.create`."""
        return await self._send(trial_calls.create(plan))

    async def change(self, id: str, **fields: Any) -> ExperimentInfo:
        """Change a plan: all of a draft, ``share`` and ``note`` while it runs."""
        return await self._send(trial_calls.change(id, fields))

    async def start(self, id: str) -> ExperimentInfo:
        """Let it take requests from now on."""
        return await self._send(trial_calls.start(id))

    async def stop(self, id: str) -> ExperimentInfo:
        """Let it take no more requests, for good."""
        return await self._send(trial_calls.stop(id))

    async def delete(self, id: str) -> bool:
        """Forget one that does not run; return whether it was there."""
        try:
            await self._send(trial_calls.delete(id))
        except ResourceNotFoundError:
            return False
        return True

    async def report(self, id: str) -> ExperimentResult:
        """Return what it has found until now; for whoever looks how often."""
        return await self._send(trial_calls.report(id))

    async def online(
        self, since: float, *, until: float | None = None, every_h: float = 24.0
    ) -> OnlineResult:
        """Return how the service does over time; see :meth:`ExperimentsApi.online`."""
        return await self._send(trial_calls.online(since, until, every_h))
