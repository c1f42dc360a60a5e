"""Memory of the process: what is given back to the system, and limits of computations."""

import ctypes
import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock

from daybreak.errors import ConfigError

SIZE_UNITS = ("", "k", "m", "g", "t")
"""First letters of the units, each 1,000 times the one before; with an ``i``, 1,024 times."""
_pauses: list[bool] = []
"""Contexts of :func:`paused_collections`: the first is whether objects were searched for."""
_pauses_lock = Lock()
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(i)?b?|b)?\s*", re.IGNORECASE)


def parse_memory_size(value: str | int) -> int:
    """Return a size of memory in bytes.

    Args:
        value: Number of bytes, or a text with a unit: ``2GB``, ``800 MB``, ``1.5GiB``.

    Raises:
        ConfigError: The size cannot be read, or is not above 0.

    Example:
        >>> parse_memory_size("2GB"), parse_memory_size("1.5 GiB"), parse_memory_size(4096)
        (2000000000, 1610612736, 4096)
    """
    found = None if isinstance(value, bool) else _SIZE.fullmatch(str(value))
    size = 0
    if found is not None:
        number, unit, is_binary = found.groups()
        exponent = SIZE_UNITS.index((unit or "").lower())
        factor = 1_024**exponent if is_binary else 1_000**exponent
        size = int(float(number) * factor)
    if size <= 0:
        raise ConfigError(f"memory must be a size such as 2GB or 800MB, got {value!r}")
    return size


def format_memory_size(n_bytes: float) -> str:
    """Return a size of memory with its unit, in three digits at most.

    Example:
        >>> [format_memory_size(size) for size in (950_000, 812_400_000, 2_000_000_000)]
        ['1 MB', '812 MB', '2.0 GB']
    """
    megabytes = n_bytes / 1e6
    if megabytes < 999.5:
        return f"{max(megabytes, 1):.0f} MB"
    return f"{megabytes / 1_000:.1f} GB"


@dataclass(frozen=True)
class ComputationLimits:
    """Sizes that a training may use in memory; None: the limit of the computation itself.

    The limits of blocks change nothing but the last digits of the results. The others replace
    complete matrices by the forms that larger catalogues have.
    """

    block_cells: int | None = None
    """Numbers of a dense block of a matrix that is computed in blocks."""
    score_cells: int | None = None
    """Scores of simulated queries that are held at a time."""
    dense_items: int | None = None
    """Items up to which item-item matrices are dense."""
    dual_users: int | None = None
    """Users up to which user-user matrices are dense."""
    kernel_items: int | None = None
    """Items up to which the similarities of the whole catalogue are held."""
    landmarks: int | None = None
    """Items that a regression on content is computed over."""


_DEFAULT = ComputationLimits()
_LIMITS: ContextVar[ComputationLimits] = ContextVar("daybreak_computation_limits")


@contextmanager
def use_limits(limits: ComputationLimits) -> Iterator[None]:
    """Let the computations inside keep to limits.

    Example:
        >>> with use_limits(ComputationLimits(dense_items=100)):
        ...     bounded_size("dense_items", 6_000)
        100
    """
    token = _LIMITS.set(limits)
    try:
        yield
    finally:
        _LIMITS.reset(token)


def current_limits() -> ComputationLimits:
    """Return the limits in use, for tasks in other processes."""
    return _LIMITS.get(_DEFAULT)


def bounded_size(name: str, default: int) -> int:
    """Return the limit of a size: that of the computation, or a smaller one in use.

    Args:
        name: Field of :class:`ComputationLimits`.
        default: Limit of the computation.

    Example:
        >>> bounded_size("dense_items", 6_000)
        6000
    """
    chosen: int | None = getattr(_LIMITS.get(_DEFAULT), name)
    return default if chosen is None else min(default, chosen)


def has_glibc() -> bool:
    """Return whether the C library of the process is glibc."""
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, ValueError, OSError):
        return False


@contextmanager
def paused_collections() -> Iterator[None]:
    """Search for no unused objects until the context ends, in the whole process.

    Where many objects are made that stay, such as rows of a store and modules, each search is
    in vain: they took a third of the time in which a server opens its store.
    """
    with _pauses_lock:
        _pauses.append(gc.isenabled())
        gc.disable()
    try:
        yield
    finally:
        with _pauses_lock:
            was_enabled = _pauses.pop()
            if not _pauses and was_enabled:
                gc.enable()


def trim_heaps(*, is_glibc: bool | None = None) -> bool:
    """Return what the heaps of the process do not use to the system.

    Opening a release leaves gaps that nothing fills afterwards: 200 MB on MovieLens 1M.

    Args:
        is_glibc: Whether the C library is glibc; default: found out.

    Returns:
        Whether the heaps were trimmed; False with other C libraries than glibc.
    """
    if not (has_glibc() if is_glibc is None else is_glibc):
        return False
    ctypes.CDLL(None).malloc_trim(0)
    return True
