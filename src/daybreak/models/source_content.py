"""Content bridge: which content goes with which, and what content is popular, in a source."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.sources import SourceDomain
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import Categorical, ModelCard, Range
from daybreak.models.shared_alignment import Alignment, align_domains
from daybreak.models.shared_content_columns import content_columns
from daybreak.models.shared_pairs import contrastive_map
from daybreak.models.shared_sources import (
    find_domain,
    normalise_rows,
    shared_basis,
    shared_users,
    source_item_scale,
    unit_rows,
)
from daybreak.models.shared_statistics import add_ridge
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats

AlignmentKind = Literal["whiten", "coral", "contrastive", "none"]
MIN_ITEMS = 10
"""Smallest number of items of each side for which content is aligned."""


@dataclass(frozen=True)
class SourceContentConfig:
    """Options of :class:`SourceContentModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    alignment: AlignmentKind = "whiten"
    """``whiten``: each domain by itself; ``coral``: the source to the covariance of the target;
    ``contrastive``: the source by the users in common, from the histories that they have in
    both; ``none``: both are only centred"""
    ridge: float = 0.1
    """Ridge of both sides, as a share of the mean eigenvalue."""
    taste: Literal["source", "target"] = "source"
    """Domain in which the map from a history to what comes with it is learned. That of the
    target is learned from its own users and applied to what people chose in the source."""


@dataclass(frozen=True, eq=False)
class SourceContentState:
    """State of :class:`SourceContentModel`; all parts are empty where nothing was learned."""

    projection: Floats
    """(n_features, dim) from content columns to the common space, aligned"""
    centre: Floats
    """(dim,) subtracted afterwards"""
    taste: Floats
    """(dim, dim) from the content of a history to the content of what comes with it"""
    source_vectors: Floats
    """(n_columns, dim) aligned content of the items of the source, times ``taste``; 0 where
    the target has the item itself"""
    appeal: Floats
    """(dim,) weights from content to popularity in the source"""


@models.register("source_content")
class SourceContentModel(InductiveModel[SourceContentConfig, SourceContentState]):
    """Content-to-taste model of a source, applied to the content of the target.

    ``score = z(history)' M z(item)`` with ``M = (Z'GZ + λI)^-1 Z'G°Z (Z'Z + λI)^-1``, learned
    in the source from its normalised co-occurrences G (G°: without the diagonal) and its
    content Z. Of a release it is learned from its item weights B:
    ``M = (Z'Z + λI)^-1 Z'BZ (Z'Z + λI)^-1``. Both domains are centred and whitened, or the
    source is aligned to the target, without any pair of common users or items. The alignment
    ``contrastive`` learns from users in common: what they chose in the source finds what they
    chose in the target.

    Source:
        Sun, Feng and Saenko 2016, "Return of frustratingly easy domain adaptation", eq. 3
        (CORAL); the bilinear ridge is the closed form of the linear map of Sheng et al. 2025
        (AlphaRec) for squared loss.
    """

    Config: ClassVar = SourceContentConfig
    State: ClassVar = SourceContentState
    feature_kind: ClassVar[QueryFeatureKind] = "vectors"
    card: ClassVar = ModelCard(
        strategies={"source/content": {}},
        fitted_on="sources",
        search_space={
            "alignment": Categorical(("whiten", "coral", "contrastive", "none")),
            "ridge": Range(0.01, 10, log=True),
        },
        inputs="history, source history",
        use="domains without common users or items",
        formula="`z(h)' M z(i)`, contents aligned",
        source="Sun et al. 2016, eq. 3",
        cost="dim² · n + dim · e",
        memory="dim · n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> SourceContentState:
        """Align the domains and learn in the source; see :meth:`Model.learn`."""
        domain = find_domain(data, self.config.source)
        if domain is None or not _has_content(data, domain):
            return _empty_state()
        assert data.sources is not None  # noqa: S101 - the domain is one of them
        content: Any = data.sources.content
        basis = shared_basis(data)
        own = np.asarray(content_columns(data.items) @ basis, np.float32)
        every = np.asarray(content @ basis, np.float32)
        source = every[domain.columns]
        aligned = self._align(data, domain, source, own, rng)
        vectors = aligned.source(source)
        if self.config.taste == "source":
            taste = learn_taste(content_moments(domain, vectors), vectors, self.config.ridge)
        else:
            taste = target_taste(data, aligned.target(own), self.config.ridge)
        every = aligned.source(every)
        every[data.sources.target_rows >= 0] = 0
        outside = np.setdiff1d(np.arange(len(every)), domain.columns)
        every[outside] = 0
        return SourceContentState(
            np.asarray(basis @ aligned.target_map, np.float32),
            np.asarray(aligned.target_mean @ aligned.target_map, np.float32),
            taste,
            np.asarray(every @ taste, dtype=np.float32),
            learn_appeal(domain.popularity, vectors),
        )

    def _align(
        self,
        data: Dataset,
        domain: SourceDomain,
        source: Floats,
        own: Floats,
        rng: np.random.Generator,
    ) -> Alignment:
        """Return the alignment of the content of both domains."""
        kind = self.config.alignment
        if kind != "contrastive":
            return align_domains(source, own, kind)
        centred = align_domains(source, own, "none")
        shared = shared_users(data, domain)
        chosen = centred.target(own)[data.train_item_rows]
        learned = contrastive_map(
            unit_rows(np.asarray(shared.source @ centred.source(source))),
            unit_rows(np.asarray(shared.target @ chosen)),
            rng,
        )
        return replace(centred, source_map=learned)

    def query_features(self, queries: Queries) -> Floats:
        """Return (n_queries, dim) the expected content of what comes with a history."""
        state = self.state
        if not state.taste.size:
            return np.zeros((len(queries), 0), dtype=np.float32)
        vectors = project_content(queries.train_items, state.projection, state.centre)
        total = np.asarray(queries.history @ (vectors @ state.taste), dtype=np.float32)
        if queries.source_history is not None:
            total = total + queries.source_history @ state.source_vectors
        return np.asarray(total, dtype=np.float32)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return aligned content as weights; see :meth:`LinearModel.linear_scorer`."""
        if not self.state.taste.size:
            return LinearScorer.unscored(len(items))
        vectors = project_content(items, self.state.projection, self.state.centre)
        bias = np.zeros(len(items), dtype=np.float32)
        matrix = WeightMatrix(dense=np.ascontiguousarray(vectors.T))
        return LinearScorer(matrix, bias, np.ones(len(items), dtype=bool))


@models.register("source_content_aligned")
class SourceContentAlignedModel(SourceContentModel):
    """The same with other alignments, for comparison: by CORAL, or by pairs of histories.

    In ``source/content_taste``, the map that the users of the target teach, from the content of
    a history to that of what comes with it, is applied to what somebody chose in the source,
    by the same words.

    Source:
        van den Oord, Li and Vinyals 2018, "Representation learning with contrastive predictive
        coding", eq. 4 (InfoNCE), for the pairs.
    """

    card: ClassVar = ModelCard(
        strategies={
            "source/content_coral": {"alignment": "coral"},
            "source/content_pairs": {"alignment": "contrastive"},
            "source/content_taste": {"alignment": "none", "taste": "target"},
        },
        fitted_on="sources",
        is_default=False,
        inputs="history, source history",
        use="comparisons; few shared users",
        formula="`z(h)' M z(i)`, `z W` of the source by CORAL or InfoNCE; M of the target",
        source="van den Oord et al. 2018, eq. 4",
        cost="dim² · n + dim · e",
        memory="dim · n",
    )


@models.register("source_appeal")
class SourceAppealModel(SourceContentModel):
    """Popularity that the content of an item would have in a source."""

    feature_kind: ClassVar[QueryFeatureKind] = "none"
    card: ClassVar = ModelCard(
        strategies={"source/appeal": {}},
        fitted_on="sources",
        inputs="nothing",
        use="a catalogue without events",
        formula="`w'z(i)`, ridge from content to the logarithm of counts in the source",
        source="ridge regression",
        cost="dim² · n",
        memory="dim · n",
    )

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return predicted popularity as a bias; see :meth:`LinearModel.linear_scorer`."""
        if not self.state.taste.size:
            return LinearScorer.unscored(len(items))
        vectors = project_content(items, self.state.projection, self.state.centre)
        bias = np.asarray(vectors @ self.state.appeal, dtype=np.float32)
        return LinearScorer(WeightMatrix(), bias, np.ones(len(items), dtype=bool))


