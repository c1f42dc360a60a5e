from dataclasses import replace

import numpy as np
import pytest

from daybreak.models.base import Continues
from daybreak.models.popular import PopularModel
from daybreak.testing.models import check_goes_on_from_any_state, shop


class Going(PopularModel):
    """Half of what it learns is what it knew."""

    def learn_from(self, data, state, rng):
        new = self.learn(data, rng)
        if len(state.values) != len(new.values):
            return new
        return replace(new, values=(new.values + state.values) / 2)


class Spoiling(Going):
    def learn_from(self, data, state, rng):
        state.values[:] += 1
        return self.learn(data, rng)


def test_a_model_goes_on_from_a_start_only_if_it_can():
    first = Going().fit(shop(seed=1)).state
    first = replace(first, values=np.arange(len(Going().fit(shop()).state.values)))
    anew, on = Going().fit(shop()).state, Going().fit(shop(), start=first).state
    np.testing.assert_allclose(on.values, (first.values + anew.values) / 2)
    plain = PopularModel().fit(shop(), start=first)
    assert not isinstance(plain, Continues)
    np.testing.assert_array_equal(plain.state.values, anew.values)


def test_the_check_passes_a_good_model_and_catches_one_that_spoils_its_start():
    check_goes_on_from_any_state(Going())
    with pytest.raises(AssertionError):
        check_goes_on_from_any_state(Spoiling())
