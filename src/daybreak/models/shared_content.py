"""Content of items: the kernel regression from content to behaviour, and what is built on it.

:func:`fit_content_kernel` solves the regression once for a data set. The other functions apply
it: as weights of content columns (:func:`fit_content_weights`), to the training items
themselves (:func:`predict_leave_one_out`, :func:`impute_from_content`), or as a linear scorer
(:func:`score_through_kernel`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.data.sparse_rows import take_any_rows
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import DataError
from daybreak.memory import bounded_size
from daybreak.models.base import LinearScorer
from daybreak.models.shared_statistics import (
    MAX_DENSE_ITEMS,
    N_OVERSAMPLED_DIRECTIONS,
    N_POWER_ITERATIONS,
    add_ridge,
    cached,
    invert_spd_matrix,
    iter_blocks,
    top_per_column,
    top_positive_per_column,
)
from daybreak.models.shared_text_kernel import (
    KernelForm,
    WhitenedText,
    squared_form,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_LANDMARKS = 4_000
"""Training items that the kernel is computed with, at most [items]."""
MAX_LANDMARK_CELLS = 150_000_000
"""Size of the matrix of training items and landmarks: 600 MB; it limits the landmarks."""
KERNEL_RIDGE = 4.0
"""Added to the diagonal of the kernel, whose own diagonal is at most 2.5."""

MAX_REMEMBERED_ITEMS = 64
"""Largest number of items whose neighbours are remembered, for several models."""

_LANDMARK_CACHE: WeakKeyDictionary[Items, dict[bytes, Items]] = WeakKeyDictionary()
_KERNEL_CACHE: WeakKeyDictionary[Items, WeakKeyDictionary[Items, Floats]] = WeakKeyDictionary()
_NEIGHBOUR_CACHE: WeakKeyDictionary[
    Items, WeakKeyDictionary[Items, dict[tuple[int, bytes], Sparse]]
] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class ContentKernelRidge:
    """Kernel ridge regression from the content of items to any function of the training items.

    A function with values ``y`` at the training items is predicted at an item ``c`` as
    ``y @ coefficients @ content_kernel(landmarks, c)``. With all training items as landmarks
    this is exact kernel ridge regression, ``y (K + λI)^-1 k_c``; with fewer it is the subset of
    regressors.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 2.25, 8.14.
    """

    landmarks: Rows
    """Rows of the landmarks among the training items."""
    inverse: Floats
    """(n_landmarks, n_landmarks) inverse of the normal matrix"""
    kernel: Floats
    """(n_train_items, n_landmarks) kernel; empty when all training items are landmarks, where
    ``inverse`` has the coefficients"""
    own: Floats
    """(n_train_items,) leverage when all training items are landmarks, else empty"""
    form: KernelForm
    """The kernel as a function of the similarity of items."""
    n_new_items: int
    """Items of the catalogue that are not training items."""

    @cached_property
    def coefficients(self) -> Floats:
        """(n_train_items, n_landmarks); written out when it is asked for."""
        return np.asarray(self.kernel @ self.inverse) if self.kernel.size else self.inverse

    @cached_property
    def leverage(self) -> Floats:
        """(n_train_items,) weight of an item's own value in its prediction, in [0, 1)."""
        return self.leverage_of(np.arange(len(self.kernel))) if self.kernel.size else self.own

    def leverage_of(self, rows: Rows) -> Floats:
        """Return the (n,) leverages of some training items."""
        if not self.kernel.size:
            return self.own[rows]
        own = np.empty(len(rows), dtype=np.float32)
        for span in iter_blocks(len(rows), self.kernel.shape[1], max_width=2_048):
            block = self.kernel[rows[span]]
            own[span] = np.einsum("nm,nm->n", block @ self.inverse, block)
        return np.clip(own, 0, 0.999)

    def project(self, values: Floats) -> Floats:
        """Return the product of transposed coefficients, which are not written out, and values.

        Args:
            values: (n_train_items, d), d much smaller than the number of landmarks.
        """
        towards = self.kernel.T @ values if self.kernel.size else values
        return np.asarray(self.inverse @ towards, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class LandmarkKernel:
    """The kernel of training items and landmarks, which regressions with any ridge share."""

    tall: Floats
    """(n_train_items, n_landmarks)"""
    normal: Floats
    """(n_landmarks, n_landmarks) product of the transposed kernel with the kernel"""


def fit_content_kernel(data: Dataset) -> ContentKernelRidge:
    """Return the regression with the similarity of items as kernel; computed once.

    Its predictions are linear in the content columns; see :func:`fit_content_weights`.

    Cost: n_landmarks³ / 3 + n_train_items * n_landmarks² multiplications.
    Memory: 12 * n_train_items * n_landmarks bytes.
    """
    return cached(data, "content kernel", lambda: _fit_regression(data, KernelForm()))


def fit_squared_kernel(
    data: Dataset, text_weight: float = 0.0, ridge: float = KERNEL_RIDGE
) -> ContentKernelRidge:
    """Return the regression with the similarity and its square as kernel; computed once.

    The square, divided by the mean similarity of an item to itself, adds all pairs of content
    columns: "red lamp" says more than "red" and "lamp". On simulated cold items it was better
    than the similarity alone by 1 to 10 %, most with short titles.

    Args:
        data: Data set with the training items.
        text_weight: Weight of the whitened text vectors, added before the kernel is squared.
        ridge: Added to the diagonal of the kernel.
    """
    key = f"squared content kernel {text_weight} {ridge}"
    return cached(
        data, key, lambda: _fit_regression(data, squared_form(data, text_weight), ridge)
    )


def _fit_regression(
    data: Dataset, form: KernelForm, ridge: float = KERNEL_RIDGE
) -> ContentKernelRidge:
    n = len(data.train_item_rows)
    n_new = len(data.items) - n
    n_landmarks = bounded_size("landmarks", MAX_LANDMARKS)
    most = min(n_landmarks, max(MAX_LANDMARK_CELLS // max(n, 1), 1))
    chosen = np.sort(np.argsort(-data.user_counts, kind="stable")[:most])
    if len(chosen) < n:
        wide = _fit_landmark_kernel(data, form, chosen)
        inverse = _invert_normal(wide.normal, wide.tall[chosen], ridge)
        own = np.empty(0, dtype=np.float32)
        return ContentKernelRidge(chosen, inverse, wide.tall, own, form, n_new)
    train = take_landmarks(data.train_items, chosen)
    k = form.apply(_train_item_kernel(data), train, train)
    solve = invert_spd_matrix(add_ridge(k, ridge))
    own = np.clip(np.einsum("nm,mn->n", solve, k), 0, 0.999).astype(np.float32)
    return ContentKernelRidge(chosen, solve, np.empty((0, 0), np.float32), own, form, n_new)


def _fit_landmark_kernel(data: Dataset, form: KernelForm, chosen: Rows) -> LandmarkKernel:
    """Return the kernel of a data set with more items than landmarks; computed once.

    Regressions that differ in their ridge share it, and with it most of their cost.
    """

    def compute() -> LandmarkKernel:
        train, landmarks = data.train_items, take_landmarks(data.train_items, chosen)
        wide = form.apply(content_kernel(landmarks, train), landmarks, train)
        tall = np.ascontiguousarray(wide.T)
        return LandmarkKernel(tall, tall.T @ tall)

    return cached(data, f"landmark kernel {form.square} {form.text_weight}", compute)


def content_kernel(left: Items, right: Items) -> Floats:
    """Return the (n_left, n_right) similarities, cached while both lists are in use."""
    rows = _KERNEL_CACHE.setdefault(left, WeakKeyDictionary())
    if right not in rows:
        rows[right] = left.similarity(right)
    return rows[right]


def take_landmarks(train_items: Items, rows: Rows) -> Items:
    """Return the landmarks as items; the training items themselves when all are landmarks."""
    if len(rows) == len(train_items):
        return train_items
    cached_landmarks = _LANDMARK_CACHE.setdefault(train_items, {})
    key = rows.tobytes()
    if key not in cached_landmarks:
        cached_landmarks[key] = train_items.take(rows)
    return cached_landmarks[key]


def has_same_content(left: Items, left_rows: Rows, right: Items, right_rows: Rows) -> bool:
    """Return whether items of two lists have the same content, pair by pair.

    Args:
        left: Items.
        left_rows: (n,) rows of them.
        right: Items with the same blocks.
        right_rows: (n,) rows of these.
    """
    for block, other in zip(left.blocks, right.blocks, strict=True):
        a, b = take_any_rows(block.matrix, left_rows), take_any_rows(other.matrix, right_rows)
        if block.weight != other.weight or a.shape != b.shape:
            return False
        same = np.array_equal(a, b) if isinstance(a, np.ndarray) else _are_equal(a, b)
        if not same:
            return False
    return True


def _are_equal(a: Sparse, b: Sparse) -> bool:
    """Return whether two CSR matrices of one shape have the same values."""
    parts = ((a.indptr, b.indptr), (a.indices, b.indices), (a.data, b.data))
    return all(np.array_equal(one, other) for one, other in parts) or not (a != b).nnz


def nearest_neighbour_weights(
    train_items: Items, items: Items, n_neighbours: int, chosen: Rows | None = None
) -> Sparse:
    """Return (n_train_items, n_chosen) CSC weights of the nearest training items of each item.

    The weights of a column are the similarities divided by their sum. An item is never its own
    neighbour. The column of an item without similar items is empty. Those of a few items, as
    of a change, are remembered as long as their similarities.

    Args:
        train_items: Training items.
        items: Items whose neighbours are found.
        n_neighbours: Largest number of neighbours of an item.
        chosen: Rows of ``items``; default: all.
    """
    every = np.arange(len(items)) if chosen is None else chosen
    kernel = _KERNEL_CACHE.get(train_items, WeakKeyDictionary()).get(items)
    if kernel is None or len(items) > MAX_REMEMBERED_ITEMS:
        return _find_neighbours(train_items, items, n_neighbours, every, kernel)
    by_items = _NEIGHBOUR_CACHE.setdefault(train_items, WeakKeyDictionary())
    remembered, key = by_items.setdefault(items, {}), (n_neighbours, every.tobytes())
    if key not in remembered:
        remembered[key] = _find_neighbours(train_items, items, n_neighbours, every, kernel)
    return remembered[key]


def _find_neighbours(
    train_items: Items, items: Items, n_neighbours: int, every: Rows, kernel: Floats | None
) -> Sparse:
    """Return the weights of :func:`nearest_neighbour_weights`.

    Args:
        train_items: Training items.
        items: Items whose neighbours are found.
        n_neighbours: Largest number of neighbours of an item.
        every: Rows of ``items``.
        kernel: (n_train_items, n_items) similarities; None: they are computed.
    """
    parts = []
    own = train_items.ids.rows(items.ids)
    for span in iter_blocks(len(every), len(train_items), max_width=2_048):
        rows = every[span]
        block = (
            train_items.similarity(items.take(rows))
            if kernel is None
            else kernel[:, rows].copy()
        )
        here = np.flatnonzero(own[rows] >= 0)
        block[own[rows][here], here] = 0
        keep = top_positive_per_column if len(train_items) > MAX_DENSE_ITEMS else top_per_column
        parts.append(keep(np.maximum(block, 0), n_neighbours))
    near = sp.csc_array(sp.hstack(parts)) if parts else sp.csc_array((len(train_items), 0))
    total = np.asarray(near.sum(axis=0)).ravel()
    return sp.csc_array(near @ sp.diags_array(1 / np.maximum(total, 1e-9)), dtype=np.float32)


def _train_item_kernel(data: Dataset) -> Floats:
    """Return the kernel of the training items, from that of the catalogue if it exists."""
    if data.kernel is not None:
        rows = _KERNEL_CACHE.setdefault(data.train_items, WeakKeyDictionary())
        if data.items not in rows:
            rows[data.items] = data.kernel[data.train_item_rows]
        return np.ascontiguousarray(rows[data.items][:, data.train_item_rows])
    return content_kernel(data.train_items, data.train_items)


def _invert_normal(gram: Floats, square: Floats, ridge: float) -> Floats:
    """Return ``(K'K + λ K_mm)^-1`` of the (n_train_items, n_landmarks) kernel ``K``.

    Landmarks with equal content make the matrix singular; the diagonal is raised until the
    inverse exists in single precision.

    Args:
        gram: (n_landmarks, n_landmarks) ``K'K``.
        square: (n_landmarks, n_landmarks) kernel of the landmarks ``K_mm``.
        ridge: ``λ``.
    """
    normal = gram.astype(np.float64) + ridge * square
    for jitter in ridge * 10.0 ** np.arange(-3, 4):
        try:
            return np.asarray(invert_spd_matrix(add_ridge(normal, jitter)).astype(np.float32))
        except np.linalg.LinAlgError:
            continue
    raise DataError("the content vectors of items contain numbers that are not finite")


def fit_content_weights(data: Dataset, values: Floats) -> Floats:
    """Return (n_features, d) weights from content columns to values of the training items.

    The weights are :func:`fit_content_kernel` written out over the columns of all content
    blocks, so that new items need no landmarks. Values should be centred: an item without
    content gets 0.

    Args:
        data: Data set with the training items.
        values: (n_train_items, d) float32.
    """
    blocks = data.train_items.blocks
    if not blocks:
        return np.empty((0, values.shape[1]), dtype=np.float32)
    regression = fit_content_kernel(data)
    left = regression.project(values)
    parts = [
        np.float32(block.weight) * (block.matrix[regression.landmarks].T @ left)
        for block in blocks
    ]
    return np.concatenate(parts).astype(np.float32)


def predict_from_content(items: Items, weights: Floats) -> Floats:
    """Return the (n_items, d) values that (n_features, d) weights predict from content."""
    found = np.zeros((len(items), weights.shape[1]), dtype=np.float32)
    start = 0
    for block in items.blocks if len(weights) else ():
        stop = start + block.matrix.shape[1]
        found += block.matrix @ weights[start:stop]
        start = stop
    return found


def predict_leave_one_out(data: Dataset, values: Floats) -> Floats:
    """Return the (n_train_items, d) prediction of each item from the values of the others.

    The prediction is exact leave-one-out when every training item is a landmark. A network that
    trains on it sees known items as it will see new ones.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 5.12.
    """
    if not data.train_items.blocks or not len(data.train_items):
        return np.zeros_like(values, dtype=np.float32)
    regression = fit_content_kernel(data)
    landmarks = take_landmarks(data.train_items, regression.landmarks)
    k = content_kernel(landmarks, data.train_items)
    leverage = regression.leverage[:, None]
    fitted = k.T @ regression.project(values)
    return np.asarray((fitted - leverage * values) / (1 - leverage), dtype=np.float32)


def impute_from_content(data: Dataset, values: Floats, known: Mask) -> Floats:
    """Return values of training items, the unknown ones predicted from the known ones.

    The prediction is that of :func:`fit_content_kernel` without the unknown items: exact when
    every training item is a landmark. Without content, unknown items get the mean.

    Args:
        data: Data set with the training items.
        values: (n_train_items, d); rows of unknown items are ignored.
        known: (n_train_items,) mask with at least one True.

    Source:
        Block-wise leave-one-out of a linear smoother ``H``: the prediction of the rows ``N``
        from the other rows ``O`` is ``(I - H_NN)^-1 H_NO y_O``; Rasmussen and Williams 2006,
        "Gaussian processes for machine learning", eq. 5.12, for more than one row.
    """
    centre = values[known].mean(axis=0)
    imputed = np.where(known[:, None], values, centre).astype(np.float32)
    new = np.flatnonzero(~known)
    if not data.train_items.blocks or not len(new):
        return imputed
    regression, residuals = fit_content_kernel(data), imputed - centre
    if regression.kernel.size and len(new) > len(regression.landmarks):
        imputed[new] += _impute_many(regression, residuals, new)
        return imputed
    landmarks = take_landmarks(data.train_items, regression.landmarks)
    towards = content_kernel(landmarks, data.train_items)[:, new].T @ regression.inverse
    smoother = towards @ regression.kernel.T if regression.kernel.size else towards
    left = np.eye(len(new)) - smoother[:, new]
    imputed[new] += np.linalg.solve(left, smoother @ residuals).astype(np.float32)
    return imputed


def _impute_many(regression: ContentKernelRidge, residuals: Floats, new: Rows) -> Floats:
    """Return the predictions of more unknown items than landmarks.

    With the kernel ``T`` of items and landmarks and the inverse ``P``, the smoother of
    :func:`impute_from_content` is ``T P T'``, and ``(I - T_N P T_N')^-1 T_N = T_N (I - P T_N'
    T_N)^-1``: no matrix is larger than that of the unknown items and the landmarks.

    Args:
        regression: Regression with fewer landmarks than training items.
        residuals: (n_train_items, d) values around their centre, 0 for unknown items.
        new: Rows of the unknown items.
    """
    tall = regression.kernel[new]
    inner = np.eye(tall.shape[1]) - regression.inverse @ (tall.T @ tall)
    found = tall @ np.linalg.solve(inner, regression.project(residuals))
    return np.asarray(found, dtype=np.float32)


def content_directions(data: Dataset, dim: int, seed: int = 0) -> Floats:
    """Return (n_features, dim) weights to the principal directions of the catalogue's content.

    The dot products of ``predict_from_content(items, weights)`` are the best rank-``dim``
    approximation of :meth:`Items.similarity`. Directions beyond the rank are columns of 0.
    Computed once.

    Source:
        Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4.

    Cost: ten products with the content of ``dim + 16`` columns.
    """
    return cached(
        data,
        f"content directions {dim} {seed}",
        lambda: _compute_directions(data.items, dim, seed),
    )


def _compute_directions(items: Items, dim: int, seed: int) -> Floats:
    widths = [block.matrix.shape[1] for block in items.blocks]
    out = np.zeros((sum(widths), dim), dtype=np.float32)
    width = min(dim + N_OVERSAMPLED_DIRECTIONS, sum(widths), len(items))
    if not width:
        return out
    roots = np.repeat([np.sqrt(block.weight) for block in items.blocks], widths)
    roots = roots.astype(np.float32)[:, None]
    drawn = np.random.default_rng(seed).standard_normal((sum(widths), width))
    basis: Floats = drawn.astype(np.float32)
    for _ in range(N_POWER_ITERATIONS):
        wide: Doubles = (
            roots * _project_back(items, predict_from_content(items, roots * basis))
        ).astype(np.float64)
        basis = np.linalg.qr(wide)[0].astype(np.float32)
    tall = predict_from_content(items, roots * basis)
    values, turn = np.linalg.eigh((tall.T @ tall).astype(np.float64))
    order = np.argsort(-values)[:dim]
    kept = order[values[order] > 1e-6 * max(values.max(initial=0), 1e-30)]
    out[:, : len(kept)] = roots * (basis @ turn[:, kept].astype(np.float32))
    return out


def _project_back(items: Items, values: Floats) -> Floats:
    """Return the (n_features, d) product of transposed content and values."""
    return np.concatenate([np.asarray(b.matrix.T @ values) for b in items.blocks]).astype(
        np.float32
    )


def fit_centred_content_weights(data: Dataset, vectors: Floats) -> tuple[Floats, Floats]:
    """Return the (d,) mean of the vectors of training items, and content weights around it.

    Args:
        data: Data set with the training items.
        vectors: (n_train_items, d) float32.

    Returns:
        The mean, and the (n_features, d) weights of :func:`fit_content_weights`.
    """
    centre = vectors.sum(axis=0) / np.float32(max(len(vectors), 1))
    return centre, fit_content_weights(data, vectors - centre)


class ItemVectors(Protocol):
    """A state with vectors of the training items and weights to predict those of new items."""

    @property
    def ids(self) -> Vocabulary:
        """The training items."""

    @property
    def vectors(self) -> Floats:
        """(n_train_items, d) vectors of the training items."""

    @property
    def centre(self) -> Floats:
        """(d,) vector of an item without content."""

    @property
    def content(self) -> Floats:
        """(n_features, d) weights from content to vectors around the centre."""


def known_or_predicted(state: ItemVectors, items: Items) -> Floats:
    """Return (n_items, d) vectors: learned ones of known items, predicted ones of new items."""
    rows = state.ids.rows(items.ids)
    new = np.flatnonzero(rows < 0)
    found = np.empty((len(items), state.vectors.shape[1]), dtype=np.float32)
    found[rows >= 0] = state.vectors[rows[rows >= 0]] - state.centre
    found[new] = predict_from_content(items.take(new), state.content) if len(new) else 0
    return found + state.centre


@dataclass(frozen=True, eq=False)
class ContentKernelState:
    """State of the models that score through the content kernel."""

    left: Floats
    """(n_features, n_landmarks) from query features to landmarks"""
    landmarks: Rows
    """Rows of the landmarks among the training items."""
    own: Floats
    """(n_train_items,) leverage of the training items; empty when only new items are scored"""
    square: float = 0.0
    """See :class:`.KernelForm`; so are the next three."""
    text_weight: float = 0.0
    text_mean: Floats | None = None
    text_projection: Floats | None = None
    writes_out: bool = False
    """Whether the weights of new items are written out: the catalogue of the training had fewer
    new items, or fewer features, than landmarks. Otherwise every list reads a factor of all
    items."""

    @classmethod
    def from_regression(
        cls, regression: ContentKernelRidge, left: Floats, own: Floats | None = None
    ) -> "ContentKernelState":
        """Return the state of a regression whose coefficients are already in ``left``."""
        form, empty = regression.form, np.empty(0, dtype=np.float32)
        return cls(
            np.asarray(left, dtype=np.float32),
            regression.landmarks,
            empty if own is None else own,
            form.square,
            form.text_weight,
            None if form.whitening is None else form.whitening.mean,
            None if form.whitening is None else form.whitening.projection,
            min(len(left), regression.n_new_items) <= len(regression.landmarks),
        )

    @property
    def form(self) -> KernelForm:
        """The kernel as a function of the similarity of items."""
        if self.text_mean is None or self.text_projection is None:
            return KernelForm(self.square)
        whitening = WhitenedText(self.text_mean, self.text_projection)
        return KernelForm(self.square, self.text_weight, whitening)


def score_through_kernel(
    state: ContentKernelState, train_items: Items, items: Items, *, with_known: bool = False
) -> LinearScorer:
    """Return ``query_features @ left @ kernel(landmarks, items)``, for new items.

    Args:
        state: Fitted regression.
        train_items: Training items.
        items: Items to score.
        with_known: Whether the weights of known items are computed as well. Otherwise these,
            which are not scored, have the mean of their weights: the scores of new items are
            centred by it.
    """
    landmarks = take_landmarks(train_items, state.landmarks)
    right = state.form.apply(content_kernel(landmarks, items), landmarks, items)
    is_new = train_items.ids.rows(items.ids) < 0
    rank, n_new = len(state.landmarks), int(is_new.sum())
    is_written_out = state.writes_out and min(len(state.left), n_new) <= rank
    if rank != len(train_items) and (with_known or not is_written_out):
        weights = WeightMatrix(left=state.left, right=right)
    elif with_known or n_new == len(items):
        weights = WeightMatrix(dense=state.left @ right)
    else:
        parts, columns = gather_new_items(right, is_new)
        dense = np.hstack([state.left @ part for part in parts])
        weights = WeightMatrix(dense=dense, columns=columns)
    return LinearScorer(weights, np.zeros(len(items), dtype=np.float32), is_new)


def gather_new_items(values: Floats, is_new: Mask) -> tuple[list[Floats], Rows]:
    """Return the columns of the new items, and one column for the mean of the others.

    Known items are not scored by a model of new items; one column for all of them centres the
    scores of the new ones as their own columns would.

    Args:
        values: (n, n_items)
        is_new: (n_items,)

    Returns:
        The columns, as (n, n_new) and, if not all items are new, (n, 1); and the (n_items,)
        position of each item among them.

    Example:
        >>> values = np.array([[1.0, 5.0, 3.0]], dtype=np.float32)
        >>> gather_new_items(values, np.array([False, True, False]))
        ([array([[5.]], dtype=float32), array([[2.]], dtype=float32)], array([1, 0, 1]))
    """
    n_new = int(is_new.sum())
    parts = [values[:, is_new]]
    if n_new < len(is_new):
        parts.append(values[:, ~is_new].mean(axis=1, keepdims=True))
    return parts, np.where(is_new, np.cumsum(is_new) - 1, n_new)


def centred_log_popularity(data: Dataset) -> Floats:
    """Return the (n_train_items,) logarithms of the user counts minus their mean."""
    values = np.log1p(data.user_counts)
    return np.asarray(values - values.mean() if len(values) else values, dtype=np.float32)
