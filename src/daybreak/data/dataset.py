"""The arrays that models learn from and score: events, items, data sets and queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.common_terms import CommonTerms
from daybreak.data.event_order import has_repeated_pairs, order_events
from daybreak.data.memory import memory_weights
from daybreak.data.recency import RecencyCurve
from daybreak.data.sources import SourceData
from daybreak.data.sparse_products import multiply_dense
from daybreak.data.sparse_rows import (
    EntryPlaces,
    as_csr,
    drop_zeros,
    join_columns,
    make_csr,
    row_sizes,
    take_any_rows,
    take_rows,
)
from daybreak.data.statements import Statements
from daybreak.data.vocabulary import Vocabulary
from daybreak.deprecation import RenamedAttribute
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_FIRST_TIMES = 10_000
"""Times that are read before all of them."""


@dataclass(frozen=True, eq=False)
class Events:
    """Positive events, at most one per (user, item), sorted by user and then by time.

    Example:
        >>> events = Events.of(user=[1, 0, 0, 0], item=[5, 7, 5, 7], at=[9.0, 3.0, 1.0, 2.0])
        >>> events.user.tolist(), events.item.tolist(), events.at.tolist()
        ([0, 0, 1], [5, 7, 5], [1.0, 2.0, 9.0])
    """

    user: Rows
    item: Rows
    at: Doubles
    """Epoch seconds; 0 where unknown."""

    @classmethod
    def of(cls, user: object, item: object, at: object, *, seed: int = 0) -> "Events":
        """Sort events and keep the earliest one of each (user, item).

        Equal times are put in a random order that depends on the seed and on the rows of the
        user and the item only: the order of files is often that of the ids, which would be
        learned as if it were behaviour, and another order of the file must not matter.
        """
        users, items = np.asarray(user, dtype=np.int64), np.asarray(item, dtype=np.int64)
        at = np.nan_to_num(np.asarray(at, dtype=np.float64))

        def mixed(rows: Rows) -> tuple[Rows, Any]:
            return items[rows], mix_pairs(users[rows], items[rows], seed)

        order = order_events(users, at, mixed)
        user, item, at = users[order], items[order], at[order]
        if not has_repeated_pairs(user, item):
            return cls(user, item, at)
        n_items = int(item.max(initial=-1)) + 1
        _, first = np.unique(user * n_items + item, return_index=True)
        keep = np.sort(first)
        return cls(user[keep], item[keep], at[keep])

    @classmethod
    def empty(cls) -> "Events":
        """Return no events.

        Example:
            >>> len(Events.empty())
            0
        """
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    @property
    def has_time_order(self) -> bool:
        """Whether the times define an order: there are more than 10 distinct ones."""
        parts = (self.at[:MAX_FIRST_TIMES], self.at)  # the first ones are enough in most data
        return any(len(np.unique(part)) > 10 for part in parts)

    def filter(self, mask: Mask) -> "Events":
        """Return the events for which ``mask`` is true."""
        return Events(self.user[mask], self.item[mask], self.at[mask])

    def count_earlier(self) -> Rows:
        """Return (n_events,) the number of earlier events of the same user."""
        return np.arange(len(self)) - self._history_starts()

    def count_later(self) -> Rows:
        """Return (n_events,) the number of later events of the same user."""
        sizes = np.bincount(self.user, minlength=1)
        return sizes[self.user] - 1 - self.count_earlier()

    def recency_weights(self, factor: float) -> Floats:
        """Return (n_events,) ``factor ** (number of later events)``; ties get the same weight.

        Without known times every event weighs 1: there is no order to forget by. What a user's
        events weigh does not depend on those of others.
        """
        return (factor ** self.count_after()).astype(np.float32)

    def count_after(self) -> Rows:
        """Return (n_events,) the number of events of the same user at a later time.

        Example:
            >>> Events.of([0, 0, 0], [1, 2, 3], [5.0, 5.0, 9.0]).count_after().tolist()
            [1, 1, 0]
        """
        if not len(self):
            return np.empty(0, dtype=np.int64)
        last = np.ones(len(self), dtype=bool)
        last[:-1] = (self.user[1:] != self.user[:-1]) | (self.at[1:] != self.at[:-1])
        end = np.flatnonzero(last)
        later = self.count_later()
        if len(end) == len(self):  # no times are equal
            return later
        group = np.searchsorted(end, np.arange(len(self)))
        return later[end[group]]

    def to_matrix(self, n_users: int, n_items: int, weights: Floats | None = None) -> Sparse:
        """Return the (n_users, n_items) CSR matrix of events, each with 1 or its weight."""
        values = np.ones(len(self), dtype=np.float32) if weights is None else weights
        return EntryPlaces.of(self.user, self.item, (n_users, n_items)).fill(values)

    def _history_starts(self) -> Rows:
        starts = np.arange(len(self))
        starts[1:][self.user[1:] == self.user[:-1]] = 0
        return np.maximum.accumulate(starts)

    def __len__(self) -> int:
        return len(self.user)

    dated = RenamedAttribute("has_time_order")
    where = RenamedAttribute("filter")
    position = RenamedAttribute("count_earlier")
    from_end = RenamedAttribute("count_later")
    decayed = RenamedAttribute("recency_weights")
    matrix = RenamedAttribute("to_matrix")


def mix_pairs(user: Rows, item: Rows, seed: int) -> Any:
    """Return (n,) uint64 pseudo-random numbers, a pure function of pair and seed.

    Source:
        Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure 17
        (the finaliser of SplitMix64).

    Example:
        >>> a, b = mix_pairs(np.array([0, 1]), np.array([7, 7]), seed=0)
        >>> a == mix_pairs(np.array([0]), np.array([7]), seed=0)[0], a == b
        (np.True_, np.False_)
    """
    mask = (1 << 64) - 1
    mixed = np.asarray(user, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = mixed + np.asarray(item, dtype=np.uint64) * np.uint64(0xD1B54A32D192ED03)
    mixed = mixed + np.uint64(((seed & mask) + 1) * 0xBF58476D1CE4E5B9 & mask)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


BLOCK_SIMILARITY_WEIGHTS = {"meaning": 0.5, "picture": 0.25, "sound": 0.1}
"""Prior weight of a content block in the similarity of items; other blocks have weight 1.

