"""Reasons of recommendations: pieces of evidence whose values add up to the score."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from daybreak.ranking.explain import QueryParts, decompose, wish_scale
from daybreak.service.state.query_builder import QueryBatch
from daybreak.service.state.ranker import BOOST, RankedLists
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Rows

MAX_REASONS = 6
"""Largest number of reasons of a recommended item; the rest is summed up in one more."""
REASON_FIELDS = {"kind": pl.String, "name": pl.String, "title": pl.String, "value": pl.Float64}
REASONS_TYPE = pl.List(pl.Struct(REASON_FIELDS))


@dataclass(frozen=True)
class RecommendationReason:
    """One piece of evidence; the values of an item's reasons add up to its score."""

    kind: str
    """As in :class:`daybreak.ranking.explain.ScoreReason`, or ``boost``."""
    name: str
    """Id of the item, the text, name of the attribute, of the strategy or of the boost."""
    title: str
    """Name for display."""
    value: float


Reasons = list[RecommendationReason]


def explain_lists(
    state: ServingState,
    batch: QueryBatch,
    lists: RankedLists,
    queries: Rows | None = None,
    max_reasons: int | None = MAX_REASONS,
) -> list[Reasons]:
    """Return the reasons of each list entry.

    Args:
        state: State that ranked the lists.
        batch: Batch of the lists.
        lists: Lists to explain.
        queries: Positions of the queries to explain; others get no reasons. Default: all.
        max_reasons: Largest number of reasons of an entry, without boosts; None: all.
    """
    reasons_by_row: list[Reasons] = [[] for _ in range(len(lists))]
    for query in np.unique(lists.query) if queries is None else queries:
        positions = np.flatnonzero(lists.query == query)
        reasons = explain_items(state, batch, int(query), lists.item[positions], max_reasons)
        for position, item_reasons in zip(positions.tolist(), reasons, strict=True):
            reasons_by_row[position] = item_reasons
    return reasons_by_row


def explain_items(
    state: ServingState,
    batch: QueryBatch,
    query: int,
    items: Rows,
    max_reasons: int | None = None,
) -> list[Reasons]:
    """Return the reasons of some items for one query.

    Args:
        state: State that scores the items.
        batch: Batch of the query.
        query: Position of the query.
        items: Rows of the catalogue.
        max_reasons: Largest number of reasons of an item, without boosts; None: all.
    """
    query_parts = state.query_builder.query_parts(batch.context.only(query))
    by_item = _score_reasons(state, query_parts, items, max_reasons)
    rules = batch.rules[query]
    for reasons, row in zip(by_item, items.tolist(), strict=True):
        reasons += [
            RecommendationReason(BOOST, boost.where, boost.where, boost.value)
            for boost in rules.boosts_of(row)
        ]
    return by_item


def _score_reasons(
    state: ServingState, query_parts: QueryParts, items: Rows, max_reasons: int | None
) -> list[Reasons]:
    """Return the reasons that the models give."""
    by_item: list[Reasons] = [[] for _ in items]
    attributes = state.trained.profile.names
    title = state.ranker.title
    scale = wish_scale(state.scorers[0], query_parts)
    query_parts = replace(query_parts, wish_scale=scale)
    for scorer, positions, rows in state.scorer.by_scorer(items):
        decomposed = decompose(scorer, query_parts, rows, attributes)
        for column, position in enumerate(positions):
            by_item[position] = [
                RecommendationReason(
                    reason.kind,
                    reason.name,
                    title(reason.name) if reason.kind == "event" else reason.name,
                    reason.value,
                )
                for reason in decomposed.reasons(column, max_reasons)
            ]
    return by_item
