"""A server in a separate process, and the memory and processor time it uses."""

import contextlib
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from daybreak import Client

MAX_WAIT_S = 600.0
"""Longest wait for the start or the end of a process [s]."""


@dataclass
class Server:
    """One process of ``daybreak serve``."""

    url: str
    process: "subprocess.Popen[bytes]"
    started_s: float
    """Time until the server was ready [s]."""

    @property
    def pid(self) -> int:
        """Process id."""
        return self.process.pid

    def kill(self) -> None:
        """Kill the process, which simulates a crash."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Terminate the process and wait for its end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(MAX_WAIT_S)


def run(*command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """Run a ``daybreak`` command and wait for its end."""
    whole = [sys.executable, "-m", "daybreak", *command]
    return subprocess.run(whole, check=check, capture_output=True, text=True)  # noqa: S603 - ours


def begin(
    *command: str, log: Path, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a ``daybreak`` command; its output is appended to a file."""
    whole = [sys.executable, "-m", "daybreak", *command]
    known = {**os.environ, **(env or {})}
    with log.open("ab") as out:
        return subprocess.Popen(whole, stdout=out, stderr=out, env=known)  # noqa: S603 - ours


def start(store: str, log: Path, *options: str, env: Mapping[str, str] | None = None) -> Server:
    """Start a server on a free port and wait until it is ready.

    Raises:
        RuntimeError: The server ended, or is not ready in time.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["serve", "--store", store, "--port", str(port), "--rate", "0", *options]
    began = time.perf_counter()
    process = begin(*command, log=log, env=env)
    with Client(url) as client:
        while not client.is_ready():
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with status {process.returncode}")
            if time.perf_counter() - began > MAX_WAIT_S:
                process.kill()
                raise RuntimeError(f"the server is not ready after {MAX_WAIT_S:g} s")
            time.sleep(0.05)
    return Server(url, process, time.perf_counter() - began)


@contextlib.contextmanager
def serving(store: str, log: Path, *options: str) -> Iterator[Server]:
    """Yield a running server; stop it after the block."""
    server = start(store, log, *options)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return an unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """Return a process and the workers that it has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process, including shared memory [MB]."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def shared_out_mb(pid: int, part: str = "Pss") -> float:
    """Return the memory of a process, with its share of pages that others have as well [MB].

    Args:
        pid: The process.
        part: ``Pss`` for all pages, ``Pss_Anon`` for those of no file.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{part}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """Describe the machine."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"
