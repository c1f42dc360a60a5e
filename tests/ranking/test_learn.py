from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking import learn, worth
from daybreak.ranking.strategies import line_up


@pytest.fixture
def nobody_convinces(monkeypatch):
    monkeypatch.setattr(learn, "SURE_NEW", np.inf)
    monkeypatch.setattr(worth, "SURE_ALONE", np.inf)


def costly(name):
    return replace(line_up(name)[0], costly=True)


@pytest.mark.usefixtures("nobody_convinces")
def test_a_costly_strategy_alone_counts_as_there_is_nothing_to_be_better_than(data):
    blend, _ = learn.learn_blend(data, [costly("content/ridge")], 0)
    assert blend.strategies == ("content/ridge",)
    assert blend.weights.max() > 0
    assert (blend.new_weights[:, 0] > 0).any()


@pytest.mark.usefixtures("nobody_convinces")
def test_a_costly_strategy_counts_for_new_items_when_no_light_one_knows_them(data):
    blend, _ = learn.learn_blend(data, [*line_up("popular"), costly("content/ridge")], 0)
    assert (blend.new_weights[:, blend.strategies.index("content/ridge")] > 0).any()


@pytest.mark.usefixtures("nobody_convinces")
def test_a_costly_strategy_beside_light_ones_must_convince(data):
    blend, _ = learn.learn_blend(data, [*line_up("content/match"), costly("content/ridge")], 0)
    assert blend.strategies == ("content/match",)