Half for the language model was best or within noise of the best on simulated cold items of four
catalogues; 0 was 5 to 20 % worse."""


@dataclass(frozen=True, eq=False)
class ContentBlock:
    """One representation of the content of items: words, attributes or text embeddings."""

    name: str
    matrix: Sparse | Floats
    """(n_items, dim) float32, rows of length 1, or zero rows for items without such content."""
    learned_weight: float | None = None
    """Weight in the similarity of items that was learned; None: the prior weight."""
    quantities: Mask | None = None
    """(dim,) columns that are numbers, ranges of numbers or dates; None: none"""

    @property
    def weight(self) -> float:
        """Weight of the block in the similarity of items, at least 0."""
        if self.learned_weight is not None:
            return self.learned_weight
        return BLOCK_SIMILARITY_WEIGHTS.get(self.name, 1.0)

    def take(self, rows: Rows) -> "ContentBlock":
        """Return the block of the given rows, in their order."""
        return replace(self, matrix=take_any_rows(self.matrix, rows))

    def cosine_similarity(self, other: "ContentBlock") -> Floats:
        """Return the (n_items, n_others) similarities of the rows of two blocks."""
        return other.products(self.matrix)

    def products(self, vectors: Sparse | Floats) -> Floats:
        """Return the (n, n_items) products of (n, dim) vectors with the rows."""
        rows: Any = self.matrix
        is_sparse, (height, width) = sp.issparse(rows), rows.shape
        if is_sparse and height <= MAX_DENSE_ROWS and getattr(vectors, "nnz", 0) >= width:
            few = np.ascontiguousarray(rows.toarray().T)
            return np.asarray(multiply_dense(as_csr(vectors), few), dtype=np.float32)
        product: Any = vectors @ rows.T
        dense = product.toarray() if sp.issparse(product) else product
        return np.asarray(dense, dtype=np.float32)

    cosine = RenamedAttribute("cosine_similarity")


MAX_DENSE_ROWS = 16
"""Number of sparse rows up to which a product with more entries than a row has columns is
faster with dense ones."""
MAX_SIMILARITY_CELLS = 50_000_000
"""Pairs of items whose similarity is computed at a time: 200 MB for each content block."""


@dataclass(frozen=True, eq=False)
class Items:
    """A catalogue or a part of one; its items need not be part of the training data."""

    ids: Vocabulary
    blocks: tuple[ContentBlock, ...] = ()
    created_at: Doubles = field(default_factory=lambda: np.empty(0))
    """(n_items,) creation times [epoch s], NaN: unknown; empty if no item has one."""

    def take(self, rows: Rows) -> "Items":
        """Return the items of the given rows, in their order."""
        return Items(
            Vocabulary(self.ids.ids[row] for row in rows),
            tuple(block.take(rows) for block in self.blocks),
            self.created_at[rows] if len(self.created_at) else self.created_at,
        )

    def similarity(self, others: "Items") -> Floats:
        """Return the (n_items, n_others) weighted sum over blocks of cosine similarities.

        The sum is the kernel of the blocks side by side, each by its share.
        Memory: 4 * n_items * n_others bytes, and at most 8 * ``MAX_SIMILARITY_CELLS`` bytes
        during computation.
        """
        total = np.zeros((len(self), len(others)), dtype=np.float32)
        height = max(MAX_SIMILARITY_CELLS // max(len(others), 1), 1)
        for start in range(0, len(self), height):
            part = total[start : start + height]
            rows = np.arange(start, start + len(part))
            for block, other in zip(self.blocks, others.blocks, strict=True):
                chosen = block if len(rows) == len(self) else block.take(rows)
                part += block.weight * chosen.cosine_similarity(other)
        return total

    def with_block_weights(self, weights: Mapping[str, float]) -> "Items":
        """Return the items with learned weights of blocks; other blocks keep theirs.

        Example:
            >>> words = ContentBlock("words", np.ones((1, 1), np.float32))
            >>> tea = Items(Vocabulary(["tea"]), (words,)).with_block_weights({"words": 0.3})
            >>> tea.blocks[0].weight, tea.similarity(tea)
            (0.3, array([[0.3]], dtype=float32))
        """
        blocks = (
            replace(block, learned_weight=weights.get(block.name, block.learned_weight))
            for block in self.blocks
        )
        return replace(self, blocks=tuple(blocks))

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A catalogue, user profiles, and the events between users and items, all as rows.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> shop = Items(Vocabulary(["tea", "rum", "gin"]))
        >>> data = Dataset(shop, Events.of([0, 1], [1, 1], [0, 0]), n_users=2)
        >>> data.train_items.ids.ids
        ('rum',)
    """

    items: Items
    events: Events
    n_users: int
    profiles: Sparse = None
    """(n_users, n_attributes) CSR of 0 and 1; without columns if no user has a profile."""
    kernel: Floats | None = field(default=None, repr=False)
    """(n_items, n_items) content similarities, if they are computed already."""
    statements: Statements | None = field(default=None, repr=False)
    """Simulated statements about items, on which the weight of wishes is fitted."""
    repeated: Events | None = field(default=None, repr=False)
    """All positive events, with repeated pairs, sorted by user and then by time; None if no
    pair is repeated."""
    unchosen: Mask | None = field(default=None, repr=False)
    """(n_items,) items with events of which none is positive, such as views or bad ratings;
    None if there are none."""
    recency: RecencyCurve = field(default_factory=RecencyCurve, repr=False)
    """Weights of earlier events in the recent histories of queries."""
    sources: SourceData | None = field(default=None, repr=False)
    """What other domains know of the users and items; None: there are no sources."""
    user_weights: Floats | None = field(default=None, repr=False)
    """(n_users,) weights of users in the statistics of pairs, above 0 and at most 1; None: 1"""
    common_terms: CommonTerms = field(default_factory=CommonTerms, repr=False)
    """Columns of profiles that say the same as columns of the content."""
    cache: dict[str, Any] = field(default_factory=dict, repr=False, init=False)
    """Statistics that several models share, by name; each is a pure function of the data."""

    def __post_init__(self) -> None:
        if self.profiles is None:
            object.__setattr__(
                self, "profiles", sp.csr_array((self.n_users, 0), dtype=np.float32)
            )

    @property
    def all_events(self) -> Events:
        """Positive events with repeated pairs, sorted by user and then by time."""
        return self.events if self.repeated is None else self.repeated

    @cached_property
    def train_item_rows(self) -> Rows:
        """Rows of the items with events; all rows if no item has one."""
        rows = np.unique(self.events.item)
        return rows if len(rows) else np.arange(len(self.items))

    @cached_property
    def train_items(self) -> Items:
        """The items with events, which are the columns of histories; models store their ids."""
        return self.items.take(self.train_item_rows)

    @cached_property
    def interactions(self) -> Sparse:
        """(n_active_users, n_train_items) CSR of ones; without users that have no events."""
        return self.interactions_of(self.events)

    def interactions_of(self, events: Events) -> Sparse:
        """Return the (n_active_users, n_train_items) CSR of ones for some of the events."""
        row = np.searchsorted(self.active_user_rows, events.user)
        shape = (len(self.active_user_rows), len(self.train_item_rows))
        ones = np.ones(len(events), dtype=np.float32)
        return EntryPlaces.of(row, self.train_columns[events.item], shape).fill(ones)

    @cached_property
    def train_columns(self) -> Rows:
        """(n_items,) position of each item among the training items, -1 for others."""
        column = np.full(len(self.items), -1)
        column[self.train_item_rows] = np.arange(len(self.train_item_rows))
        return column

    @cached_property
    def active_user_rows(self) -> Rows:
        """Rows of the users with events."""
        return np.unique(self.events.user)

    @cached_property
    def user_counts(self) -> Floats:
        """(n_train_items,) number of users of each training item."""
        counts = np.bincount(self.events.item, minlength=len(self.items))
        return counts[self.train_item_rows].astype(np.float32)

    @cached_property
    def pair_weights(self) -> Floats:
        """(n_active_users,) weights of the users with events in the statistics of pairs."""
        if self.user_weights is None:
            return np.ones(len(self.active_user_rows), dtype=np.float32)
        return self.user_weights[self.active_user_rows]

    @cached_property
    def weighted_interactions(self) -> Sparse:
        """(n_active_users, n_train_items) CSR of the roots of the weights of users.

        The product ``X'X`` is the sum over users of their pairs, each with its weight.
        """
        if self.user_weights is None:
            return self.interactions
        x = self.interactions
        values = np.repeat(np.sqrt(self.pair_weights), row_sizes(x))
        return sp.csr_array((values, x.indices, x.indptr), shape=x.shape)

    @cached_property
    def weighted_counts(self) -> Floats:
        """(n_train_items,) sums of the weights of the users of each training item."""
        if self.user_weights is None:
            return self.user_counts
        weights = self.user_weights[self.events.user]
        sums = np.bincount(self.events.item, weights, minlength=len(self.items))
        return sums[self.train_item_rows].astype(np.float32)

    def filter_events(self, mask: Mask) -> "Dataset":
        """Return the data set with only the events for which ``mask`` is true."""
        return self.with_events(self.events.filter(mask))

    def with_events(self, events: Events) -> "Dataset":
        """Return the data set with these events, without repeated pairs, instead of its own."""
        return Dataset(
            self.items,
            events,
            self.n_users,
            self.profiles,
            self.kernel,
            self.statements,
            unchosen=self.unchosen,
            recency=self.recency,
            sources=self.sources,
            user_weights=self.user_weights,
            common_terms=self.common_terms,
        )

    memo = RenamedAttribute("cache")
    anchor_rows = RenamedAttribute("train_item_rows")
    anchors = RenamedAttribute("train_items")
    active = RenamedAttribute("active_user_rows")
    counts = RenamedAttribute("user_counts")
    visible = RenamedAttribute("filter_events")


