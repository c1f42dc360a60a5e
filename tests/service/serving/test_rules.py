import time

from daybreak.ranking.reranking.rules import Quota, Rules
from daybreak.service.serving import RecommenderService, RecommendRequest, ServiceOptions


def ids(answer):
    return [item.item_id for item in answer.items]


def test_lists_name_the_rule_that_moved_an_item(live):
    rules = Rules(quotas=(Quota("shelf = 'rum'", at_least=2, of=3),), diversity=0.4)
    both = live.recommend_many([RecommendRequest(n=4, rules=rules), RecommendRequest(n=4)])
    assert "quota" in [item.rule for item in both[0].items]
    assert {item.rule for item in both[1].items} == {None}
    tried = live.recommend(RecommendRequest(n=4, rules=rules, explore=True))
    assert {item.rule for item in tried.items if item.explored} <= {None}


def test_filters_and_availability_apply_to_a_new_item_at_once(live):
    now = time.time()
    live.catalogue.put([
        {"item_id": "soon", "title": "rum of tomorrow", "available_from": now + 9_999},
        {"item_id": "gone", "title": "rum of yesterday", "available_until": now - 9},
        {"item_id": "here", "title": "rum of today", "available_until": now + 9_999},
    ])  # fmt: skip
    wanted = Rules(where="title ilike 'rum of%'")
    assert ids(live.recommend(RecommendRequest(rules=wanted))) == ["here"]
    late = Rules(where="title ilike 'rum of%'", at=now + 10_000)
    assert ids(live.recommend(RecommendRequest(rules=late))) == ["soon"]
    everything = set(ids(live.recommend(RecommendRequest(n=100))))
    assert {"soon", "gone", "here"} & everything == {"here"}


def test_a_change_of_an_attribute_counts_in_the_next_filter(live):
    rules = Rules(where="shelf = 'rum'")
    before = ids(live.recommend(RecommendRequest(n=50, rules=rules)))
    live.catalogue.put([{"item_id": before[0], "shelf": "tea"}], partial=True)
    assert ids(live.recommend(RecommendRequest(n=50, rules=rules))) == before[1:]


def test_a_list_names_its_popularity_if_it_is_not_the_default(live):
    default = live.releases.current.default_popularity
    asked = [Rules(popularity=0.0), Rules(popularity=default), None]
    answers = live.recommend_many(
        [RecommendRequest(user_id="person-1", rules=r) for r in asked]
    )
    assert [answer.popularity for answer in answers] == [0.0, None, None]


def test_a_service_has_a_default_popularity_of_its_own(settings):
    options = ServiceOptions(popularity=0.0)
    with RecommenderService(settings, poll_s=3600, options=options) as service:
        assert service.recommend(RecommendRequest()).popularity == 0.0
        other = RecommendRequest(rules=Rules(popularity=0.9))
        assert service.recommend(other).popularity == 0.9
