"""What a model's own file says is what the rest of Daybreak uses."""

import sys
from dataclasses import fields
from pathlib import Path

import pytest

from daybreak.models import models
from daybreak.models.card import render_table
from daybreak.ranking.blending.strategies import default_strategies, get_strategies
from daybreak.ranking.tuning.search_space import search_space_for
from daybreak.testing.models import MODEL_CHECKS

DOCS = Path(__file__).parents[2] / "docs" / "models.md"
PLUG_IN = """
from dataclasses import dataclass

import numpy as np

from daybreak.models.base import LinearModel, LinearScorer, align_values, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_weights import WeightMatrix


@dataclass(frozen=True)
class SeldomConfig:
    power: float = 1.0


@dataclass(frozen=True, eq=False)
class SeldomState:
    values: np.ndarray


@models.register("seldom")
class SeldomModel(LinearModel):
    Config = SeldomConfig
    State = SeldomState
    feature_kind = "none"
    card = ModelCard(
        strategies={"seldom": {}, "seldom/square": {"power": 2.0}},
        search_space={"power": Range(0.5, 2)},
        inputs="nothing",
        use="serendipity",
        formula="minus a power of the count",
    )

    def learn(self, data, rng):
        return SeldomState(-(data.user_counts**self.config.power).astype(np.float32))

    def linear_scorer(self, train_items, items):
        bias, known = align_values(train_items, items, self.state.values)
        return LinearScorer(WeightMatrix(), bias, known)
"""


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """A model in a module outside the package: one file, and the line that imports it."""
    (tmp_path / "seldom_plug_in.py").write_text(PLUG_IN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(models, "_classes", dict(models._classes))
    __import__("seldom_plug_in")
    yield models["seldom"]
    del sys.modules["seldom_plug_in"]


def card_table(names):
    return render_table({name: models[name].card for name in names})


def test_the_table_of_the_docs_is_made_of_the_cards():
    ours = [name for name in models.registered() if models[name].__module__[:9] == "daybreak."]
    page = DOCS.read_text("utf-8")
    missing = [line for line in card_table(ours).splitlines() if line not in page]
    assert not missing, "update docs/models.md: python -m daybreak.models"


def test_every_model_describes_itself():
    for name in models.registered():
        card = models[name].card
        assert card.inputs, name
        assert card.use, name
        assert card.formula, name


def test_every_option_of_a_card_is_a_field_of_the_config():
    for name in models.registered():
        known = {field.name for field in fields(models[name].Config)}
        card = models[name].card
        assert set(card.search_space) <= known, name
        assert all(set(options) <= known for options in card.strategies.values()), name


def test_strategy_names_are_unique():
    names = [name for model in models.registered() for name in models[model].card.strategies]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("check", MODEL_CHECKS)
def test_a_new_file_keeps_the_contract(plug_in, check):
    check(plug_in())


def test_a_new_file_is_in_the_default_strategies_the_search_and_the_table(plug_in):
    assert [strategy.name for strategy in default_strategies()][-2:] == [
        "seldom",
        "seldom/square",
    ]
    assert get_strategies("seldom/square")[0].create_model().config.power == 2.0
    assert set(search_space_for("seldom", {})) == {"power"}
    row = "| `seldom` | nothing | serendipity | minus a power of the count | – | – | – |"
    assert row in card_table(["seldom"]).splitlines()
