"""Cores that this process may use, and the number of threads of a computation."""

import os

from daybreak.errors import ConfigError


def thread_count(threads: int | None = None) -> int:
    """Return the number of threads to use.

    Args:
        threads: Requested number; default: ``DAYBREAK_THREADS``, else ``OMP_NUM_THREADS``, else
            the number of available cores.

    Raises:
        ConfigError: The number is not an integer of at least 1.

    Example:
        >>> thread_count(3)
        3
    """
    requests: dict[str, object] = {
        "threads": threads,
        "DAYBREAK_THREADS": os.environ.get("DAYBREAK_THREADS") or None,
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS") or None,
    }
    for source, value in requests.items():
        if value is None:
            continue
        if not str(value).isdecimal() or int(str(value)) < 1:
            raise ConfigError(f"{source} must be an integer of at least 1, got {value!r}")
        return int(str(value))
    return count_cores()


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))  # respects taskset and container limits
    return os.cpu_count() or 1
