"""How a process that answers shares its processors among its threads.

How the C library keeps memory that has been freed, for processes that run for long.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

THREAD_SWITCH_INTERVAL_S = 0.0005
"""How long a busy thread keeps another one waiting for the interpreter [s].

An answer takes many small steps and may wait before each; beside one busy thread it took 1.6
times as long with the 5 ms that Python begins with.
"""


@contextmanager
def low_latency_threads() -> Iterator[None]:
    """Keep waits short until the context ends; the settings are those of the whole process.

    Products of matrices use one thread each: those of an answer are so small that several
    threads take three times the processor time. What is in memory now is taken to stay, and the
    garbage collector does not go through it again: that would stop everything for a while.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(THREAD_SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)


MMAP_THRESHOLD_BYTES = 8_388_608
"""Blocks from this size on go back to the system when they are freed [bytes]. The scores of a
batch are smaller: they are made and freed all the time, and stay in the heap."""
TRIM_THRESHOLD_BYTES = 67_108_864
"""Free memory at the end of a heap that is kept [bytes]."""
MAX_ARENAS = 2
"""Heaps that threads share; by default there are eight a processor."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of parameters, from ``malloc.h``."""


def limit_heap() -> bool:
    """Let large blocks go back to the system when they are freed; False: nothing was changed.

    The matrices of a release are replaced while a service runs. By default glibc begins to take
    blocks of their size from heaps that small ones share, where they leave holes. It holds for
    the whole process and cannot be taken back; other C libraries stay as they are.

    Source:
        ``mallopt(3)``: setting a threshold also ends its growing by itself.
    """
    if not _is_glibc():
        return False
    set_to = ctypes.CDLL(None).mallopt
    chosen = (
        (_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES),
        (_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES),
        (_ARENA_MAX, MAX_ARENAS),
    )
    return all([set_to(name, value) == 1 for name, value in chosen])


def _is_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, ValueError, OSError):
        return False
