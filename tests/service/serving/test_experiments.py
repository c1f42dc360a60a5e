"""Experiments over a real service: two releases, real answers, simulated people."""

import numpy as np
import pytest

from daybreak.service.serving import RecommenderService, RecommendRequest

BY_RELEASE = {
    "id": "next",
    "variants": [{"name": "now", "release": "r1"}, {"name": "new", "release": "r2"}],
    "salt": "s",
}


def start(live, **plan):
    """Start an experiment, and let the service find the releases."""
    live.experiments.create(BY_RELEASE | plan)
    live.experiments.start("next")
    live.jobs.sync_experiments()


def test_a_variant_recommends_with_its_release(live):
    start(live)
    for number in range(20):
        answered = live.recommend(RecommendRequest(user_id=f"stranger-{number}", n=3))
        wanted = {"now": "r1", "new": "r2"}[answered.variant]
        assert (answered.experiment, answered.release) == ("next", wanted)
        again = live.recommend(RecommendRequest(user_id=f"stranger-{number}", n=3))
        assert again.variant == answered.variant


def test_no_user_is_enrolled_while_a_release_is_missing(live):
    live.experiments.create(BY_RELEASE)
    live.experiments.start("next")
    answered = live.recommend(RecommendRequest(user_id="ann"))
    assert answered.experiment is None
    assert "waits for release r2" in answered.notes[-1]


def test_a_running_experiment_continues_after_a_restart(settings, live):
    start(live)
    first = live.recommend(RecommendRequest(user_id="ann"))
    with RecommenderService(settings, poll_s=3600) as other:
        assert other.recommend(RecommendRequest(user_id="ann")).variant == first.variant


def test_releases_of_variants_stay_loaded_when_another_is_activated(live):
    start(live)
    live.releases.activate("r2")
    live.releases.activate("r1")
    assert live.recommend(RecommendRequest(user_id="ann")).experiment == "next"


def test_a_request_can_opt_out_of_experiments(live):
    start(live)
    assert live.recommend(RecommendRequest(user_id="ann", experiment=False)).experiment is None


def test_the_next_page_of_a_list_uses_its_variant(live):
    start(live)
    for number in range(8):
        first = live.recommend(RecommendRequest(user_id=f"stranger-{number}", n=3))
        more = live.next_page(first.recommendation_id, 3)
        assert (more.variant, more.release) == (first.variant, first.release)
        assert not {item.item_id for item in first.items} & {
            item.item_id for item in more.items
        }


def test_a_shadow_list_is_logged_and_not_shown(live):
    variants = [{"name": "now"}, {"name": "dark", "release": "r2", "shadow": True}]
    start(live, variants=variants)
    answered = live.recommend(RecommendRequest(user_id="ann", n=5))
    assert (answered.variant, answered.release) == ("now", "r1")
    live.engine.close()
    live.answer_log.close()
    (shadow,) = live.experiments.report("next").shadows
    assert shadow.answers == 1
    assert 0 <= shadow.agreement <= 1


def test_settings_of_a_variant_change_the_list(live):
    ask = {"n": 2, "rules": {"boosts": [{"where": "shelf = 'rum'", "factor": 1e9}]}}
    start(live, variants=[{"name": "now"}, {"name": "new", "ask": ask}])
    rum = {f"item-{row}" for row in range(35) if row % 5 == 1}
    for number in range(20):
        answered = live.recommend(RecommendRequest(user_id=f"stranger-{number}", n=7))
        if answered.variant == "new":
            assert len(answered.items) == 2
            assert {item.item_id for item in answered.items} <= rum
        else:
            assert len(answered.items) == 7


@pytest.mark.slow
def test_an_experiment_is_decided_by_a_planted_preference(live):
    """Three hundred people see five items twice and click on rum, seldom on anything else."""
    boost = {"rules": {"boosts": [{"where": "shelf = 'rum'", "factor": 1e9}]}}
    start(live, variants=[{"name": "now"}, {"name": "new", "ask": boost}], effect=0.05)
    rng, rum = np.random.default_rng(0), {f"item-{row}" for row in range(35) if row % 5 == 1}
    for visit in range(2):
        asks = [RecommendRequest(user_id=f"stranger-{number}", n=5) for number in range(300)]
        for ask, answered in zip(asks, live.recommend_many(asks), strict=True):
            live.events.add(
                [
                    {
                        "user_id": ask.user_id,
                        "item_id": item.item_id,
                        "event_type": "click",
                        "event_id": f"{visit}-{ask.user_id}-{item.item_id}",
                        "recommendation_id": answered.recommendation_id,
                    }
                    for item in answered.items
                    if rng.random() < (0.6 if item.item_id in rum else 0.05)
                ]
            )
    live.answer_log.close()
    report = live.experiments.report("next")
    assert report.split.sound
    assert "'new' is better than 'now': click rate" in report.verdict
    assert sum(shown.people for shown in report.shown) == 300
    assert all(shown.measures["diversity"].value >= 0 for shown in report.shown)
    assert live.experiments.online(0.0, every_h=24 * 365).total.impressions == 3000
