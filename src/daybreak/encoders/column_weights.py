"""Weights of the columns of a catalogue in the similarity of items, learned from co-events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from daybreak.data.fields import ContentField
from daybreak.data.sparse_rows import (
    as_csr,
    build_csr,
    entry_indices,
    slice_rows,
    stack_row_blocks,
)
from daybreak.encoders.lexical import l2_normalize_rows
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

ColumnRows: TypeAlias = Mapping[str, Any]
"""(n_items, dim) rows of each column, of length about 1; the dimensions may differ."""

PRIOR_SHARES = {"text": 1.0, "category": 1.0, "number": 0.3, "date": 0.3}
"""Weight of a column of each role in its block before anything is learned; the largest weight
of a column of the block is that of the block. On simulated new items of four catalogues, prices
and years with the weight of categories were worse or equal."""
MAX_LEARNED_SHARE = 0.8
"""Largest share of the learned weights; the rest is the prior weight.

On simulated new items of four catalogues shares of 0.5 to 1 were within 3 % of each other."""
PRIOR_CO_EVENTS = 2_000.0
"""Co-events from which on the learned weights count as much as the prior ones can."""
MAX_LEARNING_ITEMS = 1_000
"""Items whose pairs are compared, those with the most users."""
MAX_LEARNING_CELLS = 40_000_000
"""Size of the similarities of all columns and pairs; it limits the items."""
MIN_LEARNING_ITEMS = 20
N_HELP_FOLDS = 5
"""Parts of the items that are held out in turn to see whether an optional column helps."""
MIN_HELP_SCORE = 2.33
"""Standard errors by which an optional column must help: one chance in a hundred for noise, if
the errors of items were independent."""
MIN_OPTIONAL_WEIGHT = 0.01
"""Weight of an optional column below which it is 0."""
MIN_USERS_PER_ITEM = 2
NNLS_RIDGE = 1e-3
"""Added to the diagonal of the normal equations, relative to their mean diagonal."""


def prior_column_weights(fields: Sequence[ContentField]) -> dict[str, float]:
    """Return the weight of each column with content before anything is learned.

    Example:
        >>> fields = [ContentField("title", "text"), ContentField("about", "text"),
        ...           ContentField("price", "number"), ContentField("url", "ignore")]
        >>> prior_column_weights(fields)
        {'title': 0.5, 'about': 0.5, 'price': 0.3}
    """
    shares = {f.name: PRIOR_SHARES[f.role] for f in fields if f.role in PRIOR_SHARES}
    is_text = {f.name: f.role == "text" for f in fields}
    weights = {}
    for name, share in shares.items():
        same_block = [s for other, s in shares.items() if is_text[other] == is_text[name]]
        weights[name] = share * max(same_block) / sum(same_block)
    return weights


def combine_columns(columns: ColumnRows, weights: Mapping[str, float]) -> Sparse:
    """Return unit rows of the sum of the columns, each times the root of its weight.

    Example:
        >>> rows = {"title": sp.csr_array([[1.0, 0.0]]), "about": sp.csr_array([[0.0, 1.0]])}
        >>> combine_columns(rows, {"title": 0.64, "about": 0.36}).toarray().round(2)
        array([[0.8, 0.6]], dtype=float32)
    """

    def combine(span: slice) -> Sparse:
        parts = [
            np.float32(np.sqrt(weights.get(name, 0.0))) * slice_rows(as_csr(rows), span)
            for name, rows in columns.items()
        ]
        return l2_normalize_rows(sum(parts[1:], start=parts[0]))

    return stack_row_blocks(next(iter(columns.values())).shape[0], combine)


def split_attributes(
    rows: Sparse, idf: Doubles, column_of_term: Rows, names: Sequence[str]
) -> ColumnRows:
    """Return the rows of each attribute: ``idf / sqrt(values of the item)``, of length about 1.

    Unlike unit rows they tell a rare value from one that nearly all items have. The rows of an
    attribute are divided by the root mean square of ``idf`` over its values in the catalogue.

    Args:
        rows: (n_items, n_terms) rows of the block; only where they are not 0 matters.
        idf: (n_terms,) inverse document frequencies, ``ln((1 + n) / (1 + df)) + 1``.
        column_of_term: (n_terms,) position of the attribute of each term in ``names``.
        names: Attributes.

    Example:
        Two values of equally many items, and one item with both: 1 / sqrt(2) each.

        >>> rows = sp.csr_array([[1.0, 1.0]])
        >>> found = split_attributes(rows, np.array([2.0, 2.0]), np.array([0, 0]), ["tags"])
        >>> found["tags"].toarray().round(3)
        array([[0.707, 0.707]], dtype=float32)
    """
    row, term = entry_indices(as_csr(rows))
    column = column_of_term[term]
    frequency = np.exp(-idf)  # proportional to 1 + df
    n = np.bincount(column_of_term, frequency, minlength=len(names))
    square = np.bincount(column_of_term, frequency * idf**2, minlength=len(names))
    scale = np.sqrt(n / np.maximum(square, 1e-12))
    parts = {}
    for position, name in enumerate(names):
        here = column == position
        n_values = np.bincount(row[here], minlength=rows.shape[0])
        values = idf[term[here]] * scale[position] / np.sqrt(n_values[row[here]])
        parts[name] = build_csr(row[here], term[here], values.astype(np.float32), rows.shape)
    return parts


def learn_column_weights(
    columns: ColumnRows,
    prior: Mapping[str, float],
    interactions: Sparse,
    optional: Sequence[str] = (),
) -> dict[str, float]:
    """Return weights of columns under which similar items have common users.

    The logarithm of the lift of the common users of two items is regressed on the similarities
    of the columns, both centred by item, with weights of at least 0. Their roots, scaled to the
    total of the prior weights, are averaged with these; their share grows with the number of
    co-events ``n`` as ``n / (n + PRIOR_CO_EVENTS)``.

    Args:
        columns: (n_items, dim) rows of each column.
        prior: Weight of each column before anything is learned.
        interactions: (n_users, n_items) CSR of ones.
        optional: Columns whose weight may become 0: their prior weight counts less the more
            co-events there are, and one that does not help to predict the lift of held-out
            items learns nothing; see :func:`choose_helpful_columns`.

    Source:
        Cristianini et al. 2001, "On kernel-target alignment"; Cortes, Mohri and Rostamizadeh
        2012, "Algorithms for learning kernels based on centered alignment", with a
        non-negative least-squares solution.
    """
    users = np.asarray(interactions.sum(axis=0)).ravel()
    most = min(MAX_LEARNING_ITEMS, int(np.sqrt(MAX_LEARNING_CELLS / max(len(columns), 1))))
    chosen = np.argsort(-users, kind="stable")[:most]
    chosen = chosen[users[chosen] >= MIN_USERS_PER_ITEM]
    if len(chosen) < MIN_LEARNING_ITEMS or len(columns) < 2:
        return dict(prior)
    picked = sp.csr_array(sp.csc_array(interactions)[:, chosen])
    common = (picked.T @ picked).toarray().astype(np.float64)
    problem = lift_problem(columns, chosen, common, users[chosen], interactions.shape[0])
    used = choose_helpful_columns(problem, [name in optional for name in columns])
    learned = problem.solve(used)
    if not learned.any():
        return dict(prior)
    n_co_events = (common.sum() - np.trace(common)) / 2
    share = MAX_LEARNED_SHARE * n_co_events / (n_co_events + PRIOR_CO_EVENTS)
    total = sum(prior[name] for name, is_used in zip(columns, used, strict=True) if is_used)
    roots = np.sqrt(learned) * (total / np.sqrt(learned).sum())
    mixed = {
        name: float((1 - share) * prior[name] + share * root)
        for name, root in zip(columns, roots, strict=True)
    }
    full = n_co_events / (n_co_events + PRIOR_CO_EVENTS)
    for name, root in zip(columns, roots, strict=True):
        if name in optional:
            weight = float((1 - full) * prior[name] + full * root)
            mixed[name] = weight if weight >= MIN_OPTIONAL_WEIGHT else 0.0
    return {**prior, **mixed}


@dataclass(frozen=True, eq=False)
class LiftProblem:
    """The regression of the lift of pairs of items on their similarities in each column."""

    similar: Floats
    """(n_columns, n_items, n_items) centred similarities"""
    target: Floats
    """(n_items, n_items) centred logarithm of the lift"""

    def solve(self, used: Mask, items: Mask | None = None) -> Doubles:
        """Return the (n_columns,) non-negative coefficients; 0 for columns that are not used.

        Args:
            used: (n_columns,) columns that are used.
            items: (n_items,) items whose pairs are used; default: all.
        """
        from scipy.optimize import nnls  # noqa: PLC0415 - recommending needs no optimiser

        chosen = slice(None) if items is None else np.ix_(items, items)
        target = self.target[chosen].ravel()
        if items is None and used.all():  # without a copy
            similar = self.similar.reshape(len(self.similar), -1)
        else:
            similar = np.stack([one[chosen].ravel() for one in self.similar[used]])
        normal = (similar @ similar.T).astype(np.float64)
        normal += np.eye(len(normal)) * (NNLS_RIDGE * np.trace(normal) / len(normal) + 1e-9)
        out = np.zeros(len(used))
        out[used] = nnls(normal, (similar @ target).astype(np.float64))[0]
        return out

    def held_out_errors(self, used: Mask, folds: Rows) -> Doubles:
        """Return the (n_items,) squared errors of the pairs of each item, without its fold.

        Args:
            used: (n_columns,) columns that are used.
            folds: (n_items,) fold of each item.
        """
        errors = np.zeros(len(folds))
        for fold in np.unique(folds):
            inside = folds == fold
            weights = self.solve(used, ~inside).astype(np.float32)
            found = np.tensordot(weights, self.similar[:, inside], axes=1)
            square = (found - self.target[inside]) ** 2
            errors[inside] = square[:, ~inside].sum(axis=1)
        return errors


def choose_helpful_columns(problem: LiftProblem, optional: Sequence[bool]) -> Mask:
    """Return the columns that help; an optional one must lower the errors of held-out items.

    Optional columns are tried one after the other: one stays if the errors with it are smaller
    by more than :data:`MIN_HELP_SCORE` standard errors, over the items.

    Args:
        problem: Similarities and lift.
        optional: (n_columns,) which columns are optional.
    """
    is_optional = np.asarray(optional, dtype=bool)
    used: Mask = ~is_optional
    if not is_optional.any():
        return used
    folds = np.arange(problem.target.shape[0]) % N_HELP_FOLDS
    for column in np.flatnonzero(is_optional):
        with_it = used.copy()
        with_it[column] = True
        if not used.any():
            used = with_it
            continue
        gain = problem.held_out_errors(used, folds) - problem.held_out_errors(with_it, folds)
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        if gain.mean() > MIN_HELP_SCORE * max(error, 1e-12):
            used = with_it
    return used


def lift_problem(
    columns: ColumnRows, items: Rows, common: Doubles, users: Doubles, n_users: int
) -> LiftProblem:
    """Return the regression of the lift of the common users of items.

    Args:
        columns: (n_items, dim) rows of each column.
        items: Rows of the compared items.
        common: (n, n) common users of the compared items.
        users: (n,) users of the compared items.
        n_users: Number of all users.
    """
    expected = np.outer(users, users) / n_users
    target = _centre_pairs(np.log((common + 1) / (expected + 1)))
    similar = np.stack([_centre_pairs(_cosines(rows, items)) for rows in columns.values()])
    return LiftProblem(similar, target)


def _cosines(rows: Any, items: Rows) -> Doubles:
    product = rows[items] @ rows[items].T
    return np.asarray(product.toarray() if sp.issparse(product) else product, dtype=np.float64)


def _centre_pairs(values: Doubles) -> Floats:
    """Return values of pairs of different items minus the means of both items; 0 for one item.

    Example:
        >>> _centre_pairs(np.array([[9.0, 1, 2], [1, 9, 3], [2, 3, 9]])).round(2).tolist()
        [[0.0, -0.5, 0.0], [-0.5, 0.0, 0.5], [0.0, 0.5, 0.0]]
    """
    n = len(values)
    off_diagonal = values - np.diag(np.diag(values))
    means = off_diagonal.sum(axis=1) / max(n - 1, 1)
    centred = off_diagonal - means[:, None] - means[None, :] + means.mean()
    np.fill_diagonal(centred, 0)
    return np.asarray(centred, dtype=np.float32)
