"""Requests for what most people choose of a kind: "top rated comedies", "best thrillers".

Of what has the values of the catalogue that a text names, what more users have chosen comes
first. All of it counts as fully about the text: otherwise, items with few genres would be the
most similar ones, however few people know them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from daybreak.encoders.open_requests import drop_rank, find_rank
from daybreak.encoders.quantities import QuantityPreference
from daybreak.models.wish import reference_likeness, saturate_wishes
from daybreak.service.state.stated_quantities import (
    StatedPreference,
    StatedQuantities,
    value_quantiles,
)
from daybreak.service.state.wishes import WishEncoder
from daybreak.types import Doubles, Floats, Mask, Rows

RANK_LABEL = "number of users"
"""Name of what a rank is measured by, for people."""


@dataclass(frozen=True, eq=False)
class StatedRank(StatedPreference):
    """A preference for what most users have chosen of what has the values that a text names."""

    def among(self, about: Mask | None) -> "StatedRank":
        """Return the rank as it is: it is among what has the values."""
        return self


def read_ranks(
    texts: Mapping[int, str],
    stated: Mapping[int, StatedQuantities],
    n_users: Doubles,
    wishes: WishEncoder,
) -> tuple[dict[int, str], dict[int, StatedQuantities]]:
    """Return the topics of texts without ranks, and what they say with the ranks.

    A rank counts where the rest of a text names values of the catalogue and nothing else:
    the best comedies about dogs are not the best comedies, and *Best in Show* is a title.

    Args:
        texts: Text by row of the user, without words of quantities.
        stated: What they say about quantities.
        n_users: (n_items,) users who have chosen each item.
        wishes: Encoder of the topics.
    """
    topics, every = dict(texts), dict(stated)
    for row, text in texts.items():
        phrase = find_rank(text)
        topic = drop_rank(text).strip() if phrase else ""
        carried = wishes.carried_values(topic) if topic else None
        likeness = None if carried is None else wishes.likeness(topic)
        if carried is None or likeness is None:
            continue
        said = QuantityPreference("rating", "high", phrase=phrase)
        strengths = rank_strengths(n_users, likeness, carried)
        before = every.get(row, StatedQuantities(topic))
        preferences = (*before.preferences, StatedRank(RANK_LABEL, said, n_users, strengths))
        topics[row], every[row] = topic, replace(before, topic=topic, preferences=preferences)
    return topics, every


def rank_strengths(n_users: Doubles, likeness: Floats, carried: Rows) -> Floats:
    """Return what a rank adds to the likeness of items: all count as fully about the topic.

    Args:
        n_users: (n_items,) users who have chosen each item.
        likeness: (n_wishes, n_items) likeness of the wishes of the topic.
        carried: (n_items,) numbers from :meth:`.WishEncoder.carried_values`.

    Example:
        >>> likeness = np.array([[0.8, 0.2, 0.0]], dtype=np.float32)
        >>> carried = np.array([1, 1, 0])
        >>> rank_strengths(np.array([1.0, 9.0, 50.0]), likeness, carried).round(2).tolist()
        [0.25, 1.5, 0.0]
    """
    full = reference_likeness(likeness)[:, None]
    missing = 1 - saturate_wishes(likeness / full).max(axis=0)
    quantiles = np.nan_to_num(value_quantiles(np.where(carried > 0, n_users, np.nan)))
    strengths = np.where(carried > 0, missing + quantiles + (carried - 1), 0)
    return np.asarray(strengths, dtype=np.float32)
