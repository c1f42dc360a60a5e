"""The best of a catalogue under rules: filtered and boosted before the best are chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daybreak.evaluation.ranking import top_k
from daybreak.ranking.arranging import BY_DIVERSITY, BY_QUOTA, best_rows
from daybreak.service.rulebook import Ruling
from daybreak.types import Floats, Mask, Rows

BOOST, QUOTA, DIVERSITY = "boost", "quota", "diversity"
"""Rules that move items; the first is also the kind of reason that tells what it added."""


@dataclass(frozen=True, eq=False)
class Listed:
    """One list under rules."""

    rows: Rows
    """Of the catalogue, the first place first."""
    scores: Floats
    """With what boosts have added."""
    moved: list[str | None]
    """By which rule an item stands elsewhere than its score by the model would have put it:
    among the items of the list, or, if it was boosted, among all; None: it stands there."""


def lists(scores: Floats, rulings: Sequence[Ruling], k: int | Sequence[int]) -> list[Listed]:
    """Return a list for each row of scores.

    Args:
        scores: (n, n_items), ``-inf`` where an item must not be answered; changed.
        rulings: One for each row; equal ones should be the same object.
        k: Length of the lists, or of each.
    """
    lengths = [k] * len(rulings) if isinstance(k, int) else list(k)
    found: list[Listed] = [None] * len(rulings)  # type: ignore[list-item]
    for group in _groups(rulings, lengths):
        ruling, length = rulings[group[0]], lengths[group[0]]
        mine = scores if len(group) == len(scores) else scores[group]
        for place, listed in zip(group, _of_one(mine, ruling, length), strict=True):
            found[place] = listed
    return found


def _groups(rulings: Sequence[Ruling], lengths: Sequence[int]) -> list[list[int]]:
    """Return the rows that have one ruling and one length."""
    groups: dict[tuple[int, int], list[int]] = {}
    for row, (ruling, length) in enumerate(zip(rulings, lengths, strict=True)):
        groups.setdefault((id(ruling), length), []).append(row)
    return list(groups.values())


def _of_one(scores: Floats, ruling: Ruling, k: int) -> list[Listed]:
    """Return the lists of rows that have one ruling."""
    if not ruling.open.all():
        scores[:, ~ruling.open] = -np.inf
    added = ruling.added()
    if added is None and ruling.arrangement is None:
        return _in_order(scores, k)
    if added is not None:
        scores += added
    return [_arranged(row, added, ruling, k) for row in scores]


def _in_order(scores: Floats, k: int) -> list[Listed]:
    """Return the best of each row."""
    if not scores.shape[1]:
        return [Listed(np.empty(0, np.int64), row, []) for row in scores]
    best = top_k(scores, max(1, min(k, scores.shape[1])))
    values = np.take_along_axis(scores, np.maximum(best, 0), axis=1)
    lengths = (best >= 0).sum(axis=1).tolist()
    return [
        Listed(rows[:n], mine[:n], [None] * n)
        for rows, mine, n in zip(best, values, lengths, strict=True)
    ]


def _arranged(scores: Floats, added: Floats | None, ruling: Ruling, k: int) -> Listed:
    """Return one list that is not in the order of the model's scores alone."""
    if ruling.arrangement is None:
        rows = best_rows(scores, k)
        why = np.zeros(len(rows), dtype=np.int64)
    else:
        rows, why = ruling.arrangement.arrange(scores, k)
    mine = scores[rows]
    if added is None:
        return Listed(rows, mine, _moved(mine, why, np.zeros(len(rows), dtype=bool)))
    plain = scores - added
    raised = (added[rows] != 0) & (_ranks(plain, rows) != np.arange(len(rows)))
    return Listed(rows, mine, _moved(plain[rows], why, raised))


def _ranks(scores: Floats, rows: Rows) -> Rows:
    """Return the place from 0 that each row has by its score; equal scores go by row."""
    mine = scores[rows][:, None]
    before = (scores > mine) | ((scores == mine) & (np.arange(len(scores)) < rows[:, None]))
    return np.asarray(before.sum(axis=1), dtype=np.int64)


def _moved(scores: Floats, causes: Rows, raised: Mask) -> list[str | None]:
    """Say for each place which rule put another item there than the model would have.

    Args:
        scores: (k,) of the model.
        causes: (k,) why each was chosen.
        raised: (k,) whether a boost gave the item another place in the whole catalogue.
    """
    order = np.argsort(-scores, kind="stable")
    moved = (order != np.arange(len(scores))) | raised
    names = {BY_QUOTA: QUOTA, BY_DIVERSITY: DIVERSITY}
    others = next((names[cause] for cause in causes.tolist() if cause in names), BOOST)
    return [
        names.get(cause, BOOST if up else others) if away else None
        for away, cause, up in zip(
            moved.tolist(), causes.tolist(), raised.tolist(), strict=True
        )
    ]
