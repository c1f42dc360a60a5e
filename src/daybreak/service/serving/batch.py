"""What is known of a batch of askers: stored, told with the request, and seen.

The best of a catalogue for a batch of wishes, in arrays from end to end.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Events
from daybreak.data.sparse_rows import build_csr
from daybreak.ranking.blending.weights import nearest_level
from daybreak.ranking.explain import QueryParts
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.ingest.rows import as_text, frame_from_rows
from daybreak.service.inputs.frames import TEXT_COLUMN
from daybreak.service.serving.prepared import PreparedRequest
from daybreak.service.serving.requests import RecommendationReason
from daybreak.service.state.explain import explain_items
from daybreak.service.state.query_builder import UserContext
from daybreak.service.state.ranker import WARMTH_LABELS, QueryBatch, RankedLists, boost_reasons
from daybreak.service.state.rules import CompiledRules
from daybreak.service.state.serving_state import ReleaseSnapshot
from daybreak.types import Doubles, Mask, Rows, Sparse

MAX_CACHED_PROFILES = 1_000
"""Profiles that are kept encoded for the next request that tells them."""
UNKNOWN_USER_KEY = "\0nobody"
"""Looked up where there is no name; no store holds it."""


class RequestEvents(NamedTuple):
    """Events that requests bring: parallel columns."""

    who: Rows
    """Positions of wishes."""
    item: Rows
    at: Doubles
    liked: Mask


@dataclass(frozen=True, eq=False)
class RequestContext:
    """What is known of some askers, by position."""

    told: UserContext
    seen: tuple[Rows, Rows]
    """Positions, and rows of the catalogue, of everything that an asker has seen."""
    hot: Mask
    """Whether an event is known."""
    warm: Mask
    """Whether a profile or a sentence is known."""


@dataclass
class ContextBuilder:
    """Reads what is told with requests; a profile that comes again is not encoded again."""

    _encoder: Any = None
    """The one whose work is remembered."""
    _encoded: OrderedDict[str, Sparse] = field(default_factory=OrderedDict)

    def build(
        self, scene: ReleaseSnapshot, wishes: Sequence[PreparedRequest]
    ) -> RequestContext:
        """Return what is known of the askers of some wishes."""
        n_items = len(scene.state.catalogue.items)
        events, seen = self._events_and_seen(scene, wishes)
        here = events.item < n_items  # an event may be newer than the shelf
        if not here.all():
            events = events.filter(here)
        profile, texts = self._profiles(scene, wishes)
        hot = np.bincount(events.user, minlength=len(wishes)) > 0
        warm = np.diff(profile.indptr) > 0
        warm[list(texts)] = True
        who, item = np.r_[events.user, seen[0]], np.r_[events.item, seen[1]]
        inside = item < n_items
        told = UserContext(events, profile, texts)
        return RequestContext(told, (who[inside], item[inside]), hot, warm)

    def _profiles(
        self, scene: ReleaseSnapshot, wishes: Sequence[PreparedRequest]
    ) -> tuple[Sparse, dict[int, str]]:
        """Return (n_wishes, n_attributes) and the words of askers, by position."""
        profiles = scene.state.profiles
        matrix, texts = profiles.lookup([wish.user_key or UNKNOWN_USER_KEY for wish in wishes])
        fresh = [place for place, wish in enumerate(wishes) if wish.profile]
        rows = {place: self._encoded_profile(scene, wishes[place]) for place in fresh}
        for place in fresh:
            if said := str(as_text(wishes[place].profile.get(TEXT_COLUMN)) or "").strip():
                texts[place] = said
        if any(row is not None for row in rows.values()):
            parts = [matrix[[place]] for place in range(len(wishes))]
            parts = [p if rows.get(n) is None else rows[n] for n, p in enumerate(parts)]
            matrix = sp.csr_array(sp.vstack(parts))
        return matrix, texts

    def _encoded_profile(self, scene: ReleaseSnapshot, wish: PreparedRequest) -> Sparse | None:
        """Return the (1, n_attributes) of what is stored and told; None: only words were."""
        told = {name: value for name, value in wish.profile.items() if name != TEXT_COLUMN}
        if not told:
            return None
        profiles = scene.state.profiles
        whole = {
            **profiles.attributes_of(wish.user_key or UNKNOWN_USER_KEY),
            **_without_nulls(told),
        }
        if self._encoder is not profiles.encoder:
            self._encoder, self._encoded = profiles.encoder, OrderedDict()
        key = json.dumps(whole, sort_keys=True, default=str)
        if key not in self._encoded:
            frame = frame_from_rows([{"user_id": UNKNOWN_USER_KEY, **whole}])
            self._encoded[key] = sp.csr_array(profiles.encoder.transform(frame))
            while len(self._encoded) > MAX_CACHED_PROFILES:
                self._encoded.popitem(last=False)
        self._encoded.move_to_end(key)
        return self._encoded[key]

    def _events_and_seen(
        self, scene: ReleaseSnapshot, wishes: Sequence[PreparedRequest]
    ) -> tuple[Events, tuple[Rows, Rows]]:
        """Return positive events by position, and what was seen without being liked."""
        histories = scene.histories
        users = [wish.user_key or UNKNOWN_USER_KEY for wish in wishes]
        asked = [users]
        if any(wish.session_key for wish in wishes):
            asked.append([wish.session_key or UNKNOWN_USER_KEY for wish in wishes])
        liked = [histories.events_of(names) for names in asked]
        seen = [histories.seen_without_liking(names) for names in asked]
        if any(wish.events for wish in wishes):
            late = self._request_events(scene, wishes)
            yes = late.liked
            liked.append(Events(late.who[yes], late.item[yes], late.at[yes]))
            seen.append((late.who[~yes], late.item[~yes]))
        if len(liked) == 1:
            return liked[0], seen[0]
        events = Events.of(*(np.concatenate([getattr(part, name) for part in liked])
                             for name in ("user", "item", "at")))  # fmt: skip
        return events, (
            np.concatenate([who for who, _ in seen]), np.concatenate([item for _, item in seen])
        )  # fmt: skip

    def _request_events(
        self, scene: ReleaseSnapshot, wishes: Sequence[PreparedRequest]
    ) -> RequestEvents:
        """Return the events that requests bring, on items that are known."""
        told = [(place, event) for place, wish in enumerate(wishes) for event in wish.events]
        rows = scene.state.catalogue.items.ids.rows([item for _, (item, *_) in told])
        known = rows >= 0
        signs = scene.rules.signs_of_kinds([(kind, value) for _, (_, kind, value, _) in told])
        return RequestEvents(
            np.array([place for place, _ in told], dtype=np.int64)[known],
            rows[known],
            np.array([at for _, (*_, at) in told], dtype=np.float64)[known],
            np.array([sign > 0 for sign in signs], dtype=bool)[known],
        )


def _without_nulls(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


NO_RULES = Rules()


@dataclass(frozen=True, eq=False)
class RequestBatch:
    """Wishes with all that is needed to score and to explain."""

    snapshot: ReleaseSnapshot
    requests: Sequence[PreparedRequest]
    context: RequestContext
    query_batch: QueryBatch
    """``users`` are inside names; one may come twice."""

    @classmethod
    def of(
        cls, scene: ReleaseSnapshot, wishes: Sequence[PreparedRequest], listener: ContextBuilder
    ) -> "RequestBatch":
        """Look up what is known of the askers."""
        known = listener.build(scene, wishes)
        queries = scene.state.query_builder.queries(known.told)
        names = [wish.asker_key or UNKNOWN_USER_KEY for wish in wishes]
        never = (_excluded_items(scene, wishes, known),)
        return cls(
            scene, wishes, known, QueryBatch(names, queries, known.hot, known.warm, never)
        )

    @cached_property
    def rules(self) -> list[CompiledRules]:
        """The rules of each wish, worked out for the catalogue; equal ones once.

        Raises:
            FilterError: A filter cannot be read.
        """
        book = self.snapshot.state.ranker.rule_compiler
        made: dict[Rules, CompiledRules] = {}
        for wish in self.requests:
            rules = wish.request.rules or NO_RULES
            if rules not in made:
                made[rules] = book.compile(rules)
        return [made[wish.request.rules or NO_RULES] for wish in self.requests]

    def rank(self) -> RankedLists:
        """Return the best places of each wish."""
        lengths = [wish.request.n for wish in self.requests]
        return self.snapshot.state.ranker.top_k_with_rules(
            self.query_batch, self.rules, lengths
        )

    @property
    def allowed(self) -> Mask:
        """(n_wishes, n_items) what may be answered, beside what users have seen."""
        return np.stack([ruling.allowed for ruling in self.rules])

    def strategies(self, places: RankedLists) -> list[str]:
        """Return the strategy that counts most for each place."""
        answers, queries = self.snapshot.state.ranker, self.query_batch.queries
        new = ~answers.is_known[places.item]
        level = nearest_level(queries.n_events)[places.query]
        told = (np.diff(queries.profile.indptr) > 0)[places.query]
        kinds, at = np.unique(level * 4 + told * 2 + new, return_inverse=True)
        scorer = answers.scorer.scorers[0]
        names = scorer.dominant_strategy(kinds // 4, kinds // 2 % 2 == 1, kinds % 2 == 1)
        found = [names[kind] for kind in at.tolist()]
        return (
            found if self.snapshot.release else self._untrained_strategies(found, places.item)
        )

    def _untrained_strategies(self, names: list[str], items: Rows) -> list[str]:
        """Say ``latest`` of items that cannot be there for being popular."""
        hot = self.snapshot.histories.have_events(items)
        both = zip(names, hot.tolist(), strict=True)
        return ["latest" if name == "popular" and not chosen else name for name, chosen in both]

    def user_warmth(self, place: int) -> str:
        """Return the temperature of an asker."""
        asked = self.query_batch
        return str(WARMTH_LABELS[2 if asked.is_hot[place] else int(asked.has_profile[place])])

    def reasons(
        self, place: int, items: Rows, most: int | None
    ) -> list[tuple[RecommendationReason, ...]]:
        """Return the evidence of each item; the values add up to its score."""
        shelf, ruling = self.snapshot.state, self.rules[place]
        found = explain_items(
            shelf.ranker, items, self._evidence(place), shelf.trained.profile.names, most
        )
        boosts = [boost_reasons(ruling.boosts_of(int(row))) for row in items]
        both = zip(found, boosts, strict=True)
        return [
            tuple(RecommendationReason(**one) for one in (*mine, *added))
            for mine, added in both
        ]

    def _evidence(self, place: int) -> QueryParts:
        told = self.context.told
        mine = told.events.filter(told.events.user == place)
        mine = type(mine)(np.zeros_like(mine.user), mine.item, mine.at)
        texts = {0: told.texts[place]} if place in told.texts else {}
        return self.snapshot.state.query_builder.query_parts(
            UserContext(mine, told.profile[[place]], texts)
        )


def _excluded_items(
    scene: ReleaseSnapshot, wishes: Sequence[PreparedRequest], known: RequestContext
) -> Sparse:
    """Return the (n_wishes, n_items) CSR of what must not be answered."""
    items = scene.state.catalogue.items
    free = [wish.request.rules is None or wish.request.rules.exclude_seen for wish in wishes]
    hides = np.array(free, dtype=bool)[known.seen[0]]
    parts = [np.stack(known.seen)[:, hides]]
    for place, wish in enumerate(wishes):
        if wish.exclude:
            rows = items.ids.rows(wish.exclude)
            rows = rows[rows >= 0]
            parts.append(np.stack([np.full(len(rows), place), rows]))
    who, item = np.concatenate(parts, axis=1)
    ones = np.ones(len(who), dtype=np.float32)
    return build_csr(who, item, ones, (len(wishes), len(items)))
