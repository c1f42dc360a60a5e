"""Why an item was recommended: named pieces of evidence whose numbers add up to the score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.data.queries import Queries
from daybreak.models import evidence_of
from daybreak.ranking.blend import level_of
from daybreak.ranking.scorer import Scorer
from daybreak.types import Floats, Rows


@dataclass(frozen=True)
class Reason:
    """One piece of evidence for one item."""

    kind: str
    """``event`` (an item of the history), ``profile`` (an attribute), ``strategy`` (what holds
    for every asker, such as popularity), ``new`` (the item has no events) or ``level`` (what
    puts scores of different strategies on one scale)"""
    name: str
    """Id of the item, name of the attribute or of the strategy."""
    value: float


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The score of one query for some items, taken apart without remainder."""

    names: tuple[tuple[str, str], ...]
    """(kind, name) of each piece."""
    values: Floats
    """(n_pieces, n_items); columns add up to the scores."""

    def reasons(self, item: int, most: int) -> list[Reason]:
        """Return the pieces that speak most for or against an item, largest first."""
        column = self.values[:, item]
        best = np.argsort(-np.abs(column), kind="stable")[:most]
        return [Reason(self.names[row][0], self.names[row][1], float(column[row])) for row in best if column[row]]


def decompose(
    scorer: Scorer, query: Queries, items: Rows, attributes: Sequence[str]
) -> Decomposition:
    """Take the scores of one query apart.

    Evidence that several strategies share (an item of the history counts in each) is summed.
    """
    weights = scorer.column_weights(int(level_of(query.n_events)[0]))[:, items]
    pieces: dict[tuple[str, str], Floats] = {}

    def add(key: tuple[str, str], values: Floats) -> None:
        pieces[key] = pieces.get(key, np.zeros(len(items), np.float32)) + values

    for row, (strategy, model) in enumerate(
        zip(scorer.fitted.strategies, scorer.fitted.models, strict=True)
    ):
        if not weights[row].any():
            continue
        form, (centre, constant) = scorer.forms[row].take(items), scorer.centres[row]
        if model.evidence == "none":
            add(("strategy", strategy.name), weights[row] * (form.bias - constant))
            continue
        add(("level", strategy.name), weights[row] * (form.bias - constant))
        evidence = sp.csr_array(evidence_of(query, model.evidence))
        for place, amount in zip(evidence.indices, evidence.data, strict=True):
            one = sp.csr_array(([amount], ([0], [place])), shape=evidence.shape)
            worth = form.weights.apply(one)
            shift = amount * centre[place] if len(centre) else 0.0
            value = (0 if worth is None else worth[0]) - shift
            add(_name(model.evidence, int(place), query, attributes), weights[row] * value)
    new = scorer.new_bias(int(level_of(query.n_events)[0]))[items]
    add(("new", "no events yet"), new)
    values = np.stack(list(pieces.values())).astype(np.float32)
    return Decomposition(tuple(pieces), values)


def _name(
    evidence: str, place: int, query: Queries, attributes: Sequence[str]
) -> tuple[str, str]:
    if evidence == "profile":
        return "profile", attributes[place]
    return "event", query.anchors.ids.ids[place]
