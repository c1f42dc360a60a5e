from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from daybreak.data.dataset import Events
from daybreak.models.popular import PopularModel
from daybreak.service.state.query_builder import UserContext
from daybreak.service.state.scorers import MIN_PARTITION_SIZE_RATIO


@pytest.fixture
def shelf(shop):
    return shop.state


def asked(shelf):
    """Return queries of three people: of a short history, of a long one, of none."""
    events = Events.of([0, 1, 1, 1, 1], [3, 0, 5, 10, 15], [1.0, 1.0, 2.0, 3.0, 4.0])
    return shelf.query_builder.queries(
        UserContext(events, shelf.profiles.lookup(["a", "b", "c"])[0], {})
    )


def retitled(shelf, rows, word="rum"):
    ids = [shelf.catalogue.items.ids.ids[row] for row in rows]
    frame = {"item_id": ids, "title": [f"{word} number {row}" for row in rows]}
    shelves = pl.Series("shelf", [word] * len(ids))
    return shelf.with_items(pl.DataFrame(frame).with_columns(shelves), replace_known=True)


def in_one_go(shelf):
    """Return scores of the same catalogue by one scorer."""
    whole = shelf.scorers[0].for_items(shelf.catalogue.items)
    return whole.score(asked(shelf))


def test_changes_one_by_one_score_as_all_at_once(shelf):
    rng = np.random.default_rng(0)
    for row in rng.integers(0, 35, 60).tolist():
        shelf = retitled(shelf, [row], str(rng.choice(["rum", "jam", "cup"])))
    scores = shelf.scorer.score(asked(shelf))
    np.testing.assert_allclose(scores, in_one_go(shelf), atol=1e-4)


def test_new_items_beside_changed_ones_score_as_all_at_once(shelf):
    new = pl.DataFrame({"item_id": ["new-1", "new-2"], "title": ["tea pot", "jam number 3"]})
    shelf = retitled(retitled(shelf, [4]).with_items(new), [4, 30], "tea")
    assert shelf.scorer.n_items == 37
    scores = shelf.scorer.score(asked(shelf))
    np.testing.assert_allclose(scores, in_one_go(shelf), atol=1e-4)


def test_many_changes_make_few_wings(shelf):
    for turn in range(40):
        shelf = retitled(shelf, [turn % 35], "rum" if turn < 35 else "jam")
        sizes = [len(rows) for rows in shelf.scorer.rows[1:]]
        for before, after in pairwise(sizes):
            assert before > MIN_PARTITION_SIZE_RATIO * after
    assert len(shelf.scorers) <= 3


def test_models_are_asked_for_changed_items_only(shelf, monkeypatch):
    asked_for = []
    fitted = type(shelf.trained.fitted)
    forms = fitted.linear_models
    monkeypatch.setattr(
        fitted,
        "linear_models",
        lambda self, items: asked_for.append(len(items)) or forms(self, items),
    )
    for row in range(1, 5):
        shelf = retitled(shelf, [row], "tea")
    assert asked_for == [1] * 4
    assert len(shelf.scorers) == 2


def test_wings_follow_popularity_as_the_rest_does(shelf):
    shelf = retitled(shelf, [0, 1, 34])
    fitted = shelf.trained.fitted
    models = [
        model.with_state(replace(model.state, values=model.state.values[::-1].copy()))
        if isinstance(model, PopularModel)
        else model
        for model in fitted.models
    ]
    renewed = shelf.scorer.with_models(replace(fitted, models=tuple(models)))
    whole = renewed.scorers[0].for_items(shelf.catalogue.items)
    wanted = whole.score(asked(shelf))
    np.testing.assert_allclose(renewed.score(asked(shelf)), wanted, atol=1e-4)


def test_settled_parts_score_the_same(shelf):
    new = pl.DataFrame({"item_id": ["new-1", "new-2"], "title": ["tea pot", "jam number 3"]})
    shelf = retitled(shelf.with_items(new), [0, 4, 31, 36], "cup")
    before = shelf.scorer.score(asked(shelf))
    settled = shelf.compacted()
    assert [len(rows) for rows in settled.scorer.rows] == [35, 2]
    np.testing.assert_allclose(settled.scorer.score(asked(shelf)), before, atol=1e-4)
    assert settled.compacted() is settled


def test_nothing_is_left_of_a_wing_without_new_items(shelf):
    settled = retitled(shelf, [0, 4, 31], "cup").compacted()
    assert len(settled.scorers) == 1
    again = retitled(settled, [0, 5], "pot")
    assert [len(rows) for rows in again.scorer.rows] == [35, 2]
    np.testing.assert_allclose(again.scorer.score(asked(again)), in_one_go(again), atol=1e-4)


def test_an_item_that_changes_while_it_is_settled_keeps_its_latest_content(shelf):
    shelf = retitled(shelf, list(range(1, 35)), "cup")
    begun = shelf.scorer.compaction_steps()
    shelf = shelf.with_scorer(shelf.scorer.with_first_scorer(next(begun)))
    shelf = retitled(shelf, [7], "pot")
    assert len(shelf.scorers) == 3
    for first in begun:
        shelf = shelf.with_scorer(shelf.scorer.with_first_scorer(first))
        scores = shelf.scorer.score(asked(shelf))
        np.testing.assert_allclose(scores[:, 1:], in_one_go(shelf)[:, 1:], atol=1e-4)
    shelf = shelf.with_scorer(shelf.scorer.without_changed())
    assert [len(rows) for rows in shelf.scorer.rows] == [35, 1]
    np.testing.assert_allclose(shelf.scorer.score(asked(shelf)), in_one_go(shelf), atol=1e-4)
