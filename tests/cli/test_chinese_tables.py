"""Tables, headings and verdicts in Chinese."""

import re
from typing import get_args

import polars as pl
import pytest

from daybreak.cli.language import choose_language, read_messages, translate, translate_interval
from daybreak.cli.tables import show_frame
from daybreak.evaluation import Report
from daybreak.ranking.benchmarks import learners
from daybreak.service.benchmarking.leaderboard import Leaderboard
from daybreak.service.benchmarking.shop_curve import ShopCurve
from daybreak.service.benchmarking.summary import (
    candidates_table,
    evaluation_table,
    gate_table,
    shop_curve_table,
    slices_table,
    training_table,
)
from daybreak.service.finetuning.report import Verdict
from daybreak.service.releases.gate import Outcome
from daybreak.simulation.slices import DEFINITIONS

NAMES_OF_STRATEGIES = {"popular", "ndcg@10"}
"""Columns whose headings are names that options accept."""
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def chinese():
    choose_language("zh")
    yield
    choose_language(None)


@pytest.fixture
def shop(here, ask):
    """Sixty users of three kinds."""
    rows = [
        f"u{user},{'abc'[user % 3]}{(user + n * n) % 9}" for user in range(60) for n in range(6)
    ]
    (here / "events.csv").write_text("\n".join(["user_id,item_id", *rows]))
    ask("import", "events.csv")


@pytest.mark.parametrize(
    "table",
    [
        training_table({}),
        candidates_table({}),
        gate_table({"slices": []}),
        evaluation_table(Report(k=10, slices=(), cells=())),
        slices_table([]),
        shop_curve_table(ShopCurve(10, 0.0, 1.0, 0, 0, 0, (), {})),
        Leaderboard.from_results("shop", learners.BenchmarkResults((), {}), {}).table(),
    ],
)
def test_every_heading_has_a_chinese_text(table):
    missing = set(table.columns) - set(read_messages("zh")["columns"]) - NAMES_OF_STRATEGIES
    assert not missing


@pytest.mark.parametrize(
    "text",
    [
        *get_args(Outcome),
        *get_args(Verdict),
        "no difference",
        "does not help",
        "better, +0.100",
        "worse, -0.020",
        "tied, +0.000",
        *(definition.label for definition in DEFINITIONS.values()),
    ],
)
def test_verdicts_and_slices_have_a_chinese_text(chinese, text):
    assert CHINESE.search(translate(text))
    assert not re.search(r"[a-z]{4}", translate(text))


def test_a_table_is_printed_in_chinese_and_strategies_keep_their_names(chinese, capsys):
    show_frame(
        pl.DataFrame(
            {
                "strategy": ["item_knn"],
                "used": ["no"],
                "why": ["counts nowhere; new items, 3 events: +0.01 (-0.02 to +0.04)"],
                "slice": ["new items for new users with 3 events"],
                "verdict": ["not judged"],
                "interval": ["-0.020 to +0.040"],
            }
        )
    )
    out = capsys.readouterr().out
    for text in (
        "策略", "采用", "item_knn", "否", "在任何地方都不起作用；新物品，已知 3 个事件：",
        "（-0.02 至 +0.04）", "给有 3 个事件的新用户的新物品", "未判断", "-0.020 至 +0.040",
    ):  # fmt: skip
        assert text in out


def test_intervals_in_english_stay_as_they_are():
    assert translate_interval("-0.020 to +0.040") == "-0.020 to +0.040"


def test_an_evaluation_is_told_in_chinese(shop, call):
    status, out, err = call("--lang", "zh", "evaluate", "--slice", "events_3", "-k", "3")
    assert status == 0
    assert re.search(
        r"events_3：有 3 个事件的新用户；\d+ 位用户，\d+ 个目标，18 个候选物品", out
    )
    assert "召回率" in out
    assert re.search("daybreak .* (优于|不优于|劣于) popular", out)
    assert re.search("更好，|更差，|没有差别", out)
    assert "正在隐藏用户和物品" in err


def test_a_training_and_a_comparison_are_told_in_chinese(shop, call):
    names = ("--strategy", "popular", "--strategy", "item_knn")
    status, out, _ = call("--lang", "zh", "train", *names)
    assert status == 0
    assert "模拟冷启动中的 NDCG@10" in out
    assert re.search("已知事件数 .*查询数 .*标准误差 .*单独最佳", out)
    status, out, _ = call("--lang", "zh", "compare", "active", "active")
    assert status == 0
    assert re.search("切片 .*新版本 .*现版本 .*区间 .*结论", out) or "没有切片" in out
