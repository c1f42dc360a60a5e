"""Resources that a computation uses: time, processor time, memory."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PROC_SELF = Path("/proc/self")


@dataclass
class ResourceUsage:
    """Resources of a finished computation.

    Attributes:
        seconds: Elapsed time [s].
        cpu_seconds: Processor time of all threads of this process [s].
        peak_mb: Peak memory above the memory in use at the start [MB]; None if the system does
            not report it.
    """

    seconds: float = field(default=0.0, compare=False)
    cpu_seconds: float = field(default=0.0, compare=False)
    peak_mb: float | None = field(default=None, compare=False)

    def __add__(self, other: "ResourceUsage") -> "ResourceUsage":
        """Return the usage of two computations, one after the other."""
        peaks = [usage.peak_mb for usage in (self, other) if usage.peak_mb is not None]
        return ResourceUsage(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(peaks) if peaks else None,
        )


@contextmanager
def measure_resources() -> Iterator[ResourceUsage]:
    """Measure what is computed in the block; the result is filled in at its end.

    Example:
        >>> with measure_resources() as usage:
        ...     total = sum(range(1000))
        >>> usage.seconds > 0
        True
    """
    usage = ResourceUsage()
    before = _reset_peak_memory()
    start, cpu = time.perf_counter(), time.process_time()
    try:
        yield usage
    finally:
        usage.seconds = time.perf_counter() - start
        usage.cpu_seconds = time.process_time() - cpu
        peak = _read_memory_mb("VmHWM")
        if before is not None and peak is not None:
            usage.peak_mb = max(0.0, peak - before)


def _reset_peak_memory() -> float | None:
    """Let the kernel reset the peak; return the memory in use [MB]."""
    try:
        (_PROC_SELF / "clear_refs").write_text("5")
    except OSError:
        return None
    return _read_memory_mb("VmRSS")


def _read_memory_mb(field_name: str) -> float | None:
    try:
        lines = (_PROC_SELF / "status").read_text().splitlines()
    except OSError:
        return None
    value = next((line.split()[1] for line in lines if line.startswith(f"{field_name}:")), None)
    return None if value is None else int(value) * 1024 / 1e6
