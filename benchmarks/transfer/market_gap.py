"""Which items make the difference between a market's own users and those of other markets.

Run ``python -m benchmarks.transfer.market_gap --shared SHARED``; it prints four rows of the
table for each market. EASE of 500 own users and EASE of all users elsewhere rank the catalogue
for the same 700 test users, who are known by half of their events. Targets are grouped by how
much more often the 500 own users choose them than people elsewhere do.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp

from benchmarks.transfer.run import Case, K, market_cases
from daybreak.data import Vocabulary
from daybreak.models.shared_statistics import add_ridge, invert_spd_matrix

RIDGE = 50.0
"""Ridge of EASE; 200 gives the same within .008."""
GROUPS = ((0.0, 0.5), (0.5, 2.0), (2.0, 8.0), (8.0, np.inf))
"""Groups by the share of users here over that elsewhere."""
SMALL = 1e-4
"""Added to both shares."""


def indicators(pairs: pl.DataFrame, users: Vocabulary, items: Vocabulary) -> sp.csr_array:
    """Return (n_users, n_items) CSR of ones.

    Args:
        pairs: ``user_id, item_id``; what is not among the users and items is left out.
        users: Users.
        items: Items.
    """
    rows = users.rows(pairs["user_id"].to_list())
    columns = items.rows(pairs["item_id"].to_list())
    known = (rows >= 0) & (columns >= 0)
    ones = np.ones(int(known.sum()), dtype=np.float32)
    shape = (len(users), len(items))
    found = sp.csr_array((ones, (rows[known], columns[known])), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1
    return found


def ease_weights(events: sp.csr_array) -> np.ndarray:
    """Return the (n_items, n_items) weights ``-P_ij / P_jj``, ``P = (X'X + λI)^-1``.

    Args:
        events: (n_users, n_items) CSR of ones.

    Source:
        Steck 2019, eq. 8.
    """
    gram = (events.T @ events).toarray().astype(np.float32)
    inverse = invert_spd_matrix(add_ridge(gram, RIDGE))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights)


def found_targets(told: sp.csr_array, weights: np.ndarray, targets: sp.csr_array) -> np.ndarray:
    """Return whether each target is among the first ten, in the order of its COO form.

    Args:
        told: (n_test, n_items) CSR of the known events, which are not recommended.
        weights: Weights of items.
        targets: (n_test, n_items) CSR.
    """
    scores = np.asarray(told @ weights)
    scores[told.toarray() > 0] = -np.inf
    top = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    is_listed = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(is_listed, top, values=True, axis=1)
    places = targets.tocoo()
    return np.asarray(is_listed[places.row, places.col])


def rows_of(case: Case, market: str) -> Iterator[str]:
    """Yield the rows of a market.

    Args:
        case: The market, with 500 known users.
        market: Its name.
    """
    assert case.items is not None
    assert case.known is not None
    items = Vocabulary(sorted(case.items["item_id"].to_list()))
    tested = Vocabulary(sorted(case.known["user_id"].unique().to_list()))
    told, targets = (indicators(one, tested, items) for one in (case.known, case.test))
    shares, found = [], []
    for pairs in (case.train, case.source):
        users = Vocabulary(sorted(pairs["user_id"].unique().to_list()))
        events = indicators(pairs, users, items)
        shares.append(np.asarray(events.sum(axis=0)).ravel() / len(users))
        found.append(found_targets(told, ease_weights(events), targets))
    column = targets.tocoo().col
    ratio = ((shares[0] + SMALL) / (shares[1] + SMALL))[column]
    for low, high in GROUPS:
        of_group = (ratio >= low) & (ratio < high)
        label = f"at least {low:g}" if np.isinf(high) else f"{low:g} to {high:g}"
        own, elsewhere = (one[of_group].mean() for one in found)
        share = f"{of_group.mean():.0%}".replace("%", " %")
        yield f"| {market} | {label} | {share} | {own:.3f} | {elsewhere:.3f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--market", action="append", help="default: de and fr")
    options = parser.parse_args()
    chosen = options.market or ["de", "fr"]
    for case in market_cases(options.shared, (500,), 700):
        market = case.name.split()[1].rstrip(",")
        if market in chosen:
            for row in rows_of(case, market):
                print(row, flush=True)


if __name__ == "__main__":
    main()