def _has_content(data: Dataset, domain: SourceDomain) -> bool:
    content = None if data.sources is None else data.sources.content
    if content is None or not content.nnz:
        return False
    knows = domain.histories.shape[0] > 0 or domain.item_weights is not None
    return knows and min(len(domain.columns), len(data.items)) >= MIN_ITEMS


def _empty_state() -> SourceContentState:
    none = np.zeros((0, 0), dtype=np.float32)
    return SourceContentState(none, none[0:0].ravel(), none, none, none.ravel())


def project_content(items: Items, projection: Floats, centre: Floats) -> Floats:
    """Return (n_items, dim) aligned content; zero rows for items without content."""
    columns = content_columns(items)
    vectors = np.asarray(columns @ projection, dtype=np.float32) - centre
    vectors[np.diff(columns.indptr) == 0] = 0
    return np.asarray(vectors, dtype=np.float32)


def content_moments(domain: SourceDomain, vectors: Floats) -> tuple[Floats, Floats]:
    """Return ``Z'GZ`` and ``Z'G°Z`` of normalised interactions, or ``Z'Z`` and ``Z'BZ``.

    Args:
        domain: The source, with histories or with item weights B.
        vectors: (n_items, dim) content Z of its items.
    """
    if not domain.histories.shape[0]:
        weights: Any = domain.item_weights
        between = weights @ vectors
        content = np.asarray(vectors.T @ vectors, dtype=np.float32)
        return content, np.asarray(vectors.T @ between, dtype=np.float32)
    scaled = normalise_rows(domain.histories) @ sp.diags_array(source_item_scale(domain))
    scaled = sp.csr_array(scaled, dtype=np.float32)
    profiles = np.asarray(scaled @ vectors, dtype=np.float32)
    whole = np.asarray(profiles.T @ profiles, dtype=np.float32)
    own = np.asarray(scaled.multiply(scaled).sum(axis=0), dtype=np.float32).ravel()
    others = whole - (vectors.T * own) @ vectors
    return whole, np.asarray(others, dtype=np.float32)


