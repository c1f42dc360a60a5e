"""How many shared users a bridge over content needs: lists for people of another domain.

Run ``python -m benchmarks.transfer.few_pairs FOLDER --shared SHARED``; it prints one row of the
table for each method. The content of items is TF-IDF of their titles and categories in 128
directions of both domains. Scores are added to the logarithm of popularity with a weight that
is chosen on one half of the test users and measured on the other, and vice versa. Nothing is
blended, and no verdict may refuse: this is what the data hold.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from benchmarks.transfer.bridges import encode, ndcg
from benchmarks.transfer.run import TWO_DOMAIN_FOLDERS, Case, two_domain_cases
from daybreak.data import Vocabulary
from daybreak.data.dataset import Items
from daybreak.data.sources import SourceDomain
from daybreak.encoders import Encoder
from daybreak.encoders.content import ContentEncoder
from daybreak.estimates import paired_bootstrap
from daybreak.models.shared_alignment import align_domains
from daybreak.models.shared_content_columns import content_columns
from daybreak.models.shared_pairs import contrastive_map
from daybreak.models.shared_ridge import solve_ridge
from daybreak.models.shared_sources import unit_rows
from daybreak.models.shared_statistics import add_ridge, truncated_svd
from daybreak.models.source_content import content_moments, learn_taste
from daybreak.rng import create_generator
from daybreak.service.training.encoder_choice import choose_encoder

DIM = 128
"""Directions of the content."""
WEIGHTS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Weights of a score, in standard deviations of the logarithm of popularity."""
TASTE_RIDGE = 0.3
"""Ridge of the target's own map from content to content, as a share of the mean eigenvalue."""
PAIR_RIDGE = 30.0
"""Ridge of what is learned from shared users, in users."""


@dataclass(frozen=True)
class Contents:
    """Histories and content of the two domains of a case."""

    items: np.ndarray
    """(n_items, dim) content of the target's items"""
    others: np.ndarray
    """(n_source_items, dim) content of the items of the source"""
    tested: np.ndarray
    """(n_test, dim) content of the source histories of test users, of length 1"""
    pairs: np.ndarray
    """(n_shared, dim) the same of shared users"""
    chosen: object
    """(n_shared, n_items) CSR of what shared users chose in the target"""
    taste: np.ndarray
    """(dim, dim) map from the content of histories to that of what comes with them, learned
    from all users of the target"""


def read_contents(
    case: Case, encoder: Encoder | None = None
) -> tuple[Contents, np.ndarray, np.ndarray]:
    """Return the contents of a case, the popularity of items, and the targets.

    Args:
        case: The transfer; all shared users are known.
        encoder: Text encoder; None: words only.
    """
    data, queries, targets = encode(case)
    assert data.sources is not None
    ids = [*data.items.ids.ids, *data.sources.ids.ids]
    both = pl.concat([case.items, case.source_items], how="diagonal_relaxed").unique("item_id")
    frame = pl.DataFrame({"item_id": ids}).join(both, on="item_id", how="left")
    blocks = ContentEncoder.fit_transform(frame, encoder)[1]
    columns = content_columns(Items(Vocabulary(ids), blocks))
    basis = truncated_svd(columns, DIM, create_generator(0, "few pairs"))[2]
    vectors = np.asarray(columns @ basis, dtype=np.float32)
    n = len(data.items)
    own, other = (unit_rows(one - one.mean(axis=0)) for one in (vectors[:n], vectors[n:]))
    known = data.events.to_matrix(data.n_users, n)
    told = data.sources.histories
    shared = np.flatnonzero((np.diff(known.indptr) > 0) & (np.diff(told.indptr) > 0))
    counts = np.asarray(data.user_counts, dtype=np.float32)
    active = known[np.diff(known.indptr) > 0]
    target = SourceDomain("target", np.arange(n), active, popularity=counts)
    profiles = unit_rows(np.asarray(told @ other, dtype=np.float32))
    contents = Contents(
        own,
        other,
        profiles[len(profiles) - len(queries) :],  # as ``encode`` has them
        profiles[shared],
        known[shared],
        learn_taste(content_moments(target, own), own, TASTE_RIDGE),
    )
    return contents, np.log1p(counts), targets.astype(np.float32)


