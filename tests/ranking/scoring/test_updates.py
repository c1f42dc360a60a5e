from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from safetensors.numpy import save_file

from daybreak.data import mapped_arrays
from daybreak.data.dataset import ContentBlock, Items, Queries
from daybreak.data.mapped_arrays import is_mapped, read_arrays
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.blending.strategies import FittedStrategies, default_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend
from daybreak.ranking.scoring.quantized_weights import QuantizedWeights
from daybreak.ranking.scoring.scorer import MAX_LEVEL_CACHE_BYTES, Scorer
from daybreak.ranking.scoring.updates import (
    MAX_CHANGED_SHARE,
    _update_mapped,
    iter_column_updates,
)

CHANGED = np.array([2, 17, 33, 39])


@pytest.fixture
def queries(data):
    return Queries.for_users(data, data.events.filter(data.events.user % 9 != 0), np.arange(30))


def scorer_of(data, max_cache_bytes=MAX_LEVEL_CACHE_BYTES, **options):
    """Return a scorer in which every strategy has a weight at every level."""
    fitted = FittedStrategies.fit_on(data, default_strategies(), seed=0)
    shape = (len(EVENT_LEVELS), len(default_strategies()))
    rng = np.random.default_rng(2)
    for_warm, for_new = fitted.item_masks
    blend = Blend(
        fitted.names,
        (rng.random(len(default_strategies())) + 0.5).astype(np.float32),
        rng.random(shape) * for_warm,
        rng.random(shape) * for_new,
        rng.random(len(EVENT_LEVELS)),
    )
    return Scorer(blend, fitted, data.items, max_cache_bytes=max_cache_bytes, **options)


def with_swapped_content(items):
    """Return items some of which have the content of another item."""
    order = np.arange(len(items))
    order[CHANGED] -= 1
    block = items.blocks[0]
    return Items(items.ids, (ContentBlock(block.name, block.matrix[order]),))


@pytest.mark.parametrize("limit", [6000, 1], ids=["dense", "sparse"])
@pytest.mark.parametrize("cache", [MAX_LEVEL_CACHE_BYTES, 0], ids=["cached", "uncached"])
def test_an_updated_scorer_scores_changed_items_like_the_partition(
    data, queries, limit, cache, monkeypatch
):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", limit)
    scorer = scorer_of(data, cache)
    before = scorer.score(queries)
    partition = scorer.for_items(with_swapped_content(data.items).take(CHANGED))
    expected = before.copy()
    expected[:, CHANGED] = partition.score(queries)
    assert not np.allclose(expected, before, atol=1e-3)
    *_, last = iter_column_updates(scorer, partition, CHANGED, np.arange(len(CHANGED)))
    np.testing.assert_allclose(last.score(queries), expected, atol=1e-4)
    np.testing.assert_array_equal(scorer.score(queries), before)


def test_changed_items_have_new_weights_of_8_bits(data, queries):
    """The error of a weight is at most half a unit of its row, which is small."""
    scorer = scorer_of(data, min_quantized_bytes=0)
    before = scorer.score(queries)
    partition = scorer.for_items(with_swapped_content(data.items).take(CHANGED))
    expected = before.copy()
    expected[:, CHANGED] = partition.score(queries)
    *_, last = iter_column_updates(scorer, partition, CHANGED, np.arange(len(CHANGED)))
    assert isinstance(last.level_weights(3).fused["history"], QuantizedWeights)
    others = np.delete(np.arange(len(data.items)), CHANGED)
    found = last.score(queries)
    np.testing.assert_allclose(found[:, others], before[:, others], atol=1e-4)
    np.testing.assert_allclose(found, expected, atol=0.03)
    assert np.abs(expected - before).max() > 0.5


def test_unchanged_items_keep_their_scores_during_updates(data, queries):
    scorer = scorer_of(data)
    before = np.delete(scorer.score(queries), CHANGED, axis=1)
    partition = scorer.for_items(with_swapped_content(data.items).take(CHANGED))
    for updated in iter_column_updates(scorer, partition, CHANGED, np.arange(len(CHANGED))):
        others = np.delete(updated.score(queries), CHANGED, axis=1)
        np.testing.assert_allclose(others, before, atol=1e-5)


