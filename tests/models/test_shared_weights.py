import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.models.shared_weights import WeightMatrix, restrict_features

RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def sparse(*shape):
    return sp.csr_array(floats(*shape) * (RNG.random(shape) < 0.5))


def kinds(n_items=5):
    left = floats(4, 2)
    return {
        "dense": WeightMatrix(dense=floats(4, n_items)),
        "sparse": WeightMatrix(sparse=sparse(4, n_items)),
        "low rank": WeightMatrix(left=left, right=floats(2, n_items)),
        "all": WeightMatrix(floats(4, n_items), sparse(4, n_items), left, floats(2, n_items)),
        "columns": WeightMatrix(dense=floats(4, 3), columns=np.resize([2, -1, 0, 2], n_items)),
    }


def written_out(operator):
    total = np.zeros(operator.shape, dtype=np.float32)
    if operator.columns is not None:
        for item, column in enumerate(operator.columns.tolist()):
            total[:, item] = 0 if column < 0 else operator.dense[:, column]
    elif operator.dense is not None:
        total += operator.dense
    if operator.sparse is not None:
        total += operator.sparse.toarray()
    if operator.left is not None:
        total += operator.left @ operator.right
    return total


EVIDENCE = {
    "one row": sparse(1, 4),
    "few numbers": sp.csr_array(([1.0], ([2], [3])), shape=(90, 4), dtype=np.float32),
    "many": sparse(9, 4),
}


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("many", EVIDENCE)
def test_apply_is_the_product(kind, many):
    operator, evidence = kinds()[kind], EVIDENCE[many]
    wanted = evidence.toarray() @ written_out(operator)
    found = operator.apply(evidence)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert found.dtype == np.float32


@pytest.mark.parametrize("kind", kinds())
def test_items_can_be_taken_scaled_and_asked_for(kind):
    operator, rows = kinds()[kind], np.array([3, 0, 3])
    whole, evidence = written_out(operator), sparse(6, 4)
    assert operator.shape == (4, 5)
    np.testing.assert_array_equal(written_out(operator.take(rows)), whole[:, rows])
    np.testing.assert_allclose(
        operator.apply_to_columns(evidence, rows),
        evidence.toarray() @ whole[:, rows],
        atol=1e-5,
    )
    factors = floats(5)
    np.testing.assert_allclose(
        written_out(operator.scale_columns(factors)), whole * factors, atol=1e-5
    )
    np.testing.assert_array_equal(written_out(operator), whole)


@pytest.mark.parametrize("second", kinds())
@pytest.mark.parametrize("first", kinds())
def test_two_operators_stand_side_by_side(first, second):
    one, other = kinds()[first], kinds(3)[second]
    found = one.hstack(other)
    assert found.shape == (4, 8)
    np.testing.assert_allclose(
        written_out(found), np.hstack([written_out(one), written_out(other)]), atol=1e-6
    )


def test_operators_that_share_a_factor_keep_their_rank():
    left = floats(4, 2)
    one, other = (
        WeightMatrix(left=left, right=floats(2, 5)),
        WeightMatrix(left=left, right=floats(2, 3)),
    )
    assert one.hstack(other).left is left


def test_an_operator_without_parts_has_nothing_to_say():
    assert WeightMatrix().apply(sparse(3, 4)) is None
    assert WeightMatrix().shape == (0, 0)
    np.testing.assert_array_equal(
        WeightMatrix().apply_to_columns(sparse(3, 4), np.array([1])), np.zeros((3, 1))
    )


@pytest.mark.parametrize("kind", kinds())
def test_vectors_are_evidence_too(kind):
    operator, vectors = kinds()[kind], floats(3, 4)
    found = operator.apply(vectors)
    np.testing.assert_allclose(found, vectors @ written_out(operator), atol=1e-5)
    assert found.dtype == np.float32


@pytest.mark.parametrize("kind", kinds())
def test_an_operator_is_a_matrix(kind):
    operator = kinds()[kind]
    np.testing.assert_allclose(operator.to_dense(), written_out(operator), atol=1e-6)


@pytest.mark.parametrize("kind", kinds())
def test_columns_are_aligned_with_other_items(kind):
    operator, rows = kinds()[kind], np.array([4, -1, 0, 0])
    aligned = operator.align_columns(rows)
    wanted = np.where(rows < 0, 0, written_out(operator)[:, rows])
    np.testing.assert_allclose(aligned.to_dense(), wanted, atol=1e-6)
    assert aligned.shape == (4, 4)
    if kind in {"dense", "columns"}:
        assert aligned.dense is operator.dense


@pytest.mark.parametrize("kind", kinds())
def test_products_with_the_rows_in_use_are_the_same_numbers(kind):
    operator, evidence = kinds()[kind], sp.csr_array(np.array([[0, 2, 0, -1]], np.float32))
    restricted, used = restrict_features(evidence)
    found = operator.take_features(used).apply(restricted)
    np.testing.assert_allclose(found, operator.apply(evidence), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("item", [0, 3, 5, -1])
def test_one_column_of_a_sparse_matrix_is_that_of_scipy(item):
    rng = np.random.default_rng(4)
    matrix = sp.random_array((7, 6), density=0.4, format="csr", dtype=np.float32, rng=rng)
    found = WeightMatrix(sparse=matrix).take(np.array([item])).sparse
    np.testing.assert_array_equal(found.toarray(), matrix[:, [item]].toarray())
    assert found.has_sorted_indices
