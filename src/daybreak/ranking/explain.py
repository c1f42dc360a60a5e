"""Why an item was recommended: named pieces of evidence whose numbers add up to the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Items, Queries
from daybreak.models.base import QueryFeatureKind, with_presence_column
from daybreak.ranking.blending.weights import nearest_level
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.types import Floats, Rows, Sparse

PartName = tuple[str, str]
"""(kind, name); the kinds are those of :class:`Reason`."""
AVERAGE_PROFILE = "against the average profile"
"""What the attributes are measured against."""
REMAINDER = ("rest", "everything else")


@dataclass(frozen=True)
class ScoreReason:
    """One piece of evidence for one item."""

    kind: str
    """``event`` (an item of the history), ``text`` (what the user said), ``profile`` (an
    attribute), ``strategy`` (what holds for every asker, such as popularity), ``new`` (the item
    has no events), ``level`` (what puts scores of different strategies on one scale) or
    ``rest`` (all smaller pieces together)"""
    name: str
    """Id of the item, the text, name of the attribute or of the strategy."""
    value: float


@dataclass(frozen=True, eq=False)
class QueryParts:
    """One query with its evidence by the piece: each event, sentence and attribute apart."""

    history: tuple[PartName, ...]
    plain: Sparse
    """(n_history, n_anchors) how each piece counts in the plain history; an event on an item
    that no model knows is spread over the anchors most like it"""
    recent: Sparse
    """(n_history, n_anchors) the same of the recent history"""
    profile: Sparse
    """(1, n_attributes)"""

    def feature_rows(
        self, kind: QueryFeatureKind, attributes: Sequence[str]
    ) -> tuple[list[PartName], Sparse]:
        """Return names and (n_pieces, n_evidence) rows that add up to the query's evidence."""
        if kind == "profile":
            told = with_presence_column(self.profile)
            at = (np.arange(told.nnz), told.indices)
            shape = (told.nnz, told.shape[1])
            rows = sp.csr_array((told.data, at), shape=shape, dtype=np.float32)
            names = [*attributes, AVERAGE_PROFILE]
            return [("profile", names[place]) for place in told.indices], rows
        if kind == "recent":
            return list(self.history), self.recent
        root = np.sqrt(max(self.n_events, 1e-6))
        return list(self.history), sp.csr_array(self.plain / root, dtype=np.float32)

    def to_queries(self, anchors: Items) -> Queries:
        """Return the query with its pieces together."""
        plain, recent = (
            sp.csr_array(part.sum(axis=0).reshape(1, -1)) for part in (self.plain, self.recent)
        )
        return Queries.from_history(anchors, plain, recent, self.profile)

    @property
    def n_events(self) -> float:
        """How many events are known, sentences counted as one each."""
        return float(self.plain.sum())


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The score of one query for some items, taken apart without remainder."""

    names: tuple[PartName, ...]
    values: Floats
    """(n_pieces, n_items); columns add up to the scores."""

    def reasons(self, item: int, max_reasons: int | None = None) -> list[ScoreReason]:
        """Return the pieces that speak for or against an item, largest first.

        Args:
            item: Column of ``values``.
            most: Pieces to show; the others are added up to one of kind ``rest``.
        """
        column = self.values[:, item]
        order = np.argsort(-np.abs(column), kind="stable")
        order = order[column[order] != 0]
        shown = [
            ScoreReason(self.names[row][0], self.names[row][1], float(column[row]))
            for row in order[:max_reasons]
        ]
        rest = order[len(shown) :]
        if len(rest):
            shown.append(ScoreReason(REMAINDER[0], REMAINDER[1], float(column[rest].sum())))
        return shown


def decompose(
    scorer: Scorer, query: QueryParts, items: Rows, attributes: Sequence[str]
) -> Decomposition:
    """Take the scores of one query for some of the scorer's items apart.

    Evidence that several strategies share (an item of the history counts in each) is summed.
    """
    level = int(nearest_level(np.array([query.n_events], dtype=np.float32))[0])
    weights = scorer.level_weights(level).weights[:, items]
    sums = _NamedSums(len(items))
    for row, (strategy, model) in enumerate(
        zip(scorer.fitted.strategies, scorer.fitted.models, strict=True)
    ):
        if not weights[row].any():
            continue
        form, centre = scorer.linear_models[row], scorer.centres[row]
        kind = "strategy" if model.feature_kind == "none" else "level"
        constant = weights[row] * (form.bias[items] - centre.constant)
        sums.add([(kind, strategy.name)], constant[None, :])
        if model.feature_kind == "none":
            continue
        if model.feature_kind == "vectors":
            names = [("strategy", strategy.name)]
            rows = model.query_features(query.to_queries(scorer.fitted.train_items))
        else:
            names, rows = query.feature_rows(model.feature_kind, attributes)
        worth = form.weights.apply_to_columns(rows, items)
        if len(centre.weights):
            worth = worth - np.asarray(rows @ centre.weights)[:, None]
        sums.add(names, weights[row] * worth)
    sums.add([("new", "no events yet")], scorer.new_bias(level)[items][None, :])
    return sums.result()


class _NamedSums:
    """Named rows of numbers; rows of one name are added."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._place: dict[PartName, int] = {}
        self._rows: list[tuple[Any, Floats]] = []

    def add(self, names: Sequence[PartName], values: Floats) -> None:
        place = [self._place.setdefault(name, len(self._place)) for name in names]
        self._rows.append((place, values))

    def result(self) -> Decomposition:
        total = np.zeros((len(self._place), self._width), dtype=np.float32)
        for place, values in self._rows:
            np.add.at(total, np.array(place, dtype=np.int64), values)
        return Decomposition(tuple(self._place), total)
