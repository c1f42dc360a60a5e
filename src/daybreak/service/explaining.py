"""Places of an answer to named evidence."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from daybreak.ranking.reasons import Evidenced, Reason, decompose
from daybreak.service.answers import Answers, Places
from daybreak.service.rulebook import Ruling
from daybreak.service.under_rules import boost_reasons
from daybreak.types import Rows

SHOWN = 6
"""Pieces of evidence shown for a recommended item; the others are added up to one."""
FIELDS = {"kind": pl.String, "name": pl.String, "title": pl.String, "value": pl.Float64}
REASON = pl.Struct(FIELDS)
TYPE = pl.List(REASON)


def reasons(
    answers: Answers,
    places: Places,
    evidence: Callable[[int], Evidenced],
    attributes: Sequence[str],
    most: int | None = SHOWN,
    rulings: Sequence[Ruling] | None = None,
) -> pl.Series:
    """Return a list of ``kind, name, title, value`` for each place; values add up to scores.

    Args:
        answers: What ranked the places.
        places: What is to be explained.
        evidence: The query of a user, by position, taken apart.
        attributes: Names of the columns of profiles.
        most: Pieces shown of each place.
        rulings: Of each user; what boosts have added comes after the evidence.
    """
    found: list[Any] = [None] * len(places)
    for user in np.unique(places.who):
        mine = np.flatnonzero(places.who == user)
        listed = why(answers, places.item[mine], evidence(int(user)), attributes, most)
        for place, one in zip(mine, listed, strict=True):
            found[place] = one
    if rulings is not None:
        for row, who in enumerate(places.who.tolist()):
            boosts = rulings[who].boosts_of(int(places.item[row]))
            found[row] = [*found[row], *boost_reasons(boosts)]
    return pl.Series("reasons", found, dtype=TYPE)


def why(
    answers: Answers,
    items: Rows,
    query: Evidenced,
    attributes: Sequence[str],
    most: int | None = SHOWN,
) -> list[list[dict[str, Any]]]:
    """Return the reasons of some rows of the catalogue for one query; see :func:`reasons`."""
    found: list[list[dict[str, Any]]] = [[] for _ in items]
    for scorer, inside, local in answers.parts.by_scorer(items):
        parts = decompose(scorer, query, local, attributes)
        for column, place in enumerate(inside):
            found[place] = [_plain(r, answers) for r in parts.reasons(column, most)]
    return found


def _plain(reason: Reason, answers: Answers) -> dict[str, Any]:
    title = answers.title(reason.name) if reason.kind == "event" else reason.name
    return {"kind": reason.kind, "name": reason.name, "title": title, "value": reason.value}
