"""Places of an answer to named evidence."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from daybreak.ranking.reasons import Evidenced, Reason, decompose
from daybreak.service.answers import Answers, Places

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
) -> pl.Series:
    """Return a list of ``kind, name, title, value`` for each place; values add up to scores.

    Args:
        answers: What ranked the places.
        places: What is to be explained.
        evidence: The query of a user, by position, taken apart.
        attributes: Names of the columns of profiles.
        most: Pieces shown of each place.
    """
    found: list[Any] = [None] * len(places)
    for user in np.unique(places.who):
        mine = np.flatnonzero(places.who == user)
        query = evidence(int(user))
        for scorer, inside, local in answers.parts.by_scorer(places.item[mine]):
            parts = decompose(scorer, query, local, attributes)
            for column, place in enumerate(mine[inside]):
                found[place] = [_plain(r, answers) for r in parts.reasons(column, most)]
    return pl.Series("reasons", found, dtype=TYPE)


def _plain(reason: Reason, answers: Answers) -> dict[str, Any]:
    title = answers.title(reason.name) if reason.kind == "event" else reason.name
    return {"kind": reason.kind, "name": reason.name, "title": title, "value": reason.value}
