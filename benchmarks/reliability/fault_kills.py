"""Kill a process of Daybreak at a random time; count lost and doubled writes."""

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from benchmarks.common.old_store import write_old_store
from benchmarks.common.server_process import MAX_WAIT_S, Server, begin, run, start
from daybreak import Client, open_store
from daybreak.client import Retries
from daybreak.errors import ServiceError

WORKERS = 4
NO_RETRIES = Retries(times=0)
"""Clients send each request once, so that every acknowledgement is that of the service."""


@dataclass
class KillResult:
    """Result of one kill."""

    kind: str
    after_s: float
    """Time from the start of the work to the kill [s]."""
    acknowledged: int
    """Events, rows or releases that the service acknowledged as stored."""
    lost: int
    doubled: int
    ready_s: float | None
    """Time of the restart [s]; None if the server was not killed."""
    note: str = ""


@dataclass
class Service:
    """A store and its server, which is started on demand."""

    store: str
    log: Path
    server: Server | None = None
    durations: dict[str, float] = field(default_factory=dict)
    """Duration of the last complete run of each command [s]."""

    def kill_time(self, command: str, chance: random.Random) -> float:
        """Return a random time for the kill of a command, after Python has started [s]."""
        return chance.uniform(0.25, 1.0) * self.durations.get(command, 4.0)

    def finish(self, *command: str) -> None:
        """Run a command and record its duration."""
        began = time.perf_counter()
        run(*command)
        self.durations[command[0]] = time.perf_counter() - began

    def running_server(self) -> Server:
        """Return the running server; start it if necessary."""
        if self.server is None:
            self.server = start(self.store, self.log)
        return self.server

    def crash(self) -> None:
        """Kill the server."""
        self.running_server().kill()
        self.server = None

    def serving_release(self) -> str:
        """Request a list; return the release that produced it."""
        answer = Client(self.running_server().url).recommend("somebody", n=3)
        assert len(answer) == 3, answer
        return answer.model

    def active_release(self) -> str:
        """Return the active release of the store."""
        with open_store(self.store) as opened:
            return next((one.id for one in opened.releases() if one.active), "")


