"""Measurements in the folder of a release."""

import json

import pytest

from daybreak.errors import DataError
from daybreak.service.benchmarking.shop_curve import ShopCurve, ShopCurvePoint
from daybreak.service.benchmarking.slice_results import BaselineComparison, ReleaseEvaluation
from daybreak.service.releases.measurement_files import (
    EVALUATION_FILE,
    SHOP_CURVE_FILE,
    read_evaluation,
    read_shop_curve,
    write_evaluation,
    write_shop_curve,
)

CURVE = ShopCurve(
    k=10,
    measured_at=1.7e9,
    seconds=2.5,
    n_users=30,
    n_items=24,
    n_events=180,
    points=(ShopCurvePoint("daybreak", 5, 0, 25, 0.3, 0.2, 0.4, 0.1, 0.05, None, "better"),),
    protocols={"young_5_events_0": "所有物品"},
    notes=("young_20: not measured, only 10 users came after the first 20",),
)


def test_a_curve_is_read_as_it_was_written_and_replaces_the_last_one(tmp_path):
    write_shop_curve(tmp_path, CURVE)
    write_shop_curve(tmp_path, CURVE)
    assert read_shop_curve(tmp_path) == CURVE
    assert [file.name for file in tmp_path.iterdir()] == [SHOP_CURVE_FILE]


def test_a_release_without_measurements_has_none(tmp_path):
    assert read_shop_curve(tmp_path) is None
    assert read_evaluation(tmp_path) is None


def test_an_evaluation_is_read_as_it_was_written(tmp_path):
    systems = {"daybreak": (0.3, 0.2, None), "popular": (0.2, 0.1, 0.3)}
    one = BaselineComparison(
        "says", "new users", 20, systems, 0.1, None, None, "tied", "Held out: …"
    )
    evaluation = ReleaseEvaluation(10, 1.7e9, 2.5, 30, 24, 180, (one,), ("a note",))
    write_evaluation(tmp_path, evaluation)
    assert read_evaluation(tmp_path) == evaluation
    (tmp_path / EVALUATION_FILE).write_text('{"format": "daybreak evaluation 1"}')
    assert read_evaluation(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "7", json.dumps({"format": "other", "values": {}}), '{"format": 1}'],
)
def test_a_damaged_file_is_not_used(tmp_path, caplog, content):
    (tmp_path / SHOP_CURVE_FILE).write_text(content)
    assert read_shop_curve(tmp_path) is None
    assert "is not used" in caplog.text


def test_a_folder_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        write_shop_curve(tmp_path / "gone", CURVE)
