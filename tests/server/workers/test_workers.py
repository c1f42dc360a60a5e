"""A server with two workers: what callers must not notice, and a killed one must not lose."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.server.conftest import WAIT_S, until
from tests.server.example_store import copy_of

N_CONNECTIONS = 16
"""Connections that are opened; the system gives them to the workers by chance."""


@contextlib.contextmanager
def serving(store, log, *options):
    """Start `daybreak serve --workers 2`; yields the process and its address."""
    command = [sys.executable, "-m", "daybreak", "serve", "--port", "0", "--json"]
    command += ["--store", store, "--workers", "2", "--encoder", "none", *options]
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)
    try:
        text = ""
        while not text.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line, log.read_text()
            text += line
        yield process, json.loads(text)
    finally:
        process.terminate()
        process.wait(WAIT_S)
        process.stdout.close()


@pytest.fixture(scope="module")
def server(made, tmp_path_factory):
    """A server that no test stops."""
    folder = tmp_path_factory.mktemp("workers")
    settings = copy_of(made, folder)
    with serving(settings.store, folder / "log.txt", "--rate", "0") as (process, told):
        yield process, f"{told['url']}/api/v1"


@contextlib.contextmanager
def connections(url, n=N_CONNECTIONS, **options):
    """Yield clients with a connection each."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(httpx.Client(base_url=url, timeout=WAIT_S, **options))
            for _ in range(n)
        ]


def workers_of(process):
    """Return the process ids of the workers."""
    listing = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)]
    lines = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in lines.splitlines() if "spawn_main" in line]


def test_a_write_counts_in_the_next_answer_of_every_worker(server):
    with connections(server[1]) as clients:
        for number, writer in enumerate(clients):
            user = f"new-{number}"
            writer.post("/events", json={"user_id": user, "item_id": "rum-1"})
            lists = [client.get(f"/recommend/{user}?n=50").json() for client in clients]
            assert {one["user"]["temperature"] for one in lists} == {"hot"}
            assert all("rum-1" not in [i["item_id"] for i in one["items"]] for one in lists)


def test_an_item_is_changed_and_deleted_at_every_worker(server):
    with connections(server[1]) as clients:
        clients[0].post("/items", json={"item_id": "shared-1", "title": "shared thing"})
        found = [client.get("/items/shared-1").status_code for client in clients]
        clients[-1].delete("/items/shared-1")
        gone = [client.get("/items/shared-1").status_code for client in clients]
    assert (set(found), set(gone)) == ({200}, {404})


def test_an_event_with_an_id_counts_once_at_all_workers_together(server):
    event = {"event_id": "once", "user_id": "twin", "item_id": "tea-1"}
    with connections(server[1]) as clients, ThreadPoolExecutor(N_CONNECTIONS) as threads:
        answers = list(threads.map(lambda c: c.post("/events", json=event).json(), clients))
        assert sum(answer["accepted"] for answer in answers) == 1
        assert len(clients[0].get("/events?user_id=twin").json()["events"]) == 1


def test_a_list_is_continued_with_its_rules_at_every_worker(server):
    with connections(server[1]) as clients:
        first = clients[0].post(
            "/recommend", json={"user_id": "u1", "k": 2, "filter": "price < 9"}
        )
        shown = [item["item_id"] for item in first.json()["items"]]
        for client in clients[:6]:
            again = {"recommendation_id": first.json()["recommendation_id"], "k": 1}
            page = client.post("/recommend/next", json=again).json()
            assert "the rules of the first response are no longer known" not in page["notes"]
            shown += [item["item_id"] for item in page["items"]]
    assert len(shown) == len({*shown})


def test_metrics_are_those_of_all_workers(server):
    url = server[1].removesuffix("/api/v1")
    with connections(url) as clients:
        before = {name_and_value("daybreak_recommend_seconds_count", c) for c in clients}
        for client in clients:
            client.get("/api/v1/recommend/u1")
        after = {name_and_value("daybreak_recommend_seconds_count", c) for c in clients}
    assert len(before) == len(after) == 1
    assert after.pop() - before.pop() == N_CONNECTIONS


