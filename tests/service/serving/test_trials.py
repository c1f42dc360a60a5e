"""Lists of another release or of one strategy, for trials."""

import pytest

from daybreak.errors import ConfigError, NotFoundError
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.serving import RecommendRequest


def trial(**fields):
    return RecommendRequest(**{"user_id": "person-1", "n": 8, "record": False, **fields})


def ids(answer):
    return [item.item_id for item in answer.items]


def test_another_release_answers_and_stays_in_memory_for_the_next_trial(live):
    answer = live.recommend(trial(release="r2"))
    assert (answer.release, len(answer.items)) == ("r2", 8)
    assert live.recommend(trial()).release == "r1"
    assert live.releases.state_of("r2") is not None
    live.events.add([{"user_id": "person-1", "item_id": answer.items[0].item_id}])
    assert answer.items[0].item_id not in ids(live.recommend(trial(release="r2")))


def test_one_strategy_alone_orders_by_its_own_score(live):
    rules = Rules(exclude_seen=False)
    answer = live.recommend(trial(strategy="popular", rules=rules))
    assert {item.strategy for item in answer.items} == {"popular"}
    counted = live.releases.current.audience.n_users_by_item
    rows = live.releases.current.catalogue.items.ids.rows(ids(answer))
    assert counted[rows[0]] == counted.max()
    assert counted[rows].tolist() == sorted(counted[rows], reverse=True)


def test_reasons_of_one_strategy_add_up_to_the_score(live):
    answer = live.recommend(trial(strategy="item_knn", explain=True))
    first = answer.items[0]
    assert sum(reason.value for reason in first.reasons) == pytest.approx(first.score, abs=1e-3)
    assert ids(answer) != ids(live.recommend(trial()))
    placed = live.place(trial(strategy="item_knn"), first.item_id)
    assert (placed.rank, placed.score) == (1, pytest.approx(first.score, abs=1e-4))


def test_release_and_strategy_go_together(live):
    answer = live.recommend(trial(release="r2", strategy="content/match"))
    assert answer.release == "r2"
    assert {item.strategy for item in answer.items} == {"content/match"}
    with pytest.raises(ConfigError, match="no strategy 'item_knn' in this release; it has pop"):
        live.recommend(trial(release="r2", strategy="item_knn"))
    with pytest.raises(NotFoundError, match="no release 'r9'"):
        live.recommend(trial(release="r9"))


@pytest.mark.parametrize("fields", [{"release": "r2"}, {"strategy": "popular"}])
def test_lists_that_count_come_from_the_whole_active_release(fields):
    with pytest.raises(ConfigError, match="need record: false"):
        trial(record=True, **fields)


def test_no_more_than_one_release_is_kept_for_trials(live, folder):
    live.recommend(trial(release="r2"))
    live.releases.activate("r2")
    live.recommend(trial(release="r1"))
    assert {state.release for state in live.releases.states()} == {"r1", "r2"}
    live.releases.activate("r1")
    assert {state.release for state in live.releases.states()} == {"r1"}
