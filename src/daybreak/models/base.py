"""What a model is: frozen options, frozen arrays, ``learn`` and ``score``.

Models that answer with a vector for the query and a vector for the item.
"""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    Protocol,
    Self,
    TypeVar,
    cast,
    runtime_checkable,
)

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.errors import ConfigError, NotFittedError
from daybreak.models.shared_persistence import read_state, write_state
from daybreak.models.shared_weights import WeightMatrix
from daybreak.registry import Registry
from daybreak.rng import create_generator
from daybreak.types import Floats, Mask, Sparse

C = TypeVar("C")
S = TypeVar("S")

QueryFeatureKind = Literal["history", "recent", "profile", "vectors", "none"]
"""What a model multiplies with its weights; ``vectors``: its own vectors of the queries."""


class Model(ABC, Generic[C, S]):
    """Score items for queries; a subclass writes Config, State, ``learn`` and ``score``.

    Args:
        options: Fields of the model's Config.

    Raises:
        ConfigError: An option is not a field of the Config.
    """

    Config: ClassVar[type[Any]]
    State: ClassVar[type[Any]]
    name: ClassVar[str]
    scores_new_items: ClassVar[bool] = False
    """Whether it can score an item that has no events."""

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
        """Whether the last fit went on from a start; otherwise all was learned anew."""

    @abstractmethod
    def learn(self, data: Dataset, rng: np.random.Generator) -> S:
        """Return what the data teach; must touch neither ``self`` nor ``data``."""

    @abstractmethod
    def score(self, queries: Queries, items: Items) -> Floats:
        """Return (n_queries, n_items) float32, higher is better, NaN where it cannot say."""

    def fit(self, data: Dataset, *, seed: int = 0, initial_state: S | None = None) -> Self:
        """Learn, and keep the state.

        Args:
            data: To learn from.
            seed: Of everything random.
            start: A state of the same options to go on from; only a model that
                :class:`SupportsWarmStart` makes use of it, see :attr:`warm_started`.
        """
        name, state = type(self).__name__, None
        if initial_state is not None and isinstance(self, SupportsWarmStart):
            state = self.learn_from(data, initial_state, create_generator(seed, name))
        self.warm_started = state is not None
        self._state = self.learn(data, create_generator(seed, name)) if state is None else state
        return self

    @property
    def state(self) -> S:
        """What was learned.

        Raises:
            NotFittedError: The model has not learned yet.
        """
        if self._state is None:
            raise NotFittedError(f"{type(self).__name__} has not learned yet; call fit(data)")
        return self._state

    def with_state(self, state: S) -> Self:
        """Return a model of the same options that has learned something else."""
        twin = type(self)(**asdict(cast(Any, self.config)))
        twin._state = state
        return twin

    def save(self, folder: Path) -> None:
        """Write the options and the state as JSON and safetensors; never a pickle."""
        write_state(folder, asdict(cast(Any, self.config)), self.state)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            NotFoundError: The folder holds no model.
        """
        config, state = read_state(folder, cls.State)
        model = cls(**config)
        model._state = state
        return model

    def __repr__(self) -> str:
        return repr(self.config).replace("Config", "Model", 1)


@dataclass(frozen=True, eq=False)
class LinearScorer:
    """A model for a given list of items, written out: ``bias + evidence @ weights``."""

    weights: WeightMatrix
    bias: Floats
    """(n_items,)"""
    scored: Mask
    """(n_items,) False where the model cannot say."""

    def take(self, items: Any) -> "LinearScorer":
        """Return it for some of the items."""
        return replace(
            self,
            weights=self.weights.take(items),
            bias=self.bias[items],
            scored=self.scored[items],
        )


class LinearModel(Model[C, S]):
    """A model whose score is a sum over pieces of evidence: exact to explain and to blend."""

    feature_kind: ClassVar[QueryFeatureKind]

    @abstractmethod
    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the model written out for ``items``; evidence is over ``anchors``."""

    def query_features(self, queries: Queries) -> Sparse | Floats:
        """Return the (n_queries, n_evidence) numbers that the weights are multiplied with.

        They are a CSR matrix, but for models that have vectors of queries.
        """
        return query_features_of(queries, self.feature_kind)

    def score(self, queries: Queries, items: Items) -> Floats:
        """Apply the written-out model; see :meth:`Model.score`."""
        form = self.linear_scorer(queries.train_items, items)
        product = form.weights.apply(self.query_features(queries))
        if product is None:
            product = np.zeros((len(queries), len(items)), dtype=np.float32)
        scores = product + form.bias
        scores[:, ~form.scored] = np.nan
        return cast(Floats, scores.astype(np.float32))


