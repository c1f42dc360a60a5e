"""Matrix computations of several models: co-occurrences, largest weights, inverses, factors."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from daybreak.cores import thread_count
from daybreak.data.dataset import Dataset
from daybreak.engines import Engine, SharedValue, current_engine, split_rows
from daybreak.memory import bounded_size
from daybreak.types import Floats, Mask, Rows, Sparse

T = TypeVar("T")

MAX_DENSE_ITEMS = 6_000
"""Training items up to which item-item matrices are dense: 144 MB each at the limit."""
MAX_DUAL_USERS = 10_000
"""Users up to which EASE is solved over users when the catalogue is too large for items."""
MAX_WEIGHTS_PER_ITEM = 200
"""Weights kept for an item in the sparse matrices of larger catalogues [weights]."""
MAX_EVENTS_PER_USER = 1_000
"""Events of one user that count in sparse co-occurrences [events]."""
N_OVERSAMPLED_DIRECTIONS = 16
"""Directions computed in addition to those that are kept."""
N_POWER_ITERATIONS = 4
"""Multiplications by the matrix and its transpose; more make the directions more exact."""
MAX_BLOCK_CELLS = 32_000_000
"""Size of a dense block of a matrix that is computed in blocks: 128 MB [numbers]."""
DENSE_PRODUCT_SPEED = 90
"""Multiplications of a sparse and a dense matrix in the time of one of two sparse ones."""
DENSE_BLOCK_COLUMNS = 128
"""Columns of a block that is multiplied with a sparse matrix: of 2,500 users, it stays in the
cache of a core; 1,024 columns took 1.6 times as long."""
TRANSPOSED_BLOCK_ROWS = 512
"""Rows of a matrix that are transposed at a time."""
CELLS_PER_PAIR = 8
"""Memory of a pair of items in a sparse block, and of what is computed from it, relative to a
cell of a dense block."""
MIN_THREADED_PRODUCTS = 300_000_000
"""Multiplications of sparse matrices from which blocks are computed by several threads."""
MIRROR_BLOCK_ROWS = 256
"""Rows of a block of a matrix that is mirrored; two blocks fit into the cache of a core."""


def cached(data: Dataset, key: str, compute: Callable[[], T]) -> T:
    """Return a statistic from the cache of the data set; compute it the first time."""
    if key not in data.cache:
        data.cache[key] = compute()
    value: Any = data.cache[key]
    return value  # type: ignore[no-any-return]


def fits_dense(data: Dataset) -> bool:
    """Return whether item-item matrices of the data set are kept dense."""
    return fits_dense_items(len(data.train_item_rows))


def fits_dense_items(n_items: int) -> bool:
    """Return whether item-item matrices of a number of items are kept dense."""
    return n_items <= bounded_size("dense_items", MAX_DENSE_ITEMS)


def needs_neighbour_form(data: Dataset) -> bool:
    """Return whether neither item-item nor user-user matrices of the data set are dense."""
    return not fits_dense(data) and len(data.active_user_rows) > bounded_size(
        "dual_users", MAX_DUAL_USERS
    )


def scale_ridge(n_users: float, ridge: float) -> float:
    """Return the ridge of EASE, from one in units of the square root of the number of users.

    Example:
        >>> scale_ridge(4, 2.5)
        5.001
    """
    return float(ridge * np.sqrt(n_users) + 1e-3)


def gram_matrix(data: Dataset) -> Floats:
    """Return the dense (n_train_items, n_train_items) co-occurrence counts ``X'X``.

    A user counts with the weight in :attr:`Dataset.pair_weights`.
    """

    def compute() -> Floats:
        return dense_product(data.weighted_interactions, data.weighted_interactions)

    return cached(data, "gram", compute)


def normalised_interactions(data: Dataset) -> Sparse:
    """Return ``Du^-1/2 X Di^-1/2``: interactions divided by the roots of both degrees.

    Rows are multiplied by the roots of the weights of users.
    """

    def compute() -> Sparse:
        x = data.interactions
        users = np.asarray(x.sum(axis=1)).ravel()
        left = sp.diags_array(np.sqrt(data.pair_weights / np.maximum(users, 1)))
        right = sp.diags_array(1 / np.sqrt(np.maximum(data.weighted_counts, 1)))
        return sp.csr_array(left @ x @ right, dtype=np.float32)

    return cached(data, "normalised", compute)


def dense_product(a: Sparse, b: Sparse, block_rows: int = 4_096) -> Floats:
    """Return the dense ``a'b``, computed in blocks of ``block_rows`` rows.

    It is a sum over rows, which are users. Where an engine is in use, its workers compute the
    sums of shards of users, which are added in the order of the shards.

    Args:
        a: (n_users, n) matrix.
        b: (n_users, m) matrix.
        block_rows: Rows that are dense at a time [rows].
    """
    engine = current_engine()
    if engine is None or engine.n_shards == 1:
        return _sum_shard((a, None if a is b else b, block_rows))
    shards = split_rows(a.shape[0], engine.n_shards)
    tasks = ((a[rows], None if a is b else b[rows], block_rows) for rows in shards)
    total = np.zeros((a.shape[1], b.shape[1]), dtype=np.float32)
    for part in engine.map(_sum_shard, tasks):
        total += part
    return total


def _sum_shard(task: tuple[Sparse, Sparse | None, int]) -> Floats:
    """Return the dense ``a'b`` of some users; without ``b``, it is ``a``."""
    a, b, block_rows = task
    width = a.shape[1] if b is None else b.shape[1]
    total = np.zeros((a.shape[1], width), dtype=np.float32)
    for start in range(0, a.shape[0], block_rows):
        part = a[start : start + block_rows].toarray().astype(np.float32, copy=False)
        other = part
        if b is not None:
            other = b[start : start + block_rows].toarray().astype(np.float32, copy=False)
        total += part.T @ other
    return total


