"""Kill a process of Daybreak at a random moment; look whether anything is lost or doubled."""

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
"""What counts is what the service acknowledged, not what a client would try again."""


@dataclass
class KillResult:
    """What one kill left behind."""

    kind: str
    after_s: float
    """When it was killed."""
    acknowledged: int
    """Events, rows or releases of which the caller was told that they are stored."""
    lost: int
    doubled: int
    ready_s: float | None
    """How long the service took to answer again; None: it never stopped."""
    note: str = ""


@dataclass
class Service:
    """A store and the server on it, which is started when somebody needs it."""

    store: str
    log: Path
    server: Server | None = None
    took: dict[str, float] = field(default_factory=dict)
    """How long commands last took to their end [s]."""

    def moment(self, command: str, chance: random.Random) -> float:
        """Return when to kill a command: anywhere after the interpreter has started."""
        return chance.uniform(0.25, 1.0) * self.took.get(command, 4.0)

    def finish(self, *command: str) -> None:
        """Run a command to its end, and note how long that took."""
        began = time.perf_counter()
        run(*command)
        self.took[command[0]] = time.perf_counter() - began

    def up(self) -> Server:
        """Return a server that runs."""
        if self.server is None:
            self.server = start(self.store, self.log)
        return self.server

    def crash(self) -> None:
        """Kill the server."""
        self.up().kill()
        self.server = None

    def answering(self) -> str:
        """Ask for a list; return the release that gave it."""
        answer = Client(self.up().url).recommend("somebody", n=3)
        assert len(answer) == 3, answer
        return answer.model

    def active(self) -> str:
        """Return the release that the store says is in use."""
        with open_store(self.store) as opened:
            return next((one.id for one in opened.releases() if one.active), "")


def kill_during_events(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill a server while clients write events; start it again."""
    url = service.up().url
    acknowledged: list[str] = []
    after = chance.uniform(0.02, 1.5)
    with _busy(lambda t, stop: _write(url, f"e{number}-{t}", acknowledged, stop)):
        time.sleep(after)
        service.crash()
    ready = service.up().started_s
    lost, doubled = _missing(service.store, acknowledged, f"e{number}-")
    note = f"release {service.answering() or 'none'}"
    return KillResult("event writes", after, len(acknowledged), lost, doubled, ready, note)


def kill_during_import(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill `daybreak import` beside a running server, then repeat it to its end."""
    file = service.log.parent / f"import_{number}.csv"
    users = [f"i{number}-{row}" for row in range(20_000)]
    pl.DataFrame({"user_id": users}).with_columns(
        item_id=pl.lit("imported"), event_type=pl.lit("view"), timestamp=1.6e9
    ).write_csv(file)
    after = service.moment("import", chance)
    command = ("import", "--events", str(file), "--store", service.store)
    process = begin(*command, log=service.log)
    time.sleep(after)
    process.kill()
    finished = process.wait() == 0
    between = sum(_found(service.store, f"i{number}-").values())
    service.finish(*command)
    lost, doubled = _missing(service.store, users, f"i{number}-")
    file.unlink()
    service.answering()
    note = "had ended" if finished else f"{between:,} rows when killed"
    return KillResult("bulk import", after, len(users), lost, doubled, None, note)


def kill_during_swap(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill a server while releases are swapped and people ask; start it again."""
    url = service.up().url
    swapped: list[str] = []
    after = chance.uniform(0.3, 5.0)

    def work(worker: int, stop: threading.Event) -> None:
        if worker == 0:
            _swap(url, swapped, stop)
        else:
            _ask(url, stop)

    before = service.active()
    with _busy(work):
        time.sleep(after)
        service.crash()
    ready = service.up().started_s
    active, answers = service.active(), service.answering()
    done = [line[5:] for line in swapped if line.startswith("done ")]
    allowed = {(done or [before])[-1]}
    if swapped and swapped[-1].startswith("wish "):
        allowed.add(swapped[-1][5:])  # it may have been done, though nobody was told
    right = bool(answers) and answers == active and active in allowed
    note = f"{active or 'none'} active, {answers or 'none'} answers"
    return KillResult("release swap", after, len(done), 0 if right else 1, 0, ready, note)


def kill_during_training(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill a training beside a running server; the release from before still answers."""
    service.up()
    before = service.active()
    after = chance.uniform(1.0, 15.0)
    command = ("train", "--encoder", "none", "--no-gate", "--seed", str(number % 1_000))
    process = begin(*command, "--store", service.store, log=service.log)
    time.sleep(after)
    process.kill()
    finished = process.wait() == 0
    active = service.active()
    right = service.answering() == active and (finished or active == before)
    note = "had ended" if finished else "killed while training"
    return KillResult("training", after, 1, 0 if right else 1, 0, None, note)


def kill_during_migration(service: Service, number: int, chance: random.Random) -> KillResult:
    """Kill `daybreak store upgrade` of an old store, then repeat it to its end."""
    folder = service.log.parent
    old = write_old_store(folder / "old.db", OLD_EVENTS)
    file = folder / f"migrated_{number}.db"
    shutil.copy(old, file)
    command = ("store", "upgrade", "--store", f"sqlite:///{file}")
    after = service.moment("store", chance)
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
"""Events of the store that is migrated."""


@contextmanager
def _busy(work: Callable[[int, threading.Event], None]) -> Iterator[None]:
    """Let threads work while the block runs."""
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
    """Swap two releases to and fro; note each wish, and each that was granted."""
    with Client(url, retries=NO_RETRIES, timeout_s=60) as client:
        try:
            models = [model.id for model in client.models()][:2]
            while not stop.is_set():
                for id_ in models:
                    swapped.append(f"wish {id_}")
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
