"""Processor time and memory of a server with several workers.

    python -m benchmarks.serving.workers STORE [--workers 1 2]

STORE is a store with a release. Lists for known users are asked for over new connections, so
that all workers answer. Memory is the sum over all processes, with shared pages counted once.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

import daybreak
from benchmarks.common.server_process import cpu_seconds, family, serving, shared_out_mb

N_CLIENTS, N_LISTS = 16, 12
"""Connections, and lists that are asked for over each."""


def main() -> None:
    """Measure each number of workers; print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="URL of a store with a release")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    with daybreak.open_store(args.store) as opened:
        users = opened.tables().users["user_id"].to_list()
    print("| workers | processor time until ready [s] | of a list, HTTP included [ms] | MB |")
    print("| ---: | ---: | ---: | ---: |")
    for n in args.workers:
        print(f"| {n} | {measure(args.store, n, users)} |", flush=True)


def measure(store: str, n_workers: int, users: list[str]) -> str:
    """Return the cells of a number of workers."""
    options = ("--workers", str(n_workers))
    with (
        TemporaryDirectory() as folder,
        serving(store, Path(folder) / "log", *options) as server,
    ):
        start = sum(map(cpu_seconds, family(server.pid)))

        def ask(client: int) -> None:
            with httpx.Client(base_url=f"{server.url}/api/v1", timeout=60) as connection:
                for number in range(N_LISTS):
                    user = users[(client * 37 + number) % len(users)]
                    connection.get(f"/recommend/{user}?n=10").raise_for_status()

        with ThreadPoolExecutor(N_CLIENTS) as threads:
            list(threads.map(ask, range(N_CLIENTS)))
        pids = family(server.pid)
        spent = sum(map(cpu_seconds, pids)) - start
        memory = sum(map(shared_out_mb, pids))
    return f"{start:.1f} | {1000 * spent / (N_CLIENTS * N_LISTS):.1f} | {memory:,.0f}"


if __name__ == "__main__":
    main()
