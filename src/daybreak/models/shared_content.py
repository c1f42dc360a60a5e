"""The bridge from behaviour to content: what is known of old items, carried to new ones.

From the content of items to numbers that behaviour gave to the known ones.

Models that judge new items only have nothing to do while every item has events.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import BLOCK_SIMILARITY_WEIGHTS, Dataset, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import DataError
from daybreak.models.base import LinearScorer
from daybreak.models.shared_statistics import (
    N_OVERSAMPLED_DIRECTIONS,
    N_POWER_ITERATIONS,
    add_ridge,
    cached,
    invert_spd_matrix,
    iter_blocks,
    top_per_column,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_LANDMARKS = 4_000
"""Anchors whose similarities stand for the content of all, in catalogues larger than this."""
MAX_LANDMARK_CELLS = 150_000_000
"""Numbers in the matrix between anchors and landmarks: 600 MB; beyond, landmarks get fewer."""
KERNEL_RIDGE = 4.0
"""Added to the diagonal of the kernel, whose own diagonal is at most 2.5."""

_LANDMARK_CACHE: WeakKeyDictionary[Items, dict[bytes, Items]] = WeakKeyDictionary()
_KERNEL_CACHE: WeakKeyDictionary[Items, WeakKeyDictionary[Items, Floats]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class ContentKernelRidge:
    """Kernel ridge regression from the content of items onto any function of anchors.

    A function with values ``y`` at the anchors has at an item ``c`` the value
    ``y @ solve @ kernel(landmarks, c)``. With all anchors as landmarks that is exact kernel
    ridge regression, ``y (K + λI)^-1 k_c``; with fewer it is the subset of regressors.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 2.25, 8.14.
    """

    landmarks: Rows
    """Positions among the anchors."""
    coefficients: Floats
    """(n_anchors, n_landmarks)"""
    leverage: Floats
    """(n_anchors,) leverage: how much an anchor's own value enters its prediction, in [0, 1)"""


