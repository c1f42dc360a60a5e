"""The policy of a shop: rules of all lists, retraining and retention."""

import math
from dataclasses import replace

import pytest

from daybreak.errors import ConfigError, FilterError
from daybreak.ranking.reranking.rules import Boost, Rules
from daybreak.service.privacy import Retention
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.service.serving.policy import NEVER, ShopPolicy
from daybreak.service.training.retraining import RetrainPolicy

NO_RUM = "not contains(title, 'rum')"


def titles(answer):
    return [item.properties["title"] for item in answer.items]


def ask(live, **fields):
    return live.recommend(RecommendRequest(n=20, **fields))


def test_a_filter_of_the_shop_holds_in_every_list(live):
    assert any("rum" in title for title in titles(ask(live)))
    live.policy.put(ShopPolicy(where=NO_RUM))
    assert not any("rum" in title for title in titles(ask(live)))
    lists = [live.lists.popular(99), live.lists.latest(99), live.lists.similar(text="rum", n=9)]
    found = [item.properties["title"] for one in lists for item in one]
    assert found
    assert not any("rum" in title for title in found)
    rum = live.lists.similar(text="rum")
    assert "rum" not in str([item.properties["title"] for item in rum])


def test_the_rules_of_a_request_hold_as_well(live):
    live.policy.put(ShopPolicy(where=NO_RUM, boosts=(Boost("contains(title, 'pot')", 1e6),)))
    answer = ask(live, rules=Rules(where="contains(title, 'number 1')"))
    assert all("number 1" in title and "rum" not in title for title in titles(answer))
    first = ask(live).items[0]
    assert ("pot" in first.properties["title"], first.rule) == (True, "boost")
    with pytest.raises(FilterError, match="nothing"):
        ask(live, rules=Rules(where="nothing = 1"))


def test_why_names_the_rules_of_the_shop(live):
    rum = next(item for item in ask(live).items if "rum" in item.properties["title"])
    live.policy.put(ShopPolicy(where=NO_RUM))
    placed = live.place(RecommendRequest(n=20), rum.item_id)
    assert (placed.rank, placed.obstacles) == (None, ("shop_rules",))


def test_a_preview_counts_what_rules_hide_and_lift_and_changes_nothing(live):
    boost = Boost("contains(title, 'tea')", 2.0)
    hides, lifts = live.policy.preview(ShopPolicy(where=NO_RUM, boosts=(boost,)))
    n_rum = sum(
        "rum" in row["title"] for row in live.releases.current.catalogue.frame.to_dicts()
    )
    assert (hides.kind, hides.n_items) == ("where", n_rum)
    assert len(hides.item_ids) == min(12, n_rum)
    assert (lifts.kind, lifts.factor) == ("boost", pytest.approx(2.0))
    assert live.policy.current == ShopPolicy()
    with pytest.raises(FilterError):
        live.policy.put(ShopPolicy(where="no_such_column = 1"))


def test_rules_that_the_catalogue_cannot_apply_any_more_are_left_out(live, caplog):
    live.policy.current = ShopPolicy(where="gone = 1")
    assert ask(live).items
    assert "are not applied" in caplog.text


def test_another_process_follows_the_policy(live, settings):
    with RecommenderService(settings, poll_s=3600) as other:
        live.policy.put(ShopPolicy(where=NO_RUM, retrain="every=2h", retention_days=30))
        other.jobs.refresh_policy()
        assert other.policy.current == live.policy.current
        assert not any("rum" in title for title in titles(ask(other)))


@pytest.mark.parametrize(
    ("policy", "retrain", "retention"),
    [
        (ShopPolicy(), RetrainPolicy(every_s=60.0), Retention(5)),
        (ShopPolicy(retrain=NEVER, retention_days=0), None, None),
        (
            ShopPolicy(retrain="events=0.5", retention_days=2),
            RetrainPolicy(events=0.5),
            Retention(2),
        ),
    ],
)
def test_a_policy_replaces_how_the_server_was_started(live, policy, retrain, retention):
    manager = replace(live.policy, retrain=RetrainPolicy(every_s=60.0), retention=Retention(5))
    manager.current = policy
    assert policy.retrain_policy(manager.retrain) == retrain
    assert policy.retention(manager.retention) == retention


@pytest.mark.parametrize(
    "values", [{"retrain": "sometimes"}, {"retention_days": -1}, {"retention_days": math.inf}]
)
def test_invalid_policies_are_refused(values):
    with pytest.raises(ConfigError):
        ShopPolicy(**values)


def test_old_events_are_deleted_by_the_retention_of_the_policy(live):
    live.events.add([{"user_id": "old", "item_id": "item-1", "timestamp": 1.0}])
    live.events.add([{"user_id": "eve", "item_id": "item-1"}])
    live.policy.put(ShopPolicy(retention_days=30))
    live.jobs.apply_retention()
    assert ask(live, user_id="old").user_temperature == "cold"
    assert ask(live, user_id="eve").user_temperature == "hot"
