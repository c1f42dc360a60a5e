"""Parts of a scorer on disk, and sums of the rows that a query needs."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import mapped_arrays
from daybreak.data.dataset import Queries
from daybreak.data.sparse_rows import make_csr
from daybreak.errors import DataError
from daybreak.models.item_knn import ItemKnnModel
from daybreak.models.shared_persistence import mapped_arrays as mapping
from daybreak.models.shared_persistence import read_state, write_state
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.scoring.centres import ScoreCentre
from daybreak.ranking.scoring.scorer import LinearScorer, Scorer
from daybreak.ranking.scoring.stored import (
    SCORER_FOLDER,
    StoredLinearScorer,
    read_parts,
    write_parts,
)
from daybreak.ranking.scoring.sums import share_indices, sum_weighted
from tests.ranking.scoring.test_updates import scorer_of


@pytest.fixture(params=[6000, 1], ids=["dense", "sparse"])
def scorer(request, data, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", request.param)
    monkeypatch.setattr("daybreak.models.content_match.MAX_DENSE_ITEMS", request.param)
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)
    return scorer_of(data)


@pytest.fixture
def queries(data):
    return Queries.for_users(data, data.events.filter(data.events.user % 9 != 0), np.arange(30))


def reopened(scorer, folder, *, sums_rows=False):
    """Return the scorer after its models and its parts were written and read."""
    models = []
    for number, model in enumerate(scorer.fitted.models):
        model.save(folder / str(number))
    write_parts(folder, scorer.fitted, scorer.parts())
    with mapping():
        for number, model in enumerate(scorer.fitted.models):
            models.append(type(model).load(folder / str(number)))
        fitted = replace(scorer.fitted, models=tuple(models))
        parts = read_parts(folder, fitted, scorer.items)
    return Scorer.from_parts(scorer.blend, fitted, parts, sums_rows=sums_rows)


def test_a_stored_scorer_gives_the_same_numbers(scorer, queries, tmp_path):
    back = reopened(scorer, tmp_path)
    np.testing.assert_array_equal(back.score(queries), scorer.score(queries))
    np.testing.assert_array_equal(back._is_informative, scorer._is_informative)


def test_sums_of_the_rows_in_use_give_the_same_numbers(scorer, queries, tmp_path):
    light = reopened(scorer, tmp_path, sums_rows=True)
    for row in range(len(queries)):
        one = queries.take(np.array([row]))
        np.testing.assert_array_equal(light.score(one), scorer.score(one))
    np.testing.assert_allclose(light.score(queries), scorer.score(queries), atol=2**-14)
    assert not any(light.level_weights(level).fused for level in light.cached_levels())


def test_nothing_is_multiplied_when_parts_are_read(scorer, tmp_path, monkeypatch):
    asked = []
    for model in {type(model) for model in scorer.fitted.models}:
        compute = model.linear_scorer

        def counted(self, *args, compute=compute):
            asked.append(self.feature_kind)
            return compute(self, *args)

        monkeypatch.setattr(model, "linear_scorer", counted)
    reopened(scorer, tmp_path)
    assert set(asked) <= {"wish", "repeats"}


def test_arrays_of_the_state_of_a_model_are_not_written_twice(scorer, tmp_path):
    reopened(scorer, tmp_path)
    row = scorer.fitted.names.index("ease")
    dense = scorer.fitted.models[row].state.dense
    stored = (tmp_path / str(row) / SCORER_FOLDER / "state.safetensors").stat().st_size
    if dense.size:
        assert stored < dense.nbytes


def test_a_release_without_parts_has_none(scorer, tmp_path):
    assert read_parts(tmp_path, scorer.fitted, scorer.items) is None


def test_parts_of_other_items_are_refused(scorer, tmp_path):
    write_parts(tmp_path, scorer.fitted, scorer.parts())
    fewer = scorer.items.take(np.arange(len(scorer.items) - 1))
    with pytest.raises(DataError, match="scorer is not of"):
        read_parts(tmp_path, scorer.fitted, fewer)


@pytest.mark.parametrize("column", [9, 2**40])
def test_a_column_out_of_bounds_is_refused(scorer, column):
    model = scorer.fitted.models[scorer.fitted.names.index("ease")]
    n = len(scorer.items)
    weights = WeightMatrix(dense=np.ones((2, 2), np.float32), columns=np.full(n, column))
    linear = LinearScorer(weights, np.zeros(n, np.float32), np.ones(n, bool))
    stored = StoredLinearScorer.of(model, linear, ScoreCentre(np.zeros(0), 0.0), differ=True)
    with pytest.raises(DataError, match="column outside"):
        stored.restore(model, scorer.items)


def test_weighted_matrices_are_added_by_hand():
    first = WeightMatrix(dense=np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    second = WeightMatrix(
        dense=np.array([[10], [20], [30]], np.float32), columns=np.array([-1, 0])
    )
    pairs = [(first, np.array([2, 1], np.float32)), (second, np.array([7, 3], np.float32))]
    # by hand: row 0 is 2*1, 2 + 3*10; row 2 is 2*5, 6 + 3*30
    assert sum_weighted(pairs).dense[[0, 2]].tolist() == [[2, 32], [10, 96]]
    assert sum_weighted(pairs, np.array([2, 0])).dense.tolist() == [[10, 96], [2, 32]]


def test_strategies_without_models_have_no_parts(data, tmp_path):
    none = FittedStrategies((), (), data.train_items)
    assert read_parts(tmp_path, none, data.items) is None


def test_sums_with_entries_at_the_same_places_share_their_indices(data, queries):
    scorer = scorer_of(data)
    one, other, *_ = [scorer.level_weights(level).fused["recent"].sparse for level in (2, 3)]
    assert one.nnz
    assert one.indices is other.indices
    assert one.indptr is other.indptr
    assert not np.array_equal(one.data, other.data)


def test_sums_with_other_entries_keep_their_indices():
    one, other = (
        WeightMatrix(sparse=sp.csr_array(np.array(rows, dtype=np.float32)))
        for rows in ([[0, 1]], [[1, 0]])
    )
    assert share_indices(one, [None, other]) is one


def test_loaded_matrices_have_indices_of_32_bits(data, tmp_path):
    model = ItemKnnModel().fit(data)
    weights = model.state.weights
    wide = (weights.data, weights.indices.astype(np.int64), weights.indptr.astype(np.int64))
    state = replace(model.state, weights=make_csr(*wide, weights.shape))
    write_state(tmp_path, {}, state)
    back = read_state(tmp_path, type(state))[1]
    assert back.weights.indices.dtype == back.weights.indptr.dtype == np.int32
    np.testing.assert_array_equal(back.weights.toarray(), weights.toarray())
