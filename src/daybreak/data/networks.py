"""Networks: data in which the items are the users themselves."""

import numpy as np

from daybreak.data.dataset import Events
from daybreak.data.vocabulary import Vocabulary

MIN_SHARED_SHARE = 0.5
"""Share of users with an item of the same id from which users can be items."""
MIN_SHARED_USERS = 5
"""Smallest number of users with an item of the same id."""
MIN_CHANCE_EVENTS = 5.0
"""Expected number of events of users on the item of their own id, if ids are only numbers, from
which the absence of such events says that the two are the same."""


def are_users_items(users: Vocabulary, items: Vocabulary, events: Events) -> bool:
    """Return whether users and items are the same people, so that nobody is shown to himself.

    Ids of users that are ids of items as well say so if they are no plain numbers. Shops number
    users and items independently; then some users have events on the item of their own number
    by chance, whereas nobody follows himself.

    Args:
        users: Ids of the users; their rows are those of ``events.user``.
        items: Ids of the items; their rows are those of ``events.item``.
        events: All events on the items.

    Example:
        >>> people = Vocabulary(["ada", "bob", "eve", "joe", "kim", "liz"])
        >>> after_one_another = Events(np.arange(6), (np.arange(6) + 1) % 6, np.zeros(6))
        >>> are_users_items(people, people, after_one_another)
        True
        >>> are_users_items(people, Vocabulary(["cup", "pot"]), after_one_another)
        False
    """
    own = items.rows(users.ids)
    shared = own >= 0
    n_shared = int(shared.sum())
    if n_shared < max(MIN_SHARED_USERS, MIN_SHARED_SHARE * len(users)) or not len(events):
        return False
    n_numbers = sum(users.ids[row].isdecimal() for row in np.flatnonzero(shared).tolist())
    if n_numbers < n_shared / 2:
        return True
    if bool((own[events.user] == events.item).any()):
        return False
    chosen = np.bincount(events.item, minlength=len(items)) / len(events)
    per_user = np.bincount(events.user, minlength=len(users))
    return float(per_user[shared] @ chosen[own[shared]]) >= MIN_CHANCE_EVENTS
