import gc
from weakref import ref

import pytest

from daybreak.service.serving import RecommendRequest
from daybreak.service.serving import release_manager as module


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, "MIN_CHANGED_ITEMS", 0)
    monkeypatch.setattr(module, "MIN_CHANGED_SHARE", 0)


def answers(live):
    found = [
        live.recommend(RecommendRequest(user_id=f"person-{user}", n=30)) for user in range(4)
    ]
    return [{item.item_id: pytest.approx(item.score, abs=1e-4) for item in one.items}
            for one in found]  # fmt: skip


def sizes(live):
    return [len(rows) for rows in live.releases.current.scorer.rows]


def check_it_takes_two_rounds(live):
    live.releases.compact()
    assert sizes(live) == [35, 1]
    before = answers(live)
    live.releases.compact()
    assert sizes(live) == [35]
    assert answers(live) == before


def test_compaction_changes_no_list(live):
    live.catalogue.put([{"item_id": f"item-{row}", "title": "rum pot"} for row in (2, 9, 34)])
    live.catalogue.put([{"item_id": "new", "title": "rum number 3"}])
    before = answers(live)
    assert sizes(live) == [35, 4]
    live.releases.compact()
    assert sizes(live) == [35, 1]
    assert answers(live) == before


def test_a_change_during_compaction_is_not_lost(live, monkeypatch):
    live.catalogue.put([{"item_id": f"item-{row}", "title": "rum pot"} for row in range(17)])
    put = live.releases._replace_state
    pending = [{"item_id": "item-3", "title": "tea number 3"}]

    def write_between(state):
        put(state)
        if pending:
            live.catalogue.put([pending.pop()])

    monkeypatch.setattr(live.releases, "_replace_state", write_between)
    check_it_takes_two_rounds(live)


def test_compaction_stops_when_another_state_replaces_its_own(live, monkeypatch):
    live.catalogue.put([{"item_id": "item-3", "title": "rum pot"}])
    put = live.releases._replace_state

    def recount_between(state):
        monkeypatch.setattr(live.releases, "_replace_state", put)
        put(state)
        live.releases.recount_popularity()

    monkeypatch.setattr(live.releases, "_replace_state", recount_between)
    check_it_takes_two_rounds(live)


def test_a_service_starts_before_changed_items_are_compacted(live, settings):
    live.catalogue.put([{"item_id": "item-3", "title": "rum pot"}])
    before = answers(live)
    with type(live)(settings, poll_s=3600) as other:
        assert sizes(other) == [35, 1]
        assert answers(other) == before
        other.releases.compact()
        assert sizes(other) == [35]
        assert answers(other) == before


def test_compaction_does_not_keep_earlier_states_in_memory(live, monkeypatch):
    live.catalogue.put([{"item_id": "item-3", "title": "rum pot"}])
    put, seen = live.releases._replace_state, []

    def count(state):
        put(state)
        gc.collect()
        seen.append(sum(one() is not None for one in firsts))
        firsts.append(ref(state.scorers[0]))

    firsts = [ref(live.releases.current.scorers[0])]
    monkeypatch.setattr(live.releases, "_replace_state", count)
    live.releases.compact()
    assert len(seen) > 10
    assert max(seen) <= 2
