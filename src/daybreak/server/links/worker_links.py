"""What a worker shares with the others of its server."""

from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from prometheus_client.core import Metric

from daybreak.server.links.board import SharedRateLimiter, WorkerBoard
from daybreak.server.links.peers import Calls, Peers
from daybreak.server.links.shared_sessions import SharedSessionStore
from daybreak.server.options import ServerOptions
from daybreak.service.privacy import ErasureTarget
from daybreak.service.serving import RecommenderService, RecommendResponse


@dataclass(frozen=True)
class WorkerPlace:
    """Where a worker finds the others."""

    folder: Path
    """Folder of the server with the board, sockets and sessions."""
    secret: bytes
    """Secret of the calls between workers."""
    n_workers: int
    number: int
    """Number of this worker, from 0."""

    @property
    def board_path(self) -> Path:
        """Path of the :class:`.WorkerBoard`."""
        return self.folder / "board"

    @property
    def runs_jobs(self) -> bool:
        """Whether this worker deletes old events and starts trainings for the server."""
        return self.number == 0


class WorkerLinks:
    """Links of a worker to the others.

    Args:
        place: Where the others are.
        service: Service of this worker.
    """

    def __init__(self, place: WorkerPlace, service: RecommenderService) -> None:
        self.board = WorkerBoard(place.board_path, place.n_workers, place.number)
        self.sessions = SharedSessionStore(place.folder)
        self._peers = Peers(place.folder, place.secret, place.n_workers, place.number)
        self._service = service
        other = ErasureTarget(self._count_traces, self._forget)
        service.users.targets_elsewhere = {"other workers": other}

    def rate_limiter(self, rate: float) -> SharedRateLimiter:
        """Return the limit of the rate of a caller at all workers [1/s]."""
        return SharedRateLimiter(self.board, rate)

    def next_page(self, recommendation_id: str, n: int) -> RecommendResponse:
        """Return the next items of a list that any worker has shown.

        Raises:
            NotFoundError: There is no such response.
        """
        found = self._service.continue_page(recommendation_id, n)
        if found is None:
            pages = self._peers.call_all("continue_page", recommendation_id, n)
            found = next((page for page in pages if page is not None), None)
        return found or self._service.next_page(recommendation_id, n)

    def metrics_of_others(self) -> list[list[Metric]]:
        """Return the metrics of the other workers."""
        return self._peers.call_all("metrics")

    def calls(self, metrics: Any) -> Calls:
        """Return the functions that the other workers may call.

        Args:
            metrics: Metrics of this worker.
        """
        users = self._service.users
        return {
            "continue_page": self._service.continue_page,
            "metrics": metrics.collect,
            "count_traces": users.count_traces,
            "forget": users.forget,
        }

    def _count_traces(self, key: str) -> int:
        return sum(self._peers.call_all("count_traces", key))

    def _forget(self, key: str) -> None:
        self._peers.call_all("forget", key)


def share_of_worker(options: ServerOptions) -> ServerOptions:
    """Return the options of one worker, whose limits are its share of those of the server.

    Example:
        >>> share_of_worker(ServerOptions(workers=3, concurrency=10)).concurrency
        4
    """
    n = options.workers
    return replace(
        options,
        concurrency=ceil(options.concurrency / n),
        connections=ceil(options.connections / n),
    )
