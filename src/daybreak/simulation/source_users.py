"""Users in common with sources: who of them is held out, and what is known of them then.

There may be few of them, and the weights of sources are fitted on them alone, so that they are
not left to chance as other users are.
"""

from collections.abc import Iterator

import numpy as np

from daybreak.data.dataset import Dataset, Events
from daybreak.rng import create_generator
from daybreak.simulation.holdout import USER_FRACTION, cut_few_shot
from daybreak.simulation.queries import MAX_QUERIES
from daybreak.types import Rows

SOURCE_SHOT_COUNTS = (0, 1, 3, 10)
"""Numbers of known events in the target, in the queries of new users of sources."""
MAX_SOURCE_QUERIES = 1_500
"""Number of users in common with sources who are held out in all splits together, as far as
there are so many. With 750, a gain of an eighth of NDCG@10 was not told from chance."""
MAX_OTHER_SOURCE_QUERIES = 200
"""Number of new users without a source history that are used in any case."""


def count_hidden_source_users(n_shared: int) -> int:
    """Return how many users in common with sources are held out in one split.

    The weights of sources are fitted on them. A fifth of few says nothing, so that up to a
    third of them is held out, and all in three splits.

    Args:
        n_shared: Number of users with events in the target and in a source.

    Example:
        >>> [count_hidden_source_users(n) for n in (100, 1_600, 10_000)]
        [33, 500, 2000]
    """
    return max(min(MAX_QUERIES, n_shared // 3), int(USER_FRACTION * n_shared), 1)


def shared_users(data: Dataset) -> Rows:
    """Return the rows of the users with events in the target and in a source.

    Args:
        data: The whole data set.
    """
    active = data.active_user_rows
    return active[:0] if data.sources is None else active[data.sources.has_history[active]]


def source_users_in_turn(data: Dataset, n_splits: int, seed: int) -> list[Rows | None]:
    """Return the users in common with sources that each split holds out, all of them in turn.

    A user who is held out twice says less than two users.

    Args:
        data: The whole data set.
        n_splits: Number of splits.
        seed: Seed of the random draws.
    """
    shared = create_generator(seed, "users of sources").permutation(shared_users(data))
    if not len(shared):
        return [None] * n_splits
    n_hidden = count_hidden_source_users(len(shared))
    first = n_hidden * np.arange(n_splits)
    return [np.take(shared, place + np.arange(n_hidden), mode="wrap") for place in first]


def hold_out_source_users(
    data: Dataset, users: Rows, chosen: Rows | None, rng: np.random.Generator
) -> Rows:
    """Return new users, of whom those in common with sources are the chosen ones.

    Args:
        data: The whole data set.
        users: Rows of users who are held out.
        chosen: Rows of users in common with sources; None: drawn at random.
        rng: Random generator.
    """
    shared = shared_users(data)
    if not len(shared):
        return users
    if chosen is None:
        chosen = rng.permutation(shared)[: count_hidden_source_users(len(shared))]
    return np.union1d(users[~np.isin(users, shared)], chosen)


def iter_source_histories(
    visible: Dataset, hidden: Events, rng: np.random.Generator
) -> Iterator[tuple[Events, Events]]:
    """Yield what is known of new users in the target, and what they choose there next.

    Users with a source history come first: there may be few of them. Of the others, as many
    are used as there is room for.

    Args:
        visible: Training data.
        hidden: Events of the new users.
        rng: Random generator.
    """
    if visible.sources is None:
        return
    has_history = visible.sources.has_history
    events = hidden.filter(np.isin(hidden.item, visible.train_item_rows))
    users = rng.permutation(np.unique(events.user))
    users = users[np.argsort(~has_history[users], kind="stable")]
    n_known = min(int(has_history[users].sum()), MAX_SOURCE_QUERIES)
    n_kept = max(n_known + min(MAX_OTHER_SOURCE_QUERIES, MAX_QUERIES), MAX_QUERIES)
    events = events.filter(np.isin(events.user, users[:n_kept]))
    position = events.count_earlier()
    size = np.bincount(events.user, minlength=visible.n_users)[events.user]
    for shots in SOURCE_SHOT_COUNTS:
        cut = cut_few_shot(position, shots, shots)
        is_eligible = size >= shots + 1
        yield events.filter(is_eligible & cut.history), events.filter(is_eligible & cut.targets)
