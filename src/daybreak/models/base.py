"""The contract of a model: frozen options, a frozen state of arrays, ``learn`` and ``score``.

:class:`Model` is the contract. :class:`LinearModel` adds a score that is one matrix product;
:class:`InductiveModel`, :class:`NewItemModel` and :class:`VectorModel` say which items a model
scores. Protocols describe optional abilities: :class:`SupportsWarmStart`,
:class:`SupportsEmbeddings` and :class:`SupportsFeatureNames`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    Protocol,
    Self,
    TypeVar,
    cast,
    runtime_checkable,
)

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.sparse_rows import empty_csr, make_csr, row_sizes
from daybreak.data.vocabulary import Vocabulary
from daybreak.deprecation import deprecated_names, rename_members, warn_deprecated
from daybreak.errors import ConfigError, NotFittedError
from daybreak.models.card import ModelCard
from daybreak.models.shared_persistence import read_state, write_state
from daybreak.models.shared_weights import WeightMatrix
from daybreak.registry import Registry
from daybreak.rng import create_generator
from daybreak.types import Floats, Mask, Sparse

C = TypeVar("C")
S = TypeVar("S")

RENAMED_MEMBERS = {
    "evidence": "feature_kind",
    "evidence_in": "query_features",
    "linear": "linear_scorer",
}
"""Members of models written for an earlier version, and their names now."""

QueryFeatureKind = Literal[
    "history", "recent", "profile", "wish", "repeats", "sources", "vectors", "none"
]
"""The part of a query that a linear model multiplies with its weights; ``sources`` are events
on items of other domains, ``vectors`` are vectors that the model computes from queries."""


class Model(ABC, Generic[C, S]):
    """Scores items for queries; a subclass defines Config, State, ``learn`` and ``score``.

    Args:
        options: Fields of the model's Config.

    Raises:
        ConfigError: An option is not a field of the Config.
    """

    Config: ClassVar[type[Any]]
    State: ClassVar[type[Any]]
    card: ClassVar[ModelCard] = ModelCard()
    """Default strategies, search space and documentation of the model."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        rename_members(cls, RENAMED_MEMBERS)
        if "content" in vars(cls):
            warn_deprecated(f"{cls.__name__}.content", "daybreak.models.base.InductiveModel")
            if vars(cls)["content"]:
                cls.scorable = classmethod(_score_all_items)  # type: ignore[assignment, method-assign]

    def __init__(self, **options: Any) -> None:
        known = [field.name for field in fields(self.Config)]
        for option in options:
            if option not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise ConfigError(
                    f"{type(self).__name__} has no option {option!r}; options: {listed}"
                )
        self.config = cast(C, self.Config(**options))
        self._state: S | None = None
        self.warm_started = False
        """Whether the last fit started from an earlier state."""

    @abstractmethod
    def learn(self, data: Dataset, rng: np.random.Generator) -> S:
        """Return the state learned from the data; changes neither ``self`` nor ``data``."""

    @abstractmethod
    def score(self, queries: Queries, items: Items) -> Floats:
        """Return (n_queries, n_items) float32 scores; higher is better, NaN is no score."""

    @classmethod
    def scorable(cls, train_items: Items, items: Items) -> Mask:
        """Return (n_items,) whether the model can score each item; default: items with events.

        Args:
            train_items: The items with events in the training data.
            items: The items to score.
        """
        return train_items.ids.rows(items.ids) >= 0

    @classmethod
    def has_input(cls, data: Dataset) -> bool:
        """Return whether the data hold what the model scores by; default: always.

        A blend leaves out strategies of models that have nothing to score by.

        Args:
            data: Training data.
        """
        return True

    def fit(self, data: Dataset, *, seed: int = 0, initial_state: S | None = None) -> Self:
        """Learn from data and keep the state.

        Args:
            data: Training data.
            seed: Seed of all random draws.
            initial_state: State of a model with the same options to start from. Only models
                with :class:`SupportsWarmStart` use it; :attr:`warm_started` tells whether they
                did.
        """
        name, state = type(self).__name__, None
        if initial_state is not None and isinstance(self, SupportsWarmStart):
            state = self.learn_from(data, initial_state, create_generator(seed, name))
        self.warm_started = state is not None
        self._state = self.learn(data, create_generator(seed, name)) if state is None else state
        return self

    @property
    def state(self) -> S:
        """The learned state.

        Raises:
            NotFittedError: The model is not fitted.
        """
        if self._state is None:
            raise NotFittedError(f"{type(self).__name__} is not fitted; call fit(data)")
        return self._state

    def with_state(self, state: S) -> Self:
        """Return a model with the same options and another state."""
        copy = type(self)(**asdict(cast(Any, self.config)))
        copy._state = state
        return copy

    def save(self, folder: Path) -> None:
        """Write the options and the state as one JSON file and one safetensors file.

        Options that an earlier version does not have are written only where they are used.
        """
        config: Any = self.config
        added = {
            one.name
            for one in fields(config)
            if one.metadata.get("added") and getattr(config, one.name) == one.default
        }
        options = {name: one for name, one in asdict(config).items() if name not in added}
        write_state(folder, options, self.state)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that :meth:`save` wrote.

        Raises:
            NotFoundError: The folder holds no model.
        """
        config, state = read_state(folder, cls.State)
        model = cls(**config)
        model._state = state
        return model

    def __repr__(self) -> str:
        return repr(self.config).replace("Config", "Model", 1)


def _score_all_items(cls: type[Any], train_items: Items, items: Items) -> Mask:
    """Return (n_items,) True: the model scores every item."""
    return np.ones(len(items), dtype=bool)


class ItemScope(NamedTuple):
    """The kinds of items that a model scores."""

    known: bool
    """Items with events in the training data."""
    new: bool
    """Items without."""


@cache
def item_scope(model: type[Model[Any, Any]]) -> ItemScope:
    """Return the kinds of items that a model scores, by asking :meth:`Model.scorable`."""
    known, both = Items(Vocabulary(["known"])), Items(Vocabulary(["known", "new"]))
    return ItemScope(*model.scorable(known, both).tolist())


@dataclass(frozen=True, eq=False)
class LinearScorer:
    """A linear model for a list of items: ``bias + query_features @ weights``."""

    weights: WeightMatrix
    bias: Floats
    """(n_items,)"""
    scored: Mask
    """(n_items,) False for items without a score."""

    @classmethod
    def unscored(cls, n_items: int) -> "LinearScorer":
        """Return a scorer of ``n_items`` items that scores none of them."""
        return cls(WeightMatrix(), np.zeros(n_items, np.float32), np.zeros(n_items, bool))

    def take(self, items: Any) -> "LinearScorer":
        """Return the scorer of some of the items.

        Args:
            items: Row numbers, a mask or a slice.
        """
        return replace(
            self,
            weights=self.weights.take(items),
            bias=self.bias[items],
            scored=self.scored[items],
        )


class LinearModel(Model[C, S]):
    """A model whose score is linear in the query: exact to explain and cheap to blend."""

    feature_kind: ClassVar[QueryFeatureKind]

    @abstractmethod
    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the scorer of ``items``; its query features are over ``train_items``."""

    def query_features(self, queries: Queries) -> Sparse | Floats:
        """Return the (n_queries, n_features) features that the weights are multiplied with.

        They are a CSR matrix, except for models that make vectors of queries.
        """
        return query_features_of(queries, self.feature_kind)

    def score(self, queries: Queries, items: Items) -> Floats:
        """Apply the linear scorer; see :meth:`Model.score`."""
        scorer = self.linear_scorer(queries.train_items, items)
        product = scorer.weights.apply(self.query_features(queries))
        if product is None:
            product = np.zeros((len(queries), len(items)), dtype=np.float32)
        scores = product + scorer.bias
        scores[:, ~scorer.scored] = np.nan
        return cast(Floats, scores.astype(np.float32))


