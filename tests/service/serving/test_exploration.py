import pytest

from daybreak.ranking.exploration.exposure import ExposureBudget
from daybreak.ranking.exploration.thompson import ExplorationConfig
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.service.serving.service import ServiceOptions

N = 5
BOLD = ServiceOptions(
    exposure=ExposureBudget(impressions=2, days=3),
    exploring=ExplorationConfig(ranks=(N,), uniform=1.0),
)


@pytest.fixture
def bold(settings):
    with RecommenderService(settings, poll_s=3600, options=BOLD) as service:
        yield service


def explored(answer):
    return [item.item_id for item in answer.items if item.explored]


def test_a_request_states_whether_new_items_are_explored(bold):
    asks = [
        RecommendRequest(user_id="person-1", n=N, explore=explore)
        for explore in (None, False, True)
    ]
    plain, never, tried = bold.recommend_many(asks)
    assert explored(plain) == explored(never) == []
    assert {item.propensity for item in plain.items} == {1.0}
    assert len(explored(tried)) == 1
    assert tried.items[-1].explored
    assert 0 < tried.items[-1].propensity < 1


def test_a_service_that_always_explores_is_ready_when_it_starts(settings):
    options = ServiceOptions(explore=True, exposure=BOLD.exposure, exploring=BOLD.exploring)
    with RecommenderService(settings, poll_s=3600, options=options) as service:
        assert service.explorer.exposure_status().new == 5
        assert explored(service.recommend(RecommendRequest(user_id="person-1", n=N)))


def test_explored_items_are_logged_with_their_propensity(bold):
    answer = bold.recommend(RecommendRequest(user_id="person-1", n=N, explore=True))
    bold.answer_log.flush()
    (logged,) = bold.store.recommendations(ids=[answer.recommendation_id])
    assert [(s.item_id, s.explored, s.propensity) for s in logged.shown] == [
        (item.item_id, item.explored, item.propensity) for item in answer.items
    ]


def test_new_items_are_explored_until_each_has_its_impressions(bold):
    """Five new items, two impressions each: no more than ten answers explore."""
    tried, shown = [], []
    for row in range(30):
        answer = bold.recommend(RecommendRequest(user_id=f"person-{row}", n=N, explore=True))
        tried += explored(answer)
        shown += [item.item_id for item in answer.items]
    assert 1 <= len(tried) <= 10
    assert all(shown.count(f"item-{row}") >= 2 for row in range(30, 35))
    assert bold.explorer.exposure_status().new == 0
    assert bold.status()["exposure"]["new"] == 0


def test_an_item_is_explored_right_after_it_was_added(bold):
    for row in range(30):
        bold.recommend(RecommendRequest(user_id=f"person-{row}", n=N, explore=True))
    bold.explorer.refresh_interval_ratio = 0.0
    bold.catalogue.put([{"item_id": "fresh", "title": "fresh tea", "shelf": "tea"}])
    answer = bold.recommend(RecommendRequest(user_id="person-1", n=N, explore=True))
    assert "fresh" in {item.item_id for item in answer.items}
    assert bold.catalogue.delete("fresh")
    assert "fresh" not in bold.explorer.impressions.new_since()


def test_an_untrained_service_explores_nothing(fresh):
    fresh.catalogue.put([{"item_id": "a"}, {"item_id": "b"}])
    answer = fresh.recommend(RecommendRequest(n=N, explore=True))
    assert {item.item_id for item in answer.items} == {"a", "b"}


def test_the_next_onboarding_question_depends_on_the_answer(live, fresh):
    first = live.onboarding(1)
    later = live.onboarding(1, yes=first["name"].to_list())
    assert first["name"].to_list() != later["name"].to_list()
    assert fresh.onboarding(3).height == 0
