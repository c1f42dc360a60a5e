"""Statistics of sources that several models share: users in common, normalised histories."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.models.base import LinearScorer, make_known_item_scorer
from daybreak.models.shared_content_columns import content_columns
from daybreak.models.shared_statistics import cached, normalised_interactions, truncated_svd
from daybreak.models.shared_weights import WeightMatrix
from daybreak.rng import create_generator
from daybreak.types import Floats, Rows, Sparse

T = TypeVar("T")
_DOMAIN_CACHE: WeakKeyDictionary[SourceDomain, dict[str, Any]] = WeakKeyDictionary()
_BASIS_CACHE: WeakKeyDictionary[SourceData, Floats] = WeakKeyDictionary()

MIN_SHARED_USERS = 5
"""Smallest number of users with events in both domains from which a bridge is learned."""
CONTENT_DIM = 128
"""Dimension of the space of content that both domains share."""
MAX_TEACHER_DIM = 128
"""Dimension of the target factors that smooth what a bridge predicts."""
MAX_DUAL_SHARED_USERS = 2_000
"""Users in common up to which a system over users is solved; others are drawn at random."""


class SharedUsers(NamedTuple):
    """Users with visible events in the target and in one source."""

    source: Sparse
    """(n_shared, n_source_items) CSR of ones, over the columns of the source"""
    target: Sparse
    """(n_shared, n_train_items) CSR of ones"""
    rows: Rows
    """(n_shared,) rows of the active users of the data set"""


@dataclass(frozen=True, eq=False)
class BridgeState:
    """State of a bridge: weights from source columns to training items, as a product.

    Both parts have no columns, or rows, where nothing could be learned.
    """

    left: Floats
    """(n_columns, rank)"""
    right: Floats
    """(rank, n_train_items)"""

    @classmethod
    def empty(cls) -> "BridgeState":
        """Return the state of a bridge that scores nothing."""
        return cls(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the scorer of ``items`` for the features ``sources``."""
        if not self.right.size:
            return LinearScorer.unscored(len(items))
        matrix = WeightMatrix(left=self.left, right=self.right)
        return make_known_item_scorer(train_items, items, matrix)


def find_domain(data: Dataset, name: str) -> SourceDomain | None:
    """Return a source of a data set; None: it has no such source.

    Args:
        data: Training data.
        name: Name of the source; empty: the first one.
    """
    if data.sources is None:
        return None
    for domain in data.sources.domains:
        if domain.name == name or not name:
            return domain
    return None


def find_shared_users(data: Dataset, name: str) -> tuple[SourceDomain, SharedUsers] | None:
    """Return a source and its users with events in both domains; None: too few are known.

    Args:
        data: Training data.
        name: Name of the source; empty: the first one.
    """
    domain = find_domain(data, name)
    if domain is None or not domain.histories.shape[0]:
        return None
    shared = shared_users(data, domain)
    return (domain, shared) if len(shared.rows) >= MIN_SHARED_USERS else None


def shared_users(data: Dataset, domain: SourceDomain) -> SharedUsers:
    """Return the users with visible events in both domains; computed once.

    Args:
        data: Training data with sources.
        domain: One of its sources.
    """

    def compute() -> SharedUsers:
        assert data.sources is not None  # noqa: S101 - the domain is one of them
        known = sp.csr_array(data.sources.histories[data.active_user_rows][:, domain.columns])
        rows = np.flatnonzero(np.diff(known.indptr) > 0)
        return SharedUsers(known[rows], data.interactions[rows], rows)

    return cached(data, f"shared users {domain.name}", compute)


def source_item_scale(domain: SourceDomain) -> Floats:
    """Return (n_items,) one over the root of the number of users of each source item."""
    return (1 / np.sqrt(np.maximum(domain.popularity, 1))).astype(np.float32)