class InductiveModel(LinearModel[C, S]):
    """A linear model that scores every item: new ones by their content."""

    @classmethod
    def scorable(cls, train_items: Items, items: Items) -> Mask:
        """Return (n_items,) True; see :meth:`Model.scorable`."""
        return _score_all_items(cls, train_items, items)


class NewItemModel(LinearModel[C, S]):
    """A linear model that scores only items without events in the training data."""

    @classmethod
    def scorable(cls, train_items: Items, items: Items) -> Mask:
        """Return (n_items,) True for items without events; see :meth:`Model.scorable`."""
        return train_items.ids.rows(items.ids) < 0

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return :meth:`new_item_scorer`, or an empty scorer when no item is new."""
        if all(id_ in train_items.ids for id_ in items.ids):
            return LinearScorer.unscored(len(items))
        return self.new_item_scorer(train_items, items)

    @abstractmethod
    def new_item_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the scorer of ``items``, at least one of them new; known ones are unscored."""


class VectorModel(InductiveModel[C, S]):
    """A model whose score is the dot product of a query vector and an item vector."""

    feature_kind: ClassVar[QueryFeatureKind] = "vectors"

    @abstractmethod
    def query_vectors(self, queries: Queries) -> Floats:
        """Return the (n_queries, dim) float32 vectors of queries."""

    @abstractmethod
    def item_vectors(self, items: Items) -> Floats:
        """Return the (n_items, dim) float32 vectors of items; new ones from content."""

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the item vectors as weights; see :meth:`LinearModel.linear_scorer`."""
        weights = WeightMatrix(dense=np.ascontiguousarray(self.item_vectors(items).T))
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(weights, bias, np.ones(len(items), dtype=bool))

    def query_features(self, queries: Queries) -> Floats:
        """Return the vectors of queries; see :meth:`LinearModel.query_features`.

        Dislikes are left out: the vectors are no linear functions of a history.
        """
        return self.query_vectors(queries.without_dislikes())


@runtime_checkable
class SupportsEmbeddings(Protocol):
    """A model whose score is a dot product, so that a vector index can search it."""

    def query_vectors(self, queries: Queries) -> Floats:
        """Return the (n_queries, dim) float32 vectors of queries."""

    def item_vectors(self, items: Items) -> Floats:
        """Return the (n_items, dim) float32 vectors of items; NaN rows for unscored items."""


@runtime_checkable
class SupportsFeatureNames(Protocol):
    """A model whose query vectors have named components, which reasons can name.

    The score must be linear in each component, as in :class:`VectorModel`.
    """

    def feature_names(self, terms: Mapping[str, Sequence[str]]) -> Sequence[tuple[str, str]]:
        """Return kind and name of each component, such as ``("attribute", "genre=western")``.

        Kinds are those of :class:`~daybreak.ranking.explain.ScoreReason`.

        Args:
            terms: Names of the columns of each content block that has terms, by block.
        """


@runtime_checkable
class SupportsWarmStart(Protocol):
    """A model that can continue an earlier training, which is cheaper than a training anew."""

    def learn_from(self, data: Dataset, state: Any, rng: np.random.Generator) -> Any:
        """Return the state learned from the data, starting from a state of the same options.

        Items may have come and gone since, and content may have other columns. The method
        changes neither ``self``, ``data`` nor ``state``.

        Returns:
            None when the earlier state cannot be used; the model is then trained anew.
        """


def query_features_of(queries: Queries, kind: QueryFeatureKind) -> Sparse:
    """Return the (n_queries, n_features) CSR part of the queries that a model reads."""
    if kind == "profile":
        return with_presence_column(queries.profile)
    if kind == "wish":
        return wish_features(queries)
    if kind == "repeats":
        return repeat_features(queries)
    if kind == "sources":
        return source_features(queries)
    return queries.recent_history if kind == "recent" else queries.history


def repeat_features(queries: Queries) -> Sparse:
    """Return (n_queries, n_train_items) CSR of personal frequencies; empty where not needed."""
    if queries.repeats is not None:
        return queries.repeats
    return empty_csr(queries.history.shape)


def source_features(queries: Queries) -> Sparse:
    """Return (n_queries, n_columns) CSR of events on items of sources; no columns without."""
    if queries.source_history is not None:
        return queries.source_history
    return sp.csr_array((len(queries), 0), dtype=np.float32)


def wish_features(queries: Queries) -> Sparse:
    """Return the wishes of queries as (n_wishes, n_features) CSR, the blocks side by side.

    The number of features is the sum of the widths of all content blocks. The rows are those of
    :attr:`.Queries.wish`: one for each query, unless a query has several wishes.
    """
    if queries.wish:
        return sp.csr_array(sp.hstack(queries.wish, format="csr"), dtype=np.float32)
    width = sum(block.matrix.shape[1] for block in queries.train_items.blocks)
    return empty_csr((len(queries), width))


def with_presence_column(profile: Sparse) -> Sparse:
    """Return profiles with an additional last column: 1 for non-empty profiles, else 0.

    Models put what centring subtracts into the weights of this column. An empty profile then
    scores 0 instead of the opposite of the average profile.
    """
    sizes = row_sizes(profile)
    present = sizes > 0
    n_before = np.cumsum(present)
    values = np.ones(profile.nnz + int(present.sum()), dtype=np.float32)
    columns = np.full(len(values), profile.shape[1], dtype=profile.indices.dtype)
    moved = np.arange(profile.nnz) + np.repeat(n_before - present, sizes)
    values[moved], columns[moved] = profile.data, profile.indices
    starts = profile.indptr.copy()
    starts[1:] += n_before.astype(starts.dtype, copy=False)
    shape = (profile.shape[0], profile.shape[1] + 1)
    return make_csr(values, columns, starts, shape)


def align_values(train_items: Items, items: Items, values: Floats) -> tuple[Floats, Mask]:
    """Return values of training items in the order of ``items``; new items get 0 and False."""
    rows = train_items.ids.rows(items.ids)
    known = rows >= 0
    aligned = np.zeros(len(items), dtype=np.float32)
    aligned[known] = values[rows[known]]
    return aligned, known


def align_columns(
    train_items: Items, items: Items, weights: WeightMatrix
) -> tuple[WeightMatrix, Mask]:
    """Return columns of training items in the order of ``items``; new items get 0 and False."""
    rows = train_items.ids.rows(items.ids)
    known = rows >= 0
    if len(rows) == weights.shape[1] and np.array_equal(rows, np.arange(len(rows))):
        return weights, known
    if not len(train_items):
        empty = sp.csr_array((weights.shape[0], len(items)), dtype=np.float32)
        return WeightMatrix(sparse=empty), known
    return weights.align_columns(rows), known


def make_known_item_scorer(
    train_items: Items, items: Items, weights: WeightMatrix
) -> LinearScorer:
    """Return a scorer of the training items among ``items``; new items are not scored.

    Args:
        train_items: Items of the columns of ``weights``.
        items: Items to score.
        weights: (n_features, n_train_items) weights.
    """
    aligned, known = align_columns(train_items, items, weights)
    return LinearScorer(aligned, np.zeros(len(items), dtype=np.float32), known)


models: Registry[Model[Any, Any]] = Registry("model")
"""The registered models, by name."""

__getattr__ = deprecated_names(
    __name__, {"Continues": "daybreak.models.base.SupportsWarmStart"}
)
