"""Factors of the interactions, and the exact fold-in of histories.

:class:`FoldInModel` is the base of the models whose query vectors come from a fold-in;
:func:`factorise_interactions` learns the factors, :func:`fold_in` applies
:class:`FoldInSolver`.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Queries
from daybreak.data.sparse_products import multiply_dense
from daybreak.data.sparse_rows import make_csr, row_sizes, take_rows
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
"""Size of a batch of gathered vectors: 16 MB, which fits the cache of most processors."""


@dataclass(frozen=True, eq=False)
class FoldInSolver:
    """The weighted least squares problem whose solution is the vector of a history.

    For a history ``x`` and a prior mean ``m`` the problem is to minimise
    ``Σ_i w_i (1 + α x_i) (1[x_i > 0] - q_i'p)² + λ |p - m|²`` over *all* items: an item without
    event counts as 0 with a low weight. A weight ``x_i`` between 0 and 1 is part of an event.

    Source:
        Hu, Koren and Volinsky 2008, "Collaborative filtering for implicit feedback datasets",
        eq. 4, with a weight for each item and a mean for the prior.
    """

    vectors: Floats
    """(n_train_items, dim) q"""
    weights: Floats
    """(n_train_items,) w"""
    gram: Floats
    """(dim, dim) ``Σ_i w_i q_i q_i'``"""
    confidence: float
    """α"""
    ridge: float
    """λ"""

    def solve(self, histories: Sparse, prior: Floats) -> Floats:
        """Return the (n, dim) minimisers.

        Args:
            histories: (n, n_train_items) CSR, 1 for an event or its weight below 1.
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
        pull = make_csr(values, histories.indices, histories.indptr, histories.shape)
        moved = multiply_dense(pull, self.vectors)
        right = (1 + self.confidence) * moved + self.ridge * prior
        fixed = self.gram + self.ridge * np.eye(dim, dtype=np.float32)
        found = np.empty((histories.shape[0], dim), dtype=np.float32)
        for rows in _size_batches(row_sizes(histories), dim):
            seen = self._gather_vectors(
                pull if len(pull.indptr) == 2 else take_rows(pull, rows)
            )
            left = np.matmul(seen.transpose(0, 2, 1), seen) + fixed
            found[rows] = np.linalg.solve(left, right[rows][:, :, None])[:, :, 0]
        return found

    def _gather_vectors(self, pull: Sparse) -> Floats:
        """Return (n, longest, dim) vectors of histories, each times ``sqrt(α w x)``, or 0."""
        sizes = row_sizes(pull)
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
    """Return batches of rows of similar sizes, within ``MAX_BATCH_CELLS`` or of one row."""
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
    """Length of the vectors."""
    damping: float = 0.35
    """Power of an item's number of users by which its interactions are divided."""
    confidence: float = 16.0
    """Weight of an event, relative to the weight of its absence."""
    ridge: float = 1.0
    """Weight of the profile prior, relative to the events."""
    profile_ridge: float = 30.0
    """Ridge of the regression on profiles; see :class:`ProfileConfig` [users]."""


@dataclass(frozen=True, eq=False)
class FoldInState:
    """Factors of the training items, and the prior of a query."""

    ids: Vocabulary
    """The training items."""
    vectors: Floats
    """(n_train_items, dim)"""
    weights: Floats
    """(n_train_items,) weights of the absence of an event"""
    gram: Floats
    """(dim, dim) ``Σ_i weights_i vectors_i vectors_i'``"""
    centre: Floats
    """(dim,) the mean vector of an item"""
    mean: Floats
    """(dim,) mean vector of the training users: the prior of an empty query"""
    profile: Floats
    """(n_attributes, dim) weights of attributes in the prior"""
    average: Floats
    """(n_attributes,) the mean profile"""


C = TypeVar("C", bound=FoldInConfig)
S = TypeVar("S", bound=FoldInState)


class FoldInModel(VectorModel[C, S]):
    """A model whose query vectors are the solutions of :class:`FoldInSolver` for histories.

    The prior of a query is the mean that its profile predicts. Subclasses define the vectors of
    new items.
    """

    def query_vectors(self, queries: Queries) -> Floats:
        """Fold histories in around the profile prior; see :meth:`VectorModel.query_vectors`."""
        return fold_in(self.state, self.config, queries)


def fold_in(state: FoldInState, config: FoldInConfig, queries: Queries) -> Floats:
    """Return the (n_queries, dim) vectors of queries: histories folded in around the prior."""
    history = queries.history
    values = history.data * np.repeat(np.sqrt(queries.n_events), row_sizes(history))
    values = values.astype(np.float32, copy=False)
    events = make_csr(values, history.indices, history.indptr, history.shape)
    prior = np.repeat(state.mean[None], len(queries), axis=0)
    has_profile = row_sizes(queries.profile) > 0
    if len(state.average) and has_profile.any():
        shift = queries.profile @ state.profile - state.average @ state.profile
        prior += has_profile[:, None] * shift
    solver = FoldInSolver(
        state.vectors, state.weights, state.gram, config.confidence, config.ridge
    )
    return solver.solve(events, prior)


def factorise_interactions(
    data: Dataset, config: FoldInConfig, rng: np.random.Generator
) -> FoldInState:
    """Factorise the interactions, and regress user vectors on profiles.

    Source:
        Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4,
        for ``Du^-1/2 X Di^-damping = U S V'``; item vectors are ``Di^damping V S``, so that
        user vectors have the same variance in all directions, as the ridge assumes.

    Memory: 4 (dim + 16) (3 n_train_items + 2 n_users) bytes in addition to the interactions.
    """
    scale = (np.maximum(data.user_counts, 1) ** config.damping).astype(np.float32)
    users, sizes, directions = _factorise_damped(data, scale, config.dim, rng)
    vectors = (directions * scale[:, None] * sizes).astype(np.float32)
    weights = (scale**-2.0 / max(float(sizes.max(initial=0)) ** 2, 1e-12)).astype(np.float32)
    centre = vectors.mean(axis=0) if len(vectors) else np.zeros(len(sizes), np.float32)
    mean = users.mean(axis=0) if len(users) else np.zeros(len(sizes), np.float32)
    profiles = data.profiles[data.active_user_rows].astype(np.float32)
    profile, average = regress_on_profiles(profiles, users - mean, config.profile_ridge)
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
    """Return the factors in rotated directions; scores do not change.

    Args:
        state: Factors of :func:`factorise_interactions`.
        rotation: (dim, dim) orthogonal matrix.
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
    """Return (n_active, d) users, (d,) singular values and (n_train_items, d) directions."""
    x = data.interactions
    if not x.nnz:
        no_users, no_sizes = np.zeros((0, 1), np.float32), np.zeros(1, np.float32)
        return no_users, no_sizes, np.zeros((x.shape[1], 1), np.float32)
    length = np.sqrt(np.asarray(x.sum(axis=1), dtype=np.float32).ravel())
    damped = sp.csr_array(sp.diags_array(1 / length) @ x @ sp.diags_array(1 / scale))
    damped = damped.astype(np.float32)
    left, sizes, right = truncated_svd(damped, dim, rng)
    return left * length[:, None], sizes, right


def regress_on_profiles(
    profiles: Sparse, values: Floats, ridge: float
) -> tuple[Floats, Floats]:
    """Return the ridge regression of values on profiles, and the mean profile.

    Args:
        profiles: (n, n_attributes) CSR.
        values: (n, d), centred.
        ridge: Ridge, in users.

    Returns:
        (n_attributes, d) weights of centred profiles and the (n_attributes,) mean profile.
    """
    n, width = profiles.shape
    if not n:
        return np.zeros((width, values.shape[1]), np.float32), np.zeros(width, np.float32)
    average = np.asarray(profiles.mean(axis=0), dtype=np.float32).ravel()
    covariance = (profiles.T @ profiles).toarray()
    covariance -= n * np.outer(average, average)
    normal = covariance + ridge * np.eye(width, dtype=np.float32)
    target = profiles.T @ values
    return np.linalg.solve(normal, target).astype(np.float32), average
