"""Speed of durable events, of two revisions in one run.

    python -m benchmarks.storage.event_speed --against v0.3.0 --out FILE

Events are posted as the service gets them, as rows, by its `Ingestor` and over HTTP; an event
counts when it is on the disk. Making the rows is the work of clients and not measured. Each
revision runs in processes of its own, in turn, and the fastest round counts. A temporary
PostgreSQL server is started, on the same disk as the SQLite file; its processor time is not
counted.
"""

import argparse
import asyncio
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import daybreak
from benchmarks.common.server_process import Server, cpu_seconds, machine, serving
from benchmarks.serving.load_clients import Request, request_bytes, run_clients
from daybreak.config import Settings
from daybreak.service.serving import RecommenderService
from daybreak.service.serving.writer import Ingestor
from daybreak.store import Store, open_store
from daybreak.testing.postgres import PostgresServer

THREADS = 20
CLIENTS = 20
HTTP_S = 5.0
"""Duration of the load over HTTP [s]."""
Rates = dict[str, tuple[float, float]]
"""By name: actions per second, and processor time of an action [ms]."""


USERS = [f"user-{number}" for number in range(400)]
ITEMS = [f"item-{number}" for number in range(3_000)]


def make_rows(
    start: int, n: int, users: Sequence[str] = USERS, items: Sequence[str] = ITEMS
) -> list[dict[str, Any]]:
    """Return rows of these users and items, with an id and a time each."""
    return [
        {
            "user_id": users[number % len(users)],
            "item_id": items[number * 7919 % len(items)],
            "event_type": "view",
            "timestamp": 1.7e9 + number,
            "event_id": f"event-{number}",
        }
        for number in range(start, start + n)
    ]


def measure(
    calls: Sequence[Callable[[], object]], n_each: int = 1, threads: int = 1
) -> tuple[float, float]:
    """Return the rate of things, of which each call does some, and the processor time of one.

    Args:
        calls: Functions to call.
        n_each: Number of things that a call does.
        threads: Number of threads that share the calls.
    """

    def work(part: Sequence[Callable[[], object]]) -> None:
        for call in part:
            call()

    workers = [Thread(target=work, args=(calls[n::threads],)) for n in range(threads)]
    start, cpu = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    n = len(calls) * n_each
    return n / (time.perf_counter() - start), 1e3 * (time.process_time() - cpu) / n


def measure_store(store: Store) -> Rates:
    """Return the rates of a new store."""
    ingestor = Ingestor(store)
    numbers = iter(range(0, 10**9, 10_000))

    def posts(n_calls: int, n_rows: int) -> Sequence[Callable[[], object]]:
        starts = [next(numbers) for _ in range(n_calls)]
        batches = [make_rows(start, n_rows) for start in starts]
        return [partial(ingestor.add_events, rows) for rows in batches]

    measure(posts(20, 100), 100)
    rates = {
        "single events, 1 thread": measure(posts(500, 1)),
        f"single events, {THREADS} threads": measure(posts(4_000, 1), 1, THREADS),
        "events, 1,000 per call": measure(posts(50, 1_000), 1_000),
        "events, 10,000 per call": measure(posts(5, 10_000), 10_000),
    }
    cursor = store.changes(-1).cursor
    rates["polls without changes"] = measure([lambda: store.changes(cursor)] * 500)
    ingestor.add_events(make_rows(next(numbers), 1))
    rates["polls with one event"] = measure([lambda: store.changes(cursor)] * 500)
    return rates


def measure_service(folder: Path) -> Rates:
    """Return the rates of a service and of a server, both without a training."""
    url = f"sqlite:///{folder}/shop.db"
    tables = daybreak.read_folder(daybreak.gift_shop()).tables
    people, things = tables.users["user_id"].to_list(), tables.items["item_id"].to_list()
    with open_store(url) as store:
        store.write(tables)
    with RecommenderService(Settings(store=url, encoder="none"), poll_s=3600) as service:
        rows = make_rows(0, 4_000, people, things)
        calls = [partial(service.events.add, [row]) for row in rows]
        measure(calls[:400], 1, THREADS)
        rates = {f"service, single events, {THREADS} threads": measure(calls[400:], 1, THREADS)}
    with serving(url, folder / "log") as server:
        name = f"HTTP, single events, {CLIENTS} clients"
        rates[name] = asyncio.run(measure_http(server, people, things))
    return rates