def source_factors(domain: SourceDomain, dim: int) -> Floats:
    """Return (n_items, dim) directions of the normalised source interactions; computed once.

    Args:
        domain: Source with histories.
        dim: Number of directions.
    """

    def compute() -> Floats:
        normalised = normalise_rows(domain.histories) @ sp.diags_array(
            source_item_scale(domain)
        )
        rng = create_generator(0, f"source {domain.name}")
        return truncated_svd(sp.csr_array(normalised), dim, rng)[2]

    return domain_cached(domain, f"factors {dim}", compute)


def domain_cached(domain: SourceDomain, key: str, compute: Callable[[], T]) -> T:
    """Return a statistic of a source; it is computed once for all splits of the target.

    Args:
        domain: The source.
        key: Name of the statistic with its options.
        compute: Computes it.
    """
    values = _DOMAIN_CACHE.setdefault(domain, {})
    if key not in values:
        values[key] = compute()
    value: Any = values[key]
    return value  # type: ignore[no-any-return]


def normalise_rows(matrix: Sparse) -> Sparse:
    """Return a CSR matrix of ones with rows divided by the root of their number of entries."""
    sizes = np.diff(matrix.indptr)
    scale = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes)
    data = (matrix.data * scale).astype(np.float32)
    return sp.csr_array((data, matrix.indices, matrix.indptr), matrix.shape)


def unit_rows(matrix: Floats) -> Floats:
    """Return rows of length 1; zero rows stay.

    Example:
        >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)).round(1).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    length = np.sqrt((matrix**2).sum(axis=1, keepdims=True))
    return np.asarray(matrix / np.maximum(length, 1e-9), dtype=np.float32)


def smooth_by_target(data: Dataset, weights: Floats, strength: float) -> Floats:
    """Return ``W + a·(W D^-1/2) V V' D^1/2``: what the target's own factors make of weights.

    A bridge is learned from the few users in common; the factors of all users of the target
    spread what it predicts over the items that these users take together.

    Args:
        data: Training data of the target.
        weights: (rank, n_train_items) weights of a bridge.
        strength: Factor a; 0: no smoothing.

    Source:
        The linear graph filter of Shen et al. 2021, "How powerful is graph convolution for
        recommendation", eq. 9, applied to predicted histories.
    """
    if not strength or min(data.interactions.shape) < 2:
        return weights
    basis, root = target_factors(data, MAX_TEACHER_DIM)
    smoothed = ((weights / root) @ basis) @ basis.T * root
    return np.asarray(weights + strength * smoothed, dtype=np.float32)


def target_factors(data: Dataset, dim: int) -> tuple[Floats, Floats]:
    """Return (n_train_items, dim) directions of the target, and the roots of item counts.

    Args:
        data: Training data of the target; it keeps the result.
        dim: Number of directions.
    """

    def compute() -> Floats:
        rng = create_generator(0, "target factors")
        return truncated_svd(normalised_interactions(data), dim, rng)[2]

    basis = cached(data, f"target factors {dim}", compute)
    return basis, np.sqrt(np.maximum(data.user_counts, 1)).astype(np.float32)


def place_rows(values: Floats, columns: Rows, n_columns: int) -> Floats:
    """Return (n_columns, rank) with the rows of a source at its columns, 0 elsewhere."""
    placed = np.zeros((n_columns, values.shape[1]), dtype=np.float32)
    placed[columns] = values
    return placed


def shared_basis(data: Dataset) -> Floats:
    """Return (n_features, dim) directions of the content of all domains; computed once."""

    def compute() -> Floats:
        assert data.sources is not None  # noqa: S101 - there is content of sources
        both = sp.vstack([content_columns(data.items), data.sources.content], format="csr")
        rng = create_generator(0, "shared content")
        return truncated_svd(both, min(CONTENT_DIM, *both.shape), rng)[2]

    assert data.sources is not None  # noqa: S101 - there is content of sources
    if data.sources not in _BASIS_CACHE:
        _BASIS_CACHE[data.sources] = compute()
    return _BASIS_CACHE[data.sources]
