"""Builds the query batch of pending requests: events, profiles, rules, exclusions."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.encoders.profile import SOURCE_ITEMS_COLUMN, ProfileEncoder
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.ingest.rows import as_text, frame_from_rows
from daybreak.service.inputs.frames import TEXT_COLUMN
from daybreak.service.inputs.histories import RequestEvents
from daybreak.service.serving.policy import PolicyManager, with_shop_rules
from daybreak.service.serving.requests import PendingRequest
from daybreak.service.state.profile_names import with_known_names
from daybreak.service.state.profiles import ProfileOverrides
from daybreak.service.state.query_builder import Pairs, QueryBatch
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Sparse

MAX_CACHED_PROFILES = 1_000
"""Largest number of encoded profiles that are cached for later requests."""
UNKNOWN_USER_KEY = "\0nobody"
"""Key that no store contains; stands for a missing user or session."""
NO_RULES = Rules()


def build_batch(
    state: ServingState,
    requests: Sequence[PendingRequest],
    encoder: "RequestProfileEncoder",
    popularity: float | None = None,
    policy: PolicyManager | None = None,
) -> QueryBatch:
    """Return the query batch of pending requests.

    Args:
        state: State that answers.
        requests: The requests.
        encoder: Encodes their profiles.
        popularity: Setting of the requests that have none; None: that of the release.
        policy: Has the rules of all lists.

    Raises:
        FilterError: A filter cannot be parsed, or a column does not exist.
    """
    has_sessions = any(pending.session_key for pending in requests)
    context = state.user_context(
        [pending.user_key or UNKNOWN_USER_KEY for pending in requests],
        [pending.session_key or UNKNOWN_USER_KEY for pending in requests]
        if has_sessions
        else None,
        events=_request_events(state, requests),
        profiles=encoder.overrides(state, requests),
    )
    shop = None if policy is None else policy.compiled(state.ranker.rule_compiler)
    rules = [_complete_rules(pending.request.rules, popularity) for pending in requests]
    return state.query_builder.build(
        [pending.owner_key or UNKNOWN_USER_KEY for pending in requests],
        context,
        with_shop_rules(state.compile_rules(rules), shop),
        [pending.request.n for pending in requests],
        _excluded_pairs(state, requests),
    )


def _complete_rules(rules: Rules | None, popularity: float | None) -> Rules:
    rules = rules or NO_RULES
    if popularity is None or rules.popularity is not None:
        return rules
    return replace(rules, popularity=popularity)


class RequestProfileEncoder:
    """Encodes the profiles of requests; equal ones are encoded once. Not thread-safe."""

    def __init__(self) -> None:
        self._encoder: ProfileEncoder | None = None
        """Encoder of the cached profiles."""
        self._encoded: OrderedDict[str, Sparse] = OrderedDict()

    def overrides(
        self, state: ServingState, requests: Sequence[PendingRequest]
    ) -> ProfileOverrides | None:
        """Return the profiles of requests, completed from the stored ones."""
        told = [
            state.profiles.told_sources(event[0] for event in pending.events)
            for pending in requests
        ]
        if not any(told) and not any(pending.profile for pending in requests):
            return None
        queries, rows, texts = [], [], {}
        for position, pending in enumerate(requests):
            profile = with_known_names(pending.profile, state.profiles.known_names)
            text = str(as_text(profile.get(TEXT_COLUMN)) or "").strip()
            if text:
                texts[position] = text
            attributes = {
                name: value
                for name, value in profile.items()
                if name != TEXT_COLUMN and value is not None
            }
            if told[position] or any(name != TEXT_COLUMN for name in profile):
                stored = state.profiles.attributes_of(pending.user_key or UNKNOWN_USER_KEY)
                whole = {**stored, **attributes}
                if told[position]:
                    before = whole.get(SOURCE_ITEMS_COLUMN) or []
                    whole[SOURCE_ITEMS_COLUMN] = [*before, *told[position]]
                queries.append(position)
                rows.append(self._encode(state.profiles.encoder, whole))
        width = state.profiles.matrix.shape[1]
        matrix = sp.csr_array(sp.vstack(rows)) if rows else sp.csr_array((0, width))
        return ProfileOverrides(np.array(queries, dtype=np.int64), matrix, texts)

    def _encode(self, encoder: ProfileEncoder, profile: Mapping[str, Any]) -> Sparse:
        """Return the (1, n_attributes) encoded profile."""
        if self._encoder is not encoder:
            self._encoder, self._encoded = encoder, OrderedDict()
        key = json.dumps(profile, sort_keys=True, default=str)
        if key not in self._encoded:
            frame = frame_from_rows([{"user_id": UNKNOWN_USER_KEY, **profile}])
            self._encoded[key] = sp.csr_array(encoder.transform_all(frame))
            while len(self._encoded) > MAX_CACHED_PROFILES:
                self._encoded.popitem(last=False)
        self._encoded.move_to_end(key)
        return self._encoded[key]


def _request_events(
    state: ServingState, requests: Sequence[PendingRequest]
) -> RequestEvents | None:
    """Return the events of requests, on known items."""
    events = [
        (position, event)
        for position, pending in enumerate(requests)
        for event in pending.events
    ]
    if not events:
        return None
    rows = state.catalogue.items.ids.rows([item for _, (item, *_) in events])
    known = rows >= 0
    kinds = [(event_type, value) for _, (_, event_type, value, _) in events]
    signs = state.event_rules.signs_of_kinds(kinds)
    return RequestEvents(
        np.array([position for position, _ in events], dtype=np.int64)[known],
        rows[known],
        np.array([at for _, (*_, at) in events], dtype=np.float64)[known],
        [
            (event_type, sign)
            for (event_type, _), sign, is_known in zip(kinds, signs, known, strict=True)
            if is_known
        ],
    )


def _excluded_pairs(state: ServingState, requests: Sequence[PendingRequest]) -> Pairs | None:
    """Return the excluded items of requests; unknown ids are ignored."""
    if not any(pending.excluded for pending in requests):
        return None
    queries = np.repeat(
        np.arange(len(requests)), [len(pending.excluded) for pending in requests]
    )
    ids = [id_ for pending in requests for id_ in pending.excluded]
    rows = state.catalogue.items.ids.rows(ids)
    return queries[rows >= 0], rows[rows >= 0]
