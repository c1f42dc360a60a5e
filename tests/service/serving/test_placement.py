"""Why an item is not in a list."""

import time

import pytest

from daybreak.errors import NotFoundError
from daybreak.ranking.reranking.rules import Boost, Quota, Rules
from daybreak.service.serving import RecommendRequest


def place(live, item, rules=None, **request):
    return live.place(RecommendRequest(rules=rules, **request), item)


def test_places_agree_with_the_list_and_reasons_add_up(live):
    request = RecommendRequest(user_id="person-1", n=5)
    listed = live.recommend(request).items
    for item in listed:
        placed = live.place(request, item.item_id)
        assert (placed.rank, placed.score, placed.obstacles) == (item.rank, item.score, ())
        assert placed.score_rank == item.rank
        assert placed.last_score == listed[-1].score
        assert sum(r.value for r in placed.reasons) == pytest.approx(placed.score, abs=1e-3)


def test_an_item_behind_the_others_is_outscored(live):
    listed = live.recommend(RecommendRequest(n=6)).items
    placed = place(live, listed[-1].item_id, n=5)
    assert (placed.rank, placed.score_rank, placed.obstacles) == (None, 6, ("outscored",))
    assert placed.last_score == listed[4].score


def test_the_rules_that_hide_an_item_are_named(live):
    now = time.time()
    live.catalogue.put([
        {"item_id": "gone", "title": "old rum", "available_until": now - 9, "shelf": "rum"},
        {"item_id": "secret", "title": "secret rum", "is_hidden": True, "shelf": "rum"},
    ])  # fmt: skip
    assert place(live, "gone").obstacles == ("availability",)
    assert place(live, "secret").obstacles == ("is_hidden",)
    rules = Rules(where="shelf = 'tea'", exclude=("gone",), items=("secret",))
    assert place(live, "gone", rules).obstacles == ("availability", "where", "items", "exclude")
    assert place(live, "gone", rules).score_rank is None


def test_what_the_user_has_is_named(live):
    bought = live.events.page("person-1", n=1).rows[0]["item_id"]
    rules = Rules(exclude_seen=True)
    assert place(live, bought, rules, user_id="person-1").obstacles == ("exclude_seen",)


def test_a_quota_that_leaves_out_an_item_is_named_and_boosts_count(live):
    first, second = live.recommend(RecommendRequest(n=2)).items
    rules = Rules(quotas=(Quota(f"item_id = '{first.item_id}'", at_most=0),))
    assert place(live, first.item_id, rules).obstacles == ("quotas",)
    boosted = Rules(boosts=(Boost(f"item_id = '{second.item_id}'", add=50.0),))
    placed = place(live, second.item_id, boosted)
    assert placed.rank == 1
    assert "boost" in {reason.kind for reason in placed.reasons}


def test_an_unknown_item_is_not_found(live):
    with pytest.raises(NotFoundError):
        place(live, "no such thing")


def test_a_trial_is_answered_and_counts_nowhere(live):
    trial = live.recommend(RecommendRequest(user_id="person-1", record=False))
    assert trial.items == live.recommend(RecommendRequest(user_id="person-1")).items
    with pytest.raises(NotFoundError):
        live.next_page(trial.recommendation_id)
    live.answer_log.flush()
    assert live.experiments.online(time.time() - 60).total.answers == 1
