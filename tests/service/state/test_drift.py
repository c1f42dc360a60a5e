"""Drift of interests and of content since a training, in numbers and in sentences."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.errors import NotFittedError
from daybreak.messages import translate_text
from daybreak.service.state.drift import DriftMeter
from daybreak.service.training.drift import DriftReading, DriftScore

TRAINED_AT = 1.7e9
N_BEFORE, N_SINCE = 800, 80


def catalogue(kinds, first=0):
    """Twenty items of each kind."""
    rows = [
        (f"{kind}{n}", f"{kind} number {n}", kind)
        for kind in kinds
        for n in range(first, first + 20)
    ]
    return pl.DataFrame(rows, ["item_id", "title", "category"], orient="row")


def events_on(items, at):
    """One event of each of many people, evenly over some items."""
    chosen = [items[n % len(items)] for n in range(len(at))]
    return pl.DataFrame(
        {
            "user_id": [f"u{n}-{at[0]}" for n in range(len(at))],
            "item_id": chosen,
            "timestamp": at,
        }
    )


@pytest.fixture
def shop():
    """A shop that sells as much tea as wine."""
    items = catalogue(["tea", "wine"])
    at = (TRAINED_AT - N_BEFORE + np.arange(N_BEFORE)).tolist()
    ids = [f"{kind}{n}" for n in range(20) for kind in ("tea", "wine")]
    return Recommender(encoder="none", strategies=["popular"]).fit(events_on(ids, at), items)


def later():
    return (TRAINED_AT + 1 + np.arange(N_SINCE)).tolist()


def test_nothing_is_measured_without_new_data(shop):
    interests, content = shop.drift(TRAINED_AT)
    assert (interests.index, interests.threshold) == (0.0, 0.0)
    assert interests.sentence.startswith("interests: too few events")
    assert content.sentence.startswith("content: too few new items")


def test_the_same_interests_are_no_drift(shop):
    ids = shop.state.catalogue.items.ids.ids
    shop.add_events(events_on(list(ids), later()))
    interests, _ = shop.drift(TRAINED_AT)
    assert interests.index <= interests.threshold
    assert interests.is_learned
    assert "not more than the usual" in interests.sentence


def test_interests_that_move_to_one_topic_have_the_index_that_is_computed_by_hand(shop):
    """Shares .5 and .5 become 1 and 0, which counts as .0001.

    The index is .5 ln 2 + .4999 ln 5000 = .3466 + 4.2577.
    """
    shop.add_events(events_on([f"wine{n}" for n in range(20)], later()))
    interests, content = shop.drift(TRAINED_AT)
    assert interests.index == pytest.approx(0.3466 + 4.2577, abs=1e-3)
    assert interests.index > interests.threshold
    assert interests.sentence.endswith("train anew")
    assert content.index == 0.0


def test_new_items_of_another_kind_are_a_drift_of_content(shop):
    shop.update_items(catalogue(["tea"], first=20))
    _, content = shop.drift(TRAINED_AT)
    assert content.index > content.threshold > 0
    assert "content has moved" in content.sentence


def test_a_meter_groups_the_items_of_a_release_once(shop, monkeypatch):
    meter = DriftMeter()
    first = meter.readings(shop.state, TRAINED_AT)
    monkeypatch.setattr("daybreak.service.state.drift.topics_of", lambda state: 1 / 0)
    assert meter.readings(shop.state, TRAINED_AT) == first


def test_drift_needs_a_training():
    with pytest.raises(NotFittedError):
        Recommender(encoder="none").drift(0.0)


@pytest.mark.parametrize("name", ["interests", "content"])
@pytest.mark.parametrize(
    "score", [DriftScore(0, 0), DriftScore(0.1, 0.2), DriftScore(0.3, 0.2)]
)
def test_every_sentence_has_a_chinese_text(name, score):
    sentence = DriftReading.of(name, score).sentence
    assert translate_text(sentence, "zh").startswith(
        ("兴趣", "内容", "训练以来兴趣", "训练以来内容")
    )
