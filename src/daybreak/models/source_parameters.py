"""Parameter transfer: one autoencoder for both domains, fitted on a mix of their losses."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.models.base import LinearModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import Categorical, ModelCard, Range
from daybreak.models.shared_ridge import solve_relative_ridge
from daybreak.models.shared_sources import (
    BridgeState,
    find_domain,
    normalise_rows,
    place_rows,
)
from daybreak.models.shared_statistics import truncated_svd
from daybreak.models.source_items import MIN_SHARED_ITEMS
from daybreak.types import Floats, Rows, Sparse

TunedPart = Literal["full", "last", "frozen"]


@dataclass(frozen=True)
class SourceParametersConfig:
    """Options of :class:`SourceParametersModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    tuned: TunedPart = "full"
    """What is fitted to the target as well: both layers (``full``), the last one (``last``), or
    none (``frozen``)"""
    source_share: float = 0.5
    """Share λ of the source in the loss, from 0 to 1; above 0, as it begins with the source."""
    dim: int = 128
    """Width of the layer between."""
    ridge: float = 0.1
    """Ridge of the last layer, as a share of the mean eigenvalue of its inputs."""


@dataclass(frozen=True, eq=False)
class JointInteractions:
    """Interactions of both domains, scaled so that squared errors are shares of the loss."""

    source: Sparse
    """(n_source_users, n_shared) CSR over the shared items, times ``√(λ / n_source_users)``"""
    target: Sparse
    """(n_users, n_train_items) CSR, times ``√((1 - λ) / n_users)``"""
    shared: Rows
    """(n_shared,) shared items among those of the target"""


@models.register("source_parameters")
class SourceParametersModel(LinearModel[SourceParametersConfig, BridgeState]):
    """Linear autoencoder of shared items, whose layers come from both domains.

    ``min λ/n_s ‖X_s - X_s V W‖² + (1 - λ)/n_t ‖X_t - X_t V W‖²`` over the items that both sell,
    with normalised interactions X: the loss ``λ L_source + (1 - λ) L_target`` of parameter
    transfer, in closed form. The first layer V are the leading directions of the source
    (``frozen``, ``last``) or of both (``full``); the last layer W is a ridge regression on the
    source (``frozen``) or on both. Items that only the target sells get their column of W from
    the target.

    Source:
        Singh and Gordon 2008, "Relational learning via collective matrix factorization", KDD,
        eq. 3 (weighted sum of the losses of two matrices with shared factors).
    """

    Config: ClassVar = SourceParametersConfig
    State: ClassVar = BridgeState
    feature_kind: ClassVar[QueryFeatureKind] = "sources"
    card: ClassVar = ModelCard(
        strategies={
            "source/parameters": {},
            "source/parameters_last": {"tuned": "last"},
            "source/parameters_frozen": {"tuned": "frozen"},
        },
        fitted_on="sources",
        is_default=False,
        search_space={
            "tuned": Categorical(("full", "last", "frozen")),
            "source_share": Range(0.05, 1),
            "dim": Range(16, 256, is_integer=True),
        },
        inputs="history, source history",
        use="comparisons; `source_items` is better",
        formula="`λ/n_s ‖X_s - X_s V W‖² + (1 - λ)/n_t ‖X_t - X_t V W‖²`",
        source="Singh and Gordon 2008, eq. 3",
        cost="dim · e",
        memory="dim · n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> BridgeState:
        """Fit both layers; see :meth:`Model.learn`."""
        domain = find_domain(data, self.config.source)
        if domain is None or data.sources is None or not domain.histories.shape[0]:
            return BridgeState.empty()
        columns, rows = _shared_items(data, data.sources, domain)
        if len(columns) < MIN_SHARED_ITEMS:
            return BridgeState.empty()
        known = sp.csr_array(domain.histories[:, columns])
        counts = np.asarray(known.sum(axis=0), np.float32).ravel() + data.user_counts[rows]
        roots = np.sqrt(np.maximum(data.user_counts, 1)).astype(np.float32)
        roots[rows] = np.sqrt(np.maximum(counts, 1))
        joint = JointInteractions(
            _scaled(known, roots[rows], self.config.source_share),
            _scaled(data.interactions, roots, 1 - self.config.source_share),
            rows,
        )
        left, right = fit_layers(joint, self.config, rng)
        placed = place_rows(
            left / roots[rows, None], domain.columns[columns], len(data.sources.ids)
        )
        return BridgeState(placed, np.asarray(right * roots, dtype=np.float32))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the layers; see :meth:`LinearModel.linear_scorer`."""
        return self.state.linear_scorer(train_items, items)


def fit_layers(
    joint: JointInteractions, config: SourceParametersConfig, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the (n_shared, dim) first and the (dim, n_train_items) last layer.

    Args:
        joint: Interactions of both domains.
        config: Tuned layers, width and ridge.
        rng: Random generator of the decomposition.

    Example:
        One item, λ = ½ and a ridge as large as the mean eigenvalue: half of it is predicted.

        >>> half = sp.csr_array(np.array([[0.5**0.5]], np.float32))
        >>> joint = JointInteractions(half, half, np.arange(1))
        >>> config = SourceParametersConfig(dim=1, ridge=1.0)
        >>> left, right = fit_layers(joint, config, np.random.default_rng(0))
        >>> (left @ right).round(3).tolist()
        [[0.5]]
    """
    own = sp.csr_array(joint.target[:, joint.shared])
    both = sp.csr_array(sp.vstack([joint.source, own]))
    matrix = both if config.tuned == "full" else joint.source
    first = truncated_svd(matrix, min(config.dim, *matrix.shape), rng)[2]
    from_source, from_target = (
        np.asarray(part @ first, dtype=np.float32) for part in (joint.source, own)
    )
    if config.tuned == "frozen":
        last = np.zeros((first.shape[1], joint.target.shape[1]), dtype=np.float32)
        from_target = np.zeros_like(from_target[:0])
        own = own[:0]
    else:
        last = solve_relative_ridge(from_target, joint.target, config.ridge)
    inputs = np.concatenate([from_source, from_target])
    outputs = sp.csr_array(sp.vstack([joint.source, own]))
    last[:, joint.shared] = solve_relative_ridge(inputs, outputs, config.ridge)
    return np.asarray(first, dtype=np.float32), last


def _shared_items(
    data: Dataset, sources: SourceData, domain: SourceDomain
) -> tuple[Rows, Rows]:
    """Return the positions of shared items in the source, and among the training items."""
    train_row = np.full(len(data.items), -1)
    train_row[data.train_item_rows] = np.arange(len(data.train_item_rows))
    rows = sources.target_rows[domain.columns]
    rows = np.where(rows >= 0, train_row[rows], -1)
    columns = np.flatnonzero(rows >= 0)
    return columns, rows[columns]


def _scaled(matrix: Sparse, roots: Floats, share: float) -> Sparse:
    """Return normalised interactions whose squared errors count as a share of the loss."""
    normalised = normalise_rows(sp.csr_array(matrix, dtype=np.float32))
    weight = np.sqrt(share / max(matrix.shape[0], 1))
    scaled = normalised @ sp.diags_array((weight / roots).astype(np.float32))
    return sp.csr_array(scaled, dtype=np.float32)
