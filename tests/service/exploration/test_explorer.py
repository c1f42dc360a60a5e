from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.exploration.exposure import ExposureBudget
from daybreak.ranking.exploration.thompson import ExplorationConfig
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.exploration.explorer import Explorer
from daybreak.service.exploration.impressions import (
    EXPOSURE_RECORD_KIND,
    MAX_LOG_DELAY_S,
    SECONDS_PER_DAY,
)
from daybreak.service.exploration.new_items import uncertainty_of
from daybreak.service.state.frame_requests import FrameRequest
from daybreak.store import open_store
from daybreak.store.base import LoggedItem, LoggedRecommendation

K = 5
PLAN = ExposureBudget(impressions=3, days=10, early=0.5, patience=1)


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    store = open_store("sqlite:///:memory:")
    yield store
    store.close()


@pytest.fixture
def explorer(store, clock):
    return Explorer(store, budget=PLAN, options=ExplorationConfig(ranks=(K,)), clock=clock)


def ranked(shop, users, items=None, k=K):
    """State, batch and ranked lists without exploration."""
    state = shop.state
    rules = Rules() if items is None else Rules(items=tuple(items))
    request = FrameRequest.from_frames(state, users)
    (batch,) = request.batches(dict.fromkeys(users, rules), k)
    return state, batch, state.ranker.rank(batch)


def ids(shop, rows):
    names = shop.state.catalogue.items.ids.ids
    return [names[row] for row in rows]


def answer(number, at, items, **more):
    shown = tuple(LoggedItem(item, 0.0, rank + 1, "popular") for rank, item in enumerate(items))
    return LoggedRecommendation(f"a{number}", at, "ann", "r", shown, **more)


def boldly(explorer):
    explorer.options = ExplorationConfig(ranks=(K,), uniform=1.0)
    return explorer


def test_a_new_item_takes_the_open_rank_and_the_others_stay(shop, explorer):
    base = ranked(shop, ["person-1", "person-2"])
    found = boldly(explorer).explore(*base, ["a", "b"])
    places = found
    assert places.query.tolist() == [0] * K + [1] * K
    assert places.rank.tolist() == [1, 2, 3, 4, 5] * 2
    for user in (0, 1):
        mine = places.query == user
        assert np.flatnonzero(found.explored[mine]).tolist() == [K - 1]
        before = base[2].item[base[2].query == user]
        assert places.item[mine][: K - 1].tolist() == before[: K - 1].tolist()
    learned = base[0].ranker.is_known
    assert not learned[places.item[found.explored]].any()


def test_an_item_displaced_with_certainty_leaves_certain_propensities(shop, explorer):
    """Any of n new items with 1 / n; what stands before the open place is always there."""
    base = ranked(shop, ["person-1"])
    _, may = explorer.open_items(*base)
    found = boldly(explorer).explore(*base, ["a"])
    assert found.propensity == pytest.approx([1, 1, 1, 1, 1 / may.sum()])


def test_the_open_rank_of_a_shorter_list_is_its_last(shop, explorer):
    explorer.options = ExplorationConfig(ranks=(10,), uniform=1.0)
    found = explorer.explore(*ranked(shop, ["person-1"]), ["a"])
    assert np.flatnonzero(found.explored).tolist() == [K - 1]
    base = ranked(shop, ["person-1"], k=1)
    assert explorer.explore(*base, ["a"]) is base[2]
    assert explorer.max_ndcg_loss(1) == 0


def test_the_same_key_gives_the_same_draws(shop, explorer):
    base = ranked(shop, ["person-1"])
    first, again = (explorer.explore(*base, ["a"]).item.tolist() for _ in range(2))
    assert first == again


def test_lists_that_opt_out_are_not_explored(shop, explorer):
    base = ranked(shop, ["person-1", "person-2"])
    want = np.array([False, True])
    found = boldly(explorer).explore(*base, ["a", "b"], want)
    assert set(found.query[found.explored]) == {1}
    nobody = explorer.explore(*base, ["a", "b"], ~want & want)
    assert nobody is base[2]
    assert nobody.propensity.tolist() == [1.0] * 2 * K


def test_only_candidates_are_explored(shop, explorer):
    old = [f"item-{row}" for row in range(10)]
    new = ids(shop, np.flatnonzero(~shop.state.ranker.is_known))[0]
    base = ranked(shop, ["somebody"], [*old, new])
    _, may = explorer.open_items(*base)
    assert may is None or may.sum() <= 1
    assert explorer.open_items(*ranked(shop, ["somebody"], old))[1].sum() == 0


def test_an_item_with_its_impressions_is_not_explored(shop, explorer, clock):
    base = ranked(shop, ["person-1"])
    new, _ = explorer.open_items(*base)
    explorer.record([answer(n, clock.now, new.ids) for n in range(PLAN.impressions)])
    assert explorer.open_items(*base) == (None, None)
    assert explorer.exposure_status().new == 0


def test_an_item_behind_schedule_gets_a_bonus(shop, explorer, clock):
    """All are due 3 after five days; one has 3, and is closed; others are 3 behind."""
    base = ranked(shop, ["person-1"])
    explorer.open_items(*base)
    clock.now += 5 * SECONDS_PER_DAY
    new, _ = explorer.open_items(*base)
    age_days = (clock.now - new.since) / SECONDS_PER_DAY
    price = PLAN.bonus(age_days, explorer.impressions.counts(new.ids))
    assert price.tolist() == [3.0] * len(new.ids)


