"""The experiments of a service, for both kinds of client."""

from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

from daybreak.client import trial_calls
from daybreak.client.calls import Call
from daybreak.client.errors import MissingError
from daybreak.client.results import Row
from daybreak.client.trials import Experiment, Online, Report

T = TypeVar("T")


class Do(Protocol):
    """Sends a request and waits for its result."""

    def __call__(self, call: Call[T], /) -> T:
        """Return the result."""
        ...


class AsyncDo(Protocol):
    """Sends a request; its result can be awaited."""

    def __call__(self, call: Call[T], /) -> Awaitable[T]:
        """Return what can be awaited."""
        ...


class ExperimentBook:
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

    def __init__(self, do: Do) -> None:
        self._do = do

    def list(self) -> tuple[Experiment, ...]:
        """Return all, the oldest first."""
        return self._do(trial_calls.listed()).experiments

    def get(self, id: str) -> Experiment:
        """Return one.

        Raises:
            MissingError: There is none of this id.
        """
        return self._do(trial_calls.get(id))

    def create(self, plan: Row) -> Experiment:
        """Write down a plan as a draft: ``id``, ``variants``, and what else it has.

        Raises:
            RejectedError: A name is unknown, a value out of range, or the id is taken.
        """
        return self._do(trial_calls.create(plan))

    def change(self, id: str, **fields: Any) -> Experiment:
        """Change a plan: all of a draft, ``share`` and ``note`` while it runs."""
        return self._do(trial_calls.change(id, fields))

    def start(self, id: str) -> Experiment:
        """Let it take requests from now on."""
        return self._do(trial_calls.start(id))

    def stop(self, id: str) -> Experiment:
        """Let it take no more requests, for good."""
        return self._do(trial_calls.stop(id))

    def delete(self, id: str) -> bool:
        """Forget one that does not run; return whether it was there."""
        try:
            self._do(trial_calls.delete(id))
        except MissingError:
            return False
        return True

    def report(self, id: str) -> Report:
        """Return what it has found until now; for whoever looks how often."""
        return self._do(trial_calls.report(id))

    def online(
        self, since: float, *, until: float | None = None, every_h: float = 24.0
    ) -> Online:
        """Return how the service does over time, with or without an experiment.

        Args:
            since: From here, epoch [s]; negative: so long before now.
            until: Up to here; None: now.
            every_h: Length of a period [hours].
        """
        return self._do(trial_calls.online(since, until, every_h))


class AsyncExperimentBook:
    """What :class:`ExperimentBook` is, for asyncio."""

    def __init__(self, do: AsyncDo) -> None:
        self._do = do

    async def list(self) -> tuple[Experiment, ...]:
        """Return all, the oldest first."""
        return (await self._do(trial_calls.listed())).experiments

    async def get(self, id: str) -> Experiment:
        """Return one; see :meth:`ExperimentBook.get`."""
        return await self._do(trial_calls.get(id))

    async def create(self, plan: Row) -> Experiment:
        """Write down a plan as a draft; see :meth:`ExperimentBook.create`."""
        return await self._do(trial_calls.create(plan))

    async def change(self, id: str, **fields: Any) -> Experiment:
        """Change a plan: all of a draft, ``share`` and ``note`` while it runs."""
        return await self._do(trial_calls.change(id, fields))

    async def start(self, id: str) -> Experiment:
        """Let it take requests from now on."""
        return await self._do(trial_calls.start(id))

    async def stop(self, id: str) -> Experiment:
        """Let it take no more requests, for good."""
        return await self._do(trial_calls.stop(id))

    async def delete(self, id: str) -> bool:
        """Forget one that does not run; return whether it was there."""
        try:
            await self._do(trial_calls.delete(id))
        except MissingError:
            return False
        return True

    async def report(self, id: str) -> Report:
        """Return what it has found until now; for whoever looks how often."""
        return await self._do(trial_calls.report(id))

    async def online(
        self, since: float, *, until: float | None = None, every_h: float = 24.0
    ) -> Online:
        """Return how the service does over time; see :meth:`ExperimentBook.online`."""
        return await self._do(trial_calls.online(since, until, every_h))
