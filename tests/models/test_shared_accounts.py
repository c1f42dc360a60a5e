from dataclasses import replace

import numpy as np
import pytest

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.ease import EaseModel
from daybreak.models.graph_filter import GraphFilterModel
from daybreak.models.item_knn import ItemKnnModel
from daybreak.models.shared_accounts import (
    AccountAgreement,
    measure_agreement,
    weigh_accounts,
)
from daybreak.models.shared_statistics import gram_matrix
from tests.models.tiny import dataset, weights

N_GROUPS, N_GROUP_ITEMS = 5, 30


def shop(histories):
    """A data set of lists of item rows."""
    items = Items(Vocabulary([str(row) for row in range(N_GROUPS * N_GROUP_ITEMS + 40)]))
    user = np.concatenate([np.full(len(one), row) for row, one in enumerate(histories)])
    item = np.concatenate(histories)
    return Dataset(items, Events.of(user, item, np.arange(len(user))), len(histories))


def customers(n, rng, size=12):
    """Histories of people of one taste each, with two items of another one."""
    histories = []
    for row in range(n):
        own = np.arange(N_GROUP_ITEMS) + row % N_GROUPS * N_GROUP_ITEMS
        other = rng.integers(0, N_GROUPS * N_GROUP_ITEMS, 2)
        histories.append(np.unique(np.r_[rng.choice(own, size, replace=False), other]))
    return histories


def random_accounts(n, rng, size=25):
    return [rng.choice(N_GROUPS * N_GROUP_ITEMS, size, replace=False) for _ in range(n)]


def test_agreement_becomes_a_weight_by_hand():
    """The median is .9: full weight from ``.5 + .3 * .4 = .62`` on.

    An account with .5 in 30 events is shrunk to ``(15 + 9) / 40 = .6``, which weighs
    ``.1 / .12``; with .3 in 90 events to ``(27 + 9) / 100 = .36``, which weighs the minimum;
    with .3 in two events to ``(.6 + 9) / 12 = .8``.
    """
    agreement = np.r_[np.full(60, 0.9), 0.5, 0.3, 0.3]
    n_told = np.r_[np.full(60, 20.0), 30, 90, 2]
    found = AccountAgreement(agreement, n_told).weights()
    np.testing.assert_allclose(found, [*[1] * 60, 0.1 / 0.12, 0.2, 1])


def test_a_shop_without_pattern_or_with_few_accounts_judges_nobody():
    chance = AccountAgreement(np.r_[np.full(60, 0.55), 0.1], np.full(61, 50.0))
    few = AccountAgreement(np.r_[np.full(30, 0.9), 0.1], np.full(31, 50.0))
    assert set(chance.weights()) == set(few.weights()) == {1}


def test_random_accounts_agree_by_chance_and_count_less():
    rng = np.random.default_rng(0)
    data = shop(customers(200, rng) + random_accounts(20, rng))
    agreement = measure_agreement(data).agreement
    assert agreement[:200].mean() > 0.8
    assert 0.3 < agreement[200:].mean() < 0.6
    weighted, report = weigh_accounts(data)
    assert weighted.user_weights[200:].mean() < 0.6
    assert weighted.user_weights[:200].mean() > 0.98
    assert report["without_pattern"] >= 15
    assert report["pattern_weight"] < 0.7


def test_a_niche_loses_nothing():
    """Six people choose among twenty items of their own, four what nobody else has."""
    rng = np.random.default_rng(1)
    first = N_GROUPS * N_GROUP_ITEMS
    niche = [first + rng.choice(20, 12, replace=False) for _ in range(6)]
    alone = [first + 20 + 5 * row + np.arange(5) for row in range(4)]
    data = shop(customers(200, rng) + niche + alone)
    weighted, _ = weigh_accounts(data)
    assert weighted.pair_weights[200:].tolist() == [1] * 10


def test_a_young_shop_and_short_histories_lose_nothing():
    rng = np.random.default_rng(2)
    young = shop(customers(20, rng) + random_accounts(3, rng))
    assert weigh_accounts(young) == (young, {})
    short = shop(customers(200, rng, 12) + random_accounts(30, rng, 3))
    assert weigh_accounts(short)[0].pair_weights[200:].min() > 0.6


def test_a_pair_counts_with_the_weight_of_its_user():
    """Items 0 and 1 have two common users, of whom one weighs a quarter."""
    data = dataset([[0, 1], [0, 1], [0, 2], [2]], 3)
    halved = replace(data, user_weights=np.float32([1, 0.25, 1, 1]))
    assert gram_matrix(halved)[0].tolist() == [2.25, 1.25, 1]
    assert halved.weighted_counts.tolist() == [2.25, 1.25, 2]
    expected = 0.5 * 2.25 * 1.25 / 3.25
    found = weights(ItemKnnModel(expected_share=0.5).fit(halved), halved)
    assert found[0, 1] == pytest.approx((1.25 - expected) / (np.sqrt(2.25 * 1.25) + 10))


@pytest.mark.parametrize("model", [ItemKnnModel, EaseModel, GraphFilterModel])
@pytest.mark.parametrize("limit", [6000, 1], ids=["dense", "sparse"])
def test_a_user_who_weighs_two_halves_is_one_user(model, limit, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", limit)
    histories = [[0, 1, 2], [0, 1], [1, 2, 3], [3, 0]]
    once = dataset(histories, 4)
    twice = dataset([*histories, histories[0]], 4)
    twice = replace(twice, user_weights=np.float32([0.5, 1, 1, 1, 0.5]))
    np.testing.assert_allclose(
        weights(model().fit(twice), twice), weights(model().fit(once), once), atol=1e-5
    )


def test_a_part_of_the_events_keeps_the_weights():
    data = replace(dataset([[0, 1], [0, 2]], 3), user_weights=np.float32([1, 0.5]))
    kept = data.filter_events(data.events.item != 1)
    assert kept.weighted_counts.tolist() == [1.5, 0.5]
