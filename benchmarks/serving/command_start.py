"""Time and memory of single answers of the command line, and of the start of a server.

    python -m benchmarks.serving.command_start STORE --user USER --item ITEM [--runs 3]

``STORE`` is a store with an active release. Every command runs in a process of its own with one
thread; the table has the smallest times of several runs. The row of ``daybreak serve`` is about
the time until the server is ready; its memory is what is resident after 100 answers.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common.server_process import cpu_seconds, resident_mb, start
from benchmarks.serving.training_speed import ONE_THREAD
from daybreak import Client

N_ANSWERS = 100
"""Number of answers before the memory of a server is read."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="store with an active release")
    parser.add_argument("--user", required=True, help="id of a known user")
    parser.add_argument("--item", required=True, help="id of an item")
    parser.add_argument("--runs", type=int, default=3, help="runs of each command")
    args = parser.parse_args(arguments)
    commands = (
        ["--version"],
        ["recommend", args.user],
        ["recommend", "--event", args.item],
        ["similar", args.item],
        ["explain", args.user, args.item],
    )
    print(f"{datetime.now(UTC):%Y-%m-%d}, one thread, smallest of {args.runs} runs.\n")
    print("| command | time [s] | processor time [s] | peak memory [MB] |")
    print("| --- | ---: | ---: | ---: |")
    for command in commands:
        store = ["--store", args.store] if command[0] != "--version" else []
        _show(command, [_run([*command, *store]) for _ in range(args.runs)])
    _show(["serve"], [_serve(args.store, args.user) for _ in range(args.runs)])


def _show(command: Sequence[str], runs: Sequence[tuple[float, float, float]]) -> None:
    """Print a row of the table: the smallest values of several runs."""
    wall, cpu, memory = (min(values) for values in zip(*runs, strict=True))
    name = "daybreak " + " ".join(command)
    print(f"| `{name}` | {wall:.2f} | {cpu:.2f} | {memory:,.0f} |", flush=True)


def _serve(store: str, user: str) -> tuple[float, float, float]:
    """Return wall time and processor time to ready [s], and memory after answers [MB]."""
    with tempfile.TemporaryDirectory() as folder:
        server = start(store, Path(folder) / "server.log", env=ONE_THREAD)
        try:
            cpu = cpu_seconds(server.pid)
            with Client(server.url) as client:
                for _ in range(N_ANSWERS):
                    client.recommend(user)
            return server.started_s, cpu, resident_mb(server.pid)
        finally:
            server.stop()


def _run(command: Sequence[str]) -> tuple[float, float, float]:
    """Return wall time [s], processor time [s] and peak memory [MB] of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "daybreak", *command],
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"daybreak {' '.join(command)} ended with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
