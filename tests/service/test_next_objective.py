"""A recommender for next events, as a user sees it: the pause, reasons, and releases."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender, Rules

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def model():
    """Ninety people take three items of a ring in a sitting, four times, 40 days apart."""
    rng = np.random.default_rng(0)
    rows = [
        (
            f"u{user}",
            f"i{(start + user + step) % 12:02}",
            1e9 + 100 * user + 40 * DAY_S * sitting + 10 * step,
        )
        for user in range(90)
        for sitting, start in enumerate(rng.permutation([0, 3, 6, 9]))
        for step in range(3)
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    chosen = ["popular", "item_knn", "next_event"]
    return Recommender(encoder="none", strategies=chosen, objective="next").fit(events)


HISTORY = pl.DataFrame({"user_id": ["new"], "item_id": ["i04"], "timestamp": [1.01e9]})


def ask(model, at, **options):
    return model.recommend(["new"], histories=HISTORY, rules=Rules(at=at), k=12, **options)


def test_the_next_item_of_the_ring_comes_first(model):
    assert model.get_params()["objective"] == "next"
    assert ask(model, 1.01e9 + 10)["item_id"][0] == "i05"


def test_after_a_pause_the_last_event_says_less(model):
    near = dict(ask(model, 1.01e9 + 10).select("item_id", "score").rows())
    far = dict(ask(model, 1.01e9 + 100 * DAY_S).select("item_id", "score").rows())
    assert near["i05"] - min(near.values()) > far["i05"] - min(far.values())


def test_reasons_add_up_to_the_score_after_any_pause(model):
    for pause_s in (10.0, 100 * DAY_S):
        for row in ask(model, 1.01e9 + pause_s, explain=True).iter_rows(named=True):
            total = sum(reason["value"] for reason in row["reasons"])
            assert total == pytest.approx(row["score"], abs=1e-3)


def test_a_saved_release_gives_the_same_lists(model, tmp_path):
    model.save(tmp_path / "release")
    again = Recommender.load(tmp_path / "release")
    for pause_s in (10.0, 100 * DAY_S):
        at = 1.01e9 + pause_s
        assert ask(model, at)["item_id"].to_list() == ask(again, at)["item_id"].to_list()
