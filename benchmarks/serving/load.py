"""Load test of the live service: throughput, response times, memory over time.

    python -m benchmarks.serving.load WORK [--items 10000] [--seconds 60] \
        [--clients 20] [--pause 0] [--workers 1]

Trains a release on the gift shop, with a catalogue enlarged by new items (kept in WORK), starts
`daybreak serve`, and sends requests over loopback from this process: 80 % lists, 15 % events, 5
% items. Lists are for known users, for unknown ones, and for visitors with three events in the
request. Only the commands and the HTTP interface are used.
"""

import argparse
import asyncio
import json
import os
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

import daybreak
from benchmarks.common.server_process import (
    Server,
    cpu_seconds,
    family,
    machine,
    resident_mb,
    run,
    serving,
    shared_out_mb,
)
from benchmarks.serving.load_clients import Request, ResponseTimes, request_bytes, run_clients

WARM_UP_S = 10.0
SAMPLE_INTERVAL_S = 5.0
"""Interval between two measurements of the memory [s]."""
MemorySample = tuple[float, float, float]
"""Time [s], resident memory, and the part of it that is of no file [MB]."""
REQUEST_KINDS = ("recommend", "event", "item")
BASE = "/api/v1"


@dataclass
class RandomRequests:
    """Draws random requests; equal seeds draw equal requests."""

    users: list[str]
    items: list[str]
    host: str
    chance: random.Random
    pause: float = 0.0
    """Mean pause of a client [s]."""
    sent: int = 0

    def pause_s(self) -> float:
        """Return a pause, drawn from an exponential distribution."""
        return self.chance.expovariate(1 / self.pause) if self.pause else 0.0

    def draw(self) -> Request:
        """Return the next request."""
        share = self.chance.random()
        if share < 0.80:
            return "recommend", self._recommend()
        if share < 0.95:
            return "event", self.event()
        return "item", self.changed_item()

    def _recommend(self) -> bytes:
        share = self.chance.random()
        if share < 0.7:
            return self.list_of_known_user()
        if share < 0.8:
            return self._get(f"{BASE}/recommend/nobody-{self.chance.randrange(10**6)}?n=10")
        return self.list_of_visitor()

    def list_of_known_user(self) -> bytes:
        """Return a request for the list of a random user."""
        return self._get(f"{BASE}/recommend/{self.chance.choice(self.users)}?n=10")

    def list_of_visitor(self) -> bytes:
        """Return a request for the list of somebody with three events in the request."""
        seen = [{"item_id": self.chance.choice(self.items)} for _ in range(3)]
        return self._post(f"{BASE}/recommend", {"events": seen, "n": 10})

    def event(self) -> bytes:
        """Return a purchase of a random user."""
        self.sent += 1
        event = {
            "event_id": f"load-{self.sent}-{self.chance.getrandbits(48):x}",
            "user_id": self.chance.choice(self.users),
            "item_id": self.chance.choice(self.items),
            "event_type": "purchase",
        }
        return self._post(f"{BASE}/events", [event])

    def changed_item(self) -> bytes:
        """Return a change of a price, which does not change the size of the catalogue."""
        price = round(self.chance.uniform(0.5, 30.0), 2)
        item = self.chance.choice(self.items)
        body = json.dumps({"median_price": price}).encode()
        return request_bytes("PATCH", f"{BASE}/items/{item}", self.host, body)

    def _get(self, path: str) -> bytes:
        return request_bytes("GET", path, self.host)

    def _post(self, path: str, body: object) -> bytes:
        return request_bytes("POST", path, self.host, json.dumps(body).encode())


