import json

import numpy as np
import pytest

from daybreak.data import Tables, read_tables
from daybreak.errors import ConfigError, DataError
from daybreak.estimates import bootstrap
from daybreak.models import models
from daybreak.ranking.benchmarks.learners import BenchmarkResults, StrategyResult
from daybreak.service.benchmarking.leaderboard import (
    BenchmarkOptions,
    Leaderboard,
    all_strategies,
    run_leaderboard,
    select_learners,
)
from daybreak.service.benchmarking.leaderboard_report import (
    draw_bars,
    draw_curves,
    render_leaderboard,
    write_leaderboard_page,
    write_leaderboard_pictures,
)

NAMES = ("popular", "item_knn", "content/match", "content/smooth")


class Broken:
    name, scores_known, scores_new = "broken", True, True

    def fit(self, data, seed):
        raise MemoryError


@pytest.fixture(scope="module")
def board(tables):
    events, items, users = tables
    data = read_tables(events, items, users).tables
    terms = BenchmarkOptions(encoder="none", seed=1, repeats=2)
    return run_leaderboard("small < shop", data, [*select_learners(NAMES), Broken()], terms)


def test_every_strategy_has_a_row_even_one_that_fails(board):
    table = board.table()
    assert sorted(table["strategy"]) == sorted([*NAMES, "broken"])
    assert table["few_shot"].drop_nulls().is_sorted(descending=True)
    notes = dict(zip(table["strategy"], table["note"], strict=True))
    assert notes == {**dict.fromkeys(NAMES, ""), "broken": "not enough memory"}
    assert table["train_s"].null_count() == 1


def test_a_group_is_the_mean_of_its_slices():
    shots = {"events_1": [0.0, 0.2], "events_3": [0.4, 0.6], "warm_last_tenth": [1.0, 1.0]}
    values = {name: np.array(value) for name, value in shots.items()}
    queries = dict.fromkeys(shots, 2)
    board = Leaderboard.from_results(
        "x", BenchmarkResults((StrategyResult("s", values),), queries), {}
    )
    ends = np.mean([bootstrap(values["events_1"]), bootstrap(values["events_3"])], axis=0)
    np.testing.assert_allclose(board.group_estimate("s", "few_shot"), ends)
    assert board.group_estimate("s", "few_shot").mean == pytest.approx(0.3)
    assert board.group_estimate("s", "warm").mean == 1
    assert np.isnan(board.group_estimate("s", "cold_item").mean)


def test_what_a_strategy_cannot_serve_is_empty(board):
    rows = {row["strategy"]: row for row in board.table().to_dicts()}
    assert rows["popular"]["cold_item"] is None
    assert rows["popular"]["cold_item_all"] is not None
    assert rows["content/smooth"]["few_shot"] is None
    assert rows["content/smooth"]["cold_item"] > 0.5


def test_plots_show_every_strategy_with_values(board):
    curves, bars = draw_curves(board), draw_bars(board)
    for name in NAMES[:3]:
        assert f">{name}<" in curves.svg
        assert f"{name}: " in curves.alt
    assert "broken" not in curves.svg
    for name in (*NAMES, "broken"):
        assert f">{name}<" in bars.svg
    assert "failed" in bars.svg


def test_without_values_there_is_nothing_to_draw():
    board = Leaderboard.from_results(
        "x", BenchmarkResults((StrategyResult("s", {}, error="no"),), {}), {}
    )
    assert draw_curves(board) is None
    assert draw_bars(board) is None
    assert "no" in render_leaderboard(board)


def test_the_page_holds_pictures_tables_and_escaped_text(board, tmp_path):
    (path,) = write_leaderboard_page(board, tmp_path / "board.html")
    text = path.read_text("utf-8")
    assert text.count("<svg") == 2
    assert "small &lt; shop" in text
    assert "not enough memory" in text
    assert "small < shop" not in text


def test_pictures_are_files_that_need_no_page(board, tmp_path):
    written = write_leaderboard_pictures(board, tmp_path / "new", prefix="a_")
    assert [path.name for path in written] == ["a_curves.svg", "a_bars.svg"]
    assert "var(--" not in written[0].read_text("utf-8")


def test_everything_can_be_written_as_json(board):
    plain = json.loads(json.dumps(board.to_dict()))
    assert plain["facts"]["users"] == 60
    assert plain["facts"]["encoder"] == "none"
    assert plain["facts"]["repeats"] == 2
    assert plain["queries"]["events_0"] > 0
    assert {row["slice"] for row in plain["slices"]} == set(plain["queries"])


def test_data_without_events_are_refused(tables):
    _, items, users = tables
    empty = read_tables(None, items, users).tables
    with pytest.raises(DataError, match="too few to hold"):
        run_leaderboard(
            "shop", Tables(empty.items, empty.users, empty.events), [], BenchmarkOptions("none")
        )


def test_an_unknown_strategy_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="no strategy 'magic'; known: popular"):
        select_learners(["magic"])


def test_every_registered_model_competes():
    assert {strategy.model for strategy in all_strategies()} == set(models)
    assert select_learners(auto=True)[-1].name == "auto"


def test_strategies_that_need_a_wish_or_repeats_compete_only_when_they_are_named():
    names = {learner.name for learner in select_learners()}
    assert {"popular", "content/smooth"} <= names
    assert not {"wish", "again"} & names
    assert [learner.name for learner in select_learners(["wish"])] == ["wish"]
