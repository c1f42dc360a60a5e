"""The warm-up curve of a shop."""

import json
import math

import pytest

from daybreak.errors import DataError
from daybreak.evaluation.baselines import BASELINES
from daybreak.service.benchmarking.shop_curve import ShopCurve, measure_shop_curve
from daybreak.service.benchmarking.summary import shop_curve_table
from tests.server.example_store import tables


class Fixed:
    """A recommender whose settings are those of a baseline."""

    rules = None
    seed = 0

    def __init__(self, name):
        self.name, self.trained = name, []

    def clone(self, strategies=None, rules=None):
        return self

    def fit(self, data, sources=()):
        self.trained.append(data.events["user_id"].n_unique())
        return BASELINES[self.name](data)


@pytest.fixture(scope="module")
def curve():
    return measure_shop_curve(Fixed("popular"), tables())


def test_a_shop_learns_from_its_first_users_only():
    model = Fixed("popular")
    measure_shop_curve(model, tables())
    assert model.trained == [5]


def test_each_point_has_the_baselines_for_the_same_questions(curve):
    assert {(one.users, one.events) for one in curve.points} == {(5, 0), (5, 1), (5, 3)}
    assert {one.system for one in curve.points} == {"daybreak", "popular", "random"}
    assert {one.queries for one in curve.points} == {25}
    assert all(one.low <= one.value <= one.high for one in curve.points)


def test_a_recommender_that_shows_best_sellers_is_tied_with_them(curve):
    own = [one for one in curve.points if one.system == "daybreak"]
    assert {(one.difference, one.verdict) for one in own} == {(0.0, "tied")}
    others = [one for one in curve.points if one.system != "daybreak"]
    assert {(one.difference, one.verdict) for one in others} == {(None, None)}


def test_random_lists_are_worse_or_tied_and_never_better():
    own = measure_shop_curve(Fixed("random"), tables()).points
    assert {one.verdict for one in own if one.system == "daybreak"} <= {"worse", "tied"}


def test_sizes_that_cannot_be_measured_are_told(curve):
    assert any("young_20" in note and "only 10 users" in note for note in curve.notes)
    assert all("of the 5 users who" in text for text in curve.protocols.values())


def test_a_shop_that_is_too_small_is_an_error_that_says_why():
    few = tables()
    events = few.events.filter(few.events["user_id"].is_in(["u1", "u2", "u3"]))
    with pytest.raises(DataError, match="nothing can be measured"):
        measure_shop_curve(Fixed("popular"), type(few)(few.items, few.users, events))


def test_a_curve_is_json_and_comes_back_equal(curve):
    text = json.dumps(curve.to_dict(), allow_nan=False)
    assert ShopCurve.from_dict(json.loads(text)) == curve
    assert math.isfinite(curve.measured_at)


def test_a_curve_of_an_earlier_version_has_no_sources(curve):
    values = curve.to_dict()
    del values["sources"]
    for one in values["points"]:
        for name in [name for name in one if name.startswith("source_")]:
            del one[name]
    assert ShopCurve.from_dict(values) == curve
    assert "sources" not in shop_curve_table(curve).columns


@pytest.mark.parametrize("values", [{}, {"points": [{}]}, {"points": 3}, {"k": 10, "x": 1}])
def test_other_values_are_no_curve(values):
    with pytest.raises(DataError, match="no warm-up curve"):
        ShopCurve.from_dict(values)
