"""A synthetic shop with a hundred thousand items."""

import numpy as np
import scipy.sparse as sp

CLUSTERS_OF_A_USER = (0.6, 0.3, 0.1)
"""Shares of a user's events in each of the clusters of that user."""
GLOBAL_SHARE = 0.25
"""Share of events that follow popularity in the whole shop."""


def draw_shop(n_items: int, n_users: int, n_clusters: int = 400, seed: int = 0) -> sp.csr_array:
    """Draw the histories of a shop with clusters of items and a long tail.

    The popularity of items falls with the power 0.9 of their rank. The length of a history is
    log-normal, with a median of 27 events; each user has three clusters, and a quarter of all
    events follow the popularity in the whole shop.

    Returns:
        (n_users, n_items) CSR with a one for each pair.
    """
    rng = np.random.default_rng(seed)
    popularity = (np.arange(1, n_items + 1) + 20.0) ** -0.9
    rng.shuffle(popularity)
    cluster = rng.integers(0, n_clusters, n_items)
    lengths = np.clip(rng.lognormal(3.3, 0.9, n_users), 5, 800).astype(int)
    user = np.repeat(np.arange(n_users), lengths)
    of_user = rng.integers(0, n_clusters, (n_users, len(CLUSTERS_OF_A_USER)))
    part = rng.choice(len(CLUSTERS_OF_A_USER), len(user), p=CLUSTERS_OF_A_USER)
    chosen = np.where(rng.random(len(user)) < GLOBAL_SHARE, -1, of_user[user, part])
    item = np.empty(len(user), dtype=np.int64)
    for number in range(-1, n_clusters):
        members = np.flatnonzero(cluster == number) if number >= 0 else np.arange(n_items)
        events = np.flatnonzero(chosen == number)
        item[events] = rng.choice(
            members, len(events), p=popularity[members] / popularity[members].sum()
        )
    histories = sp.csr_array(
        (np.ones(len(user), dtype=np.float32), (user, item)), shape=(n_users, n_items)
    )
    histories.data[:] = 1
    return histories