def query_features_of(queries: Queries, kind: QueryFeatureKind) -> Sparse:
    """Return the (n_queries, n_evidence) part of the queries that a model looks at."""
    if kind == "profile":
        return with_presence_column(queries.profile)
    return queries.recent_history if kind == "recent" else queries.history


def with_presence_column(profile: Sparse) -> Sparse:
    """Return profiles with a last column: 1 for whoever told anything, else 0.

    What centring subtracts belongs to that column, so that who told nothing is scored 0 and not
    as the opposite of the average.
    """
    ends = profile.indptr[1:]
    told = np.diff(profile.indptr) > 0
    after = ends[told]
    values = np.insert(profile.data.astype(np.float32, copy=False), after, np.float32(1))
    columns = np.insert(profile.indices, after, profile.shape[1])
    starts = np.concatenate([profile.indptr[:1], ends + np.cumsum(told, dtype=ends.dtype)])
    shape = (profile.shape[0], profile.shape[1] + 1)
    return sp.csr_array((values, columns, starts), shape=shape)


def align_values(train_items: Items, items: Items, values: Floats) -> tuple[Floats, Mask]:
    """Spread values of anchors over a list of items; unknown items get 0 and False."""
    rows = train_items.ids.rows(items.ids)
    known = rows >= 0
    spread = np.zeros(len(items), dtype=np.float32)
    spread[known] = values[rows[known]]
    return spread, known


def align_columns(
    train_items: Items, items: Items, weights: WeightMatrix
) -> tuple[WeightMatrix, Mask]:
    """Spread the columns of an operator over anchors to a list of items; unknown ones are 0."""
    rows = train_items.ids.rows(items.ids)
    known = rows >= 0
    if len(rows) == weights.shape[1] and np.array_equal(rows, np.arange(len(rows))):
        return weights, known
    if not len(train_items):
        nothing = sp.csr_array((weights.shape[0], len(items)), dtype=np.float32)
        return WeightMatrix(sparse=nothing), known
    return weights.take(rows).scale_columns(known.astype(np.float32)), known


@runtime_checkable
class SupportsEmbeddings(Protocol):
    """A model whose score is a dot product, so that an index can search it."""

    def query_vectors(self, queries: Queries) -> Floats:
        """Return the (n_queries, dim) float32 vectors of queries."""

    def item_vectors(self, items: Items) -> Floats:
        """Return the (n_items, dim) float32 vectors of items; NaN rows where it cannot say."""


@runtime_checkable
class SupportsWarmStart(Protocol):
    """A model that can go on from what it learned before, for less than learning anew."""

    def learn_from(self, data: Dataset, state: Any, rng: np.random.Generator) -> Any:
        """Return what the data teach, going on from an earlier state of the same options.

        Items may have come and gone since, and content may have other columns. Touches neither
        ``self``, ``data`` nor ``state``.

        Returns:
            None when the state cannot be used; then the model learns anew.
        """


models: Registry[Model[Any, Any]] = Registry("model")


class VectorModel(LinearModel[C, S]):
    """A model whose score is a dot product; it has a vector for any query and any item."""

    feature_kind: ClassVar[QueryFeatureKind] = "vectors"
    scores_new_items: ClassVar[bool] = True

    @abstractmethod
    def query_vectors(self, queries: Queries) -> Floats:
        """Return the (n_queries, dim) float32 vectors of queries."""

    @abstractmethod
    def item_vectors(self, items: Items) -> Floats:
        """Return the (n_items, dim) float32 vectors of items, new ones from their content."""

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Write the vectors of items out; see :meth:`LinearModel.linear_scorer`."""
        weights = WeightMatrix(dense=np.ascontiguousarray(self.item_vectors(items).T))
        nothing = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(weights, nothing, np.ones(len(items), dtype=bool))

    def query_features(self, queries: Queries) -> Floats:
        """Return the vectors of queries; see :meth:`LinearModel.query_features`."""
        return self.query_vectors(queries)