async def measure_http(
    server: Server, users: Sequence[str], items: Sequence[str]
) -> tuple[float, float]:
    """Return the rate of single events over HTTP, and the processor time of the server."""
    source = SingleEvents(server.url.rpartition("/")[2], users, items)
    await run_clients(server.url, source, clients=CLIENTS, seconds=HTTP_S / 5)
    cpu = cpu_seconds(server.pid)
    times = await run_clients(server.url, source, clients=CLIENTS, seconds=HTTP_S)
    n = len(times.seconds["event"])
    return n / HTTP_S, 1e3 * (cpu_seconds(server.pid) - cpu) / n


class SingleEvents:
    """Requests with one event each."""

    def __init__(self, host: str, users: Sequence[str], items: Sequence[str]) -> None:
        self._host = host
        self._rows = (make_rows(number, 1, users, items)[0] for number in range(10**7, 10**9))

    def draw(self) -> Request:
        """Return the next request."""
        body = json.dumps(next(self._rows)).encode()
        return "event", request_bytes("POST", "/api/v1/events", self._host, body)

    def pause_s(self) -> float:
        """Return no pause."""
        return 0.0


def measure_all(postgres_url: str) -> dict[str, Rates]:
    """Return all rates of the revision that is imported."""
    with tempfile.TemporaryDirectory() as name:
        with open_store(f"sqlite:///{name}/a.db") as store:
            sqlite = measure_store(store)
        with open_store(postgres_url) as store:
            postgres = measure_store(store)
        return {"SQLite": sqlite | measure_service(Path(name)), "PostgreSQL": postgres}


def git(*arguments: str) -> bytes:
    """Return the output of git."""
    return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout  # noqa: S603, S607 - ours


@contextmanager
def source_of(revision: str) -> Iterator[Path]:
    """Yield the folder with the source of a revision."""
    with tempfile.TemporaryDirectory() as name:
        archive = git("archive", revision, "src")
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(name, filter="data")
        yield Path(name) / "src"


def run_revision(source: Path, postgres_url: str) -> dict[str, Rates]:
    """Return the rates of a revision, measured in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.storage.event_speed",
        "--measure",
        postgres_url,
    ]
    environment = {**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{Path.cwd()}"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)  # noqa: S603 - ours
    result: dict[str, Rates] = json.loads(done.stdout)
    return result


def best_of(rounds: list[dict[str, Rates]]) -> dict[str, Rates]:
    """Return the highest rate and the smallest processor time of each kind."""
    return {
        store: {
            name: (
                max(one[store][name][0] for one in rounds),
                min(one[store][name][1] for one in rounds),
            )
            for name in rates
        }
        for store, rates in rounds[0].items()
    }


def table(old: dict[str, Rates], new: dict[str, Rates]) -> list[str]:
    """Return the lines of the table."""
    lines = [
        "| store | what | before: per second | ms of processor | now: per second | "
        "ms of processor |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for store, rates in new.items():
        for name, now in rates.items():
            cells = [f"{rate:,.0f} | {cpu:.3f}" for rate, cpu in (old[store][name], now)]
            lines.append(f"| {store} | {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Print the table, and write it to the file if one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", default="HEAD~1", help="older revision")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--measure", metavar="URL", help="measure the imported revision")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_all(options.measure)))
        return
    rounds: tuple[list[dict[str, Rates]], ...] = ([], [])
    with (
        source_of(options.against) as old_source,
        PostgresServer(Path(tempfile.gettempdir()), durable=True) as server,
    ):
        for _ in range(options.rounds):
            for kept, source in zip(rounds, (old_source, Path("src")), strict=True):
                kept.append(run_revision(source.absolute(), server.new_database()))
    old, new = map(best_of, rounds)
    described = git("describe", "--always", options.against).decode().strip()
    lines = [
        "# Speed of events: before and now",
        "",
        f"{machine()}, {datetime.now(UTC):%Y-%m-%d}, load average {os.getloadavg()[0]:.1f} at "
        f"the end. Before: revision {described}. The best of "
        f"{options.rounds} rounds, in which the revisions take turns. The processor time of "
        "calls in the process includes the commit; over HTTP it is that of the server. Made by "
        f"`python -m benchmarks.storage.event_speed --against {options.against}`.",
        "",
        *table(old, new),
    ]
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
