"""Faults other than crashes: responses of the service during the fault, and data after it."""

import os
import random
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from benchmarks.common.server_process import Server, serving, start
from daybreak import Client, open_store
from daybreak.client import Retries
from daybreak.errors import ServiceError

NO_RETRIES = Retries(times=0)
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
DAY_S = 86_400
FLIP_SEED = 0
N_FLIPPED_STARTS = 12
"""Number of starts with a flipped bit."""
N_FLIPPED_SWAPS = 200
"""Number of activations with a flipped bit."""
CHEAP_PATHS = (
    "/health/ready",
    "/metrics",
    "/api/v1/recommend/somebody?n=5",
    "/api/v1/items?n=5",
)


@dataclass(frozen=True)
class FaultResult:
    """Result of one fault."""

    fault: str
    during: str
    after: str


@dataclass
class Writer:
    """Writes single events with unique user ids, and records which were acknowledged."""

    url: str
    name: str
    timeout_s: float = 60.0
    sent: int = 0

    def __post_init__(self) -> None:
        self.acknowledged: list[str] = []
        self.client = Client(self.url, retries=NO_RETRIES, timeout_s=self.timeout_s)

    def write(self, times: int = 1) -> str:
        """Write events; return the last error, or an empty string."""
        refusal = ""
        for _ in range(times):
            user = f"{self.name}-{self.sent}"
            self.sent += 1
            try:
                self.client.add_event(user, "any", event_type="view")
                self.acknowledged.append(user)
            except ServiceError as error:
                refusal = describe_error(error)
        return refusal

    def account(self, store: str) -> str:
        """Describe how many acknowledged events are stored, lost and doubled."""
        with open_store(store) as opened:
            found = Counter(opened.tables().events["user_id"].to_list())
        lost = sum(1 for user in self.acknowledged if not found[user])
        doubled = sum(1 for user in self.acknowledged if found[user] > 1)
        return f"{len(self.acknowledged)} acknowledged, {lost} lost, {doubled} doubled"


