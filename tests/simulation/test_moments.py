"""Queries at moments ask what comes next, with what existed then."""

from dataclasses import replace

import numpy as np
import pytest

from daybreak.data.dataset import Dataset, Events
from daybreak.rng import create_generator
from daybreak.simulation.moments import (
    again_queries,
    newcomer_moments,
    now_queries,
    unsold_items,
)
from daybreak.testing.models import example_items

DAY = 86_400.0


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    user, item = rng.integers(0, 150, 3_000), rng.integers(0, 14, 3_000)
    at = 1.7e9 + rng.integers(0, 60, 3_000) * DAY
    order = np.lexsort((at, user))
    every = Events(user[order], item[order], at[order].astype(float))
    return Dataset(example_items(14), Events.of(user, item, at), 150, repeated=every)


@pytest.fixture(scope="module")
def cut(data):
    moment = 1.7e9 + 20 * DAY
    return moment, data.filter_events(data.events.at < moment)


def test_targets_come_after_the_moment_and_are_not_known(data, cut):
    moment, visible = cut
    for labelled in now_queries(data, visible, moment, create_generator(0, "test")):
        for row, user in enumerate(labelled.users):
            mine = data.events.filter(data.events.user == user)
            after = set(mine.item[mine.at >= moment].tolist())
            assert set(labelled.targets[[row]].indices.tolist()) <= after
        assert not labelled.targets.multiply(labelled.seen > 0).nnz
        assert set(np.flatnonzero(labelled.candidates)) == set(visible.train_item_rows)


def test_few_events_are_known_of_newcomers(data, cut):
    moment, visible = cut
    none, one, three, _ = now_queries(data, visible, moment, create_generator(0, "test"))
    assert none.queries.n_events.max() == 0
    assert one.queries.n_events.max() == 1
    assert three.queries.n_events.max() == 3


def test_moments_move_on(data):
    moments = [
        d.events.at.max() for d, _ in newcomer_moments(data, create_generator(0, "test"))
    ]
    assert moments == sorted(moments)
    assert len(moments) > 3


def test_unsold_items_are_those_that_existed():
    at, day = 1.7e9 + np.arange(100) * DAY, DAY
    created = np.array([1.7e9, 1.7e9 + 99 * day, np.nan, np.nan, np.nan, 1.7e9 + 50 * day])
    item = np.zeros(100, dtype=int)  # item 2 is never sold, 3 is sold soon, 4 much later
    item[[61, 90, 40]] = 3, 4, 5
    items = replace(example_items(6), created_at=created)
    data = Dataset(items, Events.of(np.arange(100), item, at), 100)
    moment = float(at[60])
    visible = data.filter_events(data.events.at < moment)
    found = unsold_items(data, visible, moment)
    assert found.tolist() == [False, False, True, True, False, False]


def test_the_next_basket_may_contain_what_one_has(data, cut):
    moment, visible = cut
    labelled = again_queries(data, visible, moment, create_generator(0, "test"))
    assert not labelled.seen.nnz
    user = labelled.users[0]
    mine = data.all_events.filter(data.all_events.user == user)
    later = mine.at[mine.at >= moment]
    basket = set(mine.item[mine.at == later.min()].tolist())
    assert set(labelled.targets[[0]].indices.tolist()) == basket
    assert set(labelled.queries.repeats[[0]].indices.tolist()) == set(
        np.searchsorted(visible.train_item_rows, mine.item[mine.at < moment]).tolist()
    )
