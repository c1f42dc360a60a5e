"""Factors of interactions, and the fold-in of histories that several models of items share."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.queries import Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.fold_in import Objective
from daybreak.models.truncated_svd import truncated_svd
from daybreak.models.vector_model import VectorModel
from daybreak.types import Floats


@dataclass(frozen=True)
class FoldedConfig:
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
class FoldedState:
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


C = TypeVar("C", bound=FoldedConfig)
S = TypeVar("S", bound=FoldedState)


class FoldedModel(VectorModel[C, S]):
    """A model whose askers are the solutions of :class:`Objective` for their histories.

    The prior of an asker is the mean that the profile predicts. What a new item is, is left to
    the subclass.
    """

    def query_vectors(self, queries: Queries) -> Floats:
        """Fold histories in around the means of profiles; see :meth:`Embeds.query_vectors`."""
        return fold(self.state, self.config, queries)


def fold(state: FoldedState, config: FoldedConfig, queries: Queries) -> Floats:
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
    objective = Objective(
        state.vectors, state.weights, state.gram, config.confidence, config.ridge
    )
    return objective.solve(events, prior)


def factorise(data: Dataset, config: FoldedConfig, rng: np.random.Generator) -> FoldedState:
    """Factor the interactions, and regress people on their profiles.

    Source:
        Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4,
        for ``Du^-1/2 X Di^-damping = U S V'``; item vectors are ``Di^damping V S``, so that
        those of people have one variance in all directions, which is what the ridge assumes.

    Memory: 4 (dim + 16) (3 n_anchors + 2 n_users) bytes beside the interactions.
    """
    scale = (np.maximum(data.counts, 1) ** config.damping).astype(np.float32)
    people, sizes, directions = _factored(data, scale, config.dim, rng)
    vectors = (directions * scale[:, None] * sizes).astype(np.float32)
    weights = (scale**-2.0 / max(float(sizes.max(initial=0)) ** 2, 1e-12)).astype(np.float32)
    centre = vectors.mean(axis=0) if len(vectors) else np.zeros(len(sizes), np.float32)
    mean = people.mean(axis=0) if len(people) else np.zeros(len(sizes), np.float32)
    profile, average = _profile_prior(data, people - mean, config.profile_ridge)
    return FoldedState(
        ids=data.anchors.ids,
        vectors=vectors,
        weights=weights,
        gram=np.asarray((vectors * weights[:, None]).T @ vectors, dtype=np.float32),
        centre=centre,
        mean=mean,
        profile=profile,
        average=average,
    )


def turned(state: FoldedState, turn: Floats) -> FoldedState:
    """Return the same factors in other directions; no score changes.

    Args:
        state: What :func:`factorise` returns.
        turn: (dim, dim) orthogonal.
    """
    return replace(
        state,
        vectors=state.vectors @ turn,
        gram=np.asarray(turn.T @ state.gram @ turn, dtype=np.float32),
        centre=state.centre @ turn,
        mean=state.mean @ turn,
        profile=state.profile @ turn,
    )


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