DISLIKE_WEIGHT = 1.0
"""Weight of a disliked item in a history, relative to that of a positive event.

On ml100k with ratings below 2.5 as dislikes, 1 raised NDCG@10 of later positive events by
.014 ± .011 after 30 ratings and by .000 ± .003 after 3 or 10, and the share of items that the
user rated badly later fell from .027 to .022; 0.5 gained .004, and 0.1 and 0.25 less. With bad
ratings alone it was .015 ± .008 above the list for a user of whom nothing is known.
"""


@dataclass(frozen=True, eq=False)
class Queries:
    """A batch of queries: the known events and the profile of users, both possibly empty."""

    train_items: Items
    """Items that are the columns of the histories."""
    history: Sparse
    """(n_queries, n_train_items) CSR of events, rows divided by the root of ``n_events``;
    disliked items are negative."""
    recent_history: Sparse
    """(n_queries, n_train_items) CSR of recency weights: 1 for the last event, less before;
    disliked items are negative."""
    profile: Sparse
    """(n_queries, n_attributes) CSR of 0 and 1."""
    n_events: Floats
    """(n_queries,) number of known positive events; 1 where there are only dislikes."""
    wish: tuple[Sparse | Floats, ...] = ()
    """One (n_wishes, dim) matrix per content block of ``train_items``: what users say they
    want, as content; rows of a query without a wish are zero, and what a user does not want is
    negative. Empty if no query has a wish."""
    repeats: Sparse = None
    """(n_queries, n_train_items) CSR of decayed personal frequencies; None if no list may
    contain what its user has taken before."""
    wish_query: Rows | None = None
    """(n_wishes,) query of each wish, ascending; None: one for each query."""
    unseen_content: Sparse = None
    """(n_queries, n_columns) CSR: content blocks of the chosen items that are no training
    items, side by side, summed like the rows of ``history``; None if there are none."""
    recency: RecencyCurve = field(default_factory=RecencyCurve)
    """The curve of the recency weights."""
    source_history: Sparse = None
    """(n_queries, n_columns) CSR: events on items of sources, rows divided by the root of their
    number; None if there are no sources."""
    memory: Sparse = None
    """(n_queries, n_memories * n_train_items) CSR: the history faded at each rate of
    :data:`.MEMORY_DECAYS`, side by side; None: not needed."""
    pause_s: Doubles | None = None
    """(n_queries,) time since the last event [s], NaN: unknown; None: all unknown."""

    @property
    def has_wish(self) -> Mask:
        """(n_queries,) whether the query has a wish that the content of items can answer."""
        found = np.zeros(len(self), dtype=bool)
        for block in self.wish:
            is_filled = np.asarray(abs(block).sum(axis=1)).ravel() > 0
            found[self.wish_owners[is_filled]] = True
        return found

    @property
    def wish_owners(self) -> Rows:
        """(n_wishes,) query of each wish, ascending."""
        return np.arange(len(self)) if self.wish_query is None else self.wish_query

    @property
    def has_sources(self) -> Mask:
        """(n_queries,) whether the query has events on items of sources."""
        if self.source_history is None:
            return np.zeros(len(self), dtype=bool)
        return np.asarray(row_sizes(self.source_history) > 0)

    def without_wishes(self) -> "Queries":
        """Return the queries without what users say."""
        return replace(self, wish=(), wish_query=None)

    @classmethod
    def for_users(cls, data: Dataset, events: Events, users: Rows) -> "Queries":
        """Build the queries of users of a data set from the given events.

        Args:
            data: Data set that defines the training items and the profiles.
            events: Events that are known at query time.
            users: (n_queries,) rows of the users.
        """
        query_row = np.full(data.n_users, -1)
        query_row[users] = np.arange(len(users))
        known = events.filter(query_row[events.user] >= 0)
        by_query = Events(query_row[known.user], known.item, known.at)
        queries = cls.for_histories(data, by_query, data.profiles[users])
        if data.sources is None:
            return queries
        chosen = by_query.to_matrix(len(users), len(data.items))
        return queries.with_source_history(data.sources.of_queries(users, chosen))

    @classmethod
    def for_histories(
        cls, data: Dataset, known: Events, profiles: Sparse, pause_s: Doubles | None = None
    ) -> "Queries":
        """Build queries from events.

        Args:
            data: Data set that defines the training items.
            known: Known events, sorted by query and then by time; ``user`` is the query.
            profiles: (n_queries, n_attributes) CSR.
            pause_s: (n_queries,) time since the last event [s]; None: unknown.
        """
        column = data.train_columns[known.item]
        kept = column >= 0
        shape = (profiles.shape[0], len(data.train_item_rows))
        places = EntryPlaces.of(known.user[kept], column[kept], shape)
        n_later = known.count_after()
        recent = places.fill(data.recency.weights(n_later)[kept])
        counts = places.fill(np.ones(int(kept.sum()), dtype=np.float32))
        queries = cls.from_history(data.train_items, counts, recent, profiles)
        memories = [places.fill(one[kept]) for one in memory_weights(n_later)]
        memory = drop_zeros(reduce(join_columns, memories))
        return replace(queries, recency=data.recency, memory=memory, pause_s=pause_s)

    @classmethod
    def from_history(
        cls,
        train_items: Items,
        counts: Sparse,
        recent_history: Sparse,
        profile: Sparse,
        n_events: Floats | None = None,
    ) -> "Queries":
        """Build queries from histories.

        Args:
            train_items: Items that are the columns of the histories.
            counts: (n_queries, n_train_items) CSR, 1 per event.
            recent_history: (n_queries, n_train_items) CSR of recency weights.
            profile: (n_queries, n_attributes) CSR of 0 and 1.
            n_events: (n_queries,) number of positive events; default: the row sums of
                ``counts``, which then has no negative entries.
        """
        if n_events is None:
            n_events = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
        scale = 1 / np.sqrt(np.maximum(n_events, 1e-6))
        history = as_csr(counts if counts.dtype == np.float32 else counts.astype(np.float32))
        scaled = history.data * np.repeat(scale, row_sizes(history))
        history = make_csr(scaled, history.indices, history.indptr, counts.shape)
        return cls(train_items, history, as_csr(recent_history), as_csr(profile), n_events)

    def without_dislikes(self) -> "Queries":
        """Return the queries with positive entries only, for models that can use no others."""
        if not len(self.history.data) or self.history.data.min() >= 0:
            return self
        return replace(
            self,
            history=self.history.maximum(0),
            recent_history=self.recent_history.maximum(0),
        )

    def take(self, rows: Rows) -> "Queries":
        """Return the queries of the given rows."""
        wishes, wish_query = rows, None
        if self.wish_query is not None:
            starts = np.searchsorted(self.wish_query, rows)
            counts = np.searchsorted(self.wish_query, rows, side="right") - starts
            wish_query = np.repeat(np.arange(len(rows)), counts)
            firsts = np.repeat(starts - (np.cumsum(counts) - counts), counts)
            wishes = firsts + np.arange(len(wish_query))
        return Queries(
            self.train_items,
            take_rows(self.history, rows),
            take_rows(self.recent_history, rows),
            take_rows(self.profile, rows),
            self.n_events[rows],
            tuple(take_any_rows(block, wishes) for block in self.wish),
            None if self.repeats is None else take_rows(self.repeats, rows),
            wish_query,
            None if self.unseen_content is None else take_rows(self.unseen_content, rows),
            self.recency,
            None if self.source_history is None else take_rows(self.source_history, rows),
            None if self.memory is None else take_rows(self.memory, rows),
            None if self.pause_s is None else self.pause_s[rows],
        )

    def with_repeats(self, repeats: Sparse) -> "Queries":
        """Return the queries with decayed personal frequencies; see ``repeats``."""
        return replace(self, repeats=as_csr(repeats.astype(np.float32, copy=False)))

    def with_source_history(self, counts: Sparse) -> "Queries":
        """Return the queries with events on items of sources.

        Args:
            counts: (n_queries, n_columns) CSR, 1 per event.
        """
        n_events = row_sizes(counts)
        scale = np.repeat(1 / np.sqrt(np.maximum(n_events, 1)), n_events).astype(np.float32)
        scaled = sp.csr_array(
            (counts.data * scale, counts.indices, counts.indptr), counts.shape
        )
        return replace(self, source_history=scaled)

    def __len__(self) -> int:
        return int(self.history.shape[0])

    of = RenamedAttribute("for_users")
    anchors = RenamedAttribute("train_items")
    recent = RenamedAttribute("recent_history")
