"""What strategies say of items of several scorers, side by side: they are not asked again.

Other weights for some items of a scorer, put in their places a matrix at a time.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property, reduce
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.scorer import LevelWeights, Scorer
from daybreak.types import Floats, Rows, Sparse


def concat_linear(parts: Sequence[tuple[Scorer, Rows]]) -> tuple[LinearScorer, ...]:
    """Return every strategy written out for some items of scorers of the same models.

    Args:
        parts: Scorers with the rows of those of their items that are wanted.
    """
    strategies = zip(*(_take_items(scorer, rows) for scorer, rows in parts), strict=True)
    return tuple(_concat_items(forms) for forms in strategies)


def _take_items(scorer: Scorer, rows: Rows) -> Sequence[LinearScorer]:
    if len(rows) == len(scorer.items):
        return scorer.linear_models
    return [form.take(rows) for form in scorer.linear_models]


def _concat_items(forms: Sequence[LinearScorer]) -> LinearScorer:
    n_evidence = max(form.weights.shape[0] for form in forms)
    weights = [_pad_columns(form, n_evidence) for form in forms]
    return LinearScorer(
        reduce(WeightMatrix.hstack, weights),
        np.concatenate([form.bias for form in forms]),
        np.concatenate([form.scored for form in forms]),
    )


def _pad_columns(form: LinearScorer, n_evidence: int) -> WeightMatrix:
    """Return the weights, with columns of zeros where a strategy has none for its items."""
    if not n_evidence or form.weights.shape[1] == len(form.bias):
        return form.weights
    nothing = sp.csr_array((n_evidence, len(form.bias)), dtype=np.float32)
    return WeightMatrix(sparse=nothing)


def iter_column_updates(
    scorer: Scorer, partition: Scorer, rows: Rows, partition_rows: Rows
) -> Iterator[Scorer]:
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
    some = _restrict_items(partition, partition_rows)
    for place, form in enumerate(some.linear_models):
        scorer = _copy_scorer(scorer)
        mine = _update_linear(scorer.linear_models[place], form, rows)
        scorer.linear_models = (
            *scorer.linear_models[:place],
            mine,
            *scorer.linear_models[place + 1 :],
        )
        yield scorer
    for number in sorted(scorer._levels):
        scorer = _copy_scorer(scorer)
        scorer._levels[number] = _update_level(
            scorer._levels[number], some.level_weights(number), rows
        )
        del some._levels[number]
        yield scorer


def _restrict_items(wing: Scorer, places: Rows) -> Scorer:
    """Return a scorer of some items of a wing that writes out whatever it is asked for."""
    if len(places) == len(wing.items):
        items, forms = wing.items, wing.linear_models
    else:
        items, forms = (
            wing.items.take(places),
            tuple(f.take(places) for f in wing.linear_models),
        )
    return Scorer(wing.blend, wing.fitted, items, wing.centres, forms)


def _copy_scorer(scorer: Scorer) -> Scorer:
    twin = copy(scorer)
    for name, value in vars(Scorer).items():
        if isinstance(value, cached_property):
            twin.__dict__.pop(name, None)
    twin._levels = dict(scorer._levels)
    return twin


def _update_linear(mine: LinearScorer, theirs: LinearScorer, rows: Rows) -> LinearScorer:
    bias, known = mine.bias.copy(), mine.scored.copy()
    bias[rows], known[rows] = theirs.bias, theirs.scored
    return LinearScorer(
        _update_operator(mine.weights, theirs.weights, rows, len(bias)), bias, known
    )


def _update_level(mine: LevelWeights, theirs: LevelWeights, rows: Rows) -> LevelWeights:
    weights, bias = mine.weights.copy(), mine.bias.copy()
    weights[:, rows], bias[rows] = theirs.weights, theirs.bias
    written = {
        kind: _update_operator(
            operator, theirs.fused.get(kind, WeightMatrix()), rows, len(bias)
        )
        for kind, operator in mine.fused.items()
    }
    return LevelWeights(weights, bias, written)


def _update_operator(
    mine: WeightMatrix, theirs: WeightMatrix, rows: Rows, n_items: int
) -> WeightMatrix:
    """Return an operator in which columns are those of another."""
    if mine.shape == theirs.shape == (0, 0):
        return mine
    factors = theirs.left is not None and theirs.left is mine.left
    right = _replace_dense_columns(mine.right, rows, theirs.right if factors else None)
    rest = _dense_matrix(
        replace(theirs, left=None, right=None) if factors else theirs, len(rows)
    )
    if mine.dense is not None:
        nothing = (
            None if mine.sparse is None else _replace_sparse_columns(mine.sparse, rows, None)
        )
        return WeightMatrix(
            _replace_dense_columns(mine.dense, rows, rest), nothing, mine.left, right
        )
    n_evidence = max(mine.shape[0], theirs.shape[0])
    before = mine.sparse
    if before is None and rest is not None:
        before = sp.csr_array((n_evidence, n_items), dtype=np.float32)
    return WeightMatrix(
        None,
        None if before is None else _replace_sparse_columns(before, rows, rest),
        mine.left,
        right,
    )


def _replace_dense_columns(
    mine: Floats | None, rows: Rows, theirs: Floats | None
) -> Floats | None:
    """Return a copy with other columns; without any they become zeros."""
    if mine is None:
        return None
    changed = mine.copy()
    changed[:, rows] = 0 if theirs is None else theirs
    return changed


def _replace_sparse_columns(mine: Sparse, rows: Rows, theirs: Floats | None) -> Sparse:
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


def _dense_matrix(operator: WeightMatrix, n_items: int) -> Floats | None:
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
