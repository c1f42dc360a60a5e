"""Speed of durable writes: python -m benchmarks.storage.store_speed --out FILE.

A write counts when it is on the disk. A temporary PostgreSQL server is started, on the same
disk as the SQLite file. Rates depend on how fast the disk confirms writes, which is measured as
well.
"""

import argparse
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Thread

from benchmarks.storage.import_speed import make_events
from daybreak.data import read_tables
from daybreak.store import (
    EventColumns,
    LoggedItem,
    LoggedRecommendation,
    Store,
    dump,
    open_store,
    restore,
)
from daybreak.testing.postgres import PostgresServer

THREADS = 20
_NUMBERS = count()


def some_events(n: int) -> EventColumns:
    """Return new events of a few hundred users, with an id each."""
    numbers = [next(_NUMBERS) for _ in range(n)]
    return EventColumns(
        [f"user-{number % 400}" for number in numbers],
        [f"item-{number * 7919 % 3000}" for number in numbers],
        event_type=["view"] * n,
        timestamp=[1.8e9 + number for number in numbers],
        event_id=[f"event-{number}" for number in numbers],
    )


def rate(action: Callable[[], object], seconds: float, threads: int = 1) -> float:
    """Return the number of actions per second."""
    end = time.perf_counter() + seconds
    done = [0] * threads

    def work(place: int) -> None:
        while time.perf_counter() < end:
            action()
            done[place] += 1

    start = time.perf_counter()
    workers = [Thread(target=work, args=(place,)) for place in range(threads)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    return sum(done) / (time.perf_counter() - start)


def disk(folder: Path, seconds: float) -> float:
    """Return the number of page writes per second that the disk confirms."""
    handle = os.open(folder / "page", os.O_CREAT | os.O_RDWR)
    places = count()

    def write() -> None:
        os.pwrite(handle, b"x" * 4096, 4096 * next(places))
        os.fdatasync(handle)

    result = rate(write, seconds)
    os.close(handle)
    return result


def example_recommendation() -> LoggedRecommendation:
    """Return a logged recommendation of ten items."""
    number = next(_NUMBERS)
    shown = tuple(LoggedItem(f"item-{rank}", 1 / rank, rank, "ease") for rank in range(1, 11))
    return LoggedRecommendation(f"answer-{number}", 1.8e9, f"user-{number % 400}", "r1", shown)


def measure(store: Store, seconds: float) -> Iterator[tuple[str, float]]:
    """Yield (name, rate per second)."""

    def write(n: int) -> Callable[[], object]:
        return lambda: store.add_events(some_events(n))

    yield "events, one per write, 1 thread", rate(write(1), seconds)
    yield f"events, one per write, {THREADS} threads", rate(write(1), seconds, THREADS)
    yield "events, 100 per write, 1 thread", 100 * rate(write(100), seconds)
    yield "events, 1,000 per write, 1 thread", 1_000 * rate(write(1_000), seconds)
    yield (
        f"recommendations of 10 items, {THREADS} threads",
        rate(lambda: store.put_recommendations([example_recommendation()]), seconds, THREADS),
    )
    users = (f"user-{number % 400}" for number in count())
    yield "histories read, 1 thread", rate(lambda: store.tables(users=[next(users)]), seconds)
    cursor = store.changes(-1).cursor
    yield (
        "polls without changes, 1 thread",
        rate(lambda: store.changes(cursor), seconds),
    )
    people = (f"user-{number}" for number in range(400))
    yield "users merged", rate(lambda: store.merge_users(next(people), "one"), 0.5)
    others = (f"user-{number}" for number in range(399, -1, -1))
    yield "users erased", rate(lambda: store.erase(users=[next(others)]), 0.5)


def measure_bulk(store: Store, empty: Store, file: Path, n: int) -> Iterator[tuple[str, float]]:
    """Yield the rates of writing, dumping and restoring many events."""
    tables = read_tables(make_events(n)).tables
    steps: dict[str, Callable[[], object]] = {
        f"events, {n:,} in one write": lambda: store.write(tables),
        f"events, {n:,} dumped": lambda: dump(store, file),
        f"events, {n:,} restored": lambda: restore(file, empty),
    }
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        yield name, n / (time.perf_counter() - start)


def bare_commit_rates(folder: Path, seconds: float) -> tuple[float, float]:
    """Return the commits per second of bare SQLite, with and without waiting for the disk."""
    rates = []
    for level in ("FULL", "NORMAL"):
        connection = sqlite3.connect(folder / f"{level}.db", isolation_level=None)
        for pragma in ("journal_mode = WAL", f"synchronous = {level}"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE t (x)")
        end, done = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            connection.execute("INSERT INTO t VALUES (1)")
            done += 1
        connection.close()
        rates.append(done / seconds)
    return rates[0], rates[1]


def main() -> None:
    """Print the table, and write it to the file if one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        confirmed = disk(folder, options.seconds)
        full, normal = bare_commit_rates(folder, options.seconds)
        columns = []
        with PostgresServer(folder.parent, durable=True) as server:
            for urls in (
                [f"sqlite:///{folder}/{n}.db" for n in range(3)],
                [server.new_database() for _ in range(3)],
            ):
                one, bulk, empty = (open_store(url) for url in urls)
                with one, bulk, empty:
                    rows = dict(measure(one, options.seconds))
                    rows |= measure_bulk(bulk, empty, folder / "dump", options.events)
                columns.append(rows)
    lines = [
        "# Speed of stores",
        "",
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, load average {os.getloadavg()[0]:.1f} at the end. "
        f"The disk confirmed {confirmed:,.0f} single page writes per second. Bare SQLite made "
        f"{full:,.0f} commits per second that wait for the disk, {normal:,.0f} that do not. "
        "Made by "
        "`python -m benchmarks.storage.store_speed --out benchmarks/results/store_speed.md`.",
        "",
        "| per second | SQLite | PostgreSQL |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {columns[0][name]:,.0f} | {columns[1][name]:,.0f} |" for name in rows),
    ]
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