def disk_full(store: str, work: Path) -> FaultResult:
    """Fill the disk of a server, then free space."""
    fault = "the disk is full"
    mount = work / "small_disk"
    mount.mkdir(exist_ok=True)
    size = sum(file.stat().st_size for file in _files(store)) + 6_000_000
    try:
        _system("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mount))
    except (OSError, subprocess.CalledProcessError) as error:
        return FaultResult(fault, f"not tried: no small file system can be made ({error})", "")
    try:
        copy = _copied(store, mount)
        with serving(copy, work / "disk_full.log") as server:
            writer = Writer(server.url, "full")
            writer.write(20)
            filler = mount / "filler"
            _fill(filler)
            refusal = _until_refused(writer)
            answer = _answers(server)
            filler.unlink()
            again = writer.write(20)
        with serving(copy, work / "disk_full.log"):
            pass
        account = writer.account(copy)
    finally:
        _system("umount", "-l", str(mount))
    return FaultResult(
        fault,
        f"events: {refusal or 'taken'}; lists: {answer}",
        f"events: {again or 'taken'}; started again; {account}",
    )


def store_locked(store: str, work: Path) -> FaultResult:
    """Hold the write lock of a store for some seconds, like a backup or another program."""
    copy = _copied(store, work / "locked")
    with serving(copy, work / "locked.log") as server:
        writer = Writer(server.url, "locked")
        writer.write(5)
        outcomes = []
        for seconds in (2.0, 20.0):
            with _locked(copy, seconds):
                began = time.perf_counter()
                refusal = writer.write()
                waited = time.perf_counter() - began
                answer = _answers(server)
            outcomes.append(f"{seconds:g} s: {refusal or 'taken'} after {waited:.1f} s")
        again = writer.write(5)
    return FaultResult(
        "another program holds the write lock for 2 s and for 20 s",
        f"events: {'; '.join(outcomes)}; lists: {answer}",
        f"events: {again or 'taken'}; {writer.account(copy)}",
    )


def store_gone(store: str, work: Path) -> FaultResult:
    """Move the file of a store away and back."""
    copy = _copied(store, work / "gone")
    file = Path(copy.removeprefix("sqlite:///"))
    away = file.parent / "away"
    away.mkdir(exist_ok=True)
    with serving(copy, work / "gone.log") as server:
        writer = Writer(server.url, "gone")
        writer.write(5)
        _move(file, away)
        refusal = writer.write(5)
        answer = _answers(server)
        time.sleep(2)
        made = sorted(one.name for one in file.parent.glob(f"{file.name}*"))
        for one in file.parent.glob(f"{file.name}*"):
            one.unlink()
        for one in away.iterdir():
            one.rename(file.parent / one.name)
        time.sleep(3)
        again = writer.write(5)
        after = _answers(server)
    with serving(copy, work / "gone.log"):
        pass
    made_text = f"; files made in its place: {', '.join(made)}" if made else ""
    return FaultResult(
        "the file of the store is moved away, and back",
        f"events: {refusal or 'taken'}; lists: {answer}{made_text}",
        f"events: {again or 'taken'}; lists: {after}; started again; {writer.account(copy)}",
    )


def clock_jumps(store: str, work: Path) -> FaultResult:
    """Change the clock of a server forwards and backwards."""
    fault = "the clock jumps 10 days ahead, 300 days back, and back again"
    if not FAKETIME.exists():
        return FaultResult(fault, "not tried: libfaketime is not installed", "")
    copy = _copied(store, work / "clock")
    clock = work / "clock.txt"
    clock.write_text("+0")
    env = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    server = start(copy, work / "clock.log", env=env)
    outcomes = []
    try:
        writer = Writer(server.url, "clock")
        for shift in ("+10d", "-300d", "+0"):
            clock.write_text(shift)
            time.sleep(1.5)
            refusal = writer.write(10)
            outcomes.append(f"{shift}: events {refusal or 'taken'}, lists {_answers(server)}")
    finally:
        server.stop()
    with serving(copy, work / "clock.log") as server:
        answer = _answers(server)
    return FaultResult(
        fault,
        "; ".join(outcomes),
        f"started again; lists: {answer}; {writer.account(copy)}",
    )


def model_truncated(store: str, work: Path) -> FaultResult:
    """Truncate each file of the active release in turn, then the files of an inactive one."""
    outcomes: Counter[str] = Counter()
    count = 0
    for name in _release_files(store):
        copy = _copied(store, work / "cut")
        file = _folder(copy, active=True) / name
        if not file.stat().st_size:
            continue
        count += 1
        os.truncate(file, file.stat().st_size // 2)
        with serving(copy, work / "cut.log") as server:
            client = Client(server.url)
            status = client.status()
            other = client.recommend("somebody", n=3).model
            noted = "named" if status.get("notes") or status.get("faulty") else "not named"
            known = "another release" if other else "no release"
            outcomes[f"{known} answers, the fault is {noted}"] += 1
    copy = _copied(store, work / "cut")
    with open_store(copy) as opened:
        spare = next(release for release in opened.releases() if not release.active)
    for file in sorted(_place(copy, spare.folder).rglob("*.safetensors")):
        os.truncate(file, file.stat().st_size // 2)
    with serving(copy, work / "cut.log") as server:
        client = Client(server.url, retries=NO_RETRIES)
        before = client.recommend("somebody", n=3).model
        try:
            client.activate(spare.id)
            swap = "put into use"
        except ServiceError as error:
            swap = f"refused ({describe_error(error)})"
        same = client.recommend("somebody", n=3).model == before
    found = "; ".join(f"{times} of {count}: {text}" for text, times in outcomes.most_common())
    return FaultResult(
        "files of a release are cut in half",
        f"start with each file of the release in use cut: {found}",
        f"swapping in a cut release: {swap}; "
        f"{'the previous release stays active' if same else 'another release is active'}",
    )


def bits_flipped(store: str, work: Path) -> FaultResult:
    """Flip random bits in the files of both releases: at the start, and at an activation."""
    rng, starts, swaps = random.Random(FLIP_SEED), Counter[str](), Counter[str]()  # noqa: S311
    copy = _copied(store, work / "flips")
    active = _folder(copy, active=True)
    for _ in range(N_FLIPPED_STARTS):
        file = rng.choice(_release_files(copy))
        intact = _flip_bit(active / file, rng)
        try:
            with serving(copy, work / "flips.log") as server:
                client = Client(server.url)
                other = client.recommend("somebody", n=3).model != active.name
                noted = bool(client.status().get("faulty"))
                answer = "another release answers" if other else "the damaged release answers"
                starts[f"{answer}, the fault is {'named' if noted else 'not named'}"] += 1
        except RuntimeError:
            starts["the server does not start"] += 1
        (active / file).write_bytes(intact)
    spare = _folder(copy, active=False)
    files = sorted(one for one in spare.rglob("*") if one.is_file())
    with serving(copy, work / "flips.log") as server:
        client = Client(server.url, retries=NO_RETRIES)
        for number in range(N_FLIPPED_SWAPS):
            file = files[number % len(files)]
            intact = _flip_bit(file, rng)
            try:
                client.activate(spare.name)
                swaps["put into use"] += 1
            except ServiceError:
                swaps["refused"] += 1
            file.write_bytes(intact)
        alive = len(client.recommend("somebody", n=3))
    return FaultResult(
        "one random bit of a release is flipped",
        f"start with the release in use damaged: {_tally(starts)}; activation of a damaged "
        f"release: {_tally(swaps)}",
        f"the server goes on: {alive} items",
    )


def slow_work(store: str, work: Path) -> FaultResult:
    """Ask for cheap answers while 40 writes wait for a lock and 40 reports are made."""
    copy = _copied(store, work / "slow")
    with (
        serving(copy, work / "slow.log") as server,
        ThreadPoolExecutor(80) as threads,
        httpx.Client(base_url=server.url, timeout=120) as client,
    ):
        event = {"user_id": "somebody", "item_id": "any"}
        post = partial(client.post, "/api/v1/events", json=event)
        report = partial(client.get, "/api/v1/online?since=-86400000&every_h=24")
        with _locked(copy, 15.0):
            calls = [threads.submit(call) for call in (post, report) for _ in range(40)]
            time.sleep(1.0)
            longest = dict.fromkeys(CHEAP_PATHS, 0.0)
            until = time.monotonic() + 8.0
            while time.monotonic() < until:
                for path in CHEAP_PATHS:
                    began = time.perf_counter()
                    client.get(path).raise_for_status()
                    longest[path] = max(longest[path], time.perf_counter() - began)
        statuses = Counter(str(call.result().status_code) for call in calls)
        after = post().status_code
    waits = ", ".join(f"{path} {seconds:.2f} s" for path, seconds in longest.items())
    return FaultResult(
        "40 writes wait for a lock of 15 s, and 40 reports are made",
        f"longest of all cheap requests: {waits}; writes and reports: {_tally(statuses)}",
        f"an event: {after}",
    )


def _flip_bit(file: Path, rng: random.Random) -> bytes:
    """Flip a random bit of a file; return the content before."""
    intact = file.read_bytes()
    damaged = bytearray(intact)
    damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    file.write_bytes(damaged)
    return intact


def _tally(outcomes: Counter[str]) -> str:
    total = outcomes.total()
    return "; ".join(f"{n} of {total}: {text}" for text, n in outcomes.most_common())


CONDITIONS: dict[str, Callable[[str, Path], FaultResult]] = {
    "disk": disk_full,
    "locked": store_locked,
    "gone": store_gone,
    "clock": clock_jumps,
    "model": model_truncated,
    "flips": bits_flipped,
    "slow": slow_work,
}


def describe_error(error: ServiceError) -> str:
    """Return the message of an error, without folders and request ids."""
    text = re.sub(r"(?:/[\w.-]+)+/(?=[\w.-]+/[\w.-]+)", "", str(error))
    return re.sub(r" \(request \w+\)", "", text)[:200]


def _files(store: str) -> Iterator[Path]:
    """Yield the files of a store and of its releases."""
    file = Path(store.removeprefix("sqlite:///"))
    yield from file.parent.glob(f"{file.name}*")
    with open_store(store) as opened:
        folders = [_place(store, release.folder) for release in opened.releases()]
    for folder in folders:
        yield from (one for one in folder.rglob("*") if one.is_file())


def _copied(store: str, target: Path) -> str:
    """Copy a store and its releases into an empty folder; return the URL of the copy."""
    file = Path(store.removeprefix("sqlite:///"))
    if target.exists() and not os.path.ismount(target):
        shutil.rmtree(target)
    target.mkdir(exist_ok=True)
    for one in _files(store):
        copy = target / one.relative_to(file.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(one, copy)
    return f"sqlite:///{target / file.name}"


def _place(store: str, folder: str) -> Path:
    return Path(store.removeprefix("sqlite:///")).parent / folder


def _folder(store: str, *, active: bool) -> Path:
    with open_store(store) as opened:
        release = next(one for one in opened.releases() if one.active == active)
    return _place(store, release.folder)


def _release_files(store: str) -> list[Path]:
    folder = _folder(store, active=True)
    return sorted(one.relative_to(folder) for one in folder.rglob("*") if one.is_file())


def _system(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed words


def _fill(file: Path) -> None:
    """Write a file until the disk is full."""
    with file.open("wb", buffering=0) as out:
        for size in (1_000_000, 4_096, 1):
            try:
                while out.write(b"\0" * size):
                    pass
            except OSError:
                continue


def _until_refused(writer: Writer) -> str:
    for _ in range(500):
        if refusal := writer.write():
            return refusal
    return ""


def _answers(server: Server) -> str:
    try:
        return f"{len(Client(server.url, retries=NO_RETRIES).recommend('somebody', n=5))} items"
    except ServiceError as error:
        return describe_error(error)


@contextmanager
def _locked(store: str, seconds: float) -> Iterator[None]:
    """Hold the write lock of a file for some seconds; the block may end earlier or later."""
    held, file = threading.Event(), store.removeprefix("sqlite:///")

    def hold() -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        held.set()
        time.sleep(seconds)
        connection.execute("ROLLBACK")
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    yield
    holder.join()


def _move(file: Path, away: Path) -> None:
    for one in file.parent.glob(f"{file.name}*"):
        one.rename(away / one.name)
