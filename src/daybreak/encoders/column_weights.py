"""Weights of the columns of a catalogue in the similarity of items, learned from co-events."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from daybreak.data.fields import ContentField
from daybreak.encoders.lexical import l2_normalize_rows
from daybreak.types import Doubles, Floats, Rows, Sparse

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
    parts = [np.float32(np.sqrt(weights.get(name, 0.0))) * columns[name] for name in columns]
    return l2_normalize_rows(sum(parts[1:], start=parts[0]))


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
    entries = sp.coo_array(rows)
    row, term = entries.coords
    column = column_of_term[term]
    frequency = np.exp(-idf)  # proportional to 1 + df
    n = np.bincount(column_of_term, frequency, minlength=len(names))
    square = np.bincount(column_of_term, frequency * idf**2, minlength=len(names))
    scale = np.sqrt(n / np.maximum(square, 1e-12))
    parts = {}
    for position, name in enumerate(names):
        here = column == position
        n_values = np.bincount(row[here], minlength=entries.shape[0])
        values = idf[term[here]] * scale[position] / np.sqrt(n_values[row[here]])
        coords = (row[here], term[here])
        part = sp.coo_array((values.astype(np.float32), coords), shape=entries.shape)
        parts[name] = sp.csr_array(part)
    return parts


def learn_column_weights(
    columns: ColumnRows, prior: Mapping[str, float], interactions: Sparse
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
    learned = _regress_lift(columns, chosen, common, users[chosen], interactions.shape[0])
    if not learned.any():
        return dict(prior)
    n_co_events = (common.sum() - np.trace(common)) / 2
    share = MAX_LEARNED_SHARE * n_co_events / (n_co_events + PRIOR_CO_EVENTS)
    roots = np.sqrt(learned) * (sum(prior[name] for name in columns) / np.sqrt(learned).sum())
    mixed = {
        name: float((1 - share) * prior[name] + share * root)
        for name, root in zip(columns, roots, strict=True)
    }
    return {**prior, **mixed}


def _regress_lift(
    columns: ColumnRows, items: Rows, common: Doubles, users: Doubles, n_users: int
) -> Doubles:
    """Return the (n_columns,) non-negative coefficients of the similarities of columns."""
    from scipy.optimize import nnls  # noqa: PLC0415 - recommending needs no optimiser

    expected = np.outer(users, users) / n_users
    target = _centre_pairs(np.log((common + 1) / (expected + 1))).ravel()
    similar = np.stack(
        [_centre_pairs(_cosines(rows, items)).ravel() for rows in columns.values()]
    )
    normal = (similar @ similar.T).astype(np.float64)
    normal += np.eye(len(normal)) * (NNLS_RIDGE * np.trace(normal) / len(normal) + 1e-9)
    return np.asarray(nnls(normal, (similar @ target).astype(np.float64))[0])


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