def test_impressions_of_all_processes_are_counted_from_the_log(shop, store, clock):
    first = Explorer(store, budget=PLAN, clock=clock)
    new, _ = first.open_items(*ranked(shop, ["person-1"]))
    item = new.ids[0]
    clock.now += 100
    mine = answer(1, clock.now, [item])
    store.put_recommendations([mine, answer(2, clock.now, [item], shadow=True)])
    first.record([mine])
    assert first.impressions.counts([item]).tolist() == [1]
    clock.now += MAX_LOG_DELAY_S + 1
    first.sync()
    other = Explorer(store, budget=PLAN, clock=clock)
    other.sync()
    assert (
        first.impressions.counts([item]).tolist()
        == other.impressions.counts([item]).tolist()
        == [1]
    )


def test_the_time_since_when_an_item_is_new_survives_restart_and_training(shop, store, clock):
    first = Explorer(store, budget=PLAN, clock=clock)
    new, _ = first.open_items(*ranked(shop, ["person-1"]))
    started = clock.now
    clock.now += SECONDS_PER_DAY
    other = Explorer(store, budget=PLAN, clock=clock)
    again, _ = other.open_items(*ranked(shop, ["person-1"]))
    assert again.ids == new.ids
    assert again.since.tolist() == [started] * len(new.ids)


def test_an_item_is_new_for_the_days_of_the_budget(shop, explorer, clock):
    base = ranked(shop, ["person-1"])
    assert explorer.open_items(*base)[0] is not None
    clock.now += PLAN.days * SECONDS_PER_DAY + 1
    assert explorer.open_items(*base) == (None, None)
    assert explorer.exposure_status().missed == 5


def test_an_item_that_was_just_added_is_explored(shop, explorer):
    base = ranked(shop, ["person-1"])
    explorer.refresh_interval_ratio = 0.0
    before, _ = explorer.open_items(*base)
    shop.add_items([{"item_id": "fresh", "title": "fresh tea", "shelf": "tea"}])
    now, _ = explorer.open_items(*ranked(shop, ["person-1"]))
    assert set(now.ids) - set(before.ids) == {"fresh"}
    assert now.uncertainty is before.uncertainty


def test_new_items_are_searched_for_at_intervals_only(shop, explorer):
    explorer.refresh_interval_ratio = 1e9
    before, _ = explorer.open_items(*ranked(shop, ["person-1"]))
    shop.add_items([{"item_id": "fresh", "title": "fresh tea", "shelf": "tea"}])
    now, _ = explorer.open_items(*ranked(shop, ["person-1"]))
    assert now is before


def test_a_request_during_a_search_for_new_items_does_not_wait(shop, explorer):
    base = ranked(shop, ["person-1"])
    with explorer._refresh_lock:
        assert explorer.explore(*base, ["a"]) is base[2]
    assert explorer.open_items(*base)[0] is not None


def test_with_an_infinite_interval_only_prepare_searches_for_new_items(shop, explorer):
    explorer.refresh_interval_ratio = np.inf
    base = ranked(shop, ["person-1"])
    before, _ = explorer.open_items(*base)  # the first has to look
    shop.add_items([{"item_id": "fresh", "title": "fresh tea", "shelf": "tea"}])
    grown = ranked(shop, ["person-1"])
    assert explorer.open_items(*grown)[0] is before
    other_release = replace(grown[0], trained=copy(grown[0].trained))
    assert explorer.open_items(other_release, *grown[1:]) == (None, None)  # not ready yet
    explorer.prepare(other_release)
    assert "fresh" in explorer.open_items(other_release, *grown[1:])[0].ids


def test_an_item_with_a_creation_time_is_new_since_then(shop, store, clock):
    """What it got before anybody looked counts as well."""
    explorer = Explorer(store, budget=PLAN, clock=clock)
    explorer.open_items(*ranked(shop, ["person-1"]))
    made = clock.now - SECONDS_PER_DAY
    store.put_recommendations([answer(1, made + 1, ["fresh"])])
    explorer.sync()
    explorer.impressions.register_new_items({"fresh": made, "later": np.nan})
    explorer.sync()
    assert explorer.impressions.new_since()["fresh"] == made
    assert explorer.impressions.new_since()["later"] == clock.now
    assert explorer.impressions.counts(["fresh", "later"]).tolist() == [1, 0]


def test_deleted_items_are_forgotten(shop, explorer, store):
    new, _ = explorer.open_items(*ranked(shop, ["person-1"]))
    explorer.forget([new.ids[0], "unknown"])
    assert set(store.documents(EXPOSURE_RECORD_KIND)) == set(new.ids[1:])


def test_the_exposure_status_states_required_and_given_impressions(
    shop, explorer, store, clock
):
    new, _ = explorer.open_items(*ranked(shop, ["person-1"]))
    store.put_recommendations([answer(1, clock.now, new.ids[:2])])
    clock.now += MAX_LOG_DELAY_S + 1
    explorer.sync()
    found = explorer.exposure_status()
    assert (found.new, found.given, found.missed) == (5, 2.0, 0)
    assert found.needed == pytest.approx((5 * 3 - 2) / 10, rel=1e-3)
    assert explorer.max_ndcg_loss(K) == pytest.approx(1 / np.log2(K + 1))


def test_the_uncertainty_is_measured_for_every_level(shop):
    doubt = uncertainty_of(shop.state)
    assert doubt.scale.shape == (8,)
    assert (doubt.scale > 0).all()
