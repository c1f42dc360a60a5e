"""Other weights for some items of a scorer, put in their places a matrix at a time."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.models import Linear
from daybreak.models.operators import Operator
from daybreak.ranking.scorer import Level, Scorer
from daybreak.types import Floats, Rows, Sparse


def patched(scorer: Scorer, wing: Scorer, rows: Rows, places: Rows) -> Iterator[Scorer]:
    """Yield scorers in which ever more comes from a wing; the last one has all of it.

    Each shares all but one matrix with the one before. Whoever lets go of that holds one matrix
    twice at most, and nothing that anybody scores with is ever changed. What all but the last
    say of these items is neither the old nor the new: until then the wing has to be asked.

    Args:
        scorer: Of a catalogue.
        wing: Of it.
        rows: Items of the scorer.
        places: Where the wing has them.
    """
    some = _some(wing, places)
    for place, form in enumerate(some.forms):
        scorer = _twin(scorer)
        mine = _form(scorer.forms[place], form, rows)
        scorer.forms = (*scorer.forms[:place], mine, *scorer.forms[place + 1 :])
        yield scorer
    for number in sorted(scorer._levels):
        scorer = _twin(scorer)
        scorer._levels[number] = _level(scorer._levels[number], some.level(number), rows)
        del some._levels[number]
        yield scorer


def _some(wing: Scorer, places: Rows) -> Scorer:
    """Return a scorer of some items of a wing that writes out whatever it is asked for."""
    if len(places) == len(wing.items):
        items, forms = wing.items, wing.forms
    else:
        items, forms = wing.items.take(places), tuple(f.take(places) for f in wing.forms)
    return Scorer(wing.blend, wing.fitted, items, wing.centres, forms)


def _twin(scorer: Scorer) -> Scorer:
    twin = copy(scorer)
    for name, value in vars(Scorer).items():
        if isinstance(value, cached_property):
            twin.__dict__.pop(name, None)
    twin._levels = dict(scorer._levels)
    return twin


def _form(mine: Linear, theirs: Linear, rows: Rows) -> Linear:
    bias, known = mine.bias.copy(), mine.known.copy()
    bias[rows], known[rows] = theirs.bias, theirs.known
    return Linear(_put(mine.weights, theirs.weights, rows, len(bias)), bias, known)


def _level(mine: Level, theirs: Level, rows: Rows) -> Level:
    weights, bias = mine.weights.copy(), mine.bias.copy()
    weights[:, rows], bias[rows] = theirs.weights, theirs.bias
    written = {
        kind: _put(operator, theirs.written.get(kind, Operator()), rows, len(bias))
        for kind, operator in mine.written.items()
    }
    return Level(weights, bias, written)


def _put(mine: Operator, theirs: Operator, rows: Rows, n_items: int) -> Operator:
    """Return an operator in which columns are those of another."""
    if mine.shape == theirs.shape == (0, 0):
        return mine
    factors = theirs.left is not None and theirs.left is mine.left
    right = _columns(mine.right, rows, theirs.right if factors else None)
    rest = _whole(replace(theirs, left=None, right=None) if factors else theirs, len(rows))
    if mine.dense is not None:
        nothing = None if mine.sparse is None else _replaced(mine.sparse, rows, None)
        return Operator(_columns(mine.dense, rows, rest), nothing, mine.left, right)
    n_evidence = max(mine.shape[0], theirs.shape[0])
    before = mine.sparse
    if before is None and rest is not None:
        before = sp.csr_array((n_evidence, n_items), dtype=np.float32)
    return Operator(
        None, None if before is None else _replaced(before, rows, rest), mine.left, right
    )


def _columns(mine: Floats | None, rows: Rows, theirs: Floats | None) -> Floats | None:
    """Return a copy with other columns; without any they become zeros."""
    if mine is None:
        return None
    changed = mine.copy()
    changed[:, rows] = 0 if theirs is None else theirs
    return changed


def _replaced(mine: Sparse, rows: Rows, theirs: Floats | None) -> Sparse:
    """Return sparse weights with other columns; without any they become empty."""
    stays = np.ones(mine.shape[1], dtype=bool)
    stays[rows] = False
    kept = stays[mine.indices]
    starts = np.r_[0, np.cumsum(kept)][mine.indptr]
    left = sp.csr_array((mine.data[kept], mine.indices[kept], starts), shape=mine.shape)
    if theirs is None:
        return left
    new = sp.coo_array(theirs)
    spread = (new.data, (new.coords[0], rows[new.coords[1]]))
    return sp.csr_array(left + sp.csr_array(spread, shape=mine.shape), dtype=np.float32)


def _whole(operator: Operator, n_items: int) -> Floats | None:
    """Return the (n_evidence, n_items) matrix of an operator for few items; None: no parts."""
    total: Any = None
    parts = (operator.dense, None if operator.sparse is None else operator.sparse.toarray())
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    if operator.left is not None and operator.right is not None:
        product = operator.left @ operator.right
        total = product if total is None else total + product
    return None if total is None or total.shape[1] != n_items else total
