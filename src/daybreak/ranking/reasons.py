"""Why an item was recommended: named pieces of evidence whose numbers add up to the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.models.base import Evidence, with_told
from daybreak.ranking.blend import level_of
from daybreak.ranking.scorer import Scorer
from daybreak.types import Floats, Rows, Sparse

Name = tuple[str, str]
"""(kind, name); the kinds are those of :class:`Reason`."""
AVERAGE = "against the average profile"
"""What the attributes are measured against."""
REST = ("rest", "everything else")


@dataclass(frozen=True)
class Reason:
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
class Evidenced:
    """One query with its evidence by the piece: each event, sentence and attribute apart."""

    history: tuple[Name, ...]
    plain: Sparse
    """(n_history, n_anchors) how each piece counts in the plain history; an event on an item
    that no model knows is spread over the anchors most like it"""
    recent: Sparse
    """(n_history, n_anchors) the same of the recent history"""
    profile: Sparse
    """(1, n_attributes)"""

    def pieces(self, kind: Evidence, attributes: Sequence[str]) -> tuple[list[Name], Sparse]:
        """Return names and (n_pieces, n_evidence) rows that add up to the query's evidence."""
        if kind == "profile":
            told = with_told(self.profile)
            at = (np.arange(told.nnz), told.indices)
            shape = (told.nnz, told.shape[1])
            rows = sp.csr_array((told.data, at), shape=shape, dtype=np.float32)
            names = [*attributes, AVERAGE]
            return [("profile", names[place]) for place in told.indices], rows
        if kind == "recent":
            return list(self.history), self.recent
        root = np.sqrt(max(self.n_events, 1e-6))
        return list(self.history), sp.csr_array(self.plain / root, dtype=np.float32)

    def whole(self, anchors: Items) -> Queries:
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

    names: tuple[Name, ...]
    values: Floats
    """(n_pieces, n_items); columns add up to the scores."""

    def reasons(self, item: int, most: int | None = None) -> list[Reason]:
        """Return the pieces that speak for or against an item, largest first.

        Args:
            item: Column of ``values``.
            most: Pieces to show; the others are added up to one of kind ``rest``.
        """
        column = self.values[:, item]
        order = np.argsort(-np.abs(column), kind="stable")
        order = order[column[order] != 0]
        shown = [
            Reason(self.names[row][0], self.names[row][1], float(column[row]))
            for row in order[:most]
        ]
        rest = order[len(shown) :]
        if len(rest):
            shown.append(Reason(REST[0], REST[1], float(column[rest].sum())))
        return shown


def decompose(
    scorer: Scorer, query: Evidenced, items: Rows, attributes: Sequence[str]
) -> Decomposition:
    """Take the scores of one query for some of the scorer's items apart.

    Evidence that several strategies share (an item of the history counts in each) is summed.
    """
    level = int(level_of(np.array([query.n_events], dtype=np.float32))[0])
    weights = scorer.level(level).weights[:, items]
    sums = _Sums(len(items))
    for row, (strategy, model) in enumerate(
        zip(scorer.fitted.strategies, scorer.fitted.models, strict=True)
    ):
        if not weights[row].any():
            continue
        form, centre = scorer.forms[row], scorer.centres[row]
        kind = "strategy" if model.evidence == "none" else "level"
        constant = weights[row] * (form.bias[items] - centre.constant)
        sums.add([(kind, strategy.name)], constant[None, :])
        if model.evidence == "none":
            continue
        if model.evidence == "vectors":
            names = [("strategy", strategy.name)]
            rows = model.evidence_in(query.whole(scorer.fitted.anchors))
        else:
            names, rows = query.pieces(model.evidence, attributes)
        worth = form.weights.at(rows, items)
        if len(centre.weights):
            worth = worth - np.asarray(rows @ centre.weights)[:, None]
        sums.add(names, weights[row] * worth)
    sums.add([("new", "no events yet")], scorer.new_bias(level)[items][None, :])
    return sums.result()


class _Sums:
    """Named rows of numbers; rows of one name are added."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._place: dict[Name, int] = {}
        self._rows: list[tuple[Any, Floats]] = []

    def add(self, names: Sequence[Name], values: Floats) -> None:
        place = [self._place.setdefault(name, len(self._place)) for name in names]
        self._rows.append((place, values))

    def result(self) -> Decomposition:
        total = np.zeros((len(self._place), self._width), dtype=np.float32)
        for place, values in self._rows:
            np.add.at(total, np.array(place, dtype=np.int64), values)
        return Decomposition(tuple(self._place), total)
