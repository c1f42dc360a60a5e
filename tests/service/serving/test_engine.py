import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from daybreak.errors import DataError, FilterError, NotFoundError, ServiceError
from daybreak.ranking.reranking.rules import Boost, Rules
from daybreak.service.serving import RecommendRequest
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.batcher import Batcher
from daybreak.service.serving.engine import Pagination, PaginationCache


def ids(answer):
    return [item.item_id for item in answer.items]


def test_concurrent_callers_get_their_own_lists(live):
    users = [f"person-{n}" for n in range(40)] * 3
    alone = {
        user: ids(live.recommend(RecommendRequest(user_id=user, n=5))) for user in set(users)
    }
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda user: live.recommend(RecommendRequest(user_id=user, n=5)), users)
        )
    assert [ids(answer) for answer in answers] == [alone[user] for user in users]
    assert len({answer.recommendation_id for answer in answers}) == len(users)


def test_a_batch_holds_the_requests_that_arrived_during_the_last_one():
    sizes, gate = [], threading.Event()

    def answer(batch):
        sizes.append(len(batch))
        gate.wait(5)
        return [n + 1 for n in batch]

    with Batcher(answer) as batcher:
        first = batcher.submit(0)
        while not sizes:
            time.sleep(0.001)
        rest = [batcher.submit(n) for n in range(1, 6)]
        rest[0].cancel()
        gate.set()
        assert first.result() == 1
        assert [one.result() for one in rest[1:]] == [3, 4, 5, 6]
    assert sizes == [1, 4]
    with pytest.raises(ServiceError, match="has been closed"):
        batcher.submit(1)


def test_an_exception_in_a_batch_reaches_its_callers():
    with Batcher(lambda batch: 1 / 0) as batcher, pytest.raises(ZeroDivisionError):
        batcher.submit(1).result()


def test_an_invalid_request_does_not_affect_the_others(live):
    wrong = RecommendRequest(user_id="person-2", rules=Rules(where="colour = 'red'"))
    bad = RecommendRequest(user_id="person-3", events=[{"item_id": 1.5}])
    asks = [
        RecommendRequest(user_id="person-1"),
        wrong,
        bad,
        RecommendRequest(user_id="person-4"),
    ]
    first, second, third, fourth = live.recommend_many(asks)
    assert isinstance(second, FilterError)
    assert isinstance(third, DataError)
    assert "events[0].item_id: expected text" in str(third)
    assert (first.user_id, fourth.user_id) == ("person-1", "person-4")
    with pytest.raises(FilterError):
        live.recommend(wrong)


def test_rules_apply_to_lists_of_the_service(live):
    rules = Rules(where="shelf = 'rum'", boosts=(Boost("title = 'rum number 1'", 50.0),))
    answer = live.recommend(RecommendRequest(n=4, rules=rules, explain=True))
    assert {item.properties["shelf"] for item in answer.items} == {"rum"}
    boosted = answer.items[0]
    assert boosted.item_id == "item-1"
    assert sum(r.value for r in boosted.reasons) == pytest.approx(boosted.score, abs=1e-4)
    assert boosted.reasons[-1].kind == "boost"
    chosen = live.recommend(RecommendRequest(n=9, rules=Rules(items=("item-1", "item-2", "x"))))
    assert set(ids(chosen)) == {"item-1", "item-2"}
    seen = live.recommend(
        RecommendRequest(user_id="person-1", n=40, rules=Rules(exclude_seen=False))
    )
    assert len(seen.items) == 35


def test_reasons_and_full_explanations_add_up_to_the_score(live):
    live.events.add([{"user_id": "eve", "item_id": "item-3"}])
    answer = live.recommend(RecommendRequest(user_id="eve", n=5, explain=True))
    for item in answer.items:
        assert sum(r.value for r in item.reasons) == pytest.approx(item.score, abs=1e-4)
        whole = live.explain("eve", item.item_id)
        assert sum(r.value for r in whole) == pytest.approx(item.score, abs=1e-4)
        assert len(whole) >= len(item.reasons) - 1
    assert ("event", "item-3") in {(r.kind, r.name) for r in live.explain("eve", "item-8")}
    with pytest.raises(NotFoundError):
        live.explain("eve", "nothing")


def test_the_next_page_repeats_no_item(live):
    first = live.recommend(RecommendRequest(user_id="person-1", n=4))
    second = live.next_page(first.recommendation_id, 4)
    third = live.next_page(first.recommendation_id, 4)
    fourth = live.next_page(third.recommendation_id, 4)
    whole = ids(live.recommend(RecommendRequest(user_id="person-1", n=16)))
    assert ids(first) + ids(second) + ids(third) + ids(fourth) == whole
    assert [item.rank for item in second.items] == [5, 6, 7, 8]
    with pytest.raises(NotFoundError, match="recommendation_id 'x'"):
        live.next_page("x")


def test_a_list_from_before_a_restart_is_continued_from_the_log(live):
    first = live.recommend(RecommendRequest(user_id="person-1", n=4))
    live.engine.paginations = PaginationCache()
    second = live.next_page(first.recommendation_id, 4)
    assert not set(ids(first)) & set(ids(second))
    assert "no longer known" in second.notes[-1]


def test_ranking_orders_the_given_items(live):
    order = ids(
        live.rank(
            RecommendRequest(user_id="person-1"), ["item-2", "item-1", "nothing", "item-34"]
        )
    )
    assert set(order) == {"item-1", "item-2", "item-34"}
    answer = live.rank(RecommendRequest(), ["nothing"])
    assert answer.items == ()
    assert "1 of 1 items are unknown" in answer.notes[-1]


def test_every_list_is_logged_with_its_items(live):
    answer = live.recommend(
        RecommendRequest(user_id="person-1", session_id="s", n=3, scenario="home")
    )
    live.answer_log.flush()
    (logged,) = live.store.recommendations(ids=[answer.recommendation_id])
    assert [one.item_id for one in logged.shown] == ids(answer)
    assert (logged.user_id, logged.session_id, logged.scenario) == ("person-1", "s", "home")
    live.events.add(
        [
            {
                "user_id": "person-1",
                "item_id": ids(answer)[0],
                "recommendation_id": answer.recommendation_id,
            }
        ]
    )
    assert live.store.reactions()["recommendation_id"].to_list() == [answer.recommendation_id]


def test_the_number_of_lists_in_memory_is_bounded():
    cache = PaginationCache(max_lists=5)
    for n in range(12):
        cache.put(f"r{n}", Pagination(RecommendRequest(), [], frozenset({f"person-{n}"})))
    assert len(cache) == 5
    assert cache.get("r6") is None
    assert [cache.count(f"person-{n}") for n in (6, 7, 11)] == [0, 1, 1]
    assert cache.forget("person-7") == 1
    assert cache.get("r7") is None


class Broken:
    """A recommendation log that cannot be written."""

    def __init__(self):
        self.answers, self.broken = [], True

    def put_recommendations(self, answers):
        if self.broken:
            raise DataError("the disk is full")
        self.answers += answers


def test_lists_are_kept_while_the_store_cannot_be_written(live):
    answer = live.recommend(RecommendRequest(user_id="person-1"))
    live.answer_log.flush()
    logged = live.store.recommendations(ids=[answer.recommendation_id])
    broken = Broken()
    log = AnswerLog(broken)
    log.put(logged)
    with pytest.raises(DataError):
        log.flush()
    assert log.waiting == 1
    broken.broken = False
    log.flush()
    log.close()
    assert (broken.answers, log.waiting, log.dropped) == (logged, 0, 0)
