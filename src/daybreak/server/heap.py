"""How the C library keeps memory that has been freed, for processes that run for long."""

import ctypes
import os

LARGE_BYTES = 8_388_608
"""Blocks from this size on go back to the system when they are freed [bytes]. The scores of a
batch are smaller: they are made and freed all the time, and stay in the heap."""
TRIM_BYTES = 67_108_864
"""Free memory at the end of a heap that is kept [bytes]."""
ARENAS = 2
"""Heaps that threads share; by default there are eight a processor."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of parameters, from ``malloc.h``."""


def compact_heap() -> bool:
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
        (_MMAP_THRESHOLD, LARGE_BYTES),
        (_TRIM_THRESHOLD, TRIM_BYTES),
        (_ARENA_MAX, ARENAS),
    )
    return all([set_to(name, value) == 1 for name, value in chosen])


def _is_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, ValueError, OSError):
        return False
