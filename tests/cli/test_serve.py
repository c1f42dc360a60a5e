import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import httpx
import pytest

from daybreak.store import open_store


@pytest.fixture
def serve(here):
    """Start `daybreak serve` in a process; return it and what it told."""
    processes = []

    def starting(*options):
        command = [sys.executable, "-m", "daybreak", "serve", "--port", "0", "--json", *options]
        with (here / "log.txt").open("w") as log:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env={**os.environ}, text=True
            )
        processes.append(process)
        text = ""
        while not text.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line, (here / "log.txt").read_text()
            text += line
        return process, json.loads(text)

    yield starting
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_serve_answers_until_it_is_told_to_stop(imported, serve, call, here):
    process, told = serve()
    assert (told["keys"], told["first_key"], told["release"]) == (False, None, "")
    answer = httpx.get(f"{told['url']}/api/v1/recommend/ann", timeout=60).json()
    assert answer["items"]
    status, _, err = call("serve", "--port", told["url"].rpartition(":")[2])
    assert (status, "use another port" in err) == (2, True)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    lines = [json.loads(line) for line in (here / "log.txt").read_text().splitlines()]
    assert lines[-1]["level"] == "info"
    assert any(line["event"] == "stopped by SIGTERM" for line in lines)


def test_serve_prints_a_first_admin_key_once_and_never_logs_it(serve, here, ask):
    process, told = serve("--keys", "on")
    key = told["first_key"]
    headers = {"X-API-Key": key}
    status = f"{told['url']}/api/v1/status"
    assert httpx.get(status, timeout=60).status_code == 401
    assert httpx.get(status, headers=headers, timeout=60).status_code == 200
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    assert key not in (here / "log.txt").read_text()
    assert [one["role"] for one in ask("keys", "list")["keys"]] == ["admin"]
    _, again = serve("--keys", "on")
    assert again["first_key"] is None


def test_serve_goes_on_where_a_killed_one_stopped(serve):
    process, told = serve()
    event = {"event_id": "e1", "user_id": "ann", "item_id": "tea"}
    path = f"{told['url']}/api/v1/events"
    assert httpx.post(path, json=event, timeout=60).json()["accepted"] == 1
    process.kill()
    process.wait()
    _, told = serve()
    path = f"{told['url']}/api/v1/events"
    assert httpx.get(path, timeout=60).json()["events"][0]["item_id"] == "tea"
    assert httpx.post(path, json=event, timeout=60).json()["duplicates"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--keys", "maybe"], "auto, on or off"),
        (["--host", "no such host"], "cannot listen"),
        (["--timeout", "0"], "above 0"),
        (["--retrain", "sometimes"], "retrain policy"),
        (["--retention", "-1"], "must be above 0 days"),
        (["--pseudonyms", "nowhere"], "nowhere"),
        (["--log-level", "loud"], "debug, info, warning, error"),
    ],
)
def test_options_that_cannot_work_are_refused(call, options, words):
    status, _, err = call("serve", "--port", "0", *options)
    assert status == 2
    assert words in err


def test_keys_are_made_listed_and_revoked(ask, call):
    made = ask("keys", "create", "--role", "write", "--name", "checkout")
    assert made["key"].startswith(f"dbk_{made['id']}_")
    (listed,) = ask("keys", "list")["keys"]
    assert (listed["id"], listed["role"], listed["name"]) == (made["id"], "write", "checkout")
    assert "key" not in listed
    assert ask("keys", "revoke", made["id"])["revoked"]["id"] == made["id"]
    assert ask("keys", "list")["keys"] == []
    status, _, err = call("keys", "revoke", "x")
    assert (status, "known: none" in err) == (5, True)
    assert call("keys", "create", "--role", "owner")[0] == 2
    status, out, _ = call("keys", "create")
    assert "printed only once: dbk_" in out
    assert "read" in call("keys", "list")[1]


