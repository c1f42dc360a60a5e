"""From profiles, events and sentences to queries."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import RECENCY_DECAY, ContentBlock, Events, Items, Queries
from daybreak.data.sparse_rows import build_csr
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.shared_content import nearest_neighbour_weights
from daybreak.ranking.explain import PartName, QueryParts
from daybreak.types import Floats, Rows, Sparse

N_NEIGHBOURS = 20
"""Known items that stand for a new item, or for a sentence, in a history."""
MIN_RECENCY_WEIGHT = 0.01
"""Recent events below this weight are left out: they change nothing and cost time."""
MAX_PRECOMPUTED_ITEMS = 2_000
"""New items whose neighbours are looked for before an event on one of them comes."""
MAX_CACHED_TEXTS = 1_000
"""Sentences whose meaning is kept for the next time they are said."""

TextEncodeFn = Callable[[Sequence[str]], tuple[ContentBlock, ...]]


@dataclass(frozen=True, eq=False)
class UserContext:
    """What is known of some askers."""

    events: Events
    """``user`` is the position of the asker, ``item`` a row of the catalogue."""
    profile: Sparse
    """(n_askers, n_attributes)"""
    texts: dict[int, str]
    """What an asker says in their own words, by position."""

    def __len__(self) -> int:
        return int(self.profile.shape[0])


@dataclass(eq=False)
class QueryBuilder:
    """Puts histories into the items that the models know.

    An event on an item that no model has seen, and a sentence about oneself, become one event
    spread over the known items that are most like it: every strategy then answers for it.
    """

    anchors: Items
    items: Items
    """The catalogue now."""
    has_times: bool
    """Whether the models learned from times; else there is no order to forget by."""
    encode_texts: TextEncodeFn = field(repr=False)
    """Sentences to blocks of content."""
    _neighbours: dict[int, Sparse] = field(default_factory=dict, repr=False)
    """(1, n_anchors) of catalogue rows that are no anchors."""
    _text_neighbours: OrderedDict[str, Sparse] = field(default_factory=OrderedDict, repr=False)
    """(1, n_anchors) of sentences, the latest last."""
    _anchor_of: Rows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._anchor_of = self.anchors.ids.rows(self.items.ids)
        strange = np.flatnonzero(self._anchor_of < 0)
        strange = strange[[row not in self._neighbours for row in strange.tolist()]]
        if len(strange) <= MAX_PRECOMPUTED_ITEMS:
            self._compute_neighbours(strange)

    def precompute_neighbours(self, max_items: int) -> None:
        """Look for the neighbours of new items beforehand, of at most so many of them."""
        strange = np.flatnonzero(self._anchor_of < 0)[:max_items].tolist()
        self._compute_neighbours(
            np.array([row for row in strange if row not in self._neighbours])
        )

    def queries(self, told: UserContext) -> Queries:
        """Return one query for each asker."""
        n, events = len(told), told.events
        faded = self._recency_weights(events)
        strong = faded >= MIN_RECENCY_WEIGHT
        plain = self._sum_events(events, np.ones(len(events), dtype=np.float32), n)
        recent = self._sum_events(events.filter(strong), faded[strong], n)
        if told.texts:
            said = self._sum_rows(
                self._neighbours_of_texts(list(told.texts.values())), list(told.texts), n
            )
            plain, recent = plain + said, recent + said
        return Queries.from_history(self.anchors, plain, recent, told.profile)

    def query_parts(self, told: UserContext) -> QueryParts:
        """Return the query of one asker by the piece: each event and each sentence apart."""
        events = told.events
        faded = self._recency_weights(events)
        each = Events(np.arange(len(events)), events.item, events.at)
        plain = self._sum_events(each, np.ones(len(each), dtype=np.float32), len(each))
        recent = self._sum_events(
            each, np.where(faded >= MIN_RECENCY_WEIGHT, faded, 0), len(each)
        )
        names: list[PartName] = [("event", self.items.ids.ids[row]) for row in events.item]
        if told.texts:
            said = list(told.texts.values())
            names += [("text", text) for text in said]
            rows = self._neighbours_of_texts(said)
            plain, recent = sp.vstack([plain, rows]), sp.vstack([recent, rows])
        return QueryParts(
            tuple(names), sp.csr_array(plain), sp.csr_array(recent), sp.csr_array(told.profile)
        )

    def with_updated_rows(self, items: Items, rows: Sequence[int]) -> "QueryBuilder":
        """Return it for a catalogue of which some rows are new, or have changed."""
        stale = set(rows)
        twin = copy(self)
        twin.items = items
        twin._neighbours = {
            row: near for row, near in self._neighbours.items() if row not in stale
        }
        added = self.anchors.ids.rows(items.ids.ids[len(self.items) :])
        twin._anchor_of = np.r_[self._anchor_of, added]
        strange = np.array([row for row in stale if twin._anchor_of[row] < 0], dtype=np.int64)
        if len(strange) <= MAX_PRECOMPUTED_ITEMS:
            twin._compute_neighbours(strange)
        return twin

    def clear_text_cache(self) -> None:
        """Drop the sentences that were said."""
        self._text_neighbours.clear()

    def _recency_weights(self, events: Events) -> Floats:
        """Return how much each event still counts as recent; the latest of an asker counts 1.

        Whether times are known was settled when the models learned: an answer must not depend
        on who else is asked about.
        """
        if not self.has_times or not len(events):
            return np.ones(len(events), dtype=np.float32)
        new = (events.user[1:] != events.user[:-1]) | (events.at[1:] != events.at[:-1])
        end = np.flatnonzero(np.r_[new, True])
        group = np.searchsorted(end, np.arange(len(events)))
        return np.asarray(RECENCY_DECAY ** events.count_later()[end[group]], dtype=np.float32)

    def _sum_events(self, events: Events, weights: Floats, n: int) -> Sparse:
        """Return (n, n_anchors) sums of the events' weights over anchors."""
        place = self._anchor_of[events.item]
        known = place >= 0
        shape = (n, len(self.anchors))
        if known.all():
            return build_csr(events.user, place, weights, shape)
        strange = np.flatnonzero(~known)
        near = self._neighbours_of(events.item[strange].tolist())
        sizes = [row.nnz for row in near]
        spread = np.concatenate([row.data for row in near]).astype(np.float32, copy=False)
        total = build_csr(
            np.concatenate([events.user[known], np.repeat(events.user[strange], sizes)]),
            np.concatenate([place[known], *(row.indices for row in near)]),
            np.concatenate([weights[known], np.repeat(weights[strange], sizes) * spread]),
            shape,
        )
        total.sum_duplicates()
        return total

    def _sum_rows(self, rows: Sparse, owner: Sequence[int] | Rows, n: int) -> Sparse:
        """Return (n, n_anchors) sums of rows by their owners."""
        count = rows.shape[0]
        values = np.ones(count, dtype=np.float32)
        owns = sp.csr_array((values, (owner, np.arange(count))), shape=(n, count))
        return sp.csr_array(owns @ rows, dtype=np.float32)

    def _neighbours_of(self, rows: Sequence[int]) -> list[Sparse]:
        missing = [row for row in dict.fromkeys(rows) if row not in self._neighbours]
        self._compute_neighbours(np.array(missing, dtype=np.int64))
        return [self._neighbours[row] for row in rows]

    def _compute_neighbours(self, rows: Rows) -> None:
        if len(rows):
            near = sp.csr_array(
                nearest_neighbour_weights(self.anchors, self.items.take(rows), N_NEIGHBOURS).T
            )
            self._neighbours |= {int(row): near[[place]] for place, row in enumerate(rows)}

    def _neighbours_of_texts(self, texts: Sequence[str]) -> Sparse:
        """Return (n_texts, n_anchors) the known items that stand for each sentence."""
        held = {
            text: self._text_neighbours.get(text) for text in texts
        }  # others may say something too
        found = {text: near for text, near in held.items() if near is not None}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            near = sp.csr_array(
                nearest_neighbour_weights(
                    self.anchors, self._texts_as_items(new), N_NEIGHBOURS
                ).T
            )
            found |= {text: near[[row]] for row, text in enumerate(new)}
            self._text_neighbours.update((text, found[text]) for text in new)
            while len(self._text_neighbours) > MAX_CACHED_TEXTS:
                self._text_neighbours.popitem(last=False)
        return sp.vstack([found[text] for text in texts])

    def _texts_as_items(self, texts: Sequence[str]) -> Items:
        """Return sentences as a catalogue; no id of it is that of an item."""
        names = Vocabulary(f"\0text {row}" for row in range(len(texts)))
        return Items(names, self.encode_texts(texts))