def fit_content_kernel(data: Dataset) -> ContentKernelRidge:
    """Return the bridge of a data set; computed once.

    Cost: n_landmarks³ / 3 + n_anchors * n_landmarks² multiplications.
    Memory: 12 * n_anchors * n_landmarks bytes.
    """

    def compute() -> ContentKernelRidge:
        n = len(data.train_item_rows)
        most = min(MAX_LANDMARKS, max(MAX_LANDMARK_CELLS // max(n, 1), 1))
        chosen = np.sort(np.argsort(-data.user_counts, kind="stable")[:most])
        if len(chosen) == n:
            k = _train_item_kernel(data)
            solve = invert_spd_matrix(add_ridge(k, KERNEL_RIDGE))
        else:
            k = content_kernel(take_landmarks(data.train_items, chosen), data.train_items)
            solve = _solve_regressors(k, chosen)
        own = np.einsum("nm,mn->n", solve, k)
        return ContentKernelRidge(chosen, solve, np.clip(own, 0, 0.999).astype(np.float32))

    return cached(data, "bridge", compute)


def content_kernel(left: Items, right: Items) -> Floats:
    """Return the (n_some, n_others) similarities, remembered while both lists are in use."""
    rows = _KERNEL_CACHE.setdefault(left, WeakKeyDictionary())
    if right not in rows:
        rows[right] = left.similarity(right)
    return rows[right]


def take_landmarks(train_items: Items, rows: Rows) -> Items:
    """Return the landmarks among the anchors; the anchors themselves when they are all."""
    if len(rows) == len(train_items):
        return train_items
    remembered = _LANDMARK_CACHE.setdefault(train_items, {})
    key = rows.tobytes()
    if key not in remembered:
        remembered[key] = train_items.take(rows)
    return remembered[key]


def nearest_neighbour_weights(train_items: Items, items: Items, n_neighbours: int) -> Sparse:
    """Return (n_anchors, n_items) CSC weights of each item's nearest anchors by content.

    The weights of a column are the similarities divided by their sum; an item is never its own
    neighbour; an item that is like nothing has an empty column.
    """
    parts = []
    own = train_items.ids.rows(items.ids)
    cached = _KERNEL_CACHE.get(train_items, WeakKeyDictionary()).get(items)
    for span in iter_blocks(len(items), len(train_items), max_width=2_048):
        rows = np.arange(span.start, span.stop)
        block = (
            train_items.similarity(items.take(rows))
            if cached is None
            else cached[:, rows].copy()
        )
        here = np.flatnonzero(own[rows] >= 0)
        block[own[rows][here], here] = 0
        parts.append(top_per_column(np.maximum(block, 0), n_neighbours))
    near = sp.csc_array(sp.hstack(parts)) if parts else sp.csc_array((len(train_items), 0))
    total = np.asarray(near.sum(axis=0)).ravel()
    return sp.csc_array(near @ sp.diags_array(1 / np.maximum(total, 1e-9)), dtype=np.float32)


def _train_item_kernel(data: Dataset) -> Floats:
    """Slice the kernel of the catalogue when it is there; remember what models ask next."""
    if data.kernel is not None:
        rows = _KERNEL_CACHE.setdefault(data.train_items, WeakKeyDictionary())
        if data.items not in rows:
            rows[data.items] = data.kernel[data.train_item_rows]
        return np.ascontiguousarray(rows[data.items][:, data.train_item_rows])
    return content_kernel(data.train_items, data.train_items)


def _solve_regressors(wide: Floats, chosen: Rows) -> Floats:
    """Return ``K' (KK' + λ K_mm)^-1`` of the (n_landmarks, n_anchors) kernel ``K``.

    Landmarks that are copies of each other make the matrix singular; the diagonal is raised
    until single precision can tell it from one.
    """
    normal = (wide @ wide.T).astype(np.float64) + KERNEL_RIDGE * wide[:, chosen]
    for jitter in KERNEL_RIDGE * 10.0 ** np.arange(-3, 4):
        try:
            return np.asarray(
                wide.T @ invert_spd_matrix(add_ridge(normal, jitter)).astype(np.float32)
            )
        except np.linalg.LinAlgError:
            continue
    raise DataError("the content vectors of items hold numbers that are not finite")


def fit_content_weights(data: Dataset, values: Floats) -> Floats:
    """Return (n_features, d) weights from content to values of the anchors.

    It is :func:`fit_content_kernel` written out over features, the blocks side by side, so that new items
    need no landmarks. Values should be centred: an item without content gets 0.

    Args:
        data: With the anchors.
        values: (n_anchors, d) float32.
    """
    blocks = data.train_items.blocks
    if not blocks:
        return np.empty((0, values.shape[1]), dtype=np.float32)
    known = fit_content_kernel(data)
    left = np.asarray(known.coefficients.T @ values, dtype=np.float32)
    parts = [
        BLOCK_SIMILARITY_WEIGHTS.get(block.name, 1.0) * (block.matrix[known.landmarks].T @ left)
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
    """Return (n_anchors, d) what content predicts of each anchor from the values of others.

    It is exact leave-one-out when every anchor is a landmark, so a network that trains on it
    sees known items as it will see new ones.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 5.12.
    """
    if not data.train_items.blocks or not len(data.train_items):
        return np.zeros_like(values, dtype=np.float32)
    known = fit_content_kernel(data)
    k = content_kernel(take_landmarks(data.train_items, known.landmarks), data.train_items)
    own = known.leverage[:, None]
    fitted = k.T @ np.asarray(known.coefficients.T @ values, dtype=np.float32)
    return np.asarray((fitted - own * values) / (1 - own), dtype=np.float32)


def impute_from_content(data: Dataset, values: Floats, known: Mask) -> Floats:
    """Return values of anchors with the unknown ones predicted by content from the known ones.

    It is what :func:`fit_content_kernel` would predict had it never seen the unknown ones: exact when every
    anchor is a landmark. Without content they get the mean.

    Args:
        data: With the anchors.
        values: (n_anchors, d); rows that are not known do not matter.
        known: (n_anchors,) at least one of them.

    Source:
        Block-wise leave-one-out of a linear smoother ``H``: what it says of the rows ``N`` from
        the others alone is ``(I - H_NN)^-1 H_NO y_O``; Rasmussen and Williams 2006, "Gaussian
        processes for machine learning", eq. 5.12, for more than one row.
    """
    centre = values[known].mean(axis=0)
    found = np.where(known[:, None], values, centre).astype(np.float32)
    new = np.flatnonzero(~known)
    if not data.train_items.blocks or not len(new):
        return found
    way = fit_content_kernel(data)
    k = content_kernel(take_landmarks(data.train_items, way.landmarks), data.train_items)[
        :, new
    ]
    smooth = k.T @ way.coefficients.T
    own = np.eye(len(new)) - smooth[:, new]
    found[new] += np.linalg.solve(own, smooth @ (found - centre)).astype(np.float32)
    return found


def content_directions(data: Dataset, dim: int, seed: int = 0) -> Floats:
    """Return (n_features, dim) weights onto the leading directions of the catalogue's content.

    The dot products of ``mapped(items, weights)`` are the best rank-``dim`` approximation of
    :meth:`Items.similarity`; directions that do not exist are columns of 0. Computed once.

    Source:
        Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4.

    Cost: ten products with the content of ``dim + 16`` columns.
    """
    return cached(
        data, f"content_space {dim} {seed}", lambda: _compute_directions(data.items, dim, seed)
    )


def _compute_directions(items: Items, dim: int, seed: int) -> Floats:
    widths = [block.matrix.shape[1] for block in items.blocks]
    out = np.zeros((sum(widths), dim), dtype=np.float32)
    width = min(dim + N_OVERSAMPLED_DIRECTIONS, sum(widths), len(items))
    if not width:
        return out
    roots = np.repeat(
        [np.sqrt(BLOCK_SIMILARITY_WEIGHTS.get(b.name, 1.0)) for b in items.blocks], widths
    )
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
    """Return the (n_features, d) sums over items of content times values."""
    return np.concatenate([np.asarray(b.matrix.T @ values) for b in items.blocks]).astype(
        np.float32
    )


def fit_centred_content_weights(data: Dataset, vectors: Floats) -> tuple[Floats, Floats]:
    """Return the (d,) mean of the vectors of anchors, and what content tells of the rest.

    The second is what :func:`fit_content_weights` makes of the vectors around their mean.
    """
    centre = vectors.sum(axis=0) / np.float32(max(len(vectors), 1))
    return centre, fit_content_weights(data, vectors - centre)


def known_or_predicted(
    ids: Vocabulary, vectors: Floats, items: Items, weights: Floats, centre: Floats
) -> Floats:
    """Return (n_items, d) vectors: those of known items, what content predicts for others.

    Args:
        ids: Of the known items.
        vectors: (n_known, d) of them.
        items: Whose vectors are asked for.
        weights: (n_features, d) from content to vectors around the centre.
        centre: (d,) the vector of an item without content.
    """
    rows = ids.rows(items.ids)
    new = np.flatnonzero(rows < 0)
    found = np.empty((len(items), vectors.shape[1]), dtype=np.float32)
    found[rows >= 0] = vectors[rows[rows >= 0]] - centre
    found[new] = predict_from_content(items.take(new), weights) if len(new) else 0
    return found + centre


def has_no_new_items(train_items: Items, items: Items) -> bool:
    """Say whether every item has events."""
    return all(id_ in train_items.ids for id_ in items.ids)


def no_scores(n_items: int) -> LinearScorer:
    """Return a model that can say nothing of any of so many items."""
    bias = np.zeros(n_items, dtype=np.float32)
    return LinearScorer(WeightMatrix(), bias, np.zeros(n_items, dtype=bool))
