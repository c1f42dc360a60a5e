"""Builds queries of the models from the events, profiles and texts of users.

:class:`UserContext` holds events, profiles and texts; :class:`QueryBuilder` turns them into a
:class:`QueryBatch`, which :class:`~daybreak.service.state.ranker.CatalogueRanker` ranks.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.dataset import Events, Items, Queries
from daybreak.data.derived_arrays import DerivedArrays
from daybreak.data.event_log import EventLog
from daybreak.data.memory import LIVE_S, memory_weights, present_time
from daybreak.data.recency import RecencyCurve
from daybreak.data.repeats import repeat_frequencies
from daybreak.data.sources import as_indicators
from daybreak.data.sparse_rows import build_csr, empty_csr, entry_indices, row_sizes, take_rows
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.wishes import TextEncodeFn
from daybreak.models.shared_content import nearest_neighbour_weights
from daybreak.models.shared_content_columns import content_columns
from daybreak.ranked_lists import is_set
from daybreak.ranking.blending.weights import nearest_level
from daybreak.ranking.explain import PartName, QueryParts
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.state.dislikes import dislike_recency, dislike_weights
from daybreak.service.state.exclusion import ShopExclusion, excluded_pairs
from daybreak.service.state.item_neighbours import N_NEIGHBOURS, ItemNeighbours
from daybreak.service.state.item_updates import ItemUpdate
from daybreak.service.state.rules import CompiledRules
from daybreak.service.state.stated_quantities import StatedQuantities
from daybreak.service.state.stated_ranks import read_ranks
from daybreak.service.state.wishes import WishEncoder
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MIN_RECENCY_WEIGHT = 0.01
"""Smallest weight of an event in the recent history; smaller ones change nothing."""
MAX_PRECOMPUTED_ITEMS = 2_000
"""Default of :attr:`QueryBuilder.max_precomputed`."""
MAX_PRECOMPUTED_PAIRS = 500_000_000
"""Largest number of pairs of new items and training items that are compared in advance."""
MAX_CACHED_TEXTS = 1_000
"""Largest number of texts whose neighbours are cached."""

Pairs = tuple[Rows, Rows]
"""Parallel columns: positions of queries, and rows of the catalogue."""


@dataclass(frozen=True, eq=False)
class UserContext:
    """Events, profiles and texts of the users of a batch, by position in the batch."""

    events: Events
    """Positive events; ``user`` is the position, ``item`` a row of the catalogue."""
    profile: Sparse
    """(n_users, n_attributes + n_source_items) attributes, then items of other domains"""
    texts: dict[int, str]
    """Position to the user's own words, without those in :attr:`stated`."""
    log: EventLog = field(default_factory=EventLog.empty)
    """All events, with repeated pairs and their types; ``user`` is the position."""
    disliked: Events = field(default_factory=Events.empty)
    """Pairs whose latest event is negative."""
    stated: dict[int, StatedQuantities] = field(default_factory=dict)
    """Position to what the user's own words say about prices, years and the like."""
    asked_at: Doubles | None = None
    """(n_users,) time at which each user is asked [epoch s]; NaN, None: that of the rules."""

    def request_times(self, at: Sequence[float | None] | None) -> Doubles:
        """Return (n_users,) the times of the requests [epoch s]; NaN: the present.

        Args:
            at: Times of the rules, for users without a time of their own.
        """
        given = np.array([None] * len(self) if at is None else at, dtype=np.float64)
        if self.asked_at is None:
            return given
        return np.where(np.isnan(self.asked_at), given, self.asked_at)

    @property
    def seen(self) -> Pairs:
        """Every item that a user has any event with."""
        return self.log.user.astype(np.int64), self.log.item.astype(np.int64)

    @cached_property
    def is_hot(self) -> Mask:
        """(n_users,) whether the user has a positive event."""
        return np.bincount(self.events.user, minlength=len(self)) > 0

    @cached_property
    def has_profile(self) -> Mask:
        """(n_users,) whether the user has an attribute or a text."""
        known = row_sizes(self.profile) > 0
        known[list(self.texts)] = True
        known[list(self.stated)] = True
        return np.asarray(known, dtype=bool)

    def only(self, position: int) -> "UserContext":
        """Return the context of one user."""
        texts = {0: self.texts[position]} if position in self.texts else {}
        return UserContext(
            _events_of(self.events, position),
            self.profile[[position]],
            texts,
            disliked=_events_of(self.disliked, position),
            stated={0: self.stated[position]} if position in self.stated else {},
            asked_at=None if self.asked_at is None else self.asked_at[[position]],
        )

    def __len__(self) -> int:
        return int(self.profile.shape[0])


