from dataclasses import replace

import numpy as np
import pytest

from daybreak.data import Vocabulary
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.simulation.splits import random_holdout
from daybreak.simulation.unsold import (
    count_unseen_species,
    draw_on_sale,
    jackknife_unseen_species,
    likely_on_sale_probability,
    mean_on_sale_probability,
    missing_mass,
    on_sale_probability,
    unsold_shares,
)

DAY = 86_400.0


def shop(n_items, sold_by, created_at=(), times=None):
    """Return a shop; ``sold_by`` lists the number of buyers of the first items."""
    items = np.repeat(np.arange(len(sold_by)), sold_by)
    users = np.concatenate([np.arange(n) for n in sold_by])
    at = np.zeros(len(items)) if times is None else np.asarray(times)[items] + users
    catalogue = Items(
        Vocabulary([f"i{n}" for n in range(n_items)]), (), np.asarray(created_at, float)
    )
    return Dataset(catalogue, Events.of(users, items, at), max(sold_by))


def test_unseen_species_of_a_hand_worked_sample():
    counts = np.array([1] * 6 + [2] * 4 + [9], dtype=np.float32)
    assert count_unseen_species(counts) == pytest.approx(6 * 5 / (2 * 5))


def test_the_jackknife_of_a_hand_worked_sample():
    counts = np.array([1] * 6 + [2] * 4 + [9], dtype=np.float32)
    assert jackknife_unseen_species(counts) == 2 * 6 - 4
    assert jackknife_unseen_species(np.array([2, 2, 1], dtype=np.float32)) == 0


def test_the_less_biased_number_of_unsold_items_is_the_larger_one():
    data = shop(24, [1] * 6 + [2] * 4 + [9] * 4)
    assert on_sale_probability(data)[14:].sum() == pytest.approx(10 - 14 / 3)
    assert likely_on_sale_probability(data)[14:].sum() == pytest.approx(8)
    assert likely_on_sale_probability(data)[:14].max() == 0


def test_the_missing_mass_is_the_share_of_events_on_items_of_one_buyer():
    assert missing_mass(shop(9, [1, 1, 3, 5])) == pytest.approx(2 / 10)


def test_unsold_items_beyond_the_bound_of_arrivals_were_on_sale():
    probability = on_sale_probability(shop(45, [60] * 5))
    assert probability[:5].max() == 0
    assert probability[5:].sum() == pytest.approx(40 - 5 / 3)


def test_few_unsold_items_of_a_shop_without_rare_items_are_arrivals():
    assert on_sale_probability(shop(12, [60] * 10)).max() == 0


def test_items_created_after_the_last_event_are_arrivals():
    created = np.r_[np.zeros(30), 500 * DAY, 10 * DAY]
    times = np.linspace(DAY, 30 * DAY, 30)
    probability = on_sale_probability(shop(32, [3] * 30, created, times))
    assert probability[30] == 0
    assert 0.5 < probability[31] < 0.8  # two thirds sold first at a younger age


def test_times_of_an_import_after_the_events_tell_nothing():
    created = np.full(45, 900 * DAY)
    times = np.linspace(DAY, 30 * DAY, 30)
    probability = on_sale_probability(shop(45, [3] * 30, created, times))
    assert probability[30:].sum() == pytest.approx(15 - 30 / 3)


def test_a_shop_without_events_has_no_item_that_was_on_sale():
    data = Dataset(shop(5, [1]).items, Events.of([], [], []), 3)
    assert not draw_on_sale(data, 0).any()


def test_items_on_sale_compete_only_where_hidden_items_do(data):
    on_sale = np.ones(len(data.items), dtype=bool)
    on_sale[data.train_item_rows] = False
    split = random_holdout(data, np.random.default_rng(0), on_sale)
    for labelled in split.query_sets:
        competes = bool(labelled.candidates[on_sale].all())
        assert competes == (labelled.kind == "new_item")
        assert not labelled.targets[:, on_sale].nnz


def test_items_with_other_than_positive_events_were_on_sale():
    """Ten of 45 items have bad ratings only; arrivals are a third of the 5 sold ones."""
    unchosen = np.arange(45) >= 35
    data = replace(shop(45, [60] * 5), unchosen=unchosen)
    probability = on_sale_probability(data)
    assert (probability[35:] == 1).all()
    assert probability[5:35].sum() == pytest.approx(40 - 5 / 3 - 10)
    shares = unsold_shares(data)
    assert (shares[35:] == 1).all()
    assert shares[:35].max() == 0


def test_where_nothing_else_is_unsold_all_bad_items_are_certain():
    data = replace(shop(12, [60] * 10), unchosen=np.arange(12) >= 10)
    assert mean_on_sale_probability(data) == 0
    assert unsold_shares(data).tolist() == [0] * 10 + [1] * 2