def scores_of(contents: Contents, n_pairs: int) -> Mapping[str, np.ndarray]:
    """Return the (n_test, n_items) scores of each method.

    Args:
        contents: Contents of a case.
        n_pairs: Number of shared users that are known; 0: none.
    """
    if not n_pairs:
        return {
            "cosine": contents.tested @ contents.items.T,
            "whitened, cosine": aligned_cosines(contents, "whiten"),
            "CORAL, cosine": aligned_cosines(contents, "coral"),
            "map of the target": contents.tested @ contents.taste @ contents.items.T,
        }
    rows = np.random.default_rng(0).permutation(len(contents.pairs))[:n_pairs]
    source, chosen = contents.pairs[rows], contents.chosen[rows]
    target = unit_rows(np.asarray(chosen @ contents.items, dtype=np.float32))
    normal = add_ridge(source.T @ source, PAIR_RIDGE)
    # Ridge between the contents of both histories, shrunk to the identity.
    moved = source.T @ target + PAIR_RIDGE * np.eye(source.shape[1], dtype=np.float32)
    aligned = unit_rows(contents.tested @ np.linalg.solve(normal, moved))
    told = contrastive_map(source, target, create_generator(0, "contrastive"))
    return {
        "contrastive, cosine": unit_rows(contents.tested @ told) @ contents.items.T,
        "contrastive, map of the target": (
            unit_rows(contents.tested @ told) @ contents.taste @ contents.items.T
        ),
        "aligned, cosine": aligned @ contents.items.T,
        "aligned, map of the target": aligned @ contents.taste @ contents.items.T,
        "ridge to items": contents.tested @ solve_ridge(source, chosen, PAIR_RIDGE),
    }


def aligned_cosines(contents: Contents, kind: Literal["whiten", "coral"]) -> np.ndarray:
    """Return the (n_test, n_items) cosines after an alignment without pairs.

    Args:
        contents: Contents of a case.
        kind: Kind of the alignment.
    """
    found = align_domains(contents.others, contents.items, kind)
    # Histories are sums of centred items, so that the mean of items is taken off already.
    tested = unit_rows(np.asarray(contents.tested @ found.source_map, dtype=np.float32))
    return np.asarray(tested @ unit_rows(found.target(contents.items)).T)


def cross_fitted(score: np.ndarray, popularity: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return NDCG@10 of each test user, with the weight that is best for the other half."""
    base = popularity / popularity.std()
    score = score / max(float(score.std()), 1e-9)
    values = np.stack([ndcg(base + weight * score, targets) for weight in WEIGHTS])
    first = np.arange(values.shape[1]) % 2 == 0
    found = np.zeros(values.shape[1])
    for half in (first, ~first):
        found[half] = values[values[:, ~half].mean(axis=1).argmax()][half]
    return found


def rows_of(
    case: Case, name: str, shares: Sequence[float], encoder: Encoder | None = None
) -> Iterator[str]:
    """Yield the rows of the table of a case.

    Args:
        case: The transfer; all shared users are known.
        name: Its name in the table.
        shares: Shares of the shared users that are known.
        encoder: Text encoder; None: words only.
    """
    contents, popularity, targets = read_contents(case, encoder)
    base = ndcg(np.tile(popularity, (len(targets), 1)), targets)
    n_shared = len(contents.pairs)
    for share in shares:
        n_pairs = int(np.ceil(share * n_shared))
        for method, score in scores_of(contents, n_pairs).items():
            values = cross_fitted(score, popularity, targets)
            gain = paired_bootstrap(values, base)
            cells = f"{base.mean():.4f} | {values.mean():.4f} | {gain.difference:+.4f}"
            interval = f"({gain.low:+.4f} to {gain.high:+.4f})"
            yield f"| {name} | {n_pairs:,} | {method} | {cells} {interval} |"


def main() -> None:
    """Print the rows of both directions of a data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", choices=TWO_DOMAIN_FOLDERS)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--people", type=int, default=2_000, help="people in both domains")
    parser.add_argument("--others", type=int, default=300)
    parser.add_argument("--share", type=float, action="append", help="of shared users")
    parser.add_argument("--match", default="", help="part of the name of the case")
    parser.add_argument("--test", type=int, default=400)
    parser.add_argument("--encoder", default="none", help="text encoder, or auto")
    options = parser.parse_args()
    cases = two_domain_cases(
        options.shared, options.folder, (1.0,), options.test, options.others, options.people
    )
    shares = options.share or (0.0, 0.01, 0.1, 1.0)
    for case in cases:
        if options.match not in case.name:
            continue
        name = case.name.split(" ", 1)[1].split(",")[0]
        encoder = choose_encoder(options.encoder, case.items).encoder
        for row in rows_of(case, name, shares, encoder):
            print(row, flush=True)


if __name__ == "__main__":
    main()
