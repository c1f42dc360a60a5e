import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.errors import DataError, NotFoundError
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.store import Release, open_store
from daybreak.store.cursors import restart_sequence


def ids(answer):
    return [item.item_id for item in answer.items]


def test_releases_are_activated_and_rolled_back(live):
    assert [(r.id, r.active) for r in live.releases.all()] == [("r2", False), ("r1", True)]
    assert live.releases.activate("r2") == "r2"
    assert live.recommend(RecommendRequest()).release == "r2"
    assert [r.id for r in live.store.releases() if r.active] == ["r2"]
    assert live.releases.rollback() == "r1"
    assert live.recommend(RecommendRequest()).release == "r1"
    with pytest.raises(NotFoundError, match="no release 'r9'; known: r2, r1"):
        live.releases.activate("r9")


def test_events_before_an_activation_count_after_it(live):
    live.catalogue.put([{"item_id": "new", "title": "tea number 99", "shelf": "tea"}])
    live.events.add([{"user_id": "eve", "item_id": "item-3"}])
    live.releases.activate("r2")
    answer = live.recommend(RecommendRequest(user_id="eve", n=40))
    assert "new" in ids(answer)
    assert "item-3" not in ids(answer)
    assert answer.user_temperature == "hot"


def test_a_damaged_release_never_replaces_a_valid_one(live, folder):
    state = next((folder / "releases" / "r2").rglob("state.safetensors"))
    state.write_bytes(state.read_bytes()[:20])
    with pytest.raises(DataError, match="damaged"):
        live.releases.activate("r2")
    assert live.recommend(RecommendRequest()).release == "r1"
    assert "damaged" in live.status()["faulty"]["r2"]
    assert [r.id for r in live.store.releases() if r.active] == ["r1"]
    with open_store(live.settings.store) as store:
        store.put_release(Release("r2", 2.0, "releases/r2", active=True))
    live.releases.check_active_release()
    assert live.recommend(RecommendRequest()).release == "r1"


def test_a_start_loads_the_newest_valid_release_and_notes_the_failures(settings, folder):
    (folder / "releases" / "r1" / "release.json").write_text("{")
    with RecommenderService(settings, poll_s=3600) as service:
        answer = service.recommend(RecommendRequest(user_id="person-1"))
        assert answer.release == "r2"
        assert answer.items
        assert "release r1 cannot be used" in answer.notes[0]
        assert "r2 is in use instead" in answer.notes[0]


def test_a_start_without_a_valid_release_uses_the_untrained_state_with_a_note(settings, folder):
    shutil.rmtree(folder / "releases")
    with RecommenderService(settings, poll_s=3600) as service:
        answer = service.recommend(RecommendRequest(user_id="person-1", n=5))
        assert (answer.release, len(answer.items)) == ("", 5)
        assert {item.strategy for item in answer.items} <= {
            "popular",
            "latest",
            "content/match",
        }
        assert "nothing has been trained yet" in answer.notes[0]
        assert len(answer.notes) == 3


def test_a_list_is_empty_without_data_and_fills_with_the_first_item(fresh):
    assert fresh.recommend(RecommendRequest(user_id="eve")).items == ()
    fresh.catalogue.put([{"item_id": "tea", "title": "green tea"}])
    first = fresh.recommend(RecommendRequest(user_id="eve"))
    assert [(i.item_id, i.strategy) for i in first.items] == [("tea", "latest")]
    assert fresh.status()["release"] == ""


def test_writes_of_another_process_are_followed(live):
    with open_store(live.settings.store) as store:
        events = pl.DataFrame({"user_id": ["eve"], "item_id": ["new"], "timestamp": [9e4]})
        items = pl.DataFrame({"item_id": ["new", "more"], "title": ["jam pot", "tea cup"]})
        store.write(Tables.of(events, items))
        store.put_release(Release("r2", 2.0, "releases/r2", active=True))
        live.jobs.run_once()
        answer = live.recommend(RecommendRequest(user_id="eve", n=40))
        assert (answer.release, answer.user_temperature) == ("r2", "hot")
        assert "more" in ids(answer)
        assert "new" not in ids(answer)
        store.erase(users=["eve"], items=["more"])
        live.jobs.run_once()
        answer = live.recommend(RecommendRequest(user_id="eve", n=40))
        assert answer.user_temperature == "cold"
        assert "more" not in ids(answer)


def test_a_service_with_an_incomplete_cursor_reads_all_tables_again(live):
    live.events.add([{"user_id": "eve", "item_id": "item-3"}])
    with live.store.database.engine.begin() as connection:
        restart_sequence(connection, 10**9)  # as after a restore of another store
    live.releases.sync()
    assert live.recommend(RecommendRequest(user_id="eve")).user_temperature == "hot"
    assert live.recommend(RecommendRequest(user_id="eve")).release == "r1"