def iter_blocks(total: int, height: int, max_width: int = 1_024) -> Iterator[slice]:
    """Yield slices of ``range(total)``, of at most ``MAX_BLOCK_CELLS / height``.

    Example:
        >>> list(iter_blocks(5, 3, max_width=2))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    n_cells = bounded_size("block_cells", MAX_BLOCK_CELLS)
    width = min(max_width, max(1, n_cells // max(height, 1)))
    for start in range(0, total, width):
        yield slice(start, min(start + width, total))


def sparse_cooccurrence(
    x: Sparse,
    rescale: Callable[[Floats, Rows, Rows], Floats],
    n_kept: int = MAX_WEIGHTS_PER_ITEM,
) -> Sparse:
    """Return ``X'X`` without its diagonal, with the largest weights of each column.

    Where most pairs of items have a user in common, blocks of the product are dense.

    Args:
        x: (n_users, n_train_items) interactions.
        rescale: Function of counts, their rows and their columns that returns weights, which
            are not negative, and 0 where a count is 0. The arguments broadcast.
        n_kept: Weights kept in a column.

    Memory: 8 bytes for each kept weight, and 12 * ``MAX_BLOCK_CELLS`` bytes for each thread
    during computation; there is more than one from ``MIN_THREADED_PRODUCTS`` on.
    """
    capped = cap_rows(x, MAX_EVENTS_PER_USER)
    transposed = sp.csr_array(capped.T)
    work = _count_products(transposed, np.diff(capped.indptr))
    engine = current_engine()
    if engine is not None and engine.n_shards > 1:
        return _sharded_cooccurrence(engine, capped, work, rescale, n_kept)
    if DENSE_PRODUCT_SPEED * work.sum() > capped.nnz * capped.shape[1]:
        return _dense_cooccurrence(transposed, rescale, n_kept)

    def weigh(span: slice) -> Sparse:
        counts = transposed[span] @ capped
        return _largest_weights(counts, span.start, rescale, n_kept)

    blocks = list(_iter_even_blocks(np.minimum(work, capped.shape[1])))
    if not blocks:
        return sp.csr_array((x.shape[1], x.shape[1]), dtype=np.float32)
    n_threads = thread_count() if work.sum() >= MIN_THREADED_PRODUCTS else 1
    with ThreadPoolExecutor(n_threads, "daybreak-pairs") as threads:
        parts = list(threads.map(weigh, blocks))
    return sp.csr_array(sp.vstack(parts).T, dtype=np.float32)


def _largest_weights(
    counts: Sparse, start: int, rescale: Callable[[Floats, Rows, Rows], Floats], n_kept: int
) -> Sparse:
    """Return the largest weights of each item of a block, without the item itself.

    Args:
        counts: (n_block, n_train_items) co-occurrences of the items from ``start`` on.
        start: First item of the block.
        rescale: See :func:`sparse_cooccurrence`.
        n_kept: Weights kept of an item.
    """
    pairs = sp.coo_array(counts)
    column, row = pairs.row + start, pairs.col
    off = column != row
    values = rescale(pairs.data[off], row[off], column[off])
    weights = sp.csr_array((values, (pairs.row[off], row[off])), shape=pairs.shape)
    return top_per_row(weights, n_kept)


def _sharded_cooccurrence(
    engine: Engine,
    x: Sparse,
    work: Rows,
    rescale: Callable[[Floats, Rows, Rows], Floats],
    n_kept: int,
) -> Sparse:
    """Return the result of :func:`sparse_cooccurrence`, counted by the workers of an engine.

    A worker counts the pairs of some users, for one block of items after another, since the
    counts of all pairs would not fit. It gets the interactions once. Of equal weights at the
    limit of ``n_kept``, others can be kept than without an engine.

    Args:
        engine: Its number of shards is that of the parts of the users.
        x: (n_users, n_train_items) interactions.
        work: (n_train_items,) multiplications for each item.
        rescale: See there.
        n_kept: Weights kept in a column.
    """
    shards = [x[rows] for rows in split_rows(x.shape[0], engine.n_shards)]
    parts = [sp.csr_array((0, x.shape[1]), dtype=np.float32)]
    with engine.share(shards) as shared:
        for span in _iter_even_blocks(np.minimum(work // engine.n_shards, x.shape[1])):
            counts = sp.csr_array((span.stop - span.start, x.shape[1]), dtype=np.float32)
            tasks = ((shared, number, span) for number in range(len(shards)))
            for part in engine.map(_count_pairs, tasks):
                counts = counts + part
            parts.append(_largest_weights(counts, span.start, rescale, n_kept))
    return sp.csr_array(sp.vstack(parts).T, dtype=np.float32)


def _count_pairs(task: tuple[SharedValue[list[Sparse]], int, slice]) -> Sparse:
    """Return (n_block, n_train_items) co-occurrences of a block of items among some users."""
    shared, number, span = task
    shard = shared.get()[number]
    return sp.csr_array(shard[:, span].T) @ shard


def _dense_cooccurrence(
    transposed: Sparse, rescale: Callable[[Floats, Rows, Rows], Floats], n_kept: int
) -> Sparse:
    """Return the result of :func:`sparse_cooccurrence`, from dense blocks of columns.

    Args:
        transposed: (n_train_items, n_users) CSR interactions.
        rescale: See there.
        n_kept: Weights kept in a column.
    """
    n, parts = transposed.shape[0], []
    every = np.arange(n)
    for span in iter_blocks(n, max(transposed.shape), DENSE_BLOCK_COLUMNS):
        counts = transposed @ np.ascontiguousarray(transposed[span].toarray().T)
        columns = every[span]
        weights = rescale(counts, every[:, None], columns[None, :])
        weights[columns, np.arange(len(columns))] = 0
        parts.append(top_positive_per_column(weights, n_kept))
    return sp.csr_array(sp.hstack(parts), dtype=np.float32)


def top_per_row(matrix: Sparse, n_kept: int) -> Sparse:
    """Return the ``n_kept`` weights of largest absolute value in each row, as CSR."""
    starts, mask = matrix.indptr, np.ones(matrix.nnz, dtype=bool)
    for row in np.flatnonzero(np.diff(starts) > n_kept):
        span = slice(starts[row], starts[row + 1])
        smallest = np.argpartition(-np.abs(matrix.data[span]), n_kept)[n_kept:]
        mask[starts[row] + smallest] = False
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(starts))[mask]
    return sp.csr_array((matrix.data[mask], (rows, matrix.indices[mask])), shape=matrix.shape)


def top_per_column(matrix: Floats, n_kept: int) -> Sparse:
    """Return the ``n_kept`` weights of largest absolute value in each column, as CSC."""
    n_rows, n_columns = matrix.shape
    if n_rows <= n_kept:
        return sp.csc_array(matrix, dtype=np.float32)
    columns = _copy_transposed(matrix)  # rows in memory are searched much faster
    rows = np.argpartition(-np.abs(columns), n_kept, axis=1)[:, :n_kept]
    rows.sort(axis=1)
    values = np.take_along_axis(columns, rows, axis=1)
    starts = np.arange(0, n_kept * n_columns + 1, n_kept)
    parts = (values.ravel(), rows.ravel(), starts)
    result = sp.csc_array(parts, shape=matrix.shape, dtype=np.float32)
    result.eliminate_zeros()
    return result


def top_positive_per_column(matrix: Floats, n_kept: int) -> Sparse:
    """Return the ``n_kept`` largest positive weights in each column, as CSC.

    Of equal weights those of the first rows are kept. It is faster than :func:`top_per_column`,
    which can keep others of them.

    Example:
        >>> column = np.array([[1.0], [2.0], [1.0], [-3.0]])
        >>> top_positive_per_column(column, 2).toarray().ravel()
        array([1., 2., 0., 0.], dtype=float32)
    """
    columns = _copy_transposed(matrix).astype(np.float32, copy=False)
    is_kept = _mark_largest(columns, n_kept)
    is_kept &= columns > 0
    return _build_columns(columns, is_kept)


def largest_per_column(matrix: Floats, n_kept: int) -> Sparse:
    """Return the ``n_kept`` weights of largest absolute value in each column, as CSC.

    Of equal weights those of the first rows are kept. It is faster than :func:`top_per_column`,
    which can keep others of them.

    Example:
        >>> column = np.array([[1.0], [-2.0], [1.0], [0.5]])
        >>> largest_per_column(column, 2).toarray().ravel()
        array([ 1., -2.,  0.,  0.], dtype=float32)
    """
    columns = _copy_transposed(matrix).astype(np.float32, copy=False)
    is_kept = _mark_largest(np.abs(columns), n_kept)
    is_kept &= columns != 0
    return _build_columns(columns, is_kept)


def _copy_transposed(matrix: Floats) -> Floats:
    """Return the transpose as rows in memory, copied in parts that the cache of a core holds.

    For a width that is a power of two, copying all at once takes ten times as long.
    """
    transposed = np.empty(matrix.shape[::-1], dtype=matrix.dtype)
    for start in range(0, len(matrix), TRANSPOSED_BLOCK_ROWS):
        rows = slice(start, start + TRANSPOSED_BLOCK_ROWS)
        transposed[:, rows] = matrix[rows].T
    return transposed


def _mark_largest(values: Floats, n_kept: int) -> Mask:
    """Return whether a value is among the largest of its row; of equals, the first are."""
    width = values.shape[1]
    if width <= n_kept:
        return np.ones(values.shape, dtype=bool)
    least = np.partition(values, width - n_kept, axis=1)[:, [width - n_kept]]
    is_kept, is_equal = values > least, values == least
    n_open = n_kept - is_kept.sum(axis=1, dtype=np.int32)
    tied = np.flatnonzero(is_equal.sum(axis=1, dtype=np.int32) > n_open)
    is_equal[tied] &= np.cumsum(is_equal[tied], axis=1, dtype=np.int32) <= n_open[tied, None]
    is_kept |= is_equal
    return is_kept


def _build_columns(columns: Floats, is_kept: Mask) -> Sparse:
    """Return a CSC matrix of the marked values of (n_columns, n_rows) transposed columns."""
    column, row = np.nonzero(is_kept)
    starts = np.r_[0, np.cumsum(is_kept.sum(axis=1))]
    return sp.csc_array((columns[column, row], row, starts), shape=columns.shape[::-1])


def cap_rows(x: Sparse, max_entries: int) -> Sparse:
    """Return the matrix with at most ``max_entries`` entries in a row, evenly spaced."""
    sizes = np.diff(x.indptr)
    if not len(sizes) or sizes.max() <= max_entries:
        return x
    is_kept = np.ones(x.nnz, dtype=bool)
    for row in np.flatnonzero(sizes > max_entries):
        share = np.arange(-1, sizes[row]) * max_entries // sizes[row]
        is_kept[x.indptr[row] : x.indptr[row + 1]] = share[1:] != share[:-1]
    before = np.zeros(x.nnz + 1, dtype=x.indptr.dtype)
    np.cumsum(is_kept, out=before[1:])
    kept = x.data[is_kept], x.indices[is_kept], before[x.indptr]
    return sp.csr_array(kept, shape=x.shape)


def invert_spd_matrix(matrix: Floats) -> Floats:
    """Return the inverse of a symmetric positive definite matrix; overwrites the argument."""
    if not matrix.size:
        return matrix
    from scipy.linalg import cholesky, get_lapack_funcs  # noqa: PLC0415 - slow to import, needed in training only

    # LAPACK stores columns; the transpose of rows needs no copy, and is the same matrix.
    columns = matrix.T if matrix.flags.c_contiguous else matrix
    factor = cholesky(columns, lower=True, overwrite_a=True, check_finite=False)
    potri = get_lapack_funcs("potri", (factor,))
    half, info = potri(factor, lower=1, overwrite_c=1)
    if info:
        raise np.linalg.LinAlgError(f"potri failed with {info}")
    mirror_lower_half(half)
    return np.asarray(half.T)


def mirror_lower_half(matrix: Floats) -> None:
    """Copy the lower half of a square matrix to its upper half, block by block, in place.

    Example:
        >>> square = np.array([[1.0, 0.0], [2.0, 3.0]])
        >>> mirror_lower_half(square)
        >>> square.tolist()
        [[1.0, 2.0], [2.0, 3.0]]
    """
    for start in range(0, len(matrix), MIRROR_BLOCK_ROWS):
        stop = start + MIRROR_BLOCK_ROWS
        matrix[start:stop, stop:] = matrix[stop:, start:stop].T
        block = matrix[start:stop, start:stop]
        rows, columns = np.tril_indices(len(block), -1)
        block[columns, rows] = block[rows, columns]


def solve_spd_matrix(matrix: Floats, right: Floats) -> Floats:
    """Return the product of the inverse of a symmetric positive definite matrix and another.

    For few columns it is cheaper than :func:`invert_spd_matrix`. Overwrites ``matrix``.

    Args:
        matrix: (n, n) matrix.
        right: (n, m) matrix.
    """
    from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415 - slow to import, needed in training only

    factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, right, check_finite=False))


def append_ones(values: Floats) -> Floats:
    """Return (n, d + 1) values with a last column of 1."""
    ones = np.ones((len(values), 1), dtype=np.float32)
    return np.concatenate([values, ones], axis=1)


def add_ridge(matrix: Floats, ridge: float) -> Floats:
    """Return a copy of a square matrix with a number added to its diagonal."""
    copy = matrix.copy()
    copy[np.diag_indices_from(copy)] += ridge
    return copy


def _count_products(transposed: Sparse, row_sizes: Rows) -> Rows:
    """Return (n_items,) the multiplications for each item, whatever the values are."""
    total = np.r_[0, np.cumsum(row_sizes[transposed.indices])]
    return np.asarray(total[transposed.indptr[1:]] - total[transposed.indptr[:-1]])


def _iter_even_blocks(work: Rows) -> Iterator[slice]:
    """Yield slices of rows whose pairs need at most ``MAX_BLOCK_CELLS``, or of one row."""
    total = np.concatenate([[0], np.cumsum(work)])
    start, n_pairs = 0, bounded_size("block_cells", MAX_BLOCK_CELLS) // CELLS_PER_PAIR
    while start < len(work):
        stop = int(np.searchsorted(total, total[start] + n_pairs, side="right")) - 1
        yield slice(start, max(stop, start + 1))
        start = max(stop, start + 1)


def truncated_svd(
    matrix: Sparse, dim: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return the leading singular triplets of a sparse matrix, by subspace iteration.

    Returns:
        (n_rows, d) and (n_columns, d) orthonormal columns around (d,) singular values, where d
        is ``dim`` or the rank of the matrix.

    Example:
        >>> left, sizes, right = truncated_svd(
        ...     sp.csr_array(np.diag([3.0, 1.0, 2.0])), 2, np.random.default_rng(0)
        ... )
        >>> sizes.round(4)
        array([3., 2.], dtype=float32)
    """
    matrix = sp.csr_array(matrix, dtype=np.float32)
    width = min(dim + N_OVERSAMPLED_DIRECTIONS, *matrix.shape)
    basis = rng.standard_normal((matrix.shape[1], width)).astype(np.float32)
    transposed = sp.csr_array(matrix.T)
    for _ in range(N_POWER_ITERATIONS):
        left, _, _ = _thin_svd(matrix @ basis)
        basis, _, _ = _thin_svd(transposed @ left)
    left, sizes, turn = _thin_svd(matrix @ basis)
    return left[:, :dim], sizes[:dim], (basis @ turn)[:, :dim]


def _thin_svd(tall: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the thin SVD of a tall matrix from its Gram matrix, without null directions.

    It is 40 times as fast as a QR decomposition at 200,000 x 80, and as exact for directions
    with a singular value above a thousandth of the largest.
    """
    values, turn = np.linalg.eigh((tall.T @ tall).astype(np.float64))
    kept = np.flatnonzero(values > 1e-6 * max(values.max(initial=0), 1e-30))[::-1]
    sizes = np.sqrt(values[kept])
    left = tall @ (turn[:, kept] / sizes).astype(np.float32)
    return left, sizes.astype(np.float32), turn[:, kept].astype(np.float32)