def name_and_value(name, client):
    """Return a number of the metrics that a server shows."""
    lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def test_an_erased_user_is_in_no_worker(server):
    with connections(server[1]) as clients:
        for client in clients:
            client.post("/events", json={"user_id": "leaving", "item_id": "gin-1"})
            client.get("/recommend/leaving")
        proof = clients[0].delete("/users/leaving").json()
        assert proof["complete"]
        assert "other workers" in [trace["place"] for trace in proof["traces"]]
        exported = [client.get("/users/leaving").status_code for client in clients]
    assert set(exported) == {404}


def test_acknowledged_events_survive_a_killed_worker_and_workers_end_with_their_parent(
    made, tmp_path
):
    settings = copy_of(made, tmp_path)
    with serving(settings.store, tmp_path / "log.txt") as (process, told):
        url = f"{told['url']}/api/v1"
        acknowledged, stop = [], threading.Event()
        threads = [
            threading.Thread(target=keep_writing, args=(url, f"writer-{n}", acknowledged, stop))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        until(lambda: len(acknowledged) > 20)
        victim = workers_of(process)[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(workers_of(process)) == 2 and victim not in workers_of(process))
        n_before = len(acknowledged)
        until(lambda: len(acknowledged) > n_before + 20)
        stop.set()
        for thread in threads:
            thread.join()
        again = httpx.post(f"{url}/events", json=acknowledged, timeout=WAIT_S).json()
        assert (again["accepted"], again["duplicates"]) == (0, len(acknowledged))
        starts = {worker: start_of(worker) for worker in workers_of(process)}
        process.kill()
        until(lambda: all(start_of(worker) != start for worker, start in starts.items()))


def keep_writing(url, user, acknowledged, stop):
    """Write events one after another until told to stop; keep those that are acknowledged."""
    number = 0
    while not stop.is_set():
        number += 1
        row = {"event_id": f"{user}-{number}", "user_id": user, "item_id": "tea-1"}
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.post(f"{url}/events", json=row, timeout=WAIT_S)
            if answer.is_success:
                acknowledged.append(row)
        time.sleep(0.01)


def start_of(pid):
    """Return when a process started, empty if it has ended; another one may get its number."""
    listing = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    found = subprocess.run(listing, check=False, capture_output=True, text=True).stdout
    status, _, start = found.strip().partition(" ")
    return "" if status.startswith("Z") else start


@pytest.fixture(scope="module")
def guarded(made, tmp_path_factory):
    """A server that needs keys and allows few requests."""
    folder = tmp_path_factory.mktemp("guarded")
    settings = copy_of(made, folder)
    with serving(settings.store, folder / "log.txt", "--keys", "on", "--rate", "0.01") as found:
        yield found


def test_a_browser_is_logged_in_at_every_worker(guarded):
    url, n = f"{guarded[1]['url']}/api/v1", 4
    body = {"key": guarded[1]["first_key"]}
    login = httpx.post(f"{url}/session", json=body, timeout=WAIT_S)
    with connections(url, n, cookies=dict(login.cookies)) as clients:
        roles = {client.get("/session").json()["role"] for client in clients}
        token = {"X-CSRF-Token": login.json()["csrf_token"]}
        clients[0].delete("/session", headers=token)
        after = {client.get("/session").json()["role"] for client in clients}
    assert (roles, after) == ({"admin"}, {None})


def test_the_rate_limit_and_keys_hold_for_all_workers_together(guarded):
    headers = {"X-API-Key": guarded[1]["first_key"]}
    with connections(f"{guarded[1]['url']}/api/v1", headers=headers) as clients:
        statuses = [client.get("/recommend/u1").status_code for client in clients]
    assert statuses.count(200) == 10
    assert statuses.count(429) == N_CONNECTIONS - 10


def test_the_address_of_workers_belongs_to_one_server(server, tmp_path):
    port = server[1].removesuffix("/api/v1").rpartition(":")[2]
    command = [sys.executable, "-m", "daybreak", "serve", "--port", port, "--workers", "2"]
    command += ["--store", f"sqlite:///{tmp_path}/other.db"]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert other.returncode == 2
    assert "use another port" in other.stderr


def test_a_store_that_cannot_be_used_is_told_by_the_server(tmp_path):
    bad = tmp_path / "bad.db"
    bad.write_text("this is no database, but a longer text than a header" * 10)
    command = [sys.executable, "-m", "daybreak", "serve", "--port", "0", "--workers", "2"]
    command += ["--store", f"sqlite:///{bad}"]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert other.returncode not in {0, 1}
    assert "bad.db" in other.stderr
