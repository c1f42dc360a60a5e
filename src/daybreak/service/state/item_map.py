"""The catalogue in two dimensions: items with similar content are close to each other.

:func:`layout_items` makes an :class:`ItemMap`, which also gives new items their places.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import orthogonal_procrustes
from scipy.sparse.linalg import LinearOperator, svds

from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.types import Doubles, Floats, Rows

MAX_LANDMARKS = 12_000
"""Items that are laid out together; others are placed between them."""
N_DIMENSIONS = 24
"""Dimensions in which neighbours are searched."""
N_NEIGHBOURS = 10
"""Neighbours that attract an item."""
N_EPOCHS = 120
"""Steps of the layout."""
N_NEGATIVES = 5
"""Random items that repel an item in each step."""
KNOWN_RATE = 0.05
"""Length of the steps of an item that an earlier map has, relative to that of a new item."""
MAX_STEP = 0.25
"""Longest step of an item, in units in which the map is about 10 wide."""
MAX_COMPARISONS = 3_000_000_000
"""Largest number of pairs of an item and a landmark that are compared to place all items."""
ROWS_PER_CHUNK = 2_000
"""Items whose neighbours are searched at a time."""
_HALF_WIDTH = 5.0


@dataclass(frozen=True, eq=False)
class ItemMap:
    """Places of the items of a catalogue."""

    ids: Vocabulary
    places: Floats
    """(n_items, 2) from -1 to 1; items without content are at the edge."""
    directions: tuple[Floats, ...]
    """(dim, d) of each block of content: directions in which neighbours are searched."""
    landmarks: Rows
    """Rows of the items that were laid out together."""
    landmark_vectors: Floats
    """(n_landmarks, d) unit vectors of them."""

    def extended(self, items: Items) -> "ItemMap":
        """Return a map with the items that were added to the catalogue at its end."""
        if len(items) <= len(self.ids):
            return self
        new = np.arange(len(self.ids), len(items))
        if not self.directions:  # the catalogue had no content
            return layout_items(items)
        vectors = _unit(_project(items.take(new), self.directions))
        placed = _place_between(
            vectors, self.landmark_vectors, self.places[self.landmarks], new
        )
        places = np.concatenate([self.places, placed])
        return ItemMap(
            items.ids, places, self.directions, self.landmarks, self.landmark_vectors
        )


def layout_items(items: Items, seed: int = 0, previous: ItemMap | None = None) -> ItemMap:
    """Lay out a catalogue.

    Neighbours in the leading directions of the content attract each other, and random items
    repel each other. The layout begins with the two leading directions, so that the same
    catalogue gives the same map and a similar one a similar map. A previous map is the
    beginning for its items, which move little; at the end the map is moved, turned and scaled
    to it.

    Args:
        items: The catalogue.
        seed: Seed of the repelling items.
        previous: Map of an earlier release.

    Source:
        McInnes, Healy and Melville 2018, "UMAP: uniform manifold approximation and projection
        for dimension reduction", section 4, with a = b = 1 and equal weights of neighbours.
        For the fit to a previous map, Schönemann and Carroll 1970, "Fitting one matrix to
        another under choice of a central dilation and a rigid motion".
    """
    if not len(items) or not items.blocks:
        nothing = np.zeros((len(items), 2), dtype=np.float32)
        no_vectors = np.empty((0, 0), dtype=np.float32)
        return ItemMap(items.ids, nothing, (), np.empty(0, np.int64), no_vectors)
    directions, vectors = _leading_directions(items)
    described = np.flatnonzero(np.linalg.norm(vectors, axis=1) > 0)
    vectors = _unit(vectors)
    step = max(1, -(-len(described) // MAX_LANDMARKS))
    landmarks = described[::step]
    before = _places_before(items.ids, landmarks, previous)
    start = _start(vectors, landmarks, before)
    is_new = np.isnan(before[:, :1])
    rates = np.where(is_new, 1.0, KNOWN_RATE)
    layout = _attract_and_repel(start, _neighbours(vectors[landmarks]), seed, rates)
    turned = _turned_to(layout, before)
    places = _place_between(vectors, vectors[landmarks], turned, np.arange(len(items)))
    places[landmarks] = turned
    return ItemMap(items.ids, places, directions, landmarks, vectors[landmarks])


def _leading_directions(items: Items) -> tuple[tuple[Floats, ...], Floats]:
    """Return the leading directions of all blocks side by side, and the items in them."""
    widths = [block.matrix.shape[1] for block in items.blocks]
    shape = (len(items), sum(widths))
    scales = [np.sqrt(block.weight) for block in items.blocks]
    bounds = np.cumsum([0, *widths])

    def forward(v: Doubles) -> Doubles:
        parts = zip(items.blocks, scales, bounds, bounds[1:], strict=False)
        total = np.zeros(len(items))
        for block, scale, low, high in parts:
            total += scale * np.asarray(block.matrix @ v[low:high]).ravel()
        return total

    def backward(u: Doubles) -> Doubles:
        parts = [
            scale * np.asarray(block.matrix.T @ u).ravel()
            for block, scale in zip(items.blocks, scales, strict=True)
        ]
        return np.concatenate(parts)

    rank = min(N_DIMENSIONS, min(shape) - 1)
    if rank < 1:
        basis = np.ones((shape[1], 1))
    else:
        operator = LinearOperator(shape, matvec=forward, rmatvec=backward, dtype=np.float64)
        _, values, rows = svds(operator, k=rank, v0=np.ones(min(shape)))
        basis = rows[np.argsort(-values)].T
        basis *= np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
    directions = tuple(
        (scale * basis[low:high]).astype(np.float32)
        for scale, low, high in zip(scales, bounds, bounds[1:], strict=False)
    )
    return directions, _project(items, directions)


def _project(items: Items, directions: tuple[Floats, ...]) -> Floats:
    total = np.zeros((len(items), directions[0].shape[1]), dtype=np.float32)
    for block, direction in zip(items.blocks, directions, strict=True):
        total += np.asarray(block.matrix @ direction)
    return total


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1), dtype=np.float32)


def _neighbours(vectors: Floats) -> Rows:
    """Return the (n, k) nearest other rows of each row."""
    n = len(vectors)
    k = min(N_NEIGHBOURS, n - 1)
    if k < 1:
        return np.zeros((n, 0), dtype=np.int64)
    found = []
    for start in range(0, n, ROWS_PER_CHUNK):
        similarity = vectors[start : start + ROWS_PER_CHUNK] @ vectors.T
        rows = np.arange(len(similarity))
        similarity[rows, start + rows] = -np.inf
        found.append(np.argpartition(-similarity, k - 1, axis=1)[:, :k])
    return np.concatenate(found)


def _places_before(ids: Vocabulary, landmarks: Rows, previous: ItemMap | None) -> Doubles:
    """Return the (n, 2) places of the landmarks in an earlier map; NaN: not in it."""
    places = np.full((len(landmarks), 2), np.nan)
    if previous is not None:
        rows = previous.ids.rows([ids.ids[row] for row in landmarks.tolist()])
        known = (rows >= 0) & (rows < len(previous.places))
        places[known] = previous.places[rows[known]]
    return places


def _start(vectors: Floats, landmarks: Rows, before: Doubles) -> Doubles:
    """Return the (n, 2) places at the beginning."""
    plane = np.zeros((len(landmarks), 2))
    plane[:, : vectors.shape[1]] = vectors[landmarks, :2]
    plane -= plane.mean(axis=0) if len(plane) else 0
    widest = np.abs(plane).max(initial=0) or 1
    plane *= _HALF_WIDTH / widest
    known = ~np.isnan(before[:, 0])
    plane[known] = before[known] * _HALF_WIDTH
    spread = np.arange(len(plane))[:, None] * [0.7548776662, 0.5698402910]  # no two are equal
    return plane + 0.05 * (spread % 1 - 0.5)


def _attract_and_repel(places: Doubles, neighbours: Rows, seed: int, rates: Doubles) -> Doubles:
    """Return the (n, 2) places after all steps.

    Args:
        places: (n, 2) places at the beginning.
        neighbours: (n, k) rows that attract each row.
        seed: Seed of the repelling rows.
        rates: (n, 1) relative length of the steps of each row.
    """
    n = len(places)
    if not neighbours.size:
        return places
    generator = np.random.default_rng(seed)
    head = np.repeat(np.arange(n), neighbours.shape[1])
    tail = neighbours.ravel()
    for epoch in range(N_EPOCHS):
        rate = 1.0 - epoch / N_EPOCHS
        gap = places[head] - places[tail]
        pull = 2 * gap / (1 + (gap**2).sum(axis=1, keepdims=True))
        move = np.zeros_like(places)
        for axis in (0, 1):
            move[:, axis] -= np.bincount(head, pull[:, axis], n)
            move[:, axis] += np.bincount(tail, pull[:, axis], n)
        move /= neighbours.shape[1]
        for _ in range(N_NEGATIVES):
            gap = places - places[generator.permutation(n)]
            distance = (gap**2).sum(axis=1, keepdims=True)
            move += 2 * gap / ((0.1 + distance) * (1 + distance))
        length = np.linalg.norm(move, axis=1, keepdims=True)
        move *= np.minimum(1, MAX_STEP / np.maximum(length, 1e-12))
        places = places + rate * rates * move
    return places


def _turned_to(layout: Doubles, before: Doubles) -> Floats:
    """Return a layout from -1 to 1, moved, turned, mirrored and scaled to an earlier map.

    Args:
        layout: (n, 2) places.
        before: (n, 2) places in the earlier map; NaN: not in it.
    """
    known = ~np.isnan(before[:, 0])
    if known.sum() <= 2:
        centred = layout - (layout.mean(axis=0) if len(layout) else 0)
        widest = np.abs(centred).max(initial=0) or 1
        return np.asarray(centred / widest, dtype=np.float32)
    centre, target = layout[known].mean(axis=0), before[known].mean(axis=0)
    source = layout[known] - centre
    turn, size = orthogonal_procrustes(source, before[known] - target)
    scale = size / max(float((source**2).sum()), 1e-12)
    fitted = scale * (layout - centre) @ turn + target
    widest = max(1.0, float(np.abs(fitted).max()))
    return np.asarray(fitted / widest, dtype=np.float32)


def _place_between(
    vectors: Floats, landmark_vectors: Floats, landmark_places: Floats, keys: Rows
) -> Floats:
    """Return the (n, 2) places of items between the landmarks that are most similar to them.

    Args:
        vectors: (n, d) unit vectors; rows of zeros have no content.
        landmark_vectors: (n_landmarks, d) unit vectors.
        landmark_places: (n_landmarks, 2) places.
        keys: (n,) numbers that spread items without content along the edge.
    """
    angle = keys * 2.399963  # the golden angle spreads them evenly
    places = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    described = np.flatnonzero(np.abs(vectors).sum(axis=1) > 0)
    step = 1 + len(described) * len(landmark_vectors) // MAX_COMPARISONS
    landmark_vectors, landmark_places = landmark_vectors[::step], landmark_places[::step]
    k = min(5, len(landmark_vectors))
    for start in range(0, len(described) if k else 0, ROWS_PER_CHUNK):
        rows = described[start : start + ROWS_PER_CHUNK]
        similarity = vectors[rows] @ landmark_vectors.T
        nearest = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        weight = np.maximum(np.take_along_axis(similarity, nearest, axis=1), 1e-6) ** 4
        weight /= weight.sum(axis=1, keepdims=True)
        places[rows] = (landmark_places[nearest] * weight[:, :, None]).sum(axis=1)
    return places
