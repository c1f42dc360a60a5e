"""Processor time of a list, alone, in a batch and over HTTP, of this and of earlier code.

    python -m benchmarks.serving.answer_cost STORE --against REVISION [--kinds KIND ...] \
        [--out FILE]

Asks the service of a store with a release for lists of known users, in new processes of both
versions of the code in turns, so that other work on the machine meets both. A time is the mean
over lists of the lowest of several rounds, by the process in which it is lower. All rounds have
the same users, whose scores the service remembers; before a first list, it forgets them. HTTP
is the application without a socket: routing, checks, the body, and the response, with and
without the list itself, and with an event that is not stored, in turns of 20. A changed item
has another price; the change is stored and in the next list. The share of lists with the same
items at the same places is measured as well, also after the changes.

Only a store in a file is measured; the items change in a copy of it.
"""

import argparse
import asyncio
import hashlib
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.common.server_process import machine
from daybreak.config import Settings
from daybreak.server.app import create_app
from daybreak.server.ops.logs import log_as_json
from daybreak.server.options import ServerOptions
from daybreak.service.ingest.values import IngestResult
from daybreak.service.serving import RecommenderService, RecommendRequest, RecommendResponse

N_USERS = 200
BATCH_SIZE = 20
N_EVENT_TURNS = 200
"""Turns in which events are sent."""
N_CHANGES = 60
"""Items that change one by one in one process."""
PRICE_COLUMNS = ("median_price", "price")
"""Columns of which one is changed."""
ROOT = Path(__file__).parents[2]
COLUMNS = {
    "alone": "a list alone [ms]",
    "batch": f"a list in a batch of {BATCH_SIZE} [ms]",
    "alone first": "a first list alone [ms]",
    "batch first": f"a first list in a batch of {BATCH_SIZE} [ms]",
    "request": "a list alone over HTTP [ms]",
    "http": "HTTP without the list [ms]",
    "event": "HTTP without storing the event [ms]",
    "change": f"a changed item [ms], mean of the lower half of {N_CHANGES}",
    "changed": "a list in a batch after these changes [ms]",
    "alone changed": "a list alone after these changes [ms]",
}
"""Names of the times, and headings of their columns."""


def main() -> None:
    """Parse the arguments, measure both versions in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="URL of a store with a release")
    parser.add_argument("--against", help="earlier revision of the repository")
    parser.add_argument("--before", type=Path, help="folder src of the earlier code instead")
    parser.add_argument("--turns", type=int, default=3, help="processes of each version")
    parser.add_argument("--kinds", nargs="+", choices=COLUMNS, default=list(COLUMNS))
    parser.add_argument("--rounds", type=int, default=10, help="rounds of all users in one")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    parser.add_argument("--once", action="store_true", help="measure this process only")
    options = parser.parse_args()
    if options.once:
        print(json.dumps(measure(options.store, options.rounds, options.kinds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.against:
            extract_source(options.against, Path(folder))
        before = Path(folder) / "src" if options.against else options.before.resolve()
        versions = {options.against or "before": before, "now": ROOT / "src"}
        turns = [
            (name, measure_in_process(options.store, path, options))
            for _ in range(options.turns)
            for name, path in versions.items()
        ]
    table = make_table(list(versions), turns)
    about = f"{datetime.now(UTC):%Y-%m-%d}, {turns[0][1]['items']:,} items, {machine()}"
    load = f"load average {os.getloadavg()[0]:.1f}; {compare_lists(turns)}"
    print(f"{about}; {load}\n\n{table}")
    if options.out is not None:
        title, protocol = __doc__.splitlines()[0].rstrip("."), __doc__.split("\n\n")[2]
        text = f"# {title}\n\n{protocol.strip()}\n\n{about}; {load}.\n\n{table}\n"
        options.out.write_text(text, encoding="utf-8")


def extract_source(revision: str, folder: Path) -> None:
    """Write the folder ``src`` of a revision into another folder."""
    command = ["git", "-C", str(ROOT), "archive", revision, "src"]
    packed = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - ours
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


def compare_lists(turns: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Return in words how far the lists of two versions are the same."""
    before, now = turns[0][1], turns[-1][1]
    if before["digest"] == now["digest"]:
        return "the lists are equal to the last bit of their scores"
    pairs = list(zip(before["lists"], now["lists"], strict=True))
    equal = sum(one == other for one, other in pairs) / len(pairs)
    kept = sum(len(set(one) & set(other)) / len(one) for one, other in pairs) / len(pairs)
    return f"{equal:.1%} of the lists are equal, and {kept:.2%} of their items are the same"