def _events_of(events: Events, position: int) -> Events:
    """Return the events of one user, whose position becomes 0."""
    own = events.filter(events.user == position)
    return Events(np.zeros_like(own.user), own.item, own.at)


@dataclass(frozen=True, eq=False)
class QueryBatch:
    """A batch of queries with everything that decides their lists."""

    users: Sequence[str]
    """Name of the user of each query; a name may occur twice."""
    context: UserContext
    queries: Queries
    excluded: Sparse
    """(n_queries, n_items) CSR of the items that a list must not contain."""
    rules: Sequence[CompiledRules]
    """One for each query; equal rules are the same object."""
    k: Sequence[int]
    """Length of each list."""

    def mask_excluded(self, scores: Floats, rows: Rows) -> None:
        """Set the scores of excluded items to ``-inf``.

        Args:
            scores: (n, n_items) scores of these queries; changed in place.
            rows: (n,) positions of the queries.
        """
        whole = len(rows) == len(self.users)
        excluded = self.excluded if whole else take_rows(self.excluded, rows)
        scores[entry_indices(excluded)] = -np.inf

    def repeats_of(self, query: int) -> Sparse:
        """Return the (1, n_train_items) personal frequencies of a query, or None."""
        repeats = self.queries.repeats
        return None if repeats is None else take_rows(repeats, np.array([query]))

    def iter_chunks(self, max_queries: int) -> Iterator[tuple[Rows, Queries]]:
        """Yield positions and queries, at most ``max_queries`` at a time."""
        if len(self) <= max_queries:
            yield np.arange(len(self)), self.queries
            return
        for start in range(0, len(self), max_queries):
            rows = np.arange(start, min(start + max_queries, len(self)))
            yield rows, self.queries.take(rows)

    def group_by_popularity(self, rows: Rows) -> dict[float | None, Rows]:
        """Return the positions within ``rows`` of queries with the same ``popularity``.

        Args:
            rows: (n,) positions of queries.
        """
        settings = [self.rules[row].rules.popularity for row in rows.tolist()]
        distinct = dict.fromkeys(settings)
        if len(distinct) <= 1:
            return dict.fromkeys(distinct or (None,), np.arange(len(rows)))
        return {
            one: np.flatnonzero([setting == one for setting in settings]) for one in distinct
        }

    def __len__(self) -> int:
        return len(self.users)