def kill_during_events(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill a server while clients write events; start it again."""
    url = service.running_server().url
    acknowledged: list[str] = []
    after = chance.uniform(0.02, 1.5)
    with _busy(lambda t, stop: _write(url, f"e{number}-{t}", acknowledged, stop)):
        time.sleep(after)
        service.crash()
    ready = service.running_server().started_s
    lost, doubled = _missing(service.store, acknowledged, f"e{number}-")
    note = f"release {service.serving_release() or 'none'}"
    return KillResult("event writes", after, len(acknowledged), lost, doubled, ready, note)


def kill_during_import(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill `daybreak import` next to a running server, then repeat it."""
    file = service.log.parent / f"import_{number}.csv"
    users = [f"i{number}-{row}" for row in range(20_000)]
    pl.DataFrame({"user_id": users}).with_columns(
        item_id=pl.lit("imported"), event_type=pl.lit("view"), timestamp=1.6e9
    ).write_csv(file)
    after = service.kill_time("import", chance)
    command = ("import", "--events", str(file), "--store", service.store)
    process = begin(*command, log=service.log)
    time.sleep(after)
    process.kill()
    finished = process.wait() == 0
    between = sum(_found(service.store, f"i{number}-").values())
    service.finish(*command)
    lost, doubled = _missing(service.store, users, f"i{number}-")
    file.unlink()
    service.serving_release()
    note = "had ended" if finished else f"{between:,} rows when killed"
    return KillResult("bulk import", after, len(users), lost, doubled, None, note)


def kill_during_swap(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill a server while releases are activated and lists requested; start it again."""
    url = service.running_server().url
    swapped: list[str] = []
    after = chance.uniform(0.3, 5.0)

    def work(worker: int, stop: threading.Event) -> None:
        if worker == 0:
            _swap(url, swapped, stop)
        else:
            _ask(url, stop)

    before = service.active_release()
    with _busy(work):
        time.sleep(after)
        service.crash()
    ready = service.running_server().started_s
    active, answers = service.active_release(), service.serving_release()
    done = [line[5:] for line in swapped if line.startswith("done ")]
    allowed = {(done or [before])[-1]}
    if swapped and swapped[-1].startswith("request "):
        allowed.add(
            swapped[-1].removeprefix("request ")
        )  # it may have been activated without an acknowledgement
    correct = bool(answers) and answers == active and active in allowed
    note = f"{active or 'none'} active, {answers or 'none'} answers"
    return KillResult("release swap", after, len(done), 0 if correct else 1, 0, ready, note)


def kill_during_training(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill a training next to a running server; the previous release must stay active."""
    service.running_server()
    before = service.active_release()
    after = chance.uniform(1.0, 15.0)
    command = ("train", "--encoder", "none", "--no-gate", "--seed", str(number % 1_000))
    process = begin(*command, "--store", service.store, log=service.log)
    time.sleep(after)
    process.kill()
    finished = process.wait() == 0
    active = service.active_release()
    correct = service.serving_release() == active and (finished or active == before)
    note = "had ended" if finished else "killed while training"
    return KillResult("training", after, 1, 0 if correct else 1, 0, None, note)


def kill_during_migration(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill `daybreak store upgrade` of an old store, then repeat it."""
    folder = service.log.parent
    old = write_old_store(folder / "old.db", OLD_EVENTS)
    file = folder / f"migrated_{number}.db"
    shutil.copy(old, file)
    command = ("store", "upgrade", "--store", f"sqlite:///{file}")
    after = service.kill_time("store", chance)
    process = begin(*command, log=service.log)
    time.sleep(after)
    process.kill()
    finished = process.wait() == 0
    service.finish(*command)
    with open_store(f"sqlite:///{file}") as opened:
        found = Counter(opened.tables().events["user_id"].to_list())
    wanted = [f"old-{row}" for row in range(OLD_EVENTS)]
    lost, doubled = _account(wanted, Counter({user: found[user] for user in wanted}))
    for left in folder.glob(f"migrated_{number}.db*"):
        left.unlink()
    note = "had ended" if finished else "killed while migrating"
    return KillResult("migration", after, len(wanted), lost, doubled, None, note)


OLD_EVENTS = 50_000
"""Number of events of the migrated store."""


@contextmanager
def _busy(work: Callable[[int, threading.Event], None]) -> Iterator[None]:
    """Run threads during the block."""
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(n, stop)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(MAX_WAIT_S)


def _write(url: str, name: str, acknowledged: list[str], stop: threading.Event) -> None:
    number = 0
    with Client(url, retries=NO_RETRIES) as client:
        while not stop.is_set():
            users = [f"{name}-{number + n}" for n in range(1 + number % 7)]
            rows = [{"user_id": u, "item_id": "any", "event_type": "view"} for u in users]
            try:
                done = client.add_events(rows)
            except ServiceError:
                return
            assert done.accepted == len(rows), done
            acknowledged += users
            number += len(users)


def _swap(url: str, swapped: list[str], stop: threading.Event) -> None:
    """Activate two releases in turn; record each request and each acknowledgement."""
    with Client(url, retries=NO_RETRIES, timeout_s=60) as client:
        try:
            models = [model.id for model in client.models()][:2]
            while not stop.is_set():
                for id_ in models:
                    swapped.append(f"request {id_}")
                    client.activate(id_)
                    swapped.append(f"done {id_}")
        except ServiceError:
            return


def _ask(url: str, stop: threading.Event) -> None:
    with Client(url, retries=NO_RETRIES) as client:
        while not stop.is_set():
            try:
                assert len(client.recommend("somebody", n=5)) == 5
            except ServiceError:
                return


def _missing(store: str, wanted: list[str], prefix: str) -> tuple[int, int]:
    return _account(wanted, _found(store, prefix))


def _account(wanted: list[str], found: Counter[str]) -> tuple[int, int]:
    lost = sum(1 for user in wanted if not found[user])
    return lost, sum(count - 1 for count in found.values() if count > 1)


def _found(store: str, prefix: str) -> Counter[str]:
    with open_store(store) as opened:
        users = opened.tables().events["user_id"]
    return Counter(users.filter(users.str.starts_with(prefix)).to_list())
