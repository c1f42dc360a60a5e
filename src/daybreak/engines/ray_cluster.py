"""Tasks on a Ray cluster, whose machines have Daybreak installed (extra ``ray``)."""

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from daybreak.engines.base import Engine, engines
from daybreak.engines.shared_values import SharedValue, hold_only, hold_value, knows_value
from daybreak.errors import ConfigError, MissingExtraError, ServiceError

T = TypeVar("T")
R = TypeVar("R")

RUNNING = "auto"
"""Address of a cluster that has been started on this machine with ``ray start``."""


@dataclass(frozen=True)
class RayValue(SharedValue[T]):
    """A value in the object store of a cluster.

    It is stored as bytes: arrays that tasks get from the object store cannot be written, and
    models sort sparse rows in place.
    """

    reference: Any = None
    """Reference to the pickled value."""

    def get(self) -> T:
        """Return the value; the first task of a worker reads it. See :class:`SharedValue`."""
        if not knows_value(self.key):
            import ray  # noqa: PLC0415 - an optional package that is slow to import

            hold_only(self.key, pickle.loads(ray.get(self.reference)))  # noqa: S301 - of :meth:`RayEngine.share`
        return super().get()


@engines.register("ray")
class RayEngine(Engine):
    """Runs tasks on the cores of a Ray cluster.

    Args:
        address: ``ray://HOST:PORT`` of a cluster, ``auto`` for one that runs on this machine,
            or None to start one on this machine for the life of the engine.

    Raises:
        MissingExtraError: Ray is not installed.
        ServiceError: The cluster cannot be reached.
    """

    def __init__(self, address: str | None = None) -> None:
        try:
            import ray  # noqa: PLC0415 - an optional package that is slow to import
        except ImportError as error:
            raise MissingExtraError("the engine ray", "'daybreak[ray]'") from error
        self._ray: Any = ray
        self._owns_cluster = not ray.is_initialized()
        if self._owns_cluster:
            own_dashboard = None if address else False
            try:
                ray.init(address, log_to_driver=False, include_dashboard=own_dashboard)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise ServiceError(
                    f"cannot reach the Ray cluster {address}: {error}"
                ) from error
        # A lost task is started again by the scheduler of all engines, which counts the losses.
        self._remote = ray.remote(max_retries=0)(_call)
        self._calls: dict[Future[Any], Any] = {}

    @classmethod
    def from_address(cls, address: str) -> Self:
        """Return the engine of ``ray``, ``ray:auto`` or ``ray://HOST:PORT``."""
        if address and address != RUNNING and not address.startswith("//"):
            raise ConfigError(
                f"the address of a Ray cluster must look like ray://HOST:10001, "
                f"got {'ray:' + address!r}"
            )
        if not address:
            return cls(None)
        return cls(address if address == RUNNING else f"ray:{address}")

    @property
    def n_workers(self) -> int:
        """Number of cores of the cluster; see :attr:`Engine.n_workers`."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, function: Callable[[T], R], task: T) -> "Future[R]":
        """Send the call to the cluster; see :meth:`Engine.submit`."""
        reference = self._remote.remote(function, task)
        future: Future[R] = reference.future()
        self._calls[future] = reference
        future.add_done_callback(lambda done: self._calls.pop(done, None))
        return future

    @contextmanager
    def share(self, value: T) -> Iterator[SharedValue[T]]:
        """Put a value into the object store; see :meth:`Engine.share`."""
        written = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        shared: RayValue[T] = RayValue(reference=self._ray.put(written))
        with hold_value(value, shared):
            yield shared

    def cancel(self, future: "Future[Any]") -> None:
        """End the worker of the call; see :meth:`Engine.cancel`."""
        reference = self._calls.pop(future, None)
        if reference is not None:
            self._ray.cancel(reference, force=True)

    def is_loss(self, error: BaseException) -> bool:
        """Return whether a worker or its machine was lost; see :meth:`Engine.is_loss`."""
        exceptions = self._ray.exceptions
        losses = (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.ObjectLostError,
            exceptions.LocalRayletDiedError,
        )
        return isinstance(error, losses)

    def close(self) -> None:
        """Leave the cluster, and end it if the engine has started it."""
        if self._owns_cluster:
            self._ray.shutdown()


def _call(function: Callable[[Any], Any], task: Any) -> Any:
    return function(task)