@dataclass(eq=False)
class QueryBuilder:
    """Expresses histories in the items that the models were trained on.

    An event on an item that no model has seen, and a text, become one event that is spread over
    the most similar training items, so that every strategy can use it.
    """

    train_items: Items
    items: Items
    """The current catalogue."""
    has_times: bool
    """Whether the training events have times; without them no event is more recent."""
    encode_texts: TextEncodeFn = field(repr=False)
    """Encodes texts as blocks of content."""
    exclusion: ShopExclusion = field(default_factory=ShopExclusion)
    """Which events exclude their items."""
    spreads_texts: bool = False
    """Whether a text counts as an event on similar items, for models without wishes."""
    repeat_decay: float | None = None
    """Factor of the weight of a basket per later one in personal frequencies; None: the blend
    does not use them."""
    reads_content: bool = False
    """Whether the blend reads the content of chosen items that are no training items."""
    trained_until: float | None = None
    """Newest event of the training [epoch s] if the blend reads pauses, else None."""
    reads_memories: bool = False
    """Whether the blend reads memories."""
    recency: RecencyCurve = field(default_factory=RecencyCurve)
    """Weights of earlier events in recent histories, as in the training."""
    source_ids: Vocabulary = field(default_factory=lambda: Vocabulary(()))
    """Items of other domains, which are the last columns of profiles."""
    wish_weights: Doubles = field(default_factory=lambda: np.zeros(0), repr=False)
    """(n_levels,) weight of a full likeness to a wish in the blend."""
    titles: pl.Series | None = field(default=None, repr=False)
    """(n_items,) titles of the catalogue, by which texts name items."""
    max_precomputed: int = MAX_PRECOMPUTED_ITEMS
    """Largest number of new items whose neighbours are computed before an event names them."""
    _neighbours: ItemNeighbours = field(init=False, repr=False)
    _text_neighbours: OrderedDict[str, Sparse] = field(default_factory=OrderedDict, repr=False)
    """Text to its (1, n_train_items) neighbour weights, the latest last."""
    _wishes: WishEncoder = field(init=False, repr=False)
    _train_row: Rows = field(init=False, repr=False)
    """(n_items,) row among the training items, -1 for new items."""

    def __post_init__(self) -> None:
        self._train_row = self.train_items.ids.rows(self.items.ids)
        self._wishes = WishEncoder(self.encode_texts, self.items, self.titles)
        self._neighbours = ItemNeighbours(self.train_items)
        new_rows = np.flatnonzero(self._train_row < 0)
        if len(new_rows) <= self.max_precomputed:
            self._neighbours.compute(self.items, new_rows.tolist())

    def build(
        self,
        users: Sequence[str],
        context: UserContext,
        rules: Sequence[CompiledRules],
        k: Sequence[int],
        excluded: Pairs | None = None,
        exclude_seen: bool | None = None,
    ) -> QueryBatch:
        """Return a batch of queries.

        Args:
            users: Name of the user of each query.
            context: Their events, profiles and texts.
            rules: One for each query; equal rules must be the same object.
            k: Length of each list.
            excluded: Further pairs that must not be recommended.
            exclude_seen: Whether seen items are excluded, unless the rules say otherwise; None:
                by the rule of the shop.
        """
        list_rules = [one.rules for one in rules]
        queries, items = self.excluded_pairs(users, context, list_rules, exclude_seen)
        if excluded is not None:
            queries, items = np.r_[queries, excluded[0]], np.r_[items, excluded[1]]
        ones = np.ones(len(queries), dtype=np.float32)
        pairs = build_csr(queries, items, ones, (len(users), len(self.items)))
        made = self.queries(context, [one.at for one in list_rules])
        if self.repeat_decay is not None and len(context.log):
            made = made.with_repeats(self._personal_frequencies(context, pairs))
        if context.stated:
            rules = self._with_stated(rules, context, made)
        return QueryBatch(users, context, made, pairs, rules, k)

    def read_ranks(
        self, texts: Mapping[int, str], stated: Mapping[int, StatedQuantities], n_users: Doubles
    ) -> tuple[dict[int, str], dict[int, StatedQuantities]]:
        """Return the result of :func:`.read_ranks` for the wishes of the catalogue."""
        return read_ranks(texts, stated, n_users, self._wishes)

    def _with_stated(
        self, rules: Sequence[CompiledRules], context: UserContext, made: Queries
    ) -> list[CompiledRules]:
        """Return rules with what users say about quantities; equal ones are the same object."""
        levels, found = nearest_level(made.n_events), list(rules)
        joined: dict[tuple[int, int, int], CompiledRules] = {}
        for position, stated in context.stated.items():
            level = int(levels[position])
            key = (id(rules[position]), id(stated), level)
            if key not in joined:
                weight = float(self.wish_weights[level]) if len(self.wish_weights) else 0.0
                about = likeness = None
                if stated.topic:
                    about = self._wishes.about(stated.topic)
                    likeness = self._wishes.likeness(stated.topic) if stated.bounds else None
                assigned = stated.assign(self._wishes.most_like)
                joined[key] = rules[position].with_stated(assigned, weight, about, likeness)
            found[position] = joined[key]
        return found

    def excluded_pairs(
        self,
        users: Sequence[str],
        context: UserContext,
        rules: Sequence[Rules],
        exclude_seen: bool | None = None,
    ) -> Pairs:
        """Return the items that events of users exclude, and in networks the users themselves.

        Args:
            users: Name of each user.
            context: Their events.
            rules: Rules of the list of each user.
            exclude_seen: See :meth:`build`.
        """
        chosen = [self.exclusion.choose(one, exclude_seen) for one in rules]
        queries, items = excluded_pairs(context.log.without_revised(context.disliked), chosen)
        own_queries, own_items = self.own_items(users)
        if not len(own_items):  # outside networks
            return queries, items
        return np.r_[queries, own_queries], np.r_[items, own_items]

    def own_items(self, users: Sequence[str]) -> Pairs:
        """Return the positions of users who are items of a network, and the rows of these."""
        return self.exclusion.own_items(users, self.items.ids)

    def queries(
        self, context: UserContext, at: Sequence[float | None] | None = None
    ) -> Queries:
        """Return one query for each user.

        Args:
            context: Events, profiles and texts of the users.
            at: Time of each query whose user has none [epoch s]; None: the present.
        """
        n, events = len(context), context.events
        weights = self._recency_weights(events)
        counts = weights >= MIN_RECENCY_WEIGHT
        plain = self._sum_events(events, np.ones(len(events), dtype=np.float32), n)
        recent = self._sum_events(events.filter(counts), weights[counts], n)
        if context.texts and self.spreads_texts:
            texts = list(context.texts.values())
            spread = self._sum_rows(self._neighbours_of_texts(texts), list(context.texts), n)
            plain, recent = plain + spread, recent + spread
        n_events = np.asarray(plain.sum(axis=1), dtype=np.float32).ravel()
        if len(context.disliked):
            against, recently_against = self._sum_dislikes(context, context.disliked.user, n)
            plain, recent = plain + against, recent + recently_against
            n_events[np.unique(context.disliked.user[n_events[context.disliked.user] == 0])] = 1
        attributes, told = self._split_profile(context)
        queries = Queries.from_history(self.train_items, plain, recent, attributes, n_events)
        queries = replace(queries, recency=self.recency)
        if told is not None:
            queries = queries.with_source_history(told)
        if self.reads_content:
            queries = replace(
                queries, unseen_content=self._unseen_content(events, n_events, events.user)
            )
        if self.trained_until is not None:
            queries = replace(queries, pause_s=self._pauses(events, context.request_times(at)))
        if self.reads_memories:
            queries = replace(queries, memory=self._memories(events, events.user, n))
        if context.texts and self.train_items.blocks:
            said = self._wishes.encode(context.texts)
            queries = replace(queries, wish=said.vectors, wish_query=said.owners)
        return queries

    def _split_profile(self, context: UserContext) -> tuple[Sparse, Sparse | None]:
        """Return attributes, and (n, n_source_items) CSR of ones; None: there are no sources.

        What somebody chose in this catalogue counts as well, where a source has the same item.
        """
        n_sources = len(self.source_ids)
        if not n_sources:
            return context.profile, None
        n_attributes = context.profile.shape[1] - n_sources
        profile = sp.csr_array(context.profile)
        told = sp.csr_array(profile[:, n_attributes:])
        column = self._source_columns[context.events.item]
        known = column >= 0
        if known.any():
            ones = np.ones(int(known.sum()), dtype=np.float32)
            shape = (len(context), n_sources)
            told = told + build_csr(context.events.user[known], column[known], ones, shape)
        return sp.csr_array(profile[:, :n_attributes]), as_indicators(told)

    @cached_property
    def _source_columns(self) -> Rows:
        """(n_items,) column of each item of the catalogue among those of sources, or -1."""
        return np.asarray(self.source_ids.rows(self.items.ids))

    def _memories(self, events: Events, owner: Rows, n: int) -> Sparse:
        """Return (n, n_memories * n_train_items) sums of faded events.

        Args:
            events: Positive events.
            owner: (n_events,) row of each event in the result.
            n: Number of rows.
        """
        owned = Events(owner, events.item, events.at)
        parts = [
            self._sum_events(owned.filter(one > 0), one[one > 0], n)
            for one in memory_weights(events.count_after())
        ]
        return sp.csr_array(sp.hstack(parts, format="csr"), dtype=np.float32)

    def _pauses(self, events: Events, given: Doubles) -> Doubles:
        """Return (n,) times since the last event of each query [s]; NaN: unknown.

        People of data of the past come back after a long time, unless the request says when.

        Args:
            events: Positive events.
            given: (n,) times of the queries [epoch s]; NaN: the present.
        """
        latest = np.full(len(given), np.nan)
        known = np.flatnonzero((events.at > 0) & self.has_times)
        latest[events.user[known]] = events.at[known]  # the last one of each user stays
        clock = time.time()
        present = present_time(self.trained_until or 0.0, clock)
        is_live = (latest >= clock - LIVE_S) | (present == clock)
        now = np.where(is_live, clock, present if self.reads_memories else np.inf)
        now = np.where(np.isnan(given), now, given)
        latest = np.where(np.isinf(latest), now, latest)
        return np.where(np.isnan(latest), np.nan, np.maximum(now - latest, 0.0))

    def _unseen_content(self, events: Events, n_events: Floats, owner: Rows) -> Sparse:
        """Return (n_queries, n_columns) the content of chosen items that are new, or None.

        Args:
            events: Positive events.
            n_events: (n_queries,) numbers of positive events.
            owner: (n_events,) query of each event.
        """
        new = np.flatnonzero(self._train_row[events.item] < 0)
        if not len(new) or not self.items.blocks:
            return None
        rows, column = np.unique(events.item[new], return_inverse=True)
        weights = 1 / np.sqrt(np.maximum(n_events[owner[new]], 1e-6))
        owns = build_csr(
            owner[new], column, weights.astype(np.float32), (len(n_events), len(rows))
        )
        content = content_columns(self.items.take(rows))
        return sp.csr_array(owns @ content, dtype=np.float32)

    def _personal_frequencies(self, context: UserContext, excluded: Sparse) -> Sparse:
        """Return (n_queries, n_train_items) frequencies of items that lists may contain."""
        decay = 1.0 if self.repeat_decay is None else self.repeat_decay
        shape, width = (len(context), len(self.items)), len(self.train_items)
        events = context.log.positive()
        if is_set(excluded, events.user, events.item).all():  # as where nothing is repeated
            return empty_csr((len(context), width))
        frequencies = repeat_frequencies(events, decay, *shape)
        user, item = entry_indices(frequencies)
        rows = self._train_row[item]
        kept = (rows >= 0) & ~is_set(excluded, user, item)
        return build_csr(user[kept], rows[kept], frequencies.data[kept], (len(context), width))

    def query_parts(self, context: UserContext, at: float | None = None) -> QueryParts:
        """Return the query of one user in parts: one for each event and each text.

        Args:
            context: Context of one user; see :meth:`UserContext.only`.
            at: Time of the query if its user has none [epoch s]; None: the present.
        """
        events = context.events
        weights = self._recency_weights(events)
        each = Events(np.arange(len(events)), events.item, events.at)
        plain = self._sum_events(each, np.ones(len(each), dtype=np.float32), len(each))
        recent = self._sum_events(
            each, np.where(weights >= MIN_RECENCY_WEIGHT, weights, 0), len(each)
        )
        ids = self.items.ids.ids
        names: list[PartName] = [("event", ids[row]) for row in events.item]
        disliked = [ids[row] for row in context.disliked.item]
        if disliked:
            names += [("event", id_) for id_ in disliked]
            rows = self._sum_dislikes(context, np.arange(len(disliked)), len(disliked))
            plain, recent = sp.vstack([plain, rows[0]]), sp.vstack([recent, rows[1]])
        if context.texts and self.spreads_texts:
            texts = list(context.texts.values())
            names += [("text", text) for text in texts]
            rows = self._neighbours_of_texts(texts)
            plain, recent = sp.vstack([plain, rows]), sp.vstack([recent, rows])
        said = None
        if context.texts and self.train_items.blocks:
            said = self._wishes.encode(context.texts)
        parts = QueryParts(
            tuple(names),
            sp.csr_array(plain),
            sp.csr_array(recent),
            self._split_profile(context)[0],
            None if said is None else sp.csr_array(sp.hstack(said.vectors)),
            () if said is None else tuple(("text", name) for name in said.names),
            disliked=frozenset(disliked),
            recency=self.recency,
        )
        told = self._split_profile(context)[1]
        if told is not None:
            named = tuple(("event", self.source_ids.ids[c]) for c in told.indices.tolist())
            each_told = build_csr(
                np.arange(told.nnz), told.indices, told.data, (told.nnz, told.shape[1])
            )
            parts = replace(parts, sources=each_told, source_names=named)
        parts = self._with_pause(parts, events, context.request_times([at]))
        if not self.reads_content:
            return parts
        ones = np.ones(len(parts.history), dtype=np.float32)
        return replace(parts, unseen_content=self._unseen_content(each, ones, each.user))

    def _with_pause(self, parts: QueryParts, events: Events, at: Doubles) -> QueryParts:
        """Return the parts with the pause and what the query remembers, where it is needed."""
        if self.trained_until is not None:
            parts = replace(parts, pause_s=float(self._pauses(events, at)[0]))
        if not self.reads_memories:
            return parts
        memory = self._memories(events, np.arange(len(events)), len(parts.history))
        return replace(parts, memory=memory)

    def precompute_neighbours(
        self, max_items: int, shared: DerivedArrays | None = None
    ) -> None:
        """Compute the neighbours of at most ``max_items`` new items in advance.

        They are compared with all training items: of a large catalogue, the neighbours of as
        many items are computed as :data:`MAX_PRECOMPUTED_PAIRS` allow, and those of others
        when a query needs them.

        Args:
            max_items: Largest number of items.
            shared: Arrays of the release whose catalogue this is; None: it has changed.
        """
        most = min(max_items, MAX_PRECOMPUTED_PAIRS // max(len(self.train_items), 1))
        new_rows = np.flatnonzero(self._train_row < 0)[:most]
        self._neighbours.compute(self.items, new_rows.tolist(), shared)

    def with_updated_rows(
        self, update: ItemUpdate, titles: pl.Series | None = None
    ) -> "QueryBuilder":
        """Return a builder for a catalogue in which some rows are new or have changed.

        Args:
            update: The catalogue, and its new and changed rows.
            titles: (n_items,) its titles.
        """
        items, updated = update.items, copy(self)
        updated.__dict__.pop("_source_columns", None)
        updated.items, updated.titles = items, titles
        updated._wishes = self._wishes.with_items(items, titles)
        updated._neighbours = self._neighbours.without(update.rows.tolist())
        added = self.train_items.ids.rows(items.ids.ids[len(self.items) :])
        updated._train_row = np.r_[self._train_row, added]
        is_new = updated._train_row[update.rows] < 0
        if is_new.sum() <= self.max_precomputed:
            updated._neighbours.compute_part(update, np.flatnonzero(is_new))
        return updated

    def clear_text_cache(self) -> None:
        """Remove all cached texts."""
        self._text_neighbours.clear()
        self._wishes.clear()

    def _sum_dislikes(self, context: UserContext, owner: Rows, n: int) -> tuple[Sparse, Sparse]:
        """Return the (n, n_train_items) negative entries of disliked items, plain and recent.

        Args:
            context: Liked and disliked items.
            owner: (n_disliked,) row of each disliked item in the result.
            n: Number of rows.
        """
        liked, disliked = context.events, context.disliked
        weights = dislike_weights(liked, disliked, len(context))
        recent = weights
        if self.has_times:
            recent = weights * dislike_recency(liked, disliked, self.recency)
        owned = Events(owner, disliked.item, disliked.at)
        return self._sum_events(owned, weights, n), self._sum_events(owned, recent, n)

    def _recency_weights(self, events: Events) -> Floats:
        """Return the weight of each event in the recent history; a user's latest weighs 1.

        Whether times are known was decided at training: a list must not depend on the other
        users of the batch.
        """
        if not self.has_times:
            return np.ones(len(events), dtype=np.float32)
        return self.recency.weights(events.count_after())

    def _sum_events(self, events: Events, weights: Floats, n: int) -> Sparse:
        """Return (n, n_train_items) sums of event weights over the training items."""
        train_rows = self._train_row[events.item]
        known = train_rows >= 0
        shape = (n, len(self.train_items))
        if known.all():
            return build_csr(events.user, train_rows, weights, shape)
        new_events = np.flatnonzero(~known)
        neighbours = self._neighbours.of(self.items, events.item[new_events].tolist())
        sizes = [len(row.items) for row in neighbours]
        spread = np.concatenate([row.weights for row in neighbours])
        total = build_csr(
            np.concatenate([events.user[known], np.repeat(events.user[new_events], sizes)]),
            np.concatenate([train_rows[known], *(row.items for row in neighbours)]),
            np.concatenate([weights[known], np.repeat(weights[new_events], sizes) * spread]),
            shape,
        )
        total.sum_duplicates()
        return total

    def _sum_rows(self, rows: Sparse, owner: Sequence[int] | Rows, n: int) -> Sparse:
        """Return (n, n_train_items) sums of rows by their owners."""
        count = rows.shape[0]
        values = np.ones(count, dtype=np.float32)
        owns = sp.csr_array((values, (owner, np.arange(count))), shape=(n, count))
        return sp.csr_array(owns @ rows, dtype=np.float32)

    def _neighbours_of_texts(self, texts: Sequence[str]) -> Sparse:
        """Return (n_texts, n_train_items) neighbour weights of each text."""
        # Each text is looked up once: other threads may remove it from the cache.
        cached = {text: self._text_neighbours.get(text) for text in texts}
        by_text = {
            text: neighbours for text, neighbours in cached.items() if neighbours is not None
        }
        new_texts = [text for text in dict.fromkeys(texts) if text not in by_text]
        if new_texts:
            neighbours = sp.csr_array(
                nearest_neighbour_weights(
                    self.train_items, self._texts_as_items(new_texts), N_NEIGHBOURS
                ).T
            )
            by_text |= {text: neighbours[[row]] for row, text in enumerate(new_texts)}
            self._text_neighbours.update((text, by_text[text]) for text in new_texts)
            while len(self._text_neighbours) > MAX_CACHED_TEXTS:
                self._text_neighbours.popitem(last=False)
        return sp.vstack([by_text[text] for text in texts])

    def _texts_as_items(self, texts: Sequence[str]) -> Items:
        """Return texts as a catalogue whose ids cannot be those of items."""
        names = Vocabulary(f"\0text {row}" for row in range(len(texts)))
        return Items(names, self.encode_texts(texts))
