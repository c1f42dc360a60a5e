"""From the content of items to numbers that behaviour gave to the known ones."""

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import WEIGHTS, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.bridge import bridge, kernel, landmarks_of
from daybreak.models.statistics import once
from daybreak.models.truncated_svd import OVERSAMPLING, PASSES
from daybreak.types import Doubles, Floats, Mask


def content_map(data: Dataset, values: Floats) -> Floats:
    """Return (n_features, d) weights from content to values of the anchors.

    It is :func:`bridge` written out over features, the blocks side by side, so that new items
    need no landmarks. Values should be centred: an item without content gets 0.

    Args:
        data: With the anchors.
        values: (n_anchors, d) float32.
    """
    blocks = data.anchors.blocks
    if not blocks:
        return np.empty((0, values.shape[1]), dtype=np.float32)
    known = bridge(data)
    left = np.asarray(known.solve.T @ values, dtype=np.float32)
    parts = [
        WEIGHTS.get(block.name, 1.0) * (block.matrix[known.landmarks].T @ left)
        for block in blocks
    ]
    return np.concatenate(parts).astype(np.float32)


def mapped(items: Items, weights: Floats) -> Floats:
    """Return the (n_items, d) values that (n_features, d) weights predict from content."""
    found = np.zeros((len(items), weights.shape[1]), dtype=np.float32)
    start = 0
    for block in items.blocks if len(weights) else ():
        stop = start + block.matrix.shape[1]
        found += block.matrix @ weights[start:stop]
        start = stop
    return found


def unseen(data: Dataset, values: Floats) -> Floats:
    """Return (n_anchors, d) what content predicts of each anchor from the values of others.

    It is exact leave-one-out when every anchor is a landmark, so a network that trains on it
    sees known items as it will see new ones.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 5.12.
    """
    if not data.anchors.blocks or not len(data.anchors):
        return np.zeros_like(values, dtype=np.float32)
    known = bridge(data)
    k = kernel(landmarks_of(data.anchors, known.landmarks), data.anchors)
    own = known.own[:, None]
    fitted = k.T @ np.asarray(known.solve.T @ values, dtype=np.float32)
    return np.asarray((fitted - own * values) / (1 - own), dtype=np.float32)


def filled(data: Dataset, values: Floats, known: Mask) -> Floats:
    """Return values of anchors with the unknown ones predicted by content from the known ones.

    It is what :func:`bridge` would predict had it never seen the unknown ones: exact when every
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
    if not data.anchors.blocks or not len(new):
        return found
    way = bridge(data)
    k = kernel(landmarks_of(data.anchors, way.landmarks), data.anchors)[:, new]
    smooth = k.T @ way.solve.T
    own = np.eye(len(new)) - smooth[:, new]
    found[new] += np.linalg.solve(own, smooth @ (found - centre)).astype(np.float32)
    return found


def content_space(data: Dataset, dim: int, seed: int = 0) -> Floats:
    """Return (n_features, dim) weights onto the leading directions of the catalogue's content.

    The dot products of ``mapped(items, weights)`` are the best rank-``dim`` approximation of
    :meth:`Items.similarity`; directions that do not exist are columns of 0. Computed once.

    Source:
        Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4.

    Cost: ten products with the content of ``dim + 16`` columns.
    """
    return once(data, f"content_space {dim} {seed}", lambda: _directions(data.items, dim, seed))


def _directions(items: Items, dim: int, seed: int) -> Floats:
    widths = [block.matrix.shape[1] for block in items.blocks]
    out = np.zeros((sum(widths), dim), dtype=np.float32)
    width = min(dim + OVERSAMPLING, sum(widths), len(items))
    if not width:
        return out
    roots = np.repeat([np.sqrt(WEIGHTS.get(b.name, 1.0)) for b in items.blocks], widths)
    roots = roots.astype(np.float32)[:, None]
    drawn = np.random.default_rng(seed).standard_normal((sum(widths), width))
    basis: Floats = drawn.astype(np.float32)
    for _ in range(PASSES):
        wide: Doubles = (roots * _back(items, mapped(items, roots * basis))).astype(np.float64)
        basis = np.linalg.qr(wide)[0].astype(np.float32)
    tall = mapped(items, roots * basis)
    values, turn = np.linalg.eigh((tall.T @ tall).astype(np.float64))
    order = np.argsort(-values)[:dim]
    kept = order[values[order] > 1e-6 * max(values.max(initial=0), 1e-30)]
    out[:, : len(kept)] = roots * (basis @ turn[:, kept].astype(np.float32))
    return out


def _back(items: Items, values: Floats) -> Floats:
    """Return the (n_features, d) sums over items of content times values."""
    return np.concatenate([np.asarray(b.matrix.T @ values) for b in items.blocks]).astype(
        np.float32
    )


def centred_map(data: Dataset, vectors: Floats) -> tuple[Floats, Floats]:
    """Return the (d,) mean of the vectors of anchors, and what content tells of the rest.

    The second is what :func:`content_map` makes of the vectors around their mean.
    """
    centre = vectors.sum(axis=0) / np.float32(max(len(vectors), 1))
    return centre, content_map(data, vectors - centre)


def known_or_mapped(
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
    found[new] = mapped(items.take(new), weights) if len(new) else 0
    return found + centre
