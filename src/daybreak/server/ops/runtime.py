"""Settings of the whole process: low-latency threads and a bounded heap."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from daybreak.blas import SingleBlasThread
from daybreak.memory import has_glibc

THREAD_SWITCH_INTERVAL_S = 0.0005
"""Longest wait of a thread for the interpreter while another thread is busy [s].

A request consists of many small steps and may wait before each of them; next to one busy thread
it took 1.6 times as long with Python's default of 5 ms.
"""
MMAP_THRESHOLD_BYTES = 8_388_608
"""Size from which a freed block is returned to the system at once [bytes].

The score matrix of a batch is smaller; it is allocated and freed all the time, and stays in the
heap.
"""
TRIM_THRESHOLD_BYTES = 67_108_864
"""Largest free memory at the end of a heap that is kept [bytes]."""
MAX_ARENAS = 2
"""Number of heaps that threads share; glibc's default is eight for each processor."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of ``mallopt``, from ``malloc.h``."""


@contextmanager
def low_latency_threads() -> Iterator[None]:
    """Keep waits short until the context ends; the settings hold for the whole process.

    Matrix products use one thread each: those of a request are so small that several threads
    need three times the processor time. The garbage collector skips all objects that exist now,
    because a full collection would stop all threads for a while.
    """
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(THREAD_SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    try:
        with SingleBlasThread():
            yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(interval_s)


def limit_heap(*, is_glibc: bool | None = None) -> bool:
    """Make the C library return large freed blocks to the system.

    The matrices of a release are replaced while a service runs. By default glibc soon takes
    blocks of their size from heaps that small blocks share, where they leave gaps. The setting
    holds for the whole process and cannot be undone.

    Args:
        is_glibc: Whether the C library is glibc; default: found out.

    Returns:
        Whether the setting was changed; False with other C libraries than glibc.

    Source:
        ``mallopt(3)``: setting a threshold also stops its automatic growth.
    """
    if not (has_glibc() if is_glibc is None else is_glibc):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = (
        (_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES),
        (_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES),
        (_ARENA_MAX, MAX_ARENAS),
    )
    return all([mallopt(parameter, value) == 1 for parameter, value in settings])
