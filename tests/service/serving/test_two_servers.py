import subprocess
import sys
import time

import pytest

from daybreak.config import Settings
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.store import dump, open_store, restore
from daybreak.testing.postgres import PostgresServer

MAX_WAIT_S = 60.0
POLL_S = 0.2
OTHER_SERVER = """
import sys
from daybreak.config import Settings
from daybreak.service.serving import RecommenderService

settings = Settings(store=sys.argv[1], encoder="none")
with RecommenderService(settings, poll_s=3600) as service:
    for line in sys.stdin:
        action, value = line.split()
        if action == "buy":
            service.events.add([{"user_id": "eve", "item_id": value}])
        else:
            service.releases.activate(value)
        print(service.releases.current.release, flush=True)
"""


@pytest.fixture(scope="module")
def postgres():
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def shared_store(request, folder, monkeypatch):
    """The URL of a store with two releases in the working directory."""
    monkeypatch.chdir(folder)
    if request.param == "sqlite":
        return "sqlite:///shop.db"
    url = request.getfixturevalue("postgres").new_database()
    with open_store("sqlite:///shop.db") as source, open_store(url) as target:
        dump(source, folder / "copy")
        restore(folder / "copy", target)
    return url


def wait_until(condition):
    until = time.monotonic() + MAX_WAIT_S
    while not condition():
        assert time.monotonic() < until, "the other server was not followed"
        time.sleep(POLL_S / 4)


def test_what_one_server_writes_counts_in_the_answers_of_the_other(shared_store):
    """Events and releases of another process, without a request for them."""
    settings = Settings(store=shared_store, encoder="none")
    command = [sys.executable, "-c", OTHER_SERVER, shared_store]
    with (
        RecommenderService(settings, poll_s=POLL_S) as service,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other,
    ):

        def tell(action, value):
            other.stdin.write(f"{action} {value}\n")
            other.stdin.flush()
            return other.stdout.readline().strip()

        def answer():
            return service.recommend(RecommendRequest(user_id="eve", n=40))

        assert (answer().release, answer().user_temperature) == ("r1", "cold")
        assert tell("buy", "item-0") == "r1"
        wait_until(lambda: answer().user_temperature == "hot")
        assert "item-0" not in [item.item_id for item in answer().items]
        assert tell("activate", "r2") == "r2"
        wait_until(lambda: answer().release == "r2")
        assert tell("buy", "item-1") == "r2"
        wait_until(lambda: "item-1" not in [item.item_id for item in answer().items])
        service.events.add([{"user_id": "eve", "item_id": "item-2"}])
        service.releases.activate("r1")
        other.stdin.close()
    with open_store(shared_store) as store:
        assert store.tables(users=["eve"]).events["item_id"].to_list() == [
            "item-0",
            "item-1",
            "item-2",
        ]
        assert store.active_release().id == "r1"