def test_each_update_shares_all_but_one_matrix(data, queries):
    scorer, levels = scorer_of(data), range(len(EVENT_LEVELS))
    for level in levels:
        scorer.level_weights(level)
    partition = scorer.for_items(with_swapped_content(data.items).take(CHANGED))
    n_updates = 0
    for updated in iter_column_updates(scorer, partition, CHANGED, np.arange(len(CHANGED))):
        pairs = zip(updated.linear_models, scorer.linear_models, strict=True)
        models = [new is not old for new, old in pairs]
        weights = [updated.level_weights(n) is not scorer.level_weights(n) for n in levels]
        assert sum(models) + sum(weights) == 1
        scorer, n_updates = updated, n_updates + 1
    assert n_updates == len(scorer.linear_models) + len(EVENT_LEVELS)


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """Return a function that maps a matrix from a file."""
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)
    numbers = iter(range(100))

    def store(matrix):
        path = tmp_path / str(next(numbers))
        save_file({"matrix": np.ascontiguousarray(matrix, dtype=np.float32)}, path)
        return read_arrays(path, mapped=True)["matrix"]

    return store


def map_weights(scorer, mapped):
    """Return a scorer whose dense weights are in files, as those of a release."""
    for row, linear in enumerate(scorer.linear_models):
        if linear.weights.dense is not None and linear.weights.dense.size:
            weights = replace(linear.weights, dense=mapped(linear.weights.dense))
            scorer = scorer.with_linear_model(row, replace(linear, weights=weights))
    return scorer


@pytest.mark.parametrize("cache", [MAX_LEVEL_CACHE_BYTES, 0], ids=["cached", "uncached"])
def test_mapped_weights_stay_in_their_files_when_items_change(
    data, queries, cache, mapped, monkeypatch
):
    monkeypatch.setattr("daybreak.ranking.scoring.updates.MAX_CHANGED_SHARE", np.inf)
    scorer = map_weights(scorer_of(data, cache), mapped)
    expected = scorer.score(queries)
    partition = scorer.for_items(with_swapped_content(data.items).take(CHANGED))
    expected[:, CHANGED] = partition.score(queries)
    *_, last = iter_column_updates(scorer, partition, CHANGED, np.arange(len(CHANGED)))
    np.testing.assert_allclose(last.score(queries), expected, atol=1e-4)
    kinds = [model.feature_kind for model in scorer.fitted.models]
    pairs = zip(scorer.linear_models, last.linear_models, strict=True)
    shared = {
        kind: new.weights.dense is old.weights.dense
        for kind, (old, new) in zip(kinds, pairs, strict=True)
        if old.weights.dense is not None and is_mapped(old.weights.dense)
    }
    assert shared["history"]
    assert not any(same for kind, same in shared.items() if kind.startswith("vectors"))


def test_changed_columns_of_a_mapped_matrix_become_sparse_entries(mapped):
    dense = mapped([[1, 2, 3, 4]] * 10)
    older = WeightMatrix(dense)
    newer = WeightMatrix(sparse=sp.csr_array(np.float32([[3, 7]] * 10)))
    updated = _update_mapped(older, newer, np.array([2, 1]))
    assert updated.dense is dense
    assert updated.columns.tolist() == [0, -1, 2, 3]  # the weights of item 2 are as before
    assert updated.sparse.nnz == 10
    assert updated.to_dense()[0].tolist() == [1, 7, 3, 4]
    again = _update_mapped(updated, WeightMatrix(np.float32([[9]] * 10)), np.array([1]))
    assert again.to_dense()[0].tolist() == [1, 9, 3, 4]
    assert again.sparse.nnz == 10


def test_a_mapped_matrix_is_copied_when_many_columns_have_changed(mapped):
    """An entry takes 8 bytes, a number of the dense matrix 4."""
    older = WeightMatrix(mapped([[1, 2, 3, 4]]))
    assert MAX_CHANGED_SHARE == 1
    two, three = WeightMatrix(np.float32([[5, 6]])), WeightMatrix(np.float32([[5, 6, 7]]))
    assert _update_mapped(older, two, np.array([1, 2])) is not None
    assert _update_mapped(older, three, np.array([1, 2, 3])) is None
    assert _update_mapped(WeightMatrix(np.float32([[1, 2]])), two, np.array([0, 1])) is None
