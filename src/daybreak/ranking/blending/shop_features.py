"""What can be seen of a shop before anything is simulated, as numbers for the prior."""

import numpy as np

from daybreak.data.dataset import Dataset, Events
from daybreak.types import Doubles, Floats, Rows

SHOP_FEATURES = (
    "log_users",
    "log_items",
    "log_events_per_user",
    "popularity_entropy",
    "missing_mass",
    "log_unsold_ratio",
    "has_words",
    "has_attributes",
    "has_meaning",
    "has_times",
    "has_profiles",
)
"""Names of the features of a shop, in the order of :func:`shop_features`."""
LEVEL_FEATURES = ("no_event", "log_level", "log_level_times_log_users", "no_event_times_words")
"""Names of the features that depend on the number of events of a query."""
MASS_BOUNDS = (1e-4, 1 - 1e-4)
"""Bounds of the probability that the next event is on an item without events."""

MIN_SHARED_ITEMS = 20
"""Smallest number of items of several users from which life spans tell anything."""
SHORT_LIFE = 0.1
"""Largest ratio of the life span of items to that of users with which items are short-lived.
Two events at random moments are a third of the whole time apart."""


def shop_features(data: Dataset) -> Doubles:
    """Return (len(SHOP_FEATURES),) features of a shop.

    Args:
        data: Training data.
    """
    n_events, n_users = max(len(data.events), 1), max(len(data.active_user_rows), 1)
    has_events = len(data.events) > 0
    n_sold = len(data.train_item_rows) if has_events else 0
    counts = data.user_counts if has_events else np.ones(1, dtype=np.float32)
    once = float((counts == 1).sum())
    mass = np.clip((once + 0.5) / (n_events + 1), *MASS_BOUNDS)
    blocks = {block.name for block in data.items.blocks}
    return np.array(
        [
            np.log10(n_users),
            np.log10(max(n_sold, 1)),
            np.log10(n_events / n_users),
            _entropy_share(counts),
            np.log(mass / (1 - mass)),
            np.log10((len(data.items) - n_sold + 1) / (n_sold + 1)),
            "words" in blocks,
            "attributes" in blocks,
            "meaning" in blocks,
            data.events.has_time_order,
            bool(data.profiles.shape[1]),
        ],
        dtype=np.float64,
    )


def level_features(shop: Doubles, n_events: Floats | Doubles) -> Doubles:
    """Return (n, n_features) the features of a shop at some numbers of events, 1 first.

    Args:
        shop: Result of :func:`shop_features`.
        n_events: (n,) numbers of events of a query.
    """
    n_events = np.asarray(n_events, dtype=np.float64)
    no_event, log_level = (n_events == 0).astype(np.float64), np.log1p(n_events)
    words = shop[SHOP_FEATURES.index("has_words")]
    by_level = [no_event, log_level, log_level * shop[0], no_event * words]
    shared = np.tile(shop, (len(n_events), 1))
    return np.column_stack([np.ones(len(n_events)), shared, *by_level])


def _entropy_share(counts: Floats) -> float:
    """Return the entropy of popularity as a share of that of equally popular items."""
    if len(counts) < 2:
        return 1.0
    share = counts.astype(np.float64) / counts.sum()
    return float(-(share * np.log(share)).sum() / np.log(len(share)))


def are_items_short_lived(events: Events) -> bool:
    """Return whether items are taken within a time much shorter than people stay.

    The median time from the first to the last event of the items of several users is compared
    with that of the users. Both are short where people come once and take everything at once,
    as where they rate films; only that of the items is short where people come again for what
    is new, as in news.

    Args:
        events: Events of a shop.

    Example:
        >>> day = np.arange(60)
        >>> readers = Events(np.tile([0, 1], 30), day // 2, day * 86_400.0)
        >>> are_items_short_lived(readers)
        True
        >>> are_items_short_lived(Events(readers.item, readers.user, readers.at))
        False
    """
    events = events.filter(events.at > 0)  # 0: unknown
    if not events.has_time_order:
        return False
    shared = np.flatnonzero(_count_users(events) > 1)
    if len(shared) < MIN_SHARED_ITEMS:
        return False
    of_items = _life_spans(events.item, events.at)[shared]
    of_users = _life_spans(events.user, events.at)[np.unique(events.user)]
    return bool(np.median(of_items) <= SHORT_LIFE * np.median(of_users))


def _count_users(events: Events) -> Rows:
    """Return the number of different users of each item."""
    pairs = np.unique(np.column_stack([events.item, events.user]), axis=0)
    counts: Rows = np.bincount(pairs[:, 0])
    return counts


def _life_spans(rows: Rows, at: Doubles) -> Doubles:
    """Return the time from the first to the last event of each row; -inf without events."""
    first = np.full(int(rows.max()) + 1, np.inf)
    last = np.full(len(first), -np.inf)
    np.minimum.at(first, rows, at)
    np.maximum.at(last, rows, at)
    spans: Doubles = last - first
    return spans