class Asking(threading.Thread):
    """Asks until it is told to stop, and checks that every answer is whole."""

    def __init__(self, live, user):
        super().__init__()
        self.live, self.user = live, user
        self.stop, self.releases = threading.Event(), set()
        self.fault = None

    def run(self):
        try:
            while not self.stop.is_set():
                self.ask()
        except BaseException as error:
            self.fault = error
            raise

    def ask(self):
        answer = self.live.recommend(RecommendRequest(user_id=self.user, n=10, explain=True))
        self.releases.add(answer.release)
        for item in answer.items:
            total = sum(reason.value for reason in item.reasons)
            assert total == pytest.approx(item.score, abs=1e-3)
        assert [item.rank for item in answer.items] == list(range(1, 11))


def write(live, number):
    for turn in range(4):
        id_ = f"new-{number}-{turn}"
        live.catalogue.put([{"item_id": id_, "title": f"tea number {turn}", "shelf": "tea"}])
        rows = [{"user_id": f"u-{number}", "item_id": id_ if n else "item-3"} for n in range(2)]
        assert live.events.add(rows).rejected == ()
        seen = ids(live.recommend(RecommendRequest(user_id=f"u-{number}", n=60)))
        assert id_ not in seen
        assert id_ in ids(live.recommend(RecommendRequest(user_id="somebody", n=60)))


def test_requests_are_answered_while_releases_and_rows_change(live):
    """Four threads ask while releases change, items and events come, and a user is erased."""
    askers = [Asking(live, f"person-{n}") for n in range(4)]
    for asker in askers:
        asker.start()
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, live, n) for n in range(2)]
        for turn in range(4):
            live.releases.activate(f"r{turn % 2 + 1}")
            live.releases.recount_popularity()
        assert live.users.erase("person-50").complete
        for writer in writers:
            writer.result()
    for asker in askers:
        asker.stop.set()
        asker.join()
    assert [asker.fault for asker in askers] == [None] * 4
    assert set().union(*(asker.releases for asker in askers)) == {"r1", "r2"}


def test_a_restarted_service_has_everything_that_was_accepted(settings):
    with RecommenderService(settings, poll_s=3600) as service:
        service.catalogue.put([{"item_id": "new", "title": "jam pot", "shelf": "jam"}])
        service.catalogue.put([{"item_id": "item-1", "title": "tea cup", "shelf": "tea"}])
        service.catalogue.put([{"item_id": "item-2", "is_hidden": True}], partial=True)
        service.catalogue.delete("item-6")
        service.events.add([{"user_id": "eve", "item_id": "new"}])
        service.releases.recount_popularity()
        before = service.recommend(RecommendRequest(user_id="eve", n=40))
    with RecommenderService(settings, poll_s=3600) as service:
        after = service.recommend(RecommendRequest(user_id="eve", n=40))
    assert {"item-2", "item-6", "new"}.isdisjoint(ids(after))
    assert ids(after) == ids(before)
    assert [i.score for i in after.items] == pytest.approx(
        [i.score for i in before.items], abs=0.05
    )


def test_a_service_can_be_closed_right_after_its_start(settings):
    service = RecommenderService(settings, poll_s=0.01)
    time.sleep(0.05)
    service.close()
    service.close()


def test_a_release_that_is_being_activated_is_not_unloaded(live, monkeypatch):
    load = live.releases._load_and_register

    def tidied(release):
        state = load(release)
        live.jobs.sync_experiments()
        return state

    monkeypatch.setattr(live.releases, "_load_and_register", tidied)
    assert live.releases.activate("r2") == "r2"
    assert live.releases.current.release == "r2"


def flip_a_bit(release, number=0):
    """Flip one bit in the middle of an array of a release."""
    path = sorted(release.rglob("state.safetensors"))[number]
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4] ^= 4
    path.write_bytes(content)


def test_a_release_with_a_flipped_bit_never_takes_a_place(live, folder, caplog):
    flip_a_bit(folder / "releases" / "r2")
    with pytest.raises(DataError, match="differs from its checksum"):
        live.releases.activate("r2")
    assert live.recommend(RecommendRequest()).release == "r1"
    assert "checksum" in live.status()["faulty"]["r2"]
    with open_store(live.settings.store) as store:  # another process activates it
        store.put_release(Release("r2", 2.0, "releases/r2", active=True))
    live.releases.failed.clear()
    live.releases.check_active_release()
    assert live.recommend(RecommendRequest()).release == "r1"
    assert "cannot load release r2" in caplog.text


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_start_with_a_flipped_bit_serves_the_release_before_it(
    settings, folder, caplog, number
):
    with open_store(settings.store) as store:
        store.put_release(Release("r2", 2.0, "releases/r2", active=True))
        store.put_release(Release("r3", 3.0, "releases/r1"))  # gone back from
    flip_a_bit(folder / "releases" / "r2", number)
    with RecommenderService(settings, poll_s=3600) as service:
        answer = service.recommend(RecommendRequest())
        assert answer.release == "r1"
        assert "release r2 cannot be used" in answer.notes[0]
        assert str(folder) not in answer.notes[0]
        assert "checksum" in service.status()["faulty"]["r2"]
    assert "cannot load release r2" in caplog.text
