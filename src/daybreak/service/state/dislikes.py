"""What disliked items weigh in the queries of users."""

import numpy as np

from daybreak.data.dataset import DISLIKE_WEIGHT, Events
from daybreak.data.recency import RecencyCurve
from daybreak.types import Floats, Rows


def dislike_weights(liked: Events, disliked: Events, n_users: int) -> Floats:
    """Return the (n_disliked,) negative weights of disliked items in histories.

    All dislikes of a user together weigh at most as much as ``DISLIKE_WEIGHT`` times the
    positive events, or times one event if there are none: a user who rejects much says little
    with each rejection.

    Args:
        liked: Positive events; ``user`` is the position of the user.
        disliked: Pairs whose latest event is negative.
        n_users: Number of users.

    Example:
        >>> liked = Events.of(user=[0, 0], item=[1, 2], at=[0, 0])
        >>> disliked = Events.of(user=[0, 1, 1, 1], item=[3, 1, 2, 3], at=[0, 0, 0, 0])
        >>> (dislike_weights(liked, disliked, 2) / DISLIKE_WEIGHT).round(2)
        array([-1.  , -0.33, -0.33, -0.33], dtype=float32)
    """
    n_liked = np.maximum(np.bincount(liked.user, minlength=n_users), 1)
    n_disliked = np.maximum(np.bincount(disliked.user, minlength=n_users), 1)
    share = np.minimum(1.0, n_liked / n_disliked)
    return (-DISLIKE_WEIGHT * share[disliked.user]).astype(np.float32)


def dislike_recency(liked: Events, disliked: Events, curve: RecencyCurve) -> Floats:
    """Return (n_disliked,) the recency weight that the number of later positive events gives.

    Example:
        >>> liked = Events.of(user=[0, 0, 1], item=[1, 2, 1], at=[1, 5, 9])
        >>> disliked = Events.of(user=[0, 0], item=[3, 4], at=[3, 7])
        >>> dislike_recency(liked, disliked, RecencyCurve(None))
        array([0.8, 1. ], dtype=float32)
    """
    return curve.weights(_count_later(liked, disliked))


def _count_later(liked: Events, disliked: Events) -> Rows:
    """Return (n_disliked,) the number of later positive events of the same user."""
    user = np.r_[liked.user, disliked.user]
    is_liked = np.r_[np.ones(len(liked), dtype=bool), np.zeros(len(disliked), dtype=bool)]
    order = np.lexsort((~is_liked, np.r_[liked.at, disliked.at], user))
    n_until = np.empty(len(user), dtype=np.int64)
    n_until[order] = np.cumsum(is_liked[order])
    n_users = int(user.max(initial=-1)) + 1
    n_until_user = np.cumsum(np.bincount(liked.user, minlength=n_users))
    return n_until_user[disliked.user] - n_until[len(liked) :]
