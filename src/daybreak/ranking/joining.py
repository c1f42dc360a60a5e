"""What strategies say of items of several scorers, side by side: they are not asked again."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import scipy.sparse as sp

from daybreak.models import Linear
from daybreak.models.operators import Operator
from daybreak.ranking.scorer import Scorer
from daybreak.types import Rows


def joined(parts: Sequence[tuple[Scorer, Rows]]) -> tuple[Linear, ...]:
    """Return every strategy written out for some items of scorers of the same models.

    Args:
        parts: Scorers with the rows of those of their items that are wanted.
    """
    strategies = zip(*(_taken(scorer, rows) for scorer, rows in parts), strict=True)
    return tuple(_side_by_side(forms) for forms in strategies)


def _taken(scorer: Scorer, rows: Rows) -> Sequence[Linear]:
    if len(rows) == len(scorer.items):
        return scorer.forms
    return [form.take(rows) for form in scorer.forms]


def _side_by_side(forms: Sequence[Linear]) -> Linear:
    n_evidence = max(form.weights.shape[0] for form in forms)
    weights = [_widened(form, n_evidence) for form in forms]
    return Linear(
        reduce(Operator.beside, weights),
        np.concatenate([form.bias for form in forms]),
        np.concatenate([form.known for form in forms]),
    )


def _widened(form: Linear, n_evidence: int) -> Operator:
    """Return the weights, with columns of zeros where a strategy has none for its items."""
    if not n_evidence or form.weights.shape[1] == len(form.bias):
        return form.weights
    nothing = sp.csr_array((n_evidence, len(form.bias)), dtype=np.float32)
    return Operator(sparse=nothing)