def make_table(versions: Sequence[str], turns: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Return the lowest time of each version and kind as a Markdown table."""
    kinds = [kind for kind in COLUMNS if kind in turns[0][1]]
    head = f"| version | {' | '.join(COLUMNS[kind] for kind in kinds)} |"
    rows = [head, f"| --- |{' ---: |' * len(kinds)}"]
    for version in versions:
        found = [times for name, times in turns if name == version]
        cells = [f"{min(times[kind] for times in found):.2f}" for kind in kinds]
        rows.append(f"| {version} | {' | '.join(cells)} |")
    return "\n".join(rows)


def measure_in_process(store: str, source: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure a version of the code in a new process."""
    command = [sys.executable, "-m", "benchmarks.serving.answer_cost", store, "--once"]
    command += ["--rounds", str(options.rounds), "--kinds", *options.kinds]
    environment = {"PYTHONPATH": f"{source}:{ROOT}", "PATH": "/usr/bin:/bin"}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - this interpreter and this module
        command, env=environment, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(store: str, rounds: int, kinds: Sequence[str]) -> dict[str, Any]:
    """Return the processor times of this process [ms], and its lists with their digest."""
    with (
        copied_store(store) as copy,
        RecommenderService(Settings(store=copy), poll_s=3_600) as service,
    ):
        users = [row["user_id"] for row in service.users.page(None, N_USERS).rows]
        requests = [RecommendRequest(user_id=user, n=10, record=False) for user in users]
        batches = [
            requests[start : start + BATCH_SIZE] for start in range(0, len(users), BATCH_SIZE)
        ]
        lists = [service.recommend(request) for request in requests]
        lists += ask_together(service, batches)
        times = {}
        if "alone" in kinds:
            times["alone"] = lowest_ms(service.recommend, requests, rounds)
        if "batch" in kinds:
            times["batch"] = lowest_ms(service.recommend_many, batches, rounds) / BATCH_SIZE
        if "alone first" in kinds:
            times["alone first"] = lowest_ms(
                service.recommend, requests, rounds, forget(service)
            )
        if "batch first" in kinds:
            lowest = lowest_ms(service.recommend_many, batches, rounds, forget(service))
            times["batch first"] = lowest / BATCH_SIZE
        times |= asyncio.run(measure_http(service, users, rounds, kinds))
        times["change"] = change_items(service)
        lists += ask_together(service, batches)
        if "changed" in kinds:
            times["changed"] = lowest_ms(service.recommend_many, batches, rounds) / BATCH_SIZE
        if "alone changed" in kinds:
            times["alone changed"] = lowest_ms(service.recommend, requests, rounds)
        n_items = len(service.releases.current.catalogue.items)
        ids = [[item.item_id for item in one.items] for one in lists]
        return {"items": n_items, "lists": ids, "digest": digest_lists(lists), **times}


def ask_together(
    service: RecommenderService, batches: Sequence[Sequence[RecommendRequest]]
) -> list[RecommendResponse]:
    """Return the lists of some batches."""
    answered = [one for batch in batches for one in service.recommend_many(batch)]
    return [one for one in answered if isinstance(one, RecommendResponse)]


def measure_lists(
    service: RecommenderService,
    requests: Sequence[RecommendRequest],
    batches: Sequence[Sequence[RecommendRequest]],
    rounds: int,
    kinds: Sequence[str],
) -> dict[str, float]:
    """Return the times of lists [ms], of users who asked before and first ones."""
    questions: dict[str, tuple[Callable[[Any], object], Sequence[Any], int]] = {
        "alone": (service.recommend, requests, 1),
        "batch": (service.recommend_many, batches, BATCH_SIZE),
    }
    times = {}
    for name, (ask, asked, size) in questions.items():
        if name in kinds:
            times[name] = lowest_ms(ask, asked, rounds) / size
        if (first := f"{name} first") in kinds:
            times[first] = lowest_ms(ask, asked, rounds, forget(service)) / size
    return times


@contextmanager
def copied_store(store: str) -> Iterator[str]:
    """Yield the URL of a copy of a store in a file and of its releases."""
    file = Path(store.removeprefix("sqlite:///"))
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        shutil.copy(file, folder)
        shutil.copytree(file.parent / "releases", Path(folder) / "releases")
        yield f"sqlite:///{Path(folder) / file.name}"


def change_items(service: RecommenderService) -> float:
    """Change the prices of random items one by one; return the time of a change [ms].

    It is the mean of the lower half: other work on the machine only adds to times.
    """
    rows = service.catalogue.page(None, 10_000).rows
    column = next(name for name in PRICE_COLUMNS if any(name in row for row in rows))
    chance, times = random.Random(0), []  # noqa: S311 - made-up changes
    for _ in range(N_CHANGES):
        row = {"item_id": chance.choice(rows)["item_id"], column: chance.uniform(1, 30)}
        start = time.process_time()
        service.catalogue.put([row], partial=True)
        times.append(time.process_time() - start)
    return 1_000 * statistics.mean(sorted(times)[: N_CHANGES // 2])


def digest_lists(lists: Sequence[RecommendResponse]) -> str:
    """Return a digest of the items, the exact scores and the strategies of lists."""
    digest = hashlib.sha256()
    for one in lists:
        for item in one.items:
            digest.update(f"{item.item_id} {item.score.hex()} {item.strategy};".encode())
    return digest.hexdigest()


def forget(service: RecommenderService) -> Callable[[], object]:
    """Return what lets a service forget the scores of queries; an earlier one knows none."""
    return getattr(service.releases.current.scorer, "forget", lambda: None)


def lowest_ms(
    ask: Callable[[Any], object],
    questions: Sequence[Any],
    rounds: int,
    prepare: Callable[[], object] = lambda: None,
) -> float:
    """Return the mean over questions of the lowest processor time of an answer [ms].

    Args:
        ask: Answers a question.
        questions: The questions, all of them in each round.
        rounds: Number of rounds.
        prepare: Called before each question; its time does not count.
    """
    lowest = [float("inf")] * len(questions)
    for _ in range(rounds):
        for number, question in enumerate(questions):
            prepare()
            start = time.process_time()
            ask(question)
            lowest[number] = min(lowest[number], time.process_time() - start)
    return 1_000 * sum(lowest) / len(lowest)


async def measure_http(
    service: RecommenderService, users: Sequence[str], rounds: int, kinds: Sequence[str]
) -> dict[str, float]:
    """Return the processor times of requests over HTTP [ms], with lists and with known ones."""
    times = {"event": await lowest_event_ms(service, users)} if "event" in kinds else {}
    if not {"request", "http"}.intersection(kinds):
        return times
    app = create_app(service, ServerOptions(rate=0))
    known = {user: service.recommend(RecommendRequest(user_id=user, n=10)) for user in users}
    request = await lowest_request_ms(app, users, rounds)

    def answer_at_once(asked: RecommendRequest) -> "Future[RecommendResponse]":
        answered: Future[RecommendResponse] = Future()
        answered.set_result(known[str(asked.user_id)])
        return answered

    service.submit = answer_at_once  # type: ignore[method-assign, assignment]
    return times | {"request": request, "http": await lowest_request_ms(app, users, rounds)}


async def lowest_event_ms(service: RecommenderService, users: Sequence[str]) -> float:
    """Return the processor time of a request with an event that is logged, not stored [ms].

    It is the mean of the lower half of turns, in each of which as many clients send an event.
    """
    stored = service.events.add_many
    service.events.add_many = (  # type: ignore[method-assign]
        lambda calls: [IngestResult(1, 0, ())] * len(calls)
    )
    app, times = create_app(service, ServerOptions(rate=0)), []
    with Path(os.devnull).open("w") as nowhere, log_as_json(stream=nowhere):
        for turn in range(N_EVENT_TURNS):
            bodies = [
                {"event_id": f"{turn}-{n}", "user_id": users[n], "item_id": "item"}
                for n in range(BATCH_SIZE)
            ]
            start = time.process_time()
            await asyncio.gather(
                *(post_body(app, json.dumps(body).encode(), "events") for body in bodies)
            )
            times.append((time.process_time() - start) / BATCH_SIZE)
    service.events.add_many = stored  # type: ignore[method-assign]
    return 1_000 * statistics.mean(sorted(times)[: N_EVENT_TURNS // 2])


async def lowest_request_ms(app: Any, users: Sequence[str], rounds: int) -> float:
    """Return the mean over users of the lowest processor time of a request [ms]."""
    lowest = [float("inf")] * len(users)
    for _ in range(rounds):
        for number, user in enumerate(users):
            body = json.dumps({"user_id": user, "k": 10}).encode()
            start = time.process_time()
            await post_body(app, body)
            lowest[number] = min(lowest[number], time.process_time() - start)
    return 1_000 * sum(lowest) / len(lowest)


async def post_body(app: Any, body: bytes, name: str = "recommend") -> None:
    """Post a body to an application, by default for a list.

    Raises:
        RuntimeError: The response is an error.
    """
    path, statuses = f"/api/v1/{name}", list[int]()
    headers = {"host": "127.0.0.1", "content-type": "application/json"}
    headers["content-length"] = str(len(body))
    scope = {
        **{"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}},
        **{"http_version": "1.1", "method": "POST", "scheme": "http", "root_path": ""},
        **{"path": path, "raw_path": path.encode(), "query_string": b"", "state": {}},
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)},
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        statuses.append(message.get("status", 200))

    await app(scope, receive, send)
    if statuses[0] != 200:
        raise RuntimeError(f"the response has status {statuses[0]}")


if __name__ == "__main__":
    main()
