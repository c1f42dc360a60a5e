"""A real server in a process of its own, and what the system says of it."""

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

PATIENCE_S = 600.0
"""How long a server may take until it answers."""


@dataclass
class Server:
    """One process of ``daybreak serve``."""

    url: str
    process: "subprocess.Popen[bytes]"
    started_s: float
    """What it took until it was ready."""

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE_S)


def run(*command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """Run a ``daybreak`` command to its end."""
    whole = [sys.executable, "-m", "daybreak", *command]
    return subprocess.run(whole, check=check, capture_output=True, text=True)  # noqa: S603 - ours


def begin(
    *command: str, log: Path, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a ``daybreak`` command; what it says goes to the end of a file."""
    whole = [sys.executable, "-m", "daybreak", *command]
    known = {**os.environ, **(env or {})}
    with log.open("ab") as out:
        return subprocess.Popen(whole, stdout=out, stderr=out, env=known)  # noqa: S603 - ours


def start(store: str, log: Path, *options: str, env: Mapping[str, str] | None = None) -> Server:
    """Start a server on a free port and wait until it is ready.

    Raises:
        RuntimeError: It ended, or is not ready in time.
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
            if time.perf_counter() - began > PATIENCE_S:
                process.kill()
                raise RuntimeError(f"the server is not ready after {PATIENCE_S:g} s")
            time.sleep(0.05)
    return Server(url, process, time.perf_counter() - began)


@contextlib.contextmanager
def serving(store: str, log: Path, *options: str) -> Iterator[Server]:
    """A server that is stopped in the end."""
    server = start(store, log, *options)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process, with what it shares [MB]."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """Name what this runs on."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"
