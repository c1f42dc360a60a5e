from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.blending import ablation, fit
from daybreak.ranking.blending.strategies import get_strategies


@pytest.fixture
def nobody_convinces(monkeypatch):
    monkeypatch.setattr(fit, "MIN_Z_NEW_ITEMS", np.inf)
    monkeypatch.setattr(ablation, "MIN_Z_SINGLE_STRATEGY", np.inf)


def costly(name):
    return replace(get_strategies(name)[0], is_slow=True)


@pytest.mark.usefixtures("nobody_convinces")
def test_a_costly_strategy_alone_counts_as_there_is_nothing_to_be_better_than(data):
    blend, _ = fit.fit_blend(data, [costly("content/ridge")], 0)
    assert blend.strategies == ("content/ridge",)
    assert blend.weights.max() > 0
    assert (blend.new_weights[:, 0] > 0).any()


@pytest.mark.usefixtures("nobody_convinces")
def test_a_costly_strategy_counts_for_new_items_when_no_light_one_knows_them(data):
    blend, _ = fit.fit_blend(data, [*get_strategies("popular"), costly("content/ridge")], 0)
    assert (blend.new_weights[:, blend.strategies.index("content/ridge")] > 0).any()


@pytest.mark.usefixtures("nobody_convinces")
def test_a_costly_strategy_beside_light_ones_must_convince(data):
    blend, _ = fit.fit_blend(
        data, [*get_strategies("content/match"), costly("content/ridge")], 0
    )
    assert blend.strategies == ("content/match",)
