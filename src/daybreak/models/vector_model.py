"""Models that answer with a vector for the query and a vector for the item."""

from abc import abstractmethod
from typing import ClassVar, TypeVar

import numpy as np

from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.models.base import Evidence, Linear, LinearModel
from daybreak.models.operators import Operator
from daybreak.types import Floats

C = TypeVar("C")
S = TypeVar("S")


class VectorModel(LinearModel[C, S]):
    """A model whose score is a dot product; it has a vector for any query and any item."""

    evidence: ClassVar[Evidence] = "vectors"
    content: ClassVar[bool] = True

    @abstractmethod
    def query_vectors(self, queries: Queries) -> Floats:
        """Return the (n_queries, dim) float32 vectors of queries."""

    @abstractmethod
    def item_vectors(self, items: Items) -> Floats:
        """Return the (n_items, dim) float32 vectors of items, new ones from their content."""

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Write the vectors of items out; see :meth:`LinearModel.linear`."""
        weights = Operator(dense=np.ascontiguousarray(self.item_vectors(items).T))
        nothing = np.zeros(len(items), dtype=np.float32)
        return Linear(weights, nothing, np.ones(len(items), dtype=bool))

    def evidence_in(self, queries: Queries) -> Floats:
        """Return the vectors of queries; see :meth:`LinearModel.evidence_in`."""
        return self.query_vectors(queries)
