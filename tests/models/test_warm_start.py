from dataclasses import fields, replace

import numpy as np
import pytest

from daybreak.data.dataset import Dataset, Events
from daybreak.models import models
from daybreak.models.base import SupportsWarmStart
from daybreak.models.popular import PopularModel
from daybreak.testing.models import check_warm_start, example_dataset, example_queries
from tests.models.tiny import ask, items, random_dataset

NETWORKS = [name for name in models if isinstance(models[name](), SupportsWarmStart)]
BY_ITEM = ["history_vae", "meta_gradient", "sequence"]
"""Those whose states hold what they know item by item; the others have factors of today."""
BY_COLUMN = sorted(set(NETWORKS) - set(BY_ITEM))
LOOKS = np.random.default_rng(5).standard_normal((24, 6))


class Going(PopularModel):
    """Half of what it learns is what it knew."""

    def learn_from(self, data, state, rng):
        new = self.learn(data, rng)
        if len(state.values) != len(new.values):
            return None
        return replace(new, values=(new.values + state.values) / 2)


class Spoiling(Going):
    def learn_from(self, data, state, rng):
        state.values[:] += 1
        return self.learn(data, rng)


def network(name, rounds=2):
    """The model, training for few rounds."""
    options = {field.name for field in fields(models[name].Config)}
    return models[name](**{"epochs" if "epochs" in options else "steps": rounds})


def window(first, n, width=6, seed=0):
    """A shop of the items ``first``, ``first + 1``, ... whose looks stay the same."""
    events = random_dataset(seed, n_items=n, n_attributes=3)
    return Dataset(
        items(n, LOOKS[first : first + n, :width], first),
        events.events,
        events.n_users,
        events.profiles,
    )


def test_a_model_goes_on_from_a_start_only_if_it_can():
    first = Going().fit(example_dataset(seed=1)).state
    first = replace(first, values=np.arange(len(Going().fit(example_dataset()).state.values)))
    anew, on = (
        Going().fit(example_dataset()),
        Going().fit(example_dataset(), initial_state=first),
    )
    np.testing.assert_allclose(on.state.values, (first.values + anew.state.values) / 2)
    assert on.warm_started
    assert not anew.warm_started
    plain = PopularModel().fit(example_dataset(), initial_state=first)
    assert not isinstance(plain, SupportsWarmStart)
    assert not plain.warm_started
    np.testing.assert_array_equal(plain.state.values, anew.state.values)


def test_a_state_that_cannot_be_used_is_passed_over():
    other = replace(Going().fit(example_dataset()).state, values=np.zeros(1))
    on, anew = (
        Going().fit(example_dataset(), initial_state=other),
        Going().fit(example_dataset()),
    )
    assert not on.warm_started
    np.testing.assert_array_equal(on.state.values, anew.state.values)


def test_the_check_passes_a_good_model_and_catches_one_that_spoils_its_start():
    check_warm_start(Going())
    with pytest.raises(AssertionError):
        check_warm_start(Spoiling())


def test_every_network_can_go_on():
    assert set(NETWORKS) == {
        "adversarial",
        "content_vae",
        "distilled",
        "history_vae",
        "meta_gradient",
        "sequence",
        "two_tower",
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_without_further_training_on_the_same_data_nothing_changes(name):
    data = example_dataset()
    first = network(name).fit(data)
    again = network(name, rounds=0).fit(data, initial_state=first.state)
    assert again.warm_started
    wanted, found = (model.score(example_queries(data), data.items) for model in (first, again))
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("name", BY_ITEM)
def test_without_further_training_items_that_stayed_have_the_vectors_of_before(name):
    """Items 2 to 19 stay, 0 and 1 go, 20 and 21 are new; events are others."""
    before, now = window(0, 20), window(2, 20, seed=1)
    first = network(name).fit(before)
    again = network(name, rounds=0).fit(now, initial_state=first.state)
    stayed = now.items.take(np.arange(18))
    np.testing.assert_allclose(
        again.item_vectors(stayed), first.item_vectors(stayed), atol=1e-6
    )


@pytest.mark.parametrize("name", ["history_vae", "sequence"])
def test_without_further_training_askers_are_who_they_were(name):
    """That of ``meta_gradient`` goes down a loss over the whole catalogue, which changed."""
    before, now = window(0, 20), window(2, 20, seed=1)
    first = network(name).fit(before)
    again = network(name, rounds=0).fit(now, initial_state=first.state)
    told = np.eye(3, dtype=np.float32)[:2]
    wanted = first.query_vectors(ask(before, [4, 5], [9], profiles=told))
    found = again.query_vectors(ask(now, [2, 3], [7], profiles=told))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_items_that_are_gone_vanish_and_new_ones_are_known(name):
    before, now = window(0, 20), window(2, 20, seed=1)
    again = network(name).fit(now, initial_state=network(name).fit(before).state)
    assert again.warm_started
    assert again.state.ids == now.items.ids
    scores = again.score(ask(now, [18, 2], profiles=np.eye(3)[:1]), now.items)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores[0, 18:])) == 2


@pytest.mark.parametrize("name", BY_ITEM)
def test_content_may_have_other_columns(name):
    first = network(name).fit(window(0, 20))
    assert network(name).fit(window(2, 20, width=4), initial_state=first.state).warm_started


@pytest.mark.parametrize("name", BY_COLUMN)
def test_with_other_columns_a_network_of_columns_is_built_anew(name):
    first, now = network(name).fit(window(0, 20)), window(2, 20, width=4)
    on, anew = network(name).fit(now, initial_state=first.state), network(name).fit(now)
    assert not on.warm_started
    asked = ask(now, [1], [2, 3])
    np.testing.assert_array_equal(on.score(asked, now.items), anew.score(asked, now.items))


@pytest.mark.parametrize("name", NETWORKS)
def test_in_another_shop_it_is_built_anew(name):
    first = network(name).fit(window(0, 12))
    assert not network(name).fit(window(8, 12), initial_state=first.state).warm_started


@pytest.mark.parametrize("name", NETWORKS)
def test_attributes_may_be_others(name):
    now = window(0, 20, seed=1)
    fewer = Dataset(now.items, now.events, now.n_users, now.profiles[:, :2])
    assert network(name).fit(fewer, initial_state=network(name).fit(now).state).warm_started


@pytest.mark.parametrize("name", NETWORKS)
def test_a_shop_without_events_starts_anew(name):
    now = window(0, 20)
    empty = Dataset(now.items, Events.of([], [], []), now.n_users, now.profiles)
    assert not network(name).fit(empty, initial_state=network(name).fit(now).state).warm_started