def main() -> None:
    """Parse the command line, prepare the store, run the load test, print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="folder for the store and its release")
    parser.add_argument("--items", type=int, default=10_000, help="size of the catalogue")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--pause", type=float, default=0.0, help="mean pause of a client [s]")
    parser.add_argument("--workers", type=int, default=1, help="processes of the server")
    parser.add_argument("--out", type=Path, help="Markdown file to which results are added")
    args = parser.parse_args()
    store = prepare_store(args.work, args.items)
    workers = ("--workers", str(args.workers))
    with serving(store, args.work / "server.log", *workers) as server:
        report = run_load_test(store, server, args)
    print(report)
    if args.out is not None:
        with args.out.open("a", encoding="utf-8") as file:
            file.write(f"\n{report}\n")


def prepare_store(work: Path, n_items: int) -> str:
    """Return the store of the enlarged gift shop with an active release."""
    work.mkdir(parents=True, exist_ok=True)
    file = work / f"shop_{n_items}.db"
    store = f"sqlite:///{file}"
    if not file.exists():
        _write_files(work, n_items)
        run("import", *(str(work / f"{name}.csv") for name in ("items", "users", "events")),
             "--store", store)  # fmt: skip
    with daybreak.open_store(store) as opened:
        trained = any(release.active for release in opened.releases())
    if not trained:
        run("train", "--store", store)
    return store


def _write_files(work: Path, n_items: int) -> None:
    tables = daybreak.read_folder(daybreak.gift_shop()).tables
    titles = [title.split() for title in tables.items["title"].drop_nulls()]
    chance = random.Random(0)  # noqa: S311 - made-up items
    new = [
        {
            "item_id": f"new-{number}",
            "title": " ".join(chance.choice(titles)[:2] + chance.choice(titles)[-2:]),
            "median_price": round(chance.uniform(0.5, 30.0), 2),
        }
        for number in range(max(0, n_items - tables.items.height))
    ]
    items = (
        pl.concat([tables.items, pl.DataFrame(new)], how="diagonal") if new else tables.items
    )
    items.write_csv(work / "items.csv")
    tables.users.write_csv(work / "users.csv")
    tables.events.write_csv(work / "events.csv")


def run_load_test(store: str, server: Server, args: argparse.Namespace) -> str:
    """Run the load test; return the report as Markdown."""
    url, pid, clients, seconds = server.url, server.pid, args.clients, args.seconds
    with daybreak.open_store(store) as opened:
        tables = opened.tables()
    users, items = tables.users["user_id"].to_list(), tables.items["item_id"].to_list()
    chance = random.Random(time.time_ns())  # noqa: S311 - traffic
    requests = RandomRequests(users, items, url.removeprefix("http://"), chance, args.pause)
    asyncio.run(run_clients(url, requests, clients=clients, seconds=WARM_UP_S))
    memory: list[MemorySample] = []
    cpu = _cpu_of_all(pid)
    times = asyncio.run(_watched(url, requests, clients, seconds, pid, memory))
    cpu = _cpu_of_all(pid) - cpu
    n_lists = max(len(times.seconds.get("recommend", [])), 1)
    facts = (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; {len(users):,} users, "
        f"{len(items):,} items, "
        f"{tables.events.height:,} events before; {clients} clients for {seconds:g} s, "
        f"{f'each pausing {args.pause:g} s on average' if args.pause else 'without a pause'}; "
        f"{args.workers} workers, ready after {server.started_s:.1f} s; "
        f"the server used {cpu / seconds:.2f} processors, {1000 * cpu / n_lists:.1f} ms "
        f"for a list with what else was sent, and {_memory_of_all(pid):,.0f} MB, shared "
        f"pages counted once; load average {os.getloadavg()[0]:.1f}"
    )
    return f"{facts}.\n\n{times_table(times, seconds)}\n\n{memory_table(memory)}"


def _cpu_of_all(pid: int) -> float:
    return sum(map(cpu_seconds, family(pid)))


def _memory_of_all(pid: int) -> float:
    return sum(map(shared_out_mb, family(pid)))


async def _watched(
    url: str,
    requests: RandomRequests,
    clients: int,
    seconds: float,
    pid: int,
    memory: list[MemorySample],
) -> ResponseTimes:
    start = time.perf_counter()

    async def watch() -> None:
        while True:
            members = family(pid)
            resident = sum(map(resident_mb, members))
            own = sum(shared_out_mb(member, "Pss_Anon") for member in members)
            memory.append((time.perf_counter() - start, resident, own))
            await asyncio.sleep(SAMPLE_INTERVAL_S)

    watching = asyncio.create_task(watch())
    try:
        return await run_clients(url, requests, clients=clients, seconds=seconds)
    finally:
        watching.cancel()


def times_table(times: ResponseTimes, seconds: float) -> str:
    """Return throughput and response times by kind as a Markdown table."""
    lines = ["| requests | number | a second | p50 [ms] | p99 [ms] | longest [ms] | refused |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    by_kind = {kind: times.seconds.get(kind, []) for kind in REQUEST_KINDS}
    by_kind["all"] = [
        second for seconds_of_kind in by_kind.values() for second in seconds_of_kind
    ]
    for kind, taken in by_kind.items():
        refused = sum(n for (k, _), n in times.refused.items() if kind in {k, "all"})
        ms = np.array(taken or [float("nan")]) * 1000
        lines.append(
            f"| {kind} | {len(taken):,} | {len(taken) / seconds:,.0f} | {np.median(ms):.1f} "
            f"| {np.percentile(ms, 99):.1f} | {ms.max():.1f} | {refused} |"
        )
    refusals = "; ".join(f"{k} {s}: {n}" for (k, s), n in sorted(times.refused.items()))
    return "\n".join([*lines, *(["", f"Refused: {refusals}."] if refusals else [])])


def memory_table(memory: list[MemorySample]) -> str:
    """Return the memory over time, in at most twelve steps, as a Markdown table."""
    step = max(1, len(memory) // 12)
    picked = [*memory[::step][:12], memory[-1]]
    ages = " | ".join(f"{at / 60:.1f}" for at, *_ in picked)
    rule = " | ".join(["---:"] * len(picked))
    lines = [f"| minutes | {ages} |", f"| --- | {rule} |"]
    for number, name in enumerate(("resident [MB]", "of it of no file [MB]"), start=1):
        sizes = " | ".join(f"{sample[number]:,.0f}" for sample in picked)
        lines.append(f"| {name} | {sizes} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
