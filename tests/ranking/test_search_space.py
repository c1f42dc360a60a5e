from dataclasses import fields

import numpy as np
import pytest

from daybreak.models import models
from daybreak.ranking.tuning.search_space import (
    SEARCH_SPACES,
    Categorical,
    Range,
    default_options,
    search_space_for,
)
from daybreak.testing.models import example_dataset, example_queries


@pytest.mark.parametrize("model", SEARCH_SPACES)
def test_every_option_exists_and_its_default_lies_inside(model):
    known = {field.name for field in fields(models[model].Config)}
    assert set(SEARCH_SPACES[model]) <= known
    for name, value in default_options(model, SEARCH_SPACES[model]).items():
        assert value in SEARCH_SPACES[model][name], name


def corner(values, high):
    ends = values.values if isinstance(values, Categorical) else (values.low, values.high)
    return values.round_value(ends[-1 if high else 0])


@pytest.mark.parametrize("high", [False, True], ids=["low", "high"])
@pytest.mark.parametrize("model", SEARCH_SPACES)
def test_models_learn_at_the_ends_of_every_range(model, high):
    options = {name: corner(values, high) for name, values in SEARCH_SPACES[model].items()}
    options.update({name: 2 for name in ("epochs", "steps") if name in options})
    data = example_dataset()
    scores = models[model](**options).fit(data).score(example_queries(data), data.items)
    assert np.isfinite(scores).any()
    assert not np.isinf(scores).any()


def test_whole_numbers_and_others_are_told_apart():
    assert 3 in Range(1, 5)
    assert 3.5 in Range(1, 5)
    assert 3.5 not in Range(1, 5, is_integer=True)
    assert True not in Range(0, 1)
    assert "3" not in Range(1, 5)
    assert 6 not in Range(1, 5)
    assert 2 in Categorical((1, 2))


def test_values_keep_the_digits_that_matter():
    assert Range(0, 1).round_value(0.123456) == 0.123
    assert Range(1, 900, is_integer=True).round_value(123.0) == 123
    assert Categorical(("a", "b")).round_value("a") == "a"


def test_options_given_on_purpose_are_not_searched():
    assert set(search_space_for("ease", {})) == {"ridge"}
    assert not search_space_for("ease", {"ridge": 1.0})
    assert not search_space_for("graph_filter", {})
