"""An evaluation by slice as plain values."""

import json

import pytest

from daybreak.errors import DataError
from daybreak.service.benchmarking.slice_results import ReleaseEvaluation, evaluate_settings
from daybreak.simulation.slices import YOUNG_SLICES
from tests.server.example_store import tables
from tests.service.benchmarking.test_shop_curve import Fixed


@pytest.fixture(scope="module")
def evaluation():
    return evaluate_settings(Fixed("popular"), tables())


def test_every_slice_has_intervals_baselines_and_a_protocol(evaluation):
    names = [one.slice for one in evaluation.slices]
    assert {"cold_user_nothing", "cold_item", "warm_last"} <= set(names)
    assert not set(names) & set(YOUNG_SLICES)
    for one in evaluation.slices:
        assert list(one.systems) == ["daybreak", "random", "popular"]
        value, low, high = one.systems["daybreak"]
        assert low <= value <= high
        assert one.protocol
        assert one.users > 0


def test_best_sellers_are_tied_with_themselves(evaluation):
    assert {(one.difference, one.verdict) for one in evaluation.slices} == {(0.0, "tied")}


def test_an_evaluation_is_json_and_comes_back_equal(evaluation):
    text = json.dumps(evaluation.to_dict(), allow_nan=False)
    assert ReleaseEvaluation.from_dict(json.loads(text)) == evaluation


@pytest.mark.parametrize("values", [{}, {"slices": [{}]}, {"slices": 3}, {"slices": [3]}])
def test_other_values_are_no_evaluation(values):
    with pytest.raises(DataError, match="no evaluation"):
        ReleaseEvaluation.from_dict(values)
