"""The bridge from behaviour to content: what is known of old items, carried to new ones."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.errors import DataError
from daybreak.models.statistics import inverse, largest, once, ridged, spans
from daybreak.types import Floats, Rows, Sparse

LANDMARKS = 4_000
"""Anchors whose similarities stand for the content of all, in catalogues larger than this."""
LANDMARK_CELLS = 150_000_000
"""Numbers in the matrix between anchors and landmarks: 600 MB; beyond, landmarks get fewer."""
RIDGE = 4.0
"""Added to the diagonal of the kernel, whose own diagonal is at most 2.5."""

_LANDMARKS: WeakKeyDictionary[Items, dict[bytes, Items]] = WeakKeyDictionary()
_KERNELS: WeakKeyDictionary[Items, WeakKeyDictionary[Items, Floats]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Bridge:
    """Kernel ridge regression from the content of items onto any function of anchors.

    A function with values ``y`` at the anchors has at an item ``c`` the value
    ``y @ solve @ kernel(landmarks, c)``. With all anchors as landmarks that is exact kernel
    ridge regression, ``y (K + λI)^-1 k_c``; with fewer it is the subset of regressors.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 2.25, 8.14.
    """

    landmarks: Rows
    """Positions among the anchors."""
    solve: Floats
    """(n_anchors, n_landmarks)"""
    own: Floats
    """(n_anchors,) leverage: how much an anchor's own value enters its prediction, in [0, 1)"""


def bridge(data: Dataset) -> Bridge:
    """Return the bridge of a data set; computed once.

    Cost: n_landmarks³ / 3 + n_anchors * n_landmarks² multiplications.
    Memory: 12 * n_anchors * n_landmarks bytes.
    """

    def compute() -> Bridge:
        n = len(data.anchor_rows)
        most = min(LANDMARKS, max(LANDMARK_CELLS // max(n, 1), 1))
        chosen = np.sort(np.argsort(-data.counts, kind="stable")[:most])
        if len(chosen) == n:
            k = _anchor_kernel(data)
            solve = inverse(ridged(k, RIDGE))
        else:
            k = kernel(landmarks_of(data.anchors, chosen), data.anchors)
            solve = _regressors(k, chosen)
        own = np.einsum("nm,mn->n", solve, k)
        return Bridge(chosen, solve, np.clip(own, 0, 0.999).astype(np.float32))

    return once(data, "bridge", compute)


def kernel(some: Items, others: Items) -> Floats:
    """Return the (n_some, n_others) similarities, remembered while both lists are in use."""
    rows = _KERNELS.setdefault(some, WeakKeyDictionary())
    if others not in rows:
        rows[others] = some.similarity(others)
    return rows[others]


def landmarks_of(anchors: Items, rows: Rows) -> Items:
    """Return the landmarks among the anchors; the anchors themselves when they are all."""
    if len(rows) == len(anchors):
        return anchors
    remembered = _LANDMARKS.setdefault(anchors, {})
    key = rows.tobytes()
    if key not in remembered:
        remembered[key] = anchors.take(rows)
    return remembered[key]


def nearest(anchors: Items, items: Items, count: int) -> Sparse:
    """Return (n_anchors, n_items) CSC weights of each item's nearest anchors by content.

    The weights of a column are the similarities divided by their sum; an item is never its own
    neighbour; an item that is like nothing has an empty column.
    """
    parts = []
    own = anchors.ids.rows(items.ids)
    cached = _KERNELS.get(anchors, WeakKeyDictionary()).get(items)
    for span in spans(len(items), len(anchors), most=2_048):
        rows = np.arange(span.start, span.stop)
        block = (
            anchors.similarity(items.take(rows)) if cached is None else cached[:, rows].copy()
        )
        here = np.flatnonzero(own[rows] >= 0)
        block[own[rows][here], here] = 0
        parts.append(largest(np.maximum(block, 0), count))
    near = sp.csc_array(sp.hstack(parts)) if parts else sp.csc_array((len(anchors), 0))
    total = np.asarray(near.sum(axis=0)).ravel()
    return sp.csc_array(near @ sp.diags_array(1 / np.maximum(total, 1e-9)), dtype=np.float32)


def _anchor_kernel(data: Dataset) -> Floats:
    """Slice the kernel of the catalogue when it is there; remember what models ask next."""
    if data.kernel is not None:
        rows = _KERNELS.setdefault(data.anchors, WeakKeyDictionary())
        if data.items not in rows:
            rows[data.items] = data.kernel[data.anchor_rows]
        return np.ascontiguousarray(rows[data.items][:, data.anchor_rows])
    return kernel(data.anchors, data.anchors)


def _regressors(wide: Floats, chosen: Rows) -> Floats:
    """Return ``K' (KK' + λ K_mm)^-1`` of the (n_landmarks, n_anchors) kernel ``K``.

    Landmarks that are copies of each other make the matrix singular; the diagonal is raised
    until single precision can tell it from one.
    """
    normal = (wide @ wide.T).astype(np.float64) + RIDGE * wide[:, chosen]
    for jitter in RIDGE * 10.0 ** np.arange(-3, 4):
        try:
            return np.asarray(wide.T @ inverse(ridged(normal, jitter)).astype(np.float32))
        except np.linalg.LinAlgError:
            continue
    raise DataError("the content vectors of items hold numbers that are not finite")
