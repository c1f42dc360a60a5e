"""Personal frequency and TIFU-KNN: what a person takes again, for next-basket recommendation.

Source:
    Hu, He, Gao and Zhang 2020, "Modeling personalized item frequency information for
    next-basket recommendation", SIGIR, section 4 (the two decays and the neighbours). The
    options are those of the authors' code for groceries.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

Matrix = sp.csr_array


@dataclass(frozen=True)
class BasketHistory:
    """Baskets of users as parallel columns, one row for each item of a basket."""

    user: np.ndarray
    item: np.ndarray
    basket: np.ndarray
    """Number of the basket of its user, from 0, in order of time."""
    n_users: int
    n_items: int

    def count_baskets(self) -> np.ndarray:
        """Return (n_users,) the number of baskets."""
        counts = np.zeros(self.n_users, dtype=np.int64)
        np.maximum.at(counts, self.user, self.basket + 1)
        return counts


def personal_frequency(history: BasketHistory) -> Matrix:
    """Return (n_users, n_items) the number of baskets of each user with each item."""
    ones = np.ones(len(history.user), dtype=np.float32)
    matrix = sp.csr_array(
        (ones, (history.user, history.item)), shape=(history.n_users, history.n_items)
    )
    matrix.sum_duplicates()
    return matrix


@dataclass(frozen=True)
class TifuKnn:
    """TIFU-KNN: personal frequency with two time decays, mixed with that of the neighbours."""

    group_size: int = 7
    """Number of baskets of a group."""
    within_group: float = 0.9
    """Decay of a basket per later basket of its group."""
    between_groups: float = 0.7
    """Decay of a group per later group."""
    n_neighbours: int = 300
    own_share: float = 0.7
    """Weight of the own vector against the mean of the neighbours."""

    def score(self, history: BasketHistory) -> np.ndarray:
        """Return the (n_users, n_items) scores."""
        vectors = self.user_vectors(history)
        norms = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
        products = (vectors @ vectors.T).toarray()
        distances = norms[:, None] + norms[None, :] - 2 * products
        np.fill_diagonal(distances, np.inf)
        n = min(self.n_neighbours, history.n_users - 1)
        nearest = np.argpartition(distances, n - 1, axis=1)[:, :n]
        owner = np.repeat(np.arange(history.n_users), n)
        shape = (history.n_users, history.n_users)
        mean = sp.csr_array((np.full(len(owner), 1 / n), (owner, nearest.ravel())), shape=shape)
        mixed = self.own_share * vectors + (1 - self.own_share) * (mean @ vectors)
        return np.asarray(mixed.toarray(), dtype=np.float32)

    def user_vectors(self, history: BasketHistory) -> Matrix:
        """Return the (n_users, n_items) decayed frequencies."""
        n_baskets = history.count_baskets()[history.user]
        # Groups are counted from the latest basket, so that all groups but the oldest are full.
        later = n_baskets - 1 - history.basket
        group, within = later // self.group_size, later % self.group_size
        n_groups = (n_baskets - 1) // self.group_size + 1
        is_oldest = group == n_groups - 1
        size = np.where(is_oldest, n_baskets - group * self.group_size, self.group_size)
        weights = self.within_group**within / size * self.between_groups**group / n_groups
        matrix = sp.csr_array(
            (weights, (history.user, history.item)), shape=(history.n_users, history.n_items)
        )
        matrix.sum_duplicates()
        return matrix
