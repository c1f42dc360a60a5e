"""Follows the writes of other workers before a request is answered."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daybreak.errors import DaybreakError
from daybreak.server.access import CHANGES_KEY
from daybreak.server.links.board import WRITE_KINDS, WorkerBoard, WriteKind
from daybreak.server.middleware import PROBE_PATHS
from daybreak.server.ops.pools import WorkerPool
from daybreak.server.routing import ROLE_EXTENSION
from daybreak.server.sessions import SAFE_METHODS

log = logging.getLogger(__name__)

Follow = Mapping[WriteKind, Callable[[], None]]


class FollowWritesMiddleware:
    """Reads what other workers have written before a request, and tells them what it writes.

    A write is told before its response is sent: whoever got the response finds the write in
    the next answer of every worker.

    Args:
        app: Next application.
        board: Board with the numbers of writes.
        follow: Functions that read what was written, by kind.
        pool: Threads that call them.
    """

    def __init__(
        self, app: ASGIApp, *, board: WorkerBoard, follow: Follow, pool: WorkerPool
    ) -> None:
        self._app = app
        self._board = board
        self._follow = follow
        self._pool = pool
        self._lock = asyncio.Lock()
        self._seen: dict[WriteKind, int] = dict.fromkeys(follow, 0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._app(scope, receive, send)
            return
        if self._has_news():
            await self._read_news()
        is_told = False

        async def send_told(message: Message) -> None:
            nonlocal is_told
            if not is_told:
                is_told = True
                self._tell(scope)
            await send(message)

        await self._app(scope, receive, send_told)

    def _has_news(self) -> bool:
        return any(self._board.writes(kind) != seen for kind, seen in self._seen.items())

    async def _read_news(self) -> None:
        """Follow all writes so far; requests that come meanwhile wait for it."""
        async with self._lock:
            for kind, follow in self._follow.items():
                n_writes = self._board.writes(kind)
                if n_writes == self._seen[kind]:
                    continue
                try:
                    await self._pool.run(follow)
                except DaybreakError as error:  # the next request tries again
                    log.warning("writes of other workers cannot be read yet: %s", error)
                else:
                    self._seen[kind] = n_writes

    def _tell(self, scope: Scope) -> None:
        for kind in _kinds_of_writes(scope):
            self._board.count_write(kind)


def _kinds_of_writes(scope: Scope) -> tuple[WriteKind, ...]:
    """Return what a request may write."""
    if scope.get(CHANGES_KEY):
        return ("rows",)
    extra = getattr(scope.get("route"), "openapi_extra", None) or {}
    role = extra.get(ROLE_EXTENSION)
    if scope["method"] in SAFE_METHODS or role == "read":
        return ()
    return WRITE_KINDS if role == "admin" else ("rows",)
