"""Matrix products whose results do not depend on the number of threads.

Several threads of BLAS divide a product into other parts than one thread does, so that its last
bits differ. A search over weights, or two items with nearly equal scores, turn these bits into
another list. Products are therefore computed by one thread; most are so small that several
threads would spend more processor time and hardly less time.
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ContextDecorator
from threading import Lock
from types import TracebackType

from threadpoolctl import ThreadpoolController

CONTROLLED_MODULES = ("numpy", "scipy.linalg")
"""Modules that load a BLAS library of their own."""


class SingleBlasThread(ContextDecorator):
    """Context and decorator: matrix products inside use one thread each.

    The setting is that of the process. Threads share it: the first that enters sets it, and the
    last that leaves restores the earlier one. Other libraries of the process see the limit in
    between.

    Args:
        load_all: Whether to load the libraries first that would otherwise be loaded inside, and
            then use their own number of threads.
    """

    def __init__(self, *, load_all: bool = False) -> None:
        self._load_all = load_all

    def _recreate_cm(self) -> "SingleBlasThread":
        return self  # nothing belongs to one entry

    def __enter__(self) -> None:
        if self._load_all:
            import scipy.linalg  # noqa: F401, PLC0415 - slow to import, needed in training only
        _limit.enter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _limit.leave()


class _SharedLimit:
    """The limit of the process, with the number of threads that are inside."""

    def __init__(self, create: Callable[[], ThreadpoolController]) -> None:
        self._create = create
        self._lock = Lock()
        self._n_inside = 0
        self._loaded: frozenset[str] = frozenset()
        self._controller: ThreadpoolController | None = None
        self._limiter: AbstractContextManager[object] | None = None

    def enter(self) -> None:
        with self._lock:
            if not self._n_inside:
                libraries = self._find_libraries()
                self._take_control()
                limiter = libraries.limit(limits=1, user_api="blas")
                limiter.__enter__()
                self._limiter = limiter
            self._n_inside += 1

    def leave(self) -> None:
        with self._lock:
            self._n_inside -= 1
            if not self._n_inside and self._limiter is not None:
                self._take_control()
                self._limiter.__exit__(None, None, None)
                self._limiter = None

    def _take_control(self) -> None:
        """Let this thread change a number that another thread has changed.

        Since threadpoolctl 3.7 only the thread that was first may, and without a word. It stays
        the first for as long as it lives if another thread has left after it.
        """
        for library in self._controller.lib_controllers if self._controller else ():
            clear = getattr(library, "clear_controlling_thread", None)
            if clear is not None:
                clear(force=True)

    def _find_libraries(self) -> ThreadpoolController:
        """Return the libraries; searching them takes a millisecond, so it is done once."""
        loaded = frozenset(name for name in CONTROLLED_MODULES if name in sys.modules)
        if self._controller is None or loaded != self._loaded:
            self._controller, self._loaded = self._create(), loaded
        return self._controller


_limit = _SharedLimit(ThreadpoolController)
