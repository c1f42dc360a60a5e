"""What a piece of work costs: seconds, seconds of all cores, memory."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PROC_SELF = Path("/proc/self")


@dataclass
class ResourceUsage:
    """Filled in when the work is done."""

    seconds: float = field(default=0.0, compare=False)
    cpu_seconds: float = field(default=0.0, compare=False)
    """Of all threads of this process."""
    peak_mb: float | None = field(default=None, compare=False)
    """Most memory held above what was held before; None where the system does not tell."""


@contextmanager
def measure_resources() -> Iterator[ResourceUsage]:
    """Measure what is done in the block.

    Example:
        >>> with measured() as cost:
        ...     total = sum(range(1000))
        >>> cost.seconds > 0
        True
    """
    cost = ResourceUsage()
    before = _reset_peak_memory()
    start, cpu = time.perf_counter(), time.process_time()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - start
        cost.cpu_seconds = time.process_time() - cpu
        most = _read_memory_mb("VmHWM")
        if before is not None and most is not None:
            cost.peak_mb = max(0.0, most - before)


def _reset_peak_memory() -> float | None:
    """Let the kernel forget the highest mark; return what is held now [MB]."""
    try:
        (_PROC_SELF / "clear_refs").write_text("5")
    except OSError:
        return None
    return _read_memory_mb("VmRSS")


def _read_memory_mb(mark: str) -> float | None:
    try:
        lines = (_PROC_SELF / "status").read_text().splitlines()
    except OSError:
        return None
    found = next((line.split()[1] for line in lines if line.startswith(f"{mark}:")), None)
    return None if found is None else int(found) * 1024 / 1e6
