"""Which items are scored for simulated queries of a large catalogue."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.ranking.blending import pools
from daybreak.ranking.blending.fit import fit_blend
from daybreak.ranking.blending.pools import choose_scored_items
from daybreak.ranking.blending.strategies import Strategy


@pytest.fixture
def small_limits(monkeypatch):
    """Make a catalogue of more than 30 items a large one."""
    monkeypatch.setattr(pools, "MAX_FULLY_SCORED_ITEMS", 30)
    monkeypatch.setattr(pools, "N_SCORED_ITEMS", 20)


def shop(n_items=100, n_users=60, n_events=20):
    """Users with events on random items, of which the first are chosen most."""
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, n_items + 1)
    rows = [
        (user, item, 100.0 * user + place)
        for user in range(n_users)
        for place, item in enumerate(
            rng.choice(n_items, n_events, replace=False, p=share / share.sum())
        )
    ]
    user, item, at = map(np.array, zip(*rows, strict=True))
    items = Items(Vocabulary(f"i{n}" for n in range(n_items)))
    return Dataset(items, Events.of(user, item, at), n_users)


def wanted(*targets, n_items=100):
    """Labelled queries with these targets."""
    rows = [row for row, found in enumerate(targets) for _ in found]
    columns = [item for found in targets for item in found]
    matrix = sp.csr_array((np.ones(len(rows)), (rows, columns)), (len(targets), n_items))
    return SimpleNamespace(targets=matrix)


def test_a_small_catalogue_is_scored_whole():
    data = shop()
    scored = choose_scored_items(data, (), 0)
    assert scored.is_all
    assert scored.rows.tolist() == list(range(100))
    assert scored.take(data.items) is data.items


def test_the_part_is_drawn_over_all_degrees_of_popularity(small_limits):
    data = shop()
    scored = choose_scored_items(data, (), 0)
    counts = np.bincount(data.events.item, minlength=100)
    rank = np.empty(100)
    rank[np.argsort(-counts, kind="stable")] = np.arange(100)
    assert len(scored.rows) == 20
    assert scored.is_drawn.all()
    ordered = np.sort(rank[scored.rows])
    assert np.abs(ordered - (2 + 5 * np.arange(20))).max() < 20  # ties have a random order
    again, other = choose_scored_items(data, (), 0), choose_scored_items(data, (), 1)
    assert again.rows.tolist() == scored.rows.tolist() != other.rows.tolist()


def test_each_query_has_three_of_its_targets_among_them(small_limits):
    targets = [[0, 1, 2, 3, 4, 5, 6, 7], [50], [60, 61], list(range(100))]
    scored = choose_scored_items(shop(), (wanted(*targets),), 0)
    found = [len(set(one) & set(scored.rows.tolist())) for one in targets]
    assert found[0] >= 3
    assert found[1:3] == [1, 2]
    assert found[3] >= 20
    assert len(scored.rows) <= 20 + 6  # the last query needs no further one
    assert scored.is_drawn.sum() == 20


def test_a_blend_of_a_large_catalogue_learns_from_all_items(small_limits):
    data = shop(n_users=80)
    strategies = tuple(Strategy(name, name) for name in ("popular", "item_knn"))
    blend, fitted = fit_blend(data, strategies, 0)
    assert len(fitted.train_items) == len(data.train_item_rows)
    assert blend.at_popularity(1.0).weights.any()


def test_rows_of_pools_are_those_of_the_catalogue(small_limits, monkeypatch):
    seen = []
    original = pools.PoolBuilder.collect

    def collect(self, rows, kinds=(), **options):
        found = original(self, rows, kinds, **options)
        seen.extend(found.pools.values())
        return found

    monkeypatch.setattr(pools.PoolBuilder, "collect", collect)
    data = shop(n_users=80)
    fit_blend(data, (Strategy("popular", "popular"), Strategy("item_knn", "item_knn")), 0)
    popular = np.bincount(data.events.item, minlength=100)
    rows = np.concatenate([pool.item_rows[pool.present] for pool in seen])
    assert rows.max() > 30  # beyond the positions in the part
    new = np.concatenate([pool.item_rows[pool.relevant] for pool in seen])
    assert (popular[new] > 0).all()
