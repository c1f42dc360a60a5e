"""Reasons of recommendations: pieces of evidence whose values add up to the score."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from daybreak.ranking.explain import QueryParts, ScoreReason, decompose
from daybreak.service.state.query_builder import QueryBatch
from daybreak.service.state.ranker import BOOST, RankedLists
from daybreak.service.state.reason_texts import phrase_of, title_of
from daybreak.service.state.rules import CompiledRules
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Rows

SAID = "said"
"""Kind of a reason that an answer of an interview gives."""
QUANTITY = "quantity"
"""Kind of a reason that a price, a year or another number in the user's words gives."""
MAX_REASONS = 6
"""Largest number of reasons of a recommended item; the rest is summed up in one more."""
REASON_FIELDS = {
    "kind": pl.String,
    "name": pl.String,
    "title": pl.String,
    "value": pl.Float64,
    "text": pl.String,
}
REASONS_TYPE = pl.List(pl.Struct(REASON_FIELDS))


@dataclass(frozen=True)
class RecommendationReason:
    """One piece of evidence; the values of an item's reasons add up to its score."""

    kind: str
    """As in :class:`daybreak.ranking.explain.ScoreReason`, ``boost``, ``said`` or
    ``quantity``."""
    name: str
    """Id of the item, the text, name of the attribute, of the strategy or of the boost."""
    title: str
    """Name for display."""
    value: float
    text: str = ""
    """What the reason says, such as ``because you chose Tea cup``."""


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
        max_reasons: Largest number of reasons of an entry, without boosts; None: all, without a
            summary for people.
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
    query_parts = state.query_builder.query_parts(
        batch.context.only(query), batch.rules[query].rules.at
    )
    query_parts = query_parts.with_repeats(
        batch.repeats_of(query), state.query_builder.train_items
    )
    rules = batch.rules[query]
    scorer = state.scorer.at_popularity(rules.rules.popularity)
    by_item = _score_reasons(state, scorer, query_parts, items, max_reasons)
    for reasons, row in zip(by_item, items.tolist(), strict=True):
        reasons += [
            RecommendationReason(
                BOOST, boost.where, boost.where, boost.value, f"boosted: {boost.where}"
            )
            for boost in rules.boosts_of(row)
        ]
        reasons += [
            RecommendationReason(SAID, one.name, one.text, value, one.text)
            for one, value in rules.offsets_of(row)
        ]
        reasons[:0] = quantity_reasons(rules, row)
    return by_item


def quantity_reasons(rules: CompiledRules, row: int) -> Reasons:
    """Return what an item has of the prices, years and the like that the user asks for.

    A bound decides whether an item is listed. It adds to its score only how much more the item
    is about the topic than the others within the bound, see :meth:`.with_likeness`.

    Args:
        rules: Rules of the list.
        row: Row of the item.
    """
    if rules.stated is None:
        return []
    added = rules.stated.added_values()
    with_value = [one for one, _ in added]
    reasons = [
        RecommendationReason(QUANTITY, one.phrase, one.title(row), 0.0, one.describe(row))
        for one in rules.stated.bounds
        if not one.is_unmet and not any(one is other for other in with_value)
    ]
    return reasons + [
        RecommendationReason(
            QUANTITY,
            one.phrase,
            one.title(row),
            rules.stated_weight * float(values[row]),
            text,
        )
        for one, values in added
        if (text := one.describe(row))
    ]


def _score_reasons(
    state: ServingState,
    catalogue_scorer: PartitionedScorer,
    query_parts: QueryParts,
    items: Rows,
    max_reasons: int | None,
) -> list[Reasons]:
    """Return the reasons that the models give."""
    by_item: list[Reasons] = [[] for _ in items]
    attributes, terms = state.trained.profile.names, state.trained.content.block_terms
    query_parts = query_parts.with_scaled_wishes(catalogue_scorer.scorers[0])
    is_known = state.ranker.is_known
    for scorer, positions, rows in catalogue_scorer.by_scorer(items):
        decomposed = decompose(scorer, query_parts, rows, attributes, terms)
        for column, position in enumerate(positions):
            reasons = (
                decomposed.reasons(column)
                if max_reasons is None
                else decomposed.short_reasons(column, max_reasons)
            )
            is_new = not is_known[items[position]]
            by_item[position] = [
                describe_reason(state, reason, query_parts, is_new=is_new) for reason in reasons
            ]
    return by_item


def describe_reason(
    state: ServingState,
    reason: ScoreReason,
    query_parts: QueryParts,
    *,
    is_new: bool,
    of_others: bool = False,
) -> RecommendationReason:
    """Return a reason with its title and its text.

    Args:
        state: State that scored the item.
        reason: Contribution to the score.
        query_parts: The query in parts.
        is_new: Whether the item has no events.
        of_others: Whether the text is about the user, and not to the user.
    """
    kind, name, value = reason.kind, reason.name, reason.value
    if kind == "event":
        title = state.ranker.title(name)
    else:
        title = title_of(kind, name, is_new=is_new, value=value)
    is_disliked = kind == "event" and name in query_parts.disliked
    text = phrase_of(kind, title, value, is_disliked=is_disliked, of_others=of_others)
    return RecommendationReason(kind, name, title, value, text)
