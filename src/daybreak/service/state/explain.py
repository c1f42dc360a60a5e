"""Places of an answer to named evidence."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from daybreak.ranking.explain import QueryParts, ScoreReason, decompose
from daybreak.service.state.ranker import CatalogueRanker, RankedLists, boost_reasons
from daybreak.service.state.rules import CompiledRules
from daybreak.types import Rows

MAX_REASONS = 6
"""Pieces of evidence shown for a recommended item; the others are added up to one."""
REASON_FIELDS = {"kind": pl.String, "name": pl.String, "title": pl.String, "value": pl.Float64}
REASON_TYPE = pl.Struct(REASON_FIELDS)
REASONS_TYPE = pl.List(REASON_TYPE)


def explain_lists(
    ranker: CatalogueRanker,
    lists: RankedLists,
    evidence: Callable[[int], QueryParts],
    attributes: Sequence[str],
    max_reasons: int | None = MAX_REASONS,
    rules: Sequence[CompiledRules] | None = None,
) -> pl.Series:
    """Return a list of ``kind, name, title, value`` for each place; values add up to scores.

    Args:
        ranker: What ranked the places.
        lists: What is to be explained.
        evidence: The query of a user, by position, taken apart.
        attributes: Names of the columns of profiles.
        max_reasons: Pieces shown of each place.
        rules: Of each user; what boosts have added comes after the evidence.
    """
    found: list[Any] = [None] * len(lists)
    for user in np.unique(lists.query):
        mine = np.flatnonzero(lists.query == user)
        listed = explain_items(
            ranker, lists.item[mine], evidence(int(user)), attributes, max_reasons
        )
        for place, one in zip(mine, listed, strict=True):
            found[place] = one
    if rules is not None:
        for row, who in enumerate(lists.query.tolist()):
            boosts = rules[who].boosts_of(int(lists.item[row]))
            found[row] = [*found[row], *boost_reasons(boosts)]
    return pl.Series("reasons", found, dtype=REASONS_TYPE)


def explain_items(
    ranker: CatalogueRanker,
    items: Rows,
    query: QueryParts,
    attributes: Sequence[str],
    max_reasons: int | None = MAX_REASONS,
) -> list[list[dict[str, Any]]]:
    """Return the reasons of some rows of the catalogue for one query; see :func:`reasons`."""
    found: list[list[dict[str, Any]]] = [[] for _ in items]
    for scorer, inside, local in ranker.scorer.by_scorer(items):
        parts = decompose(scorer, query, local, attributes)
        for column, place in enumerate(inside):
            found[place] = [_reason_row(r, ranker) for r in parts.reasons(column, max_reasons)]
    return found


def _reason_row(reason: ScoreReason, answers: CatalogueRanker) -> dict[str, Any]:
    title = answers.title(reason.name) if reason.kind == "event" else reason.name
    return {"kind": reason.kind, "name": reason.name, "title": title, "value": reason.value}
