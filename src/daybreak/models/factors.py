"""A few numbers for every item and every asker, whose products are the scores."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import models
from daybreak.models.content_map import content_map, known_or_mapped
from daybreak.models.fold_in import Objective
from daybreak.models.vector_model import VectorModel
from daybreak.types import Floats, Sparse

OVERSAMPLING = 16
"""Directions tried beyond those kept."""
PASSES = 4
"""Times the interactions are multiplied forth and back; each sharpens the directions."""


@dataclass(frozen=True)
class FactorsConfig:
    """Options of :class:`FactorsModel`."""

    dim: int = 64
    """Numbers kept for an item."""
    damping: float = 0.35
    """Interactions are divided by this power of an item's number of users."""
    confidence: float = 16.0
    """How much more an event tells than its absence."""
    ridge: float = 1.0
    """How much the prior of a query weighs; with fewer events it counts for more."""
    profile_ridge: float = 30.0
    """See :class:`ProfileConfig`."""


@dataclass(frozen=True, eq=False)
class FactorsState:
    """What :class:`FactorsModel` learned."""

    ids: Vocabulary
    """The anchors."""
    vectors: Floats
    """(n_anchors, dim)"""
    weights: Floats
    """(n_anchors,) of the absence of an event"""
    gram: Floats
    """(dim, dim) ``Σ_i weights_i vectors_i vectors_i'``"""
    content: Floats
    """(n_features, dim) from the blocks of content, side by side, to vectors"""
    centre: Floats
    """(dim,) the mean vector of an item"""
    mean: Floats
    """(dim,) of the people learned from: who an asker is before anything is known"""
    profile: Floats
    """(n_attributes, dim) how attributes move that mean"""
    average: Floats
    """(n_attributes,) the mean profile"""


@models.register("factors")
class FactorsModel(VectorModel[FactorsConfig, FactorsState]):
    """Factors of interactions; histories are folded in exactly, priors fill what is missing.

    An asker is the solution of :class:`Objective` for the history, around the mean that the
    profile predicts. An item without events has the vector that its content predicts. Nothing
    grows with the square of the catalogue, so this is what very large catalogues fall back on.

    Source:
        Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4,
        for ``Du^-1/2 X Di^-damping = U S V'``; item vectors are ``Di^damping V S``, so that
        those of people have one variance in all directions, which is what the ridge assumes.

    Memory: 4 (dim + 16) (3 n_anchors + 2 n_users) bytes beside the interactions and the bridge.
    """

    Config: ClassVar = FactorsConfig
    State: ClassVar = FactorsState

    def learn(self, data: Dataset, rng: np.random.Generator) -> FactorsState:
        """Factor, then regress on content and profiles; see :meth:`Model.learn`."""
        scale = (np.maximum(data.counts, 1) ** self.config.damping).astype(np.float32)
        people, sizes, directions = _factored(data, scale, self.config.dim, rng)
        vectors = (directions * scale[:, None] * sizes).astype(np.float32)
        weights = (scale**-2.0 / max(float(sizes.max(initial=0)) ** 2, 1e-12)).astype(
            np.float32
        )
        centre = vectors.mean(axis=0) if len(vectors) else np.zeros(len(sizes), np.float32)
        mean = people.mean(axis=0) if len(people) else np.zeros(len(sizes), np.float32)
        profile, average = _profile_prior(data, people - mean, self.config.profile_ridge)
        return FactorsState(
            data.anchors.ids,
            vectors,
            weights,
            np.asarray((vectors * weights[:, None]).T @ vectors, dtype=np.float32),
            content_map(data, vectors - centre),
            centre,
            mean,
            profile,
            average,
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Fold histories in around the means of profiles; see :meth:`Embeds.query_vectors`."""
        state = self.state
        events = sp.csr_array(queries.history, dtype=np.float32, copy=True)
        events.data *= np.repeat(np.sqrt(queries.n_events), np.diff(events.indptr))
        prior = np.tile(state.mean, (len(queries), 1))
        told = np.flatnonzero(np.diff(queries.profile.indptr))
        if len(told) and len(state.average):
            prior[told] += queries.profile[told] @ state.profile - state.average @ state.profile
        objective = Objective(
            state.vectors, state.weights, state.gram, self.config.confidence, self.config.ridge
        )
        return objective.solve(events, prior)

    def item_vectors(self, items: Items) -> Floats:
        """Look vectors up, or predict them from content; see :meth:`Embeds.item_vectors`."""
        state = self.state
        centred = state.vectors - state.centre
        return known_or_mapped(state.ids, centred, items, state.content) + state.centre


def _factored(
    data: Dataset, scale: Floats, dim: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return (n_active, d) people, (d,) singular values and (n_anchors, d) directions."""
    x = data.interactions
    if not x.nnz:
        nobody, nothing = np.zeros((0, 1), np.float32), np.zeros(1, np.float32)
        return nobody, nothing, np.zeros((x.shape[1], 1), np.float32)
    length = np.sqrt(np.asarray(x.sum(axis=1), dtype=np.float32).ravel())
    damped = sp.csr_array(sp.diags_array(1 / length) @ x @ sp.diags_array(1 / scale))
    damped = damped.astype(np.float32)
    left, sizes, right = truncated_svd(damped, dim, rng)
    return left * length[:, None], sizes, right


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
    width = min(dim + OVERSAMPLING, *matrix.shape)
    basis = rng.standard_normal((matrix.shape[1], width)).astype(np.float32)
    transposed = sp.csr_array(matrix.T)
    for _ in range(PASSES):
        left, _, _ = _turned(matrix @ basis)
        basis, _, _ = _turned(transposed @ left)
    left, sizes, turn = _turned(matrix @ basis)
    return left[:, :dim], sizes[:dim], (basis @ turn)[:, :dim]


def _turned(tall: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the thin SVD of a tall matrix by its Gram matrix, null directions left out.

    Forty times as fast as a QR decomposition at 200,000 x 80, and as good for directions whose
    size is above a thousandth of the largest.
    """
    values, turn = np.linalg.eigh((tall.T @ tall).astype(np.float64))
    kept = np.flatnonzero(values > 1e-6 * max(values.max(initial=0), 1e-30))[::-1]
    sizes = np.sqrt(values[kept])
    left = tall @ (turn[:, kept] / sizes).astype(np.float32)
    return left, sizes.astype(np.float32), turn[:, kept].astype(np.float32)


def _profile_prior(data: Dataset, centred: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Return (n_attributes, d) weights and the (n_attributes,) mean profile."""
    profiles = data.profiles[data.active].astype(np.float32)
    width = profiles.shape[1]
    if not profiles.shape[0]:
        return np.zeros((width, centred.shape[1]), np.float32), np.zeros(width, np.float32)
    average = np.asarray(profiles.mean(axis=0), dtype=np.float32).ravel()
    spread = (profiles.T @ profiles).toarray()
    spread -= profiles.shape[0] * np.outer(average, average)
    normal = spread + ridge * np.eye(width, dtype=np.float32)
    target = profiles.T @ centred
    return np.linalg.solve(normal, target).astype(np.float32), average
