"""Throughput and response times of the server, of this and of earlier code, by workers.

    python -m benchmarks.serving.load_compare WORK --against REVISION [--workers 1 2 4] \
        [--seconds 8] [--loads NAME ...] [--out FILE]

Starts `daybreak serve` of both versions in turns, with one worker and with several, on copies
of the store of :mod:`benchmarks.serving.load` (made in WORK if it is not there). Clients in
this process send, over loopback, a mix of 80 % lists, 15 % events and 5 % changed items without
pauses, the same with pauses of 0.3 s on average, and lists of known users, lists of visitors
with three events, single events and changes of an item alone. A request with an error stops the
measurement. The processor time of the clients is told as well: on a machine of two cores they
share the processors with the server.
"""

import argparse
import asyncio
import itertools
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import daybreak
from benchmarks.common.server_process import Server, cpu_seconds, family, machine, start
from benchmarks.serving.answer_cost import ROOT, extract_source
from benchmarks.serving.load import RandomRequests, prepare_store
from benchmarks.serving.load_clients import Request, RequestSource, run_clients
from benchmarks.storage.event_speed import SingleEvents

WARM_UP_S = 2.0
PAUSE_S = 0.3
"""Mean pause of a client in the load with pauses [s]."""
HEAD = (
    "| requests | workers | version | a second | p50 [ms] | p99 [ms] | server: ms of processor "
    "for a request | processors | clients: processors |\n"
    "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)


@dataclass
class OneKind:
    """Requests of one kind, without pauses."""

    kind: str
    make: Callable[[], bytes]

    def draw(self) -> Request:
        """Return the next request."""
        return self.kind, self.make()

    def pause_s(self) -> float:
        """Return no pause."""
        return 0.0


def main() -> None:
    """Measure all loads, versions and numbers of workers; print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="folder with the store, or for it")
    parser.add_argument("--against", required=True, help="earlier revision of the repository")
    parser.add_argument("--items", type=int, default=10_000, help="size of the catalogue")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=8.0, help="duration of each load")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--loads", nargs="+", help="names of loads; default: all")
    parser.add_argument("--out", type=Path, help="Markdown file to which results are added")
    args = parser.parse_args()
    store = Path(prepare_store(args.work, args.items).removeprefix("sqlite:///"))
    rows: list[tuple[str, int, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        extract_source(args.against, Path(folder))
        versions = {args.against: Path(folder) / "src", "now": ROOT / "src"}
        for n_workers, (name, source) in itertools.product(args.workers, versions.items()):
            with running(store, source, n_workers) as (server, url):
                for load, cells in measure(server, url, args):
                    rows.append((load, n_workers, name, cells))
                    print(f"| {load} | {n_workers} | {name} | {cells} |", flush=True)
    loads = list(dict.fromkeys(row[0] for row in rows))
    rows.sort(key=lambda row: (loads.index(row[0]), row[1]))
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; {args.items:,} items, {args.clients} "
        f"clients, {args.seconds:g} s for each load; load average {os.getloadavg()[0]:.1f} "
        "at the end."
    )
    table = "\n".join(f"| {a} | {b} | {c} | {d} |" for a, b, c, d in rows)
    title, protocol = "Against the version before", " ".join(__doc__.split("\n\n")[2].split())
    command = f"`python -m benchmarks.serving.load_compare WORK --against {args.against}`"
    report = f"## {title}\n\n{command}. {protocol}\n\n{about}\n\n{HEAD}\n{table}"
    print(f"\n{report}")
    if args.out is not None:
        with args.out.open("a", encoding="utf-8") as file:
            file.write(f"\n{report}\n")


@contextmanager
def running(store: Path, source: Path, n_workers: int) -> Iterator[tuple[Server, str]]:
    """Yield a server of a version on a copy of the store, and the URL of the copy."""
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        copy = Path(folder) / store.name
        shutil.copy(store, copy)
        shutil.copytree(store.parent / "releases", copy.parent / "releases")
        url = f"sqlite:///{copy}"
        options = ("--workers", str(n_workers))
        env = {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        server = start(url, Path(folder) / "server.log", *options, env=env)
        try:
            yield server, url
        finally:
            server.stop()


def measure(server: Server, store: str, args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Yield the name and the cells of each load."""
    with daybreak.open_store(store) as opened:
        tables = opened.tables()
    users, items = tables.users["user_id"].to_list(), tables.items["item_id"].to_list()
    host = server.url.removeprefix("http://")
    chance = random.Random(0)  # noqa: S311 - traffic
    mix = RandomRequests(users, items, host, chance)
    asyncio.run(run_clients(server.url, mix, clients=args.clients, seconds=WARM_UP_S))
    loads: dict[str, tuple[RequestSource, str]] = {
        "mix": (mix, "recommend"),
        "mix with pauses": (
            RandomRequests(users, items, host, chance, PAUSE_S),
            "recommend",
        ),
        "lists": (OneKind("recommend", mix.list_of_known_user), "recommend"),
        "lists of visitors": (OneKind("recommend", mix.list_of_visitor), "recommend"),
        "single events": (SingleEvents(host, users, items), "event"),
        "changed items": (OneKind("item", mix.changed_item), "item"),
    }
    for name in args.loads or loads:
        yield name, measure_load(server, *loads[name], args)


def measure_load(
    server: Server, source: RequestSource, kind: str, args: argparse.Namespace
) -> str:
    """Return the cells of a load; rates and times are those of a kind of requests."""
    pids = family(server.pid)
    cpu, own = sum(map(cpu_seconds, pids)), time.process_time()
    times = asyncio.run(
        run_clients(server.url, source, clients=args.clients, seconds=args.seconds)
    )
    cpu, own = sum(map(cpu_seconds, pids)) - cpu, time.process_time() - own
    if times.refused:
        raise SystemExit(f"requests failed: {times.refused}")
    ms = 1_000 * np.array(times.seconds[kind])
    n_all = sum(map(len, times.seconds.values()))
    return (
        f"{len(ms) / args.seconds:,.0f} | {np.median(ms):.1f} | {np.percentile(ms, 99):.1f} | "
        f"{1_000 * cpu / n_all:.2f} | {cpu / args.seconds:.2f} | {own / args.seconds:.2f}"
    )


if __name__ == "__main__":
    main()
