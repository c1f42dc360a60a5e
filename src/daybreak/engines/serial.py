"""Tasks one after another, in this process."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self, TypeVar

from daybreak.engines.base import Engine, engines
from daybreak.errors import ConfigError

T = TypeVar("T")
R = TypeVar("R")


@engines.register("serial")
class SerialEngine(Engine):
    """Calls the function here: nothing is sent, and what it raises has its own traceback.

    Args:
        n_shards: Number of parts into which sums over users are split.
    """

    def __init__(self, n_shards: int = 1) -> None:
        self._n_shards = n_shards

    @classmethod
    def from_address(cls, address: str) -> Self:
        """Return the engine; it has no address. See :meth:`Engine.from_address`."""
        if address:
            raise ConfigError(f"the engine serial has no address, got {address!r}")
        return cls()

    @property
    def n_workers(self) -> int:
        """One; see :attr:`Engine.n_workers`."""
        return 1

    @property
    def n_shards(self) -> int:
        """As given; see :attr:`Engine.n_shards`."""
        return self._n_shards

    def submit(self, function: Callable[[T], R], task: T) -> "Future[R]":
        """Make the call; see :meth:`Engine.submit`."""
        future: Future[R] = Future()
        try:
            future.set_result(function(task))
        except Exception as error:  # noqa: BLE001 - the caller of the future gets it
            future.set_exception(error)
        return future

    def cancel(self, future: "Future[Any]") -> None:
        """Do nothing: the call has ended."""

    def close(self) -> None:
        """Do nothing: there are no workers."""
