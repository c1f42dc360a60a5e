from dataclasses import fields

import numpy as np
import pytest

from daybreak.models import models
from daybreak.ranking.search_space import SPACES, Choice, Range, defaults_of, space_of
from daybreak.testing.models import questions, shop


@pytest.mark.parametrize("model", SPACES)
def test_every_option_exists_and_its_default_lies_inside(model):
    known = {field.name for field in fields(models[model].Config)}
    assert set(SPACES[model]) <= known
    for name, value in defaults_of(model, SPACES[model]).items():
        assert value in SPACES[model][name], name


def corner(values, high):
    ends = values.values if isinstance(values, Choice) else (values.low, values.high)
    return values.tidy(ends[-1 if high else 0])


@pytest.mark.parametrize("high", [False, True], ids=["low", "high"])
@pytest.mark.parametrize("model", SPACES)
def test_models_learn_at_the_ends_of_every_range(model, high):
    options = {name: corner(values, high) for name, values in SPACES[model].items()}
    options.update({name: 2 for name in ("epochs", "steps") if name in options})
    data = shop()
    scores = models[model](**options).fit(data).score(questions(data), data.items)
    assert np.isfinite(scores).any()
    assert not np.isinf(scores).any()


def test_whole_numbers_and_others_are_told_apart():
    assert 3 in Range(1, 5)
    assert 3.5 in Range(1, 5)
    assert 3.5 not in Range(1, 5, whole=True)
    assert True not in Range(0, 1)
    assert "3" not in Range(1, 5)
    assert 6 not in Range(1, 5)
    assert 2 in Choice((1, 2))


def test_values_keep_the_digits_that_matter():
    assert Range(0, 1).tidy(0.123456) == 0.123
    assert Range(1, 900, whole=True).tidy(123.0) == 123
    assert Choice(("a", "b")).tidy("a") == "a"


def test_options_given_on_purpose_are_not_searched():
    assert set(space_of("ease", {})) == {"ridge"}
    assert not space_of("ease", {"ridge": 1.0})
    assert not space_of("graph_filter", {})
