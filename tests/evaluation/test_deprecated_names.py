"""Earlier public names of the evaluation work, warn, and name the new ones."""

from importlib import import_module

import pytest

NAMES = {
    "daybreak.evaluation.Cell": "daybreak.evaluation.SliceResult",
    "daybreak.evaluation.Comparison": "daybreak.evaluation.PairedDifference",
    "daybreak.evaluation.Interval": "daybreak.evaluation.Estimate",
    "daybreak.evaluation.Plan": "daybreak.evaluation.SplitPlan",
    "daybreak.evaluation.Popular": "daybreak.evaluation.PopularBaseline",
    "daybreak.evaluation.Random": "daybreak.evaluation.RandomBaseline",
    "daybreak.evaluation.compare": "daybreak.evaluation.paired_bootstrap",
    "daybreak.ranking.search.Searched": "daybreak.ranking.tuning.search.TuningResult",
    "daybreak.service.leaderboard.Terms": (
        "daybreak.service.benchmarking.leaderboard.BenchmarkOptions"
    ),
    "daybreak.service.leaderboard_data.demo_tables": (
        "daybreak.service.benchmarking.leaderboard.read_demo_tables"
    ),
}


def find(path):
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("old", NAMES)
def test_an_earlier_name_is_the_new_one_with_a_warning(old):
    with pytest.warns(DeprecationWarning, match=rf"use {NAMES[old]}$"):
        assert find(old) is find(NAMES[old])


def test_earlier_parameters_of_a_leaderboard_are_understood():
    from daybreak.service import entrants, leaderboard  # noqa: PLC0415
    from daybreak.service.benchmarking.leaderboard import (  # noqa: PLC0415
        BenchmarkOptions,
        read_demo_tables,
    )

    steps = []
    with pytest.warns(DeprecationWarning, match="select_learners$"):
        learners = entrants.entrants(["popular"], say=steps.append)
    earlier = {
        "contestants": learners,
        "terms": BenchmarkOptions(encoder="none", repeats=1),
        "say": steps.append,
    }
    with pytest.warns(DeprecationWarning, match="run_leaderboard$"):
        board = leaderboard.compete("shop", read_demo_tables(60, often=3), **earlier)
    assert board.results.names == ("popular",)
    assert steps[0] == "encoding the catalogue"


def test_an_earlier_search_is_understood():
    from daybreak.ranking import search  # noqa: PLC0415
    from daybreak.ranking.blending.strategies import get_strategies  # noqa: PLC0415
    from daybreak.testing.models import example_dataset  # noqa: PLC0415

    steps = []
    with pytest.warns(DeprecationWarning, match=r"use daybreak\.ranking\.tuning\.search\.tune"):
        search.search(example_dataset(), get_strategies(["popular"]), tries=1, say=steps.append)
    assert not steps