def test_no_password_stays_in_the_arguments_of_the_process(here):
    """The program starts again with the URL in its environment, and waits for a database."""
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        url = f"postgresql://shop:xyzzy-secret@127.0.0.1:{silent.getsockname()[1]}/shop"
        command = [sys.executable, "-m", "daybreak", "serve", "--port", "0", f"--store={url}"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        stack.enter_context(process)
        stack.callback(process.kill)
        listing = ["ps", "-o", "args=", "-p", str(process.pid)]
        while process.poll() is None:
            seen = subprocess.run(listing, check=False, capture_output=True, text=True).stdout
            if "serve" in seen and "xyzzy" not in seen:
                break
        else:
            seen = "never hidden"
        assert "xyzzy" not in seen
        assert "serve --port 0" in seen


def test_serve_ends_after_its_grace_although_a_request_does_not(imported, serve, here):
    limits = ("--timeout", "600", "--store-wait", "600", "--concurrency", "3")
    process, told = serve("--grace", "1", *limits)
    other = sqlite3.connect(here / "daybreak.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    statuses, stopping = [], threading.Event()

    def write():
        """Write an event; try again if a probe of this test has taken the place."""
        while True:
            try:
                row = {"user_id": "late", "item_id": "x"}
                status = client.post("/api/v1/events", json=row).status_code
            except httpx.HTTPError:
                status = 503
            if status != 503 or stopping.is_set():
                statuses.append(status)
                return

    writers = [threading.Thread(target=write) for _ in range(3)]
    with httpx.Client(base_url=told["url"], timeout=600) as client:
        for writer in writers:
            writer.start()
        while client.get("/api/v1/status").status_code != 503:
            time.sleep(0.01)  # until the three requests leave no place for a fourth
        assert client.get("/health/live").status_code == 200
        stopping.set()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=300) == 0
        other.rollback()
        other.close()
        for writer in writers:
            writer.join()
    assert statuses == [503] * 3  # not acknowledged
    assert "unfinished requests" in (here / "log.txt").read_text()


def write_on(url, name, acknowledged):
    """Write events until the server is gone."""
    with contextlib.suppress(httpx.HTTPError), httpx.Client(timeout=60) as client:
        for number in range(100_000):
            id_ = f"{name}-{number}"
            event = {"user_id": id_, "item_id": "x", "event_id": id_}
            client.post(f"{url}/api/v1/events", json=event).raise_for_status()
            acknowledged.append(id_)


def upload_on(url):
    """Upload a file without an end."""

    def lines():
        yield b"user_id,item_id\n"
        while True:
            time.sleep(0.05)
            yield b"ann,tea\n"

    with contextlib.suppress(httpx.HTTPError):
        httpx.post(f"{url}/api/v1/import?table=events", content=lines(), timeout=60)


def killed_while_busy(process, url, name, acknowledged, uploads):
    """Kill a server while three threads write events and one uploads a file."""
    calls = [(write_on, (url, f"{name}-{n}", acknowledged)) for n in range(3)]
    threads = [
        threading.Thread(target=call, args=args) for call, args in [*calls, (upload_on, (url,))]
    ]
    goal = len(acknowledged) + 30
    for thread in threads:
        thread.start()
    while len(acknowledged) < goal or not uploads():
        time.sleep(0.01)
    process.kill()
    process.wait()
    for thread in threads:
        thread.join()


def test_a_killed_server_loses_no_acknowledged_event_and_leaves_no_upload(
    imported, serve, here, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(here))
    acknowledged = []

    def uploads():
        return list(here.glob("daybreak-files-*/upload"))

    for run in range(2):
        process, told = serve()
        killed_while_busy(process, told["url"], f"w{run}", acknowledged, uploads)
        assert uploads()
    serve()
    assert not uploads()
    with open_store("daybreak.db") as store:
        users = store.tables().events["user_id"].to_list()
    written = [user for user in users if user.startswith("w")]
    assert set(acknowledged) <= set(written)
    assert len(written) == len(set(written))


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["recommend", "ann"], ["train"]])
def test_a_store_of_no_bytes_is_one_clear_line(here, call, command):
    (here / "daybreak.db").write_bytes(b"")
    status, _, err = call(*command)
    assert status == 6
    assert "is empty (0 bytes)" in err
    assert "Traceback" not in err
    assert not (here / "daybreak.db").read_bytes()