def learn_taste(moments: tuple[Floats, Floats], vectors: Floats, ridge: float) -> Floats:
    """Return the (dim, dim) map from the content of histories to that of other items.

    Args:
        moments: ``Z'GZ`` and ``Z'G°Z``.
        vectors: (n_items, dim) content Z of the source.
        ridge: Ridge as a share of the mean eigenvalue of each side.

    Example:
        >>> one = np.ones((1, 1), np.float32)
        >>> learn_taste((one, one), one, 1.0).round(3)
        array([[0.25]], dtype=float32)
    """
    whole, others = moments
    content = vectors.T @ vectors
    left = add_ridge(whole, ridge * float(np.trace(whole)) / len(whole) + 1e-6)
    right = add_ridge(content, ridge * float(np.trace(content)) / len(content) + 1e-6)
    return np.asarray(
        np.linalg.solve(right, np.linalg.solve(left, others).T).T, dtype=np.float32
    )


def target_taste(data: Dataset, vectors: Floats, ridge: float) -> Floats:
    """Return :func:`learn_taste` of the users of the target.

    Args:
        data: Training data of the target.
        vectors: (n_items, dim) content of its catalogue.
        ridge: As for :func:`learn_taste`.
    """
    every = np.arange(len(data.train_items))
    counts = np.asarray(data.user_counts, dtype=np.float32)
    target = SourceDomain("target", every, data.interactions, popularity=counts)
    chosen = vectors[data.train_item_rows]
    return learn_taste(content_moments(target, chosen), chosen, ridge)


def learn_appeal(popularity: Floats, vectors: Floats) -> Floats:
    """Return (dim,) ridge weights from content to the standardised logarithm of counts.

    Args:
        popularity: (n_items,) counts in the source.
        vectors: (n_items, dim) content of its items.
    """
    values = np.log1p(popularity)
    values = (values - values.mean()) / max(float(values.std()), 1e-6)
    normal = vectors.T @ vectors
    ridge = float(np.trace(normal)) / len(normal) + 1e-6
    return np.asarray(np.linalg.solve(add_ridge(normal, ridge), vectors.T @ values), np.float32)
