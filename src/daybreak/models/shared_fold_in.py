"""Vectors of people from their histories, exactly, whole batches at a time.

Factors of interactions, and the fold-in of histories that several models of items share.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Queries
from daybreak.data.sparse_rows import take_rows
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import VectorModel
from daybreak.models.card import Range
from daybreak.models.shared_statistics import truncated_svd
from daybreak.types import Floats, Rows, Sparse

FACTOR_RANGE = Range(16, 192, log=True, is_integer=True)
"""Values that a search of ``dim`` tries."""
DAMPING_RANGE = Range(0, 0.7)
"""Values that a search of ``damping`` tries."""
CONFIDENCE_RANGE = Range(2, 100, log=True)
"""Values that a search of ``confidence`` tries."""
PRIOR_RIDGE_RANGE = Range(0.1, 10, log=True)
"""Values that a search of ``ridge`` tries."""
MAX_BATCH_CELLS = 4_000_000
"""Numbers gathered at a time: 16 MB, which stays in the cache of most processors."""


@dataclass(frozen=True, eq=False)
class FoldInSolver:
    """The weighted least squares problem whose solution is the vector of a history.

    For a history ``x`` and a prior mean ``m`` it is
    ``Σ_i w_i (1 + α x_i) (1[x_i > 0] - q_i'p)² + λ |p - m|²`` over *all* items: what was not
    chosen counts as 0, weakly. An event of weight ``x_i`` between 0 and 1 counts in part.

    Source:
        Hu, Koren and Volinsky 2008, "Collaborative filtering for implicit feedback datasets",
        eq. 4, with a weight for each item and a mean for the prior.
    """

    vectors: Floats
    """(n_anchors, dim) q"""
    weights: Floats
    """(n_anchors,) w"""
    gram: Floats
    """(dim, dim) ``Σ_i w_i q_i q_i'``"""
    confidence: float
    """α"""
    ridge: float
    """λ"""

    def solve(self, histories: Sparse, prior: Floats) -> Floats:
        """Return the (n, dim) minimisers.

        Args:
            histories: (n, n_anchors) CSR, each event 1 or its share.
            prior: (n, dim) means.

        Example:
            One item with q = 1, w = 1, α = 1, λ = 2 and m = 0: ``p = 2 / (1 + 1 + 2)``.

            >>> import scipy.sparse as sp
            >>> one = np.ones((1, 1), dtype=np.float32)
            >>> FoldInSolver(one, one[0], one, 1.0, 2.0).solve(sp.csr_array(one), 0 * one)
            array([[0.5]], dtype=float32)
        """
        dim = self.vectors.shape[1]
        values = histories.data * self.weights[histories.indices]
        parts = (values, histories.indices, histories.indptr)
        pull = sp.csr_array(parts, shape=histories.shape)
        right = (1 + self.confidence) * (pull @ self.vectors) + self.ridge * prior
        fixed = self.gram + self.ridge * np.eye(dim, dtype=np.float32)
        found = np.empty((histories.shape[0], dim), dtype=np.float32)
        for rows in _size_batches(np.diff(histories.indptr), dim):
            seen = self._gather_vectors(take_rows(pull, rows))
            left = np.matmul(seen.transpose(0, 2, 1), seen) + fixed
            found[rows] = np.linalg.solve(left, right[rows][:, :, None])[:, :, 0]
        return found

    def _gather_vectors(self, pull: Sparse) -> Floats:
        """Return (n, longest, dim) vectors of histories, each times ``sqrt(α w x)``, or 0."""
        sizes = np.diff(pull.indptr)
        longest = int(sizes.max(initial=0))
        item = np.zeros((len(sizes), longest), dtype=np.int64)
        root = np.zeros((len(sizes), longest), dtype=np.float32)
        row = np.repeat(np.arange(len(sizes)), sizes)
        place = np.arange(pull.nnz) - np.repeat(pull.indptr[:-1], sizes)
        item[row, place] = pull.indices
        root[row, place] = np.sqrt(self.confidence * pull.data)
        gathered: Floats = self.vectors[item] * root[:, :, None]
        return gathered


def _size_batches(sizes: Rows, dim: int) -> list[Rows]:
    """Cut rows into batches of like sizes, each within ``MAX_BATCH_CELLS`` where one row allows."""
    order, batches, start = np.argsort(-sizes, kind="stable"), [], 0
    while start < len(order):
        height = max(int(sizes[order[start]]), dim)
        stop = start + max(MAX_BATCH_CELLS // (height * dim), 1)
        batches.append(order[start:stop])
        start = stop
    return batches


@dataclass(frozen=True)
class FoldInConfig:
    """Options of models that fold histories into factors."""

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
class FoldInState:
    """What interactions and profiles teach of known items and of askers."""

    ids: Vocabulary
    """The anchors."""
    vectors: Floats
    """(n_anchors, dim)"""
    weights: Floats
    """(n_anchors,) of the absence of an event"""
    gram: Floats
    """(dim, dim) ``Σ_i weights_i vectors_i vectors_i'``"""
    centre: Floats
    """(dim,) the mean vector of an item"""
    mean: Floats
    """(dim,) of the people learned from: who an asker is before anything is known"""
    profile: Floats
    """(n_attributes, dim) how attributes move that mean"""
    average: Floats
    """(n_attributes,) the mean profile"""


C = TypeVar("C", bound=FoldInConfig)
S = TypeVar("S", bound=FoldInState)


class FoldInModel(VectorModel[C, S]):
    """A model whose askers are the solutions of :class:`FoldInSolver` for their histories.

    The prior of an asker is the mean that the profile predicts. What a new item is, is left to
    the subclass.
    """

    def query_vectors(self, queries: Queries) -> Floats:
        """Fold histories in around the means of profiles; see :meth:`SupportsEmbeddings.query_vectors`."""
        return fold_in(self.state, self.config, queries)


def fold_in(state: FoldInState, config: FoldInConfig, queries: Queries) -> Floats:
    """Return the (n_queries, dim) vectors of askers."""
    history = queries.history
    values = history.data * np.repeat(np.sqrt(queries.n_events), np.diff(history.indptr))
    parts = (values.astype(np.float32, copy=False), history.indices, history.indptr)
    events = sp.csr_array(parts, shape=history.shape)
    prior = np.tile(state.mean, (len(queries), 1))
    told = np.diff(queries.profile.indptr) > 0
    if len(state.average) and told.any():
        about = queries.profile @ state.profile - state.average @ state.profile
        prior += told[:, None] * about
    objective = FoldInSolver(
        state.vectors, state.weights, state.gram, config.confidence, config.ridge
    )
    return objective.solve(events, prior)


def factorise_interactions(
    data: Dataset, config: FoldInConfig, rng: np.random.Generator
) -> FoldInState:
    """Factor the interactions, and regress people on their profiles.

    Source:
        Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4,
        for ``Du^-1/2 X Di^-damping = U S V'``; item vectors are ``Di^damping V S``, so that
        those of people have one variance in all directions, which is what the ridge assumes.

    Memory: 4 (dim + 16) (3 n_anchors + 2 n_users) bytes beside the interactions.
    """
    scale = (np.maximum(data.user_counts, 1) ** config.damping).astype(np.float32)
    people, sizes, directions = _factorise_damped(data, scale, config.dim, rng)
    vectors = (directions * scale[:, None] * sizes).astype(np.float32)
    weights = (scale**-2.0 / max(float(sizes.max(initial=0)) ** 2, 1e-12)).astype(np.float32)
    centre = vectors.mean(axis=0) if len(vectors) else np.zeros(len(sizes), np.float32)
    mean = people.mean(axis=0) if len(people) else np.zeros(len(sizes), np.float32)
    profile, average = _fit_profile_prior(data, people - mean, config.profile_ridge)
    return FoldInState(
        ids=data.train_items.ids,
        vectors=vectors,
        weights=weights,
        gram=np.asarray((vectors * weights[:, None]).T @ vectors, dtype=np.float32),
        centre=centre,
        mean=mean,
        profile=profile,
        average=average,
    )


def rotate_factors(state: FoldInState, rotation: Floats) -> FoldInState:
    """Return the same factors in other directions; no score changes.

    Args:
        state: What :func:`factorise_interactions` returns.
        turn: (dim, dim) orthogonal.
    """
    return replace(
        state,
        vectors=state.vectors @ rotation,
        gram=np.asarray(rotation.T @ state.gram @ rotation, dtype=np.float32),
        centre=state.centre @ rotation,
        mean=state.mean @ rotation,
        profile=state.profile @ rotation,
    )


def _factorise_damped(
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


def _fit_profile_prior(data: Dataset, centred: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Return (n_attributes, d) weights and the (n_attributes,) mean profile."""
    profiles = data.profiles[data.active_user_rows].astype(np.float32)
    width = profiles.shape[1]
    if not profiles.shape[0]:
        return np.zeros((width, centred.shape[1]), np.float32), np.zeros(width, np.float32)
    average = np.asarray(profiles.mean(axis=0), dtype=np.float32).ravel()
    spread = (profiles.T @ profiles).toarray()
    spread -= profiles.shape[0] * np.outer(average, average)
    normal = spread + ridge * np.eye(width, dtype=np.float32)
    target = profiles.T @ centred
    return np.linalg.solve(normal, target).astype(np.float32), average
