"""Statistics of models are sums over users: sharded, they equal those of all users."""

from dataclasses import fields

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from daybreak.engines import use_engine
from daybreak.engines.processes import ProcessEngine
from daybreak.engines.serial import SerialEngine
from daybreak.models import models, shared_statistics
from daybreak.models.ease import EaseModel
from daybreak.models.item_knn import ItemKnnModel
from daybreak.models.shared_statistics import dense_product
from daybreak.testing.models import example_dataset, example_queries

SUMMING = (
    *("content_ease", "content_neighbours", "content_smooth", "distilled", "ease"),
    *("ease_neighbours", "graph_filter", "item_knn", "source_items", "transitions"),
)
"""Models with sums over users that an engine computes."""


class CountingEngine(SerialEngine):
    """A serial engine that counts its calls of ``map``."""

    n_maps = 0

    def map(self, function, tasks):
        self.n_maps += 1
        return super().map(function, tasks)


def assert_same_state(found, wanted):
    for field in fields(wanted):
        one, other = (getattr(state, field.name) for state in (found, wanted))
        if sp.issparse(other):
            one, other = one.toarray(), other.toarray()
        if isinstance(other, np.ndarray) and other.dtype.kind == "f":
            assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=field.name)


@pytest.mark.parametrize("n_shards", [1, 2, 7])
@pytest.mark.parametrize("name", SUMMING)
def test_sharded_equals_central_to_rounding(name, n_shards):
    data = example_dataset()
    central = models[name]().fit(data)
    engine = CountingEngine(n_shards)
    with use_engine(engine):
        sharded = models[name]().fit(example_dataset())
    assert (engine.n_maps > 0) == (n_shards > 1)
    assert_same_state(sharded.state, central.state)
    scores = [
        one.score(example_queries(data), data.items).ravel() for one in (sharded, central)
    ]
    assert_allclose(*scores, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_shards", [2, 7])
@pytest.mark.parametrize("name", ["graph_filter", "item_knn"])
def test_pairs_of_a_large_catalogue_are_counted_in_shards(name, n_shards, monkeypatch):
    monkeypatch.setattr(shared_statistics, "MAX_DENSE_ITEMS", 5)
    monkeypatch.setattr(shared_statistics, "MAX_BLOCK_CELLS", 60)
    central = models[name]().fit(example_dataset())
    engine = CountingEngine(n_shards)
    with use_engine(engine):
        sharded = models[name]().fit(example_dataset())
    assert engine.n_maps > 1
    assert_same_state(sharded.state, central.state)


def test_every_shard_of_users_counts_once():
    # Three users and two items: items 0 and 1 have one user in common, item 0 has three.
    x = sp.csr_array(np.array([[1, 0], [1, 1], [1, 0]], dtype=np.float32))
    for n_shards in (1, 2, 7):
        with use_engine(SerialEngine(n_shards)):
            assert dense_product(x, x).tolist() == [[3, 1], [1, 1]]
            assert dense_product(x, x[:, [1]]).tolist() == [[1], [1]]


def test_the_sums_of_two_processes_equal_those_of_one():
    central = EaseModel().fit(example_dataset())
    with ProcessEngine(2) as engine, use_engine(engine):
        sharded = EaseModel().fit(example_dataset())
        neighbours = ItemKnnModel().fit(example_dataset())
    assert_same_state(sharded.state, central.state)
    assert_same_state(neighbours.state, ItemKnnModel().fit(example_dataset()).state)


@pytest.mark.parametrize("name", sorted(set(models.registered()) - set(SUMMING)))
def test_all_other_models_are_computed_in_one_process(name):
    engine = CountingEngine(7)
    with use_engine(engine):
        models[name]().fit(example_dataset())
    assert engine.n_maps == 0
