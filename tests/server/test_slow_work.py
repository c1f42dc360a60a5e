"""Probes, metrics and cheap answers while other work is slow: each is answered meanwhile."""

import contextlib
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from daybreak.deadline import time_limit
from daybreak.errors import OutOfTimeError, StoreError
from daybreak.server.options import ServerOptions
from daybreak.service.experiments.online import online_report
from daybreak.service.serving import RecommenderService
from tests.server.conftest import WAIT_S, served, until
from tests.server.example_store import copy_of

CHEAP_PATHS = (
    "/health/live",
    "/health/ready",
    "/metrics",
    "/api/v1/recommend/u1?n=3",
    "/api/v1/popular",
    "/api/v1/items?n=2",
    "/api/v1/items/tea-1",
)


@contextlib.contextmanager
def shop_server(made, folder, **options):
    """A service over a copy of the shop, and a client of its server."""
    settings = copy_of(made, folder)
    with (
        RecommenderService(settings) as service,
        served(service, rate=0, **options) as (_, url),
        httpx.Client(base_url=url, timeout=WAIT_S) as client,
        ThreadPoolExecutor(64) as threads,
    ):
        yield service, client, threads


@contextlib.contextmanager
def locked(service):
    """Hold the write lock of the store."""
    file = service.settings.store.removeprefix("sqlite:///")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


def test_everything_else_is_answered_while_forty_writes_wait_for_a_lock(made, tmp_path):
    with shop_server(made, tmp_path, store_wait_s=WAIT_S, timeout_s=WAIT_S) as parts:
        service, client, threads = parts
        event = {"user_id": "eve", "item_id": "tea-1"}
        with locked(service):
            writes = [
                threads.submit(client.post, "/api/v1/events", json=event | {"event_id": str(n)})
                for n in range(40)
            ]
            until(lambda: client.get("/health/live").status_code == 200)
            for path in CHEAP_PATHS:
                assert client.get(path).status_code == 200, path
            assert not any(write.done() for write in writes)
        assert [write.result().status_code for write in writes] == [200] * 40
        assert len(client.get("/api/v1/events?user_id=eve").json()["events"]) == 40


def test_a_write_gives_up_after_the_wait_with_a_code_and_a_time_to_try_again(made, tmp_path):
    with shop_server(made, tmp_path, store_wait_s=0.2) as (service, client, threads):
        event = {"user_id": "eve", "item_id": "tea-1"}
        with locked(service):
            writes = [
                threads.submit(client.post, "/api/v1/events", json=event) for _ in range(8)
            ]
            answers = [write.result() for write in writes]
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["code"] for answer in answers} == {"store"}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
        assert client.get("/api/v1/events?user_id=eve").json()["events"] == []
        assert client.post("/api/v1/events", json=event).json()["accepted"] == 1


def test_reports_that_take_long_delay_nothing_else_and_are_bounded(made, tmp_path, monkeypatch):
    with shop_server(made, tmp_path) as (service, client, threads):
        gate, online = threading.Event(), service.experiments.online

        def slow(*args, **kwargs):
            gate.wait()
            return online(*args, **kwargs)

        monkeypatch.setattr(service.experiments, "online", slow)
        reports = [threads.submit(client.get, "/api/v1/online?since=-60") for _ in range(40)]
        until(lambda: sum(report.done() for report in reports) == 24)  # 2 run, 14 wait
        refused = [report.result() for report in reports if report.done()]
        assert {answer.status_code for answer in refused} == {503}
        assert all("Retry-After" in answer.headers for answer in refused)
        for path in CHEAP_PATHS:
            assert client.get(path).status_code == 200, path
        event = {"user_id": "eve", "item_id": "tea-1"}
        assert client.post("/api/v1/events", json=event).status_code == 200
        gate.set()
        answers = [report.result().status_code for report in reports]
        assert (answers.count(200), answers.count(503)) == (16, 24)


def test_a_report_has_a_largest_number_of_recommendations(made, tmp_path, monkeypatch):
    monkeypatch.setattr("daybreak.server.routes.experiments.MAX_REPORT_ANSWERS", 3)
    with shop_server(made, tmp_path) as (service, client, _):
        for n in range(4):
            client.get(f"/api/v1/recommend/u{n}")
        service.answer_log.flush()
        answer = client.get("/api/v1/online?since=-3600")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_config")
        assert "more than 3 recommendations" in answer.json()["detail"]
        assert client.get("/api/v1/online?since=-3600&until=1").status_code == 422


def test_a_report_covers_a_limited_time(made, tmp_path):
    with shop_server(made, tmp_path) as (_, client, _):
        answer = client.get("/api/v1/online?since=0&every_h=100000")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_config")
        assert "at most 1,100" in answer.json()["detail"]
        three_years = 3 * 365 * 86_400
        assert client.get(f"/api/v1/online?since=-{three_years}").status_code == 200


def test_a_report_that_would_come_too_late_is_stopped_early(made, tmp_path, monkeypatch):
    """Each of four chunks takes 0.2 s, and a response may take 0.3 s."""
    chunks = []
    with shop_server(made, tmp_path, timeout_s=WAIT_S) as (service, client, _):
        for n in range(4):
            client.get(f"/api/v1/recommend/u{n}")
        service.answer_log.flush()
        read = service.store.recommendations

        def slow(**conditions):
            chunks.append(1)
            time.sleep(0.2)
            return read(**conditions)

        monkeypatch.setattr(service.store, "recommendations", slow)
        log, now = service.store, time.time()
        with time_limit(0.3), pytest.raises(OutOfTimeError):
            online_report(log, now - 60, until=now + 60, chunk_size=1)
        assert len(chunks) == 1
        assert online_report(log, now - 60, until=now + 60, chunk_size=1).total.answers == 4


def test_probes_answer_while_the_store_does_not(start, live):
    """The state is read by one thread; every probe waits for it for a second at most."""
    gate = threading.Event()
    ready = live.status()

    def hanging():
        gate.wait()
        return ready

    client = start()
    assert client.get("/health/ready").status_code == 200
    live.status = hanging
    with ThreadPoolExecutor(20) as threads:
        probes = [threads.submit(client.get, "/health/ready") for _ in range(10)]
        scrapes = [threads.submit(client.get, "/metrics") for _ in range(10)]
        assert {probe.result().status_code for probe in probes} == {200}  # known a moment ago
        assert {scrape.result().status_code for scrape in scrapes} == {200}
    gate.set()


def test_a_service_whose_store_never_answered_is_not_ready(start, live):
    gate = threading.Event()
    live.status = lambda: gate.wait() and {}
    client = start()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "store")
    assert client.get("/metrics").status_code == 200
    assert client.get("/health/live").status_code == 200
    gate.set()
    until(lambda: client.get("/health/ready").status_code == 200)


def test_readiness_tells_no_path(start, live):
    def fails():
        raise StoreError("store /srv/secret/shop.db is locked")

    client = start()
    live.status = fails
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "store")
    assert "/srv" not in answer.text
    live.status = lambda: {"release": "r1", "faulty": {"r2": "/srv/releases/r2 is damaged"}}
    answer = client.get("/health/ready")
    assert answer.json()["faulty"] == ["r2"]
    assert "/srv" not in answer.text


@pytest.mark.parametrize("wait_s", [0, -1, float("nan"), float("inf")])
def test_the_wait_for_the_store_is_a_positive_number(wait_s):
    with pytest.raises(Exception, match="store_wait_s"):
        ServerOptions(store_wait_s=wait_s)
