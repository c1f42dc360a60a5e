"""An evaluation by slice as plain values."""

import json
from dataclasses import replace

import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.errors import DataError
from daybreak.evaluation.baselines import BASELINES
from daybreak.service.benchmarking.shop_curve import ShopCurve, measure_shop_curve
from daybreak.service.benchmarking.slice_results import ReleaseEvaluation, evaluate_settings
from daybreak.service.benchmarking.summary import shop_curve_table, slices_table
from daybreak.service.inputs.sources import SourceTables
from daybreak.service.training.drift import DriftReading, DriftScore
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
    reading = DriftReading.of("interests", DriftScore(0.3, 0.2, is_learned=True))
    drifted = replace(evaluation, drift=(reading,))
    text = json.dumps(drifted.to_dict(), allow_nan=False)
    assert ReleaseEvaluation.from_dict(json.loads(text)) == drifted


class Learning(Fixed):
    """Best sellers with sources, and random lists without."""

    def fit(self, data, sources=()):
        return BASELINES["popular" if sources else "random"](data)


class Forgetting(Fixed):
    """Random lists with sources, and best sellers without."""

    def fit(self, data, sources=()):
        return BASELINES["random" if sources else "popular"](data)


FOOD = SourceTables("food", pl.DataFrame({"item_id": ["x"]}), pl.DataFrame())


def lopsided():
    """A shop whose best sellers are in every history."""
    rows = [
        (f"u{user}", f"i{item}", 1.7e9 + item)
        for user in range(40)
        for item in (0, 1, 2, 3, 4 + user % 60, 4 + (7 * user) % 60)
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row").unique()
    return Tables.of(events, pl.DataFrame({"item_id": [f"i{item}" for item in range(64)]}))


@pytest.mark.parametrize(
    ("model", "word", "sign"), [(Learning, "helps", 1), (Forgetting, "hurts", -1)]
)
def test_a_slice_says_what_its_sources_give(model, word, sign):
    found = evaluate_settings(model("popular"), lopsided(), sources=[FOOD])
    assert found.sources == ("food",)
    nothing = next(one for one in found.slices if one.slice == "cold_user_nothing")
    assert nothing.source_verdict == word
    own, without = (nothing.systems[name][0] for name in ("daybreak", "without_sources"))
    assert nothing.source_gain == pytest.approx(own - without)
    assert min(sign * nothing.source_gain_low, sign * nothing.source_gain_high) > 0
    assert ReleaseEvaluation.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert slices_table(found.slices)["sources"][0].startswith(f"{word}, ")


@pytest.mark.parametrize(("model", "word"), [(Learning, "helps"), (Forgetting, "hurts")])
def test_a_size_of_the_shop_says_what_its_sources_give(model, word):
    curve = measure_shop_curve(model("popular"), lopsided(), sources=[FOOD])
    assert curve.sources == ("food",)
    at = {one.system: one for one in curve.points if (one.users, one.events) == (20, 0)}
    assert at["daybreak"].source_verdict == word
    gain = at["daybreak"].value - at["without_sources"].value
    assert at["daybreak"].source_gain == pytest.approx(gain)
    assert at["popular"].source_verdict is None
    assert ShopCurve.from_dict(json.loads(json.dumps(curve.to_dict()))) == curve
    rows = shop_curve_table(curve).filter(users=20, events=0)
    assert rows["sources"][0].startswith(f"{word}, ")


def test_an_evaluation_without_sources_or_of_an_earlier_version_has_no_verdict(evaluation):
    assert {one.source_verdict for one in evaluation.slices} == {None}
    assert "sources" not in slices_table(evaluation.slices).columns
    values = evaluation.to_dict()
    del values["sources"], values["drift"]
    for one in values["slices"]:
        for name in [name for name in one if name.startswith("source_")]:
            del one[name]
    assert ReleaseEvaluation.from_dict(values) == evaluation


@pytest.mark.parametrize("values", [{}, {"slices": [{}]}, {"slices": 3}, {"slices": [3]}])
def test_other_values_are_no_evaluation(values):
    with pytest.raises(DataError, match="no evaluation"):
        ReleaseEvaluation.from_dict(values)
