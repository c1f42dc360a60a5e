import json

import pytest

from daybreak.service.experiments import impressions, shadow_id
from daybreak.store.base import LoggedItem, LoggedRecommendation
from tests.service.experiments.stage import ITEMS, Stage


def same(one, other):
    """Numbers are added in another order, so the last digits may differ."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == (pytest.approx(other) if isinstance(other, float) else other)


def filled():
    """A hundred people, two visits each; a shadow beside every third answer."""
    stage = Stage()
    variants = [{"name": "now"}, {"name": "new"}, {"name": "dark", "shadow": True}]
    stage.run(variants=variants)
    stage.days({"now": 0.1, "new": 0.4}, people=100)
    dark = tuple(LoggedItem(item, 1.0, rank, "x") for rank, item in enumerate(ITEMS[:20], 1))
    for answer in stage.store.recommendations()[::3]:
        id_ = shadow_id(answer.id, "dark")
        shadow = LoggedRecommendation(
            id_, answer.at, answer.user_id, "r", dark, "page", "dark", shadow=True
        )
        stage.store.put_recommendations([shadow])
    return stage


def reports(stage):
    found = stage.book.report("page"), stage.book.online(0.0, every_h=7.0)
    return [json.loads(json.dumps(one.to_dict())) for one in found]


def test_a_report_of_many_pieces_is_that_of_one(monkeypatch):
    stage = filled()
    whole = reports(stage)
    monkeypatch.setattr(impressions, "AT_ONCE", 7)
    monkeypatch.setattr(impressions, "MAX_PENDING_ROWS", 20)
    assert same(reports(stage), whole)
    (shadow,) = whole[0]["shadows"]
    assert shadow["answers"] == 67
    assert 0.0 < shadow["agreement"] < 1.0


def test_never_more_than_a_piece_is_read_at_once(monkeypatch):
    stage, sizes = filled(), []
    read = stage.store.recommendations
    monkeypatch.setattr(impressions, "AT_ONCE", 7)
    monkeypatch.setattr(
        stage.store,
        "answers",
        lambda **which: sizes.append(len(which["ids"])) or read(**which),
    )
    reports(stage)
    assert max(sizes) == 7


def test_an_answer_that_is_erased_meanwhile_counts_for_nobody():
    stage = filled()
    ids = stage.store.recommendation_summaries()["id"]
    stage.store.erase(users=["user-1"])
    found = [
        answer.user_id
        for part in impressions.iter_answer_chunks(stage.store, ids)
        for answer in part
    ]
    assert len(found) < len(ids)
    assert "user-1" not in found
