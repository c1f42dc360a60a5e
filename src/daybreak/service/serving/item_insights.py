"""What is known about items besides lists: the map, expected reach, and exposure."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from daybreak.data.fields import find_category_column
from daybreak.data.ids import lookup_id
from daybreak.service.exploration.explorer import Explorer
from daybreak.service.inputs.frames import check_k
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.state.item_map import ItemMap, layout_items
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.similarity import require_item_or_text, similar_items
from daybreak.service.state.unknown_items import require_item
from daybreak.types import Doubles, Rows

REACH_INTERVAL = (0.1, 0.5, 0.9)
"""Quantiles of the expected reach: ends of the interval, and the median between them."""
SECONDS_PER_DAY = 86_400.0
WARMTH_NAMES = ("cold", "warm", "hot")


@dataclass(frozen=True)
class ReachEstimate:
    """Number of users that an item is expected to reach, as similar items did."""

    users: float
    """Median of the similar items, by similarity [users]."""
    low: float
    """Tenth percentile [users]."""
    high: float
    """Ninetieth percentile [users]."""
    n_similar: int
    """Number of similar items with events."""
    similarity: float
    """Largest similarity, from 0 to 1."""


@dataclass(frozen=True)
class ItemExposure:
    """How an item warms up."""

    temperature: str
    users: int
    """Users who have chosen it."""
    impressions: int
    """Times that it was shown while it was new."""
    promised: int
    """Impressions that exploration gives a new item."""
    since: float | None
    """Time since which the item is new, epoch [s]; None: exploration does not know it."""
    days: float
    """Age up to which an item is new [days]."""
    is_new: bool
    """Whether exploration still gives it impressions."""


@dataclass(frozen=True)
class MapPage:
    """Places of items as parallel columns."""

    release: str
    version: int
    """Changes when all items get new places."""
    total: int
    """Number of items of the map; rows from here on are new."""
    ids: Sequence[str]
    x: Sequence[float]
    """From -1 to 1."""
    y: Sequence[float]
    users: Sequence[int]
    """Users who have chosen each item."""
    temperature: Sequence[int]
    """0: cold, 1: warm, 2: hot."""
    category: Sequence[int]
    """Row of ``categories``; -1: none."""
    categories: Sequence[str]


class ItemInsights:
    """The map of the catalogue, expected reach, and exposure of items.

    Args:
        releases: Releases in memory.
        explorer: Counts impressions of new items.
        seed: Seed of the layout.
    """

    def __init__(self, releases: ReleaseManager, explorer: Explorer, seed: int) -> None:
        self._releases = releases
        self._explorer = explorer
        self._seed = seed
        self._lock = Lock()
        self._map: tuple[str, int, ItemMap] | None = None

    def reach(
        self, item_id: str | None = None, text: str | None = None, n: int = 50
    ) -> ReachEstimate:
        """Return how many users an item, or a text that describes one, is expected to reach.

        The estimate is the distribution of the users of the most similar items that have
        events, weighted by the square of their similarity.

        Args:
            item_id: Item of the catalogue.
            text: Description, instead.
            n: Number of similar items.

        Raises:
            NotFoundError: The item is not in the catalogue.
            ConfigError: Not exactly one of ``item_id`` and ``text`` was given.
        """
        check_k(n)
        require_item_or_text(item_id, text)
        state = self._releases.current
        if item_id is not None:
            require_item(state.catalogue, lookup_id(item_id), trained=state.ranker.is_known)
        ids, texts = ([lookup_id(item_id)], []) if item_id is not None else ([], [str(text)])
        frame = similar_items(state, ids, texts, n, reads_bounds=False)
        rows = state.catalogue.items.ids.rows(frame["item_id"].to_list())
        similarity = np.clip(frame["score"].to_numpy().astype(np.float64), 0, None)
        users = count_users(state)[rows]
        used = (users > 0) & (similarity > 0)
        users, similarity = users[used], similarity[used]
        if not len(users):
            return ReachEstimate(0.0, 0.0, 0.0, 0, 0.0)
        low, middle, high = weighted_quantiles(users, similarity**2, REACH_INTERVAL)
        return ReachEstimate(middle, low, high, len(users), min(1.0, float(similarity.max())))

    def exposure(self, item_id: str) -> ItemExposure:
        """Return how an item warms up.

        Raises:
            NotFoundError: The item is not in the catalogue.
        """
        state, key = self._releases.current, lookup_id(item_id)
        row = require_item(state.catalogue, key)
        explorer, budget = self._explorer, self._explorer.budget
        since = explorer.impressions.new_since().get(key)
        impressions = explorer.impressions.counts([key])
        days = np.array([np.inf if since is None else (time.time() - since) / SECONDS_PER_DAY])
        warmth = state.item_warmth(np.array([row]))[0]
        return ItemExposure(
            str(warmth),
            int(count_users(state)[row]),
            int(impressions[0]),
            budget.impressions,
            since,
            budget.days,
            since is not None and bool(budget.is_eligible(days, impressions)[0]),
        )

    def map(self, after: int = 0) -> MapPage:
        """Return the places of the items that can be recommended.

        Args:
            after: Leave out this number of first items; 0: none. A caller that has a map passes
                its ``total`` and gets what is new.
        """
        state = self._releases.current
        version, item_map = self._current_map(state)
        rows = np.flatnonzero(state.ranker.is_available)
        rows = rows[(rows >= after) & (rows < len(item_map.places))]
        places = np.round(item_map.places[rows].astype(np.float64), 4)
        labels = {name: code for code, name in enumerate(WARMTH_NAMES)}
        codes, categories = _categories(state, rows)
        ids = item_map.ids.ids
        return MapPage(
            state.release,
            version,
            len(item_map.places),
            [ids[row] for row in rows.tolist()],
            places[:, 0].tolist(),
            places[:, 1].tolist(),
            count_users(state)[rows].astype(int).tolist() if len(rows) else [],
            [labels[name] for name in state.item_warmth(rows).tolist()],
            codes,
            categories,
        )

    def _current_map(self, state: ServingState) -> tuple[int, ItemMap]:
        """Return the map of a release, also with items that were added since."""
        with self._lock:
            cached, items = self._map, state.catalogue.items
            previous = None if cached is None else cached[2]
            is_current = (
                cached is not None
                and previous is not None
                and cached[0] == state.release
                and len(items) >= len(previous.places)
            )
            version = 1 if cached is None else cached[1] + (not is_current)
            if is_current and previous is not None:
                item_map = previous.extended(items)
            else:
                stored = self._releases.stored_map(state)
                item_map = (
                    layout_items(items, self._seed, previous)
                    if stored is None
                    else stored.extended(items)
                )
            self._map = (state.release, version, item_map)
            return version, item_map


def count_users(state: ServingState) -> Doubles:
    """Return the (n_items,) numbers of users with a positive event."""
    events = state.histories.all_positive()
    n_items = len(state.catalogue.items)
    inside = events.item < n_items
    pairs = np.unique(events.user[inside] * n_items + events.item[inside])
    return np.bincount(pairs % n_items, minlength=n_items).astype(np.float64)


def weighted_quantiles(
    values: Doubles, weights: Doubles, shares: Sequence[float]
) -> tuple[float, ...]:
    """Return the smallest values up to which there is a share of the weight.

    Example:
        >>> weighted_quantiles(np.array([5.0, 1.0, 9.0]), np.array([1.0, 2.0, 1.0]), (0.5, 0.9))
        (1.0, 9.0)
    """
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    at = np.searchsorted(total, np.array(shares) * total[-1] * (1 - 1e-12))
    return tuple(values[order][np.minimum(at, len(values) - 1)].tolist())


def _categories(state: ServingState, rows: Rows) -> tuple[list[int], list[str]]:
    """Return the category of each item as a row of the returned names, the most used first."""
    columns = state.ranker.rule_compiler.filter_columns
    name = find_category_column(columns.names)
    if name is None or not len(rows):
        return [-1] * len(rows), []
    column = state.catalogue.frame[name]
    values = column.list.first() if column.dtype.is_nested() else column
    texts = [values[row] for row in rows.tolist()]
    counts: dict[str, int] = {}
    for text in texts:
        if text is not None:
            counts[str(text)] = counts.get(str(text), 0) + 1
    names = sorted(counts, key=lambda one: (-counts[one], one))
    codes = {one: code for code, one in enumerate(names)}
    return [-1 if text is None else codes[str(text)] for text in texts], names
