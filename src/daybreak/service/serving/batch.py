"""The service's side of the serving core: pending requests to a query batch."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.encoders.profile import ProfileEncoder
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.ingest.rows import as_text, frame_from_rows
from daybreak.service.inputs.frames import TEXT_COLUMN
from daybreak.service.inputs.histories import RequestEvents
from daybreak.service.serving.requests import PendingRequest
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
    state: ServingState, pending: Sequence[PendingRequest], encoder: "RequestProfileEncoder"
) -> QueryBatch:
    """Return the query batch of some requests.

    Args:
        state: State that answers.
        pending: The requests.
        encoder: Encodes the profiles that come with them.

    Raises:
        FilterError: A filter cannot be parsed, or a column does not exist.
    """
    has_sessions = any(one.session_key for one in pending)
    context = state.user_context(
        [one.user_key or UNKNOWN_USER_KEY for one in pending],
        [one.session_key or UNKNOWN_USER_KEY for one in pending] if has_sessions else None,
        events=_request_events(state, pending),
        profiles=encoder.overrides(state, pending),
    )
    rules = [one.request.rules or NO_RULES for one in pending]
    return state.query_builder.build(
        [one.owner_key or UNKNOWN_USER_KEY for one in pending],
        context,
        state.ranker.rule_compiler.compile_each(rules),
        [one.request.n for one in pending],
        _excluded_pairs(state, pending),
    )


class RequestProfileEncoder:
    """Encodes the profiles of requests; equal ones are encoded once. Not thread-safe."""

    def __init__(self) -> None:
        self._encoder: ProfileEncoder | None = None
        """Encoder of the cached profiles."""
        self._encoded: OrderedDict[str, Sparse] = OrderedDict()

    def overrides(
        self, state: ServingState, pending: Sequence[PendingRequest]
    ) -> ProfileOverrides | None:
        """Return the profiles that come with requests, completed from the stored ones."""
        if not any(one.profile for one in pending):
            return None
        queries, rows, texts = [], [], {}
        for position, one in enumerate(pending):
            text = str(as_text(one.profile.get(TEXT_COLUMN)) or "").strip()
            if text:
                texts[position] = text
            given = {
                name: value
                for name, value in one.profile.items()
                if name != TEXT_COLUMN and value is not None
            }
            if any(name != TEXT_COLUMN for name in one.profile):
                stored = state.profiles.attributes_of(one.user_key or UNKNOWN_USER_KEY)
                queries.append(position)
                rows.append(self._encode(state.profiles.encoder, {**stored, **given}))
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
            self._encoded[key] = sp.csr_array(encoder.transform(frame))
            while len(self._encoded) > MAX_CACHED_PROFILES:
                self._encoded.popitem(last=False)
        self._encoded.move_to_end(key)
        return self._encoded[key]


def _request_events(
    state: ServingState, pending: Sequence[PendingRequest]
) -> RequestEvents | None:
    """Return the events that come with requests, on known items."""
    given = [(position, event) for position, one in enumerate(pending) for event in one.events]
    if not given:
        return None
    rows = state.catalogue.items.ids.rows([item for _, (item, *_) in given])
    known = rows >= 0
    kinds = [(event_type, value) for _, (_, event_type, value, _) in given]
    signs = state.event_rules.signs_of_kinds(kinds)
    return RequestEvents(
        np.array([position for position, _ in given], dtype=np.int64)[known],
        rows[known],
        np.array([at for _, (*_, at) in given], dtype=np.float64)[known],
        np.array([sign > 0 for sign in signs], dtype=bool)[known],
    )


def _excluded_pairs(state: ServingState, pending: Sequence[PendingRequest]) -> Pairs | None:
    """Return the excluded items of requests; unknown ids are ignored."""
    if not any(one.excluded for one in pending):
        return None
    queries = np.repeat(np.arange(len(pending)), [len(one.excluded) for one in pending])
    ids = [id_ for one in pending for id_ in one.excluded]
    rows = state.catalogue.items.ids.rows(ids)
    return queries[rows >= 0], rows[rows >= 0]
