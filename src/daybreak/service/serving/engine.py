"""Answers requests: assigns variants, ranks one batch, explores, explains, and logs.

Start reading at :class:`RecommendEngine`.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Lock, local
from typing import Any

import numpy as np

from daybreak.data.ids import SESSION_PREFIX, lookup_id
from daybreak.errors import DaybreakError, NotFoundError
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.experiments import ExperimentManager, shadow_id
from daybreak.service.exploration.explorer import Explorer
from daybreak.service.ingest.rows import user_key
from daybreak.service.inputs.frames import check_k
from daybreak.service.privacy import Pseudonyms
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.batch import RequestProfileEncoder, build_batch
from daybreak.service.serving.batcher import Batcher
from daybreak.service.serving.policy import PolicyManager
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.requests import (
    ExperimentAssignment,
    PendingRequest,
    RecommendedItem,
    RecommendRequest,
    RecommendResponse,
)
from daybreak.service.state.explain import (
    MAX_REASONS,
    Reasons,
    RecommendationReason,
    explain_items,
    explain_lists,
)
from daybreak.service.state.placement import ItemPlacement, place_item
from daybreak.service.state.query_builder import QueryBatch
from daybreak.service.state.ranker import RankedLists, warmth_labels
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.unknown_items import (
    CANDIDATES,
    EXCLUDED,
    HISTORY,
    notes_on_unknown_items,
    require_item,
    unknown_items,
)
from daybreak.service.state.unread_texts import (
    notes_on_unread_texts,
    quantity_notes,
    unread_texts,
)
from daybreak.store.base import LoggedItem, LoggedRecommendation

MAX_CONTINUABLE_LISTS = 10_000
"""Largest number of lists that can be continued with all their rules."""
MAX_BULK_REQUESTS = 256
"""Largest number of requests of a bulk call that are answered in one batch."""


class RecommendEngine:
    """Answers requests with the current release; concurrent ones in one batch.

    Args:
        releases: Releases in memory.
        log: Log of the responses.
        experiments: Chooses the variant of a request.
        explorer: Puts new items into lists.
        explores_by_default: Whether the lists of requests without ``explore`` are explored.
        pseudonyms: Replaces ids of users; None: ids are kept.
        popularity: Setting of the requests that have none; None: that of the release.
        policy: Has the rules of all lists.
    """

    def __init__(  # noqa: PLR0913 - parts of a service and its defaults
        self,
        releases: ReleaseManager,
        log: AnswerLog,
        experiments: ExperimentManager,
        explorer: Explorer,
        *,
        explores_by_default: bool = False,
        pseudonyms: Pseudonyms | None = None,
        popularity: float | None = None,
        policy: PolicyManager | None = None,
    ) -> None:
        self._popularity = popularity
        self._policy = policy
        self._releases = releases
        self._log = log
        self._experiments = experiments
        self._explorer = explorer
        self._explores_by_default = explores_by_default
        self._pseudonyms = pseudonyms
        self._thread_local = local()
        self.paginations = PaginationCache()
        self.batcher: Batcher[PendingRequest, RecommendResponse] = Batcher(self._answer)
        self._shadows: Batcher[PendingRequest, RecommendResponse] = Batcher(
            self._run, "shadows"
        )

    def submit(
        self, request: RecommendRequest, excluded: Sequence[str] = ()
    ) -> "Future[RecommendResponse]":
        """Put a request into the next batch.

        Args:
            request: The request.
            excluded: Items that must not be recommended.

        Raises:
            ConfigError: The release does not have the strategy that is to answer alone.
            DataError: The profile or an event of the request is invalid.
            NotFoundError: There is no such release.
            ServiceError: Too many requests are waiting, or the service has been closed.
        """
        return self.batcher.submit(self._parse(request, excluded))

    def recommend_many(
        self, requests: Sequence[RecommendRequest]
    ) -> list[RecommendResponse | DaybreakError]:
        """Answer many requests; an invalid one gives an error in its place only."""
        responses: list[Any] = [None] * len(requests)
        pending = []
        for position, request in enumerate(requests):
            try:
                pending.append((position, self._parse(request)))
            except DaybreakError as error:
                responses[position] = error
        batch_responses = self._answer([one for _, one in pending])
        for (position, _), response in zip(pending, batch_responses, strict=True):
            responses[position] = response
        return responses

    def next_page(self, recommendation_id: str, n: int) -> RecommendResponse:
        """Return the next items of an earlier list, none of them twice.

        Args:
            recommendation_id: Id of the earlier response.
            n: Number of items.

        Raises:
            NotFoundError: There is no such response.
        """
        page, notes = self._find_page(recommendation_id)
        response = self.submit(replace(page.request, n=n), page.item_ids).result()
        first = len(page.item_ids)
        items = tuple(replace(item, rank=first + item.rank) for item in response.items)
        page.item_ids += [item.item_id for item in items]
        self.paginations.put(recommendation_id, page)
        self.paginations.put(response.recommendation_id, page)
        return replace(response, items=items, notes=(*response.notes, *notes))

    def rank(self, request: RecommendRequest, items: Sequence[str]) -> RecommendResponse:
        """Order given items for a user.

        Items that are unknown or not available are left out, and notes say which and how
        many; seen items are ranked as well.

        Args:
            request: The request; its ``n`` is not used.
            items: Ids of the items.

        Raises:
            ConfigError: There are no items, or too many.
        """
        candidates = tuple(dict.fromkeys(items))
        check_k(len(candidates))
        rules = replace(request.rules or Rules(), items=candidates, exclude_seen=False)
        rank_request = replace(request, n=len(candidates), rules=rules, explore=False)
        response = self.submit(rank_request).result()
        n_unknown = len(unknown_items(self._releases.current.catalogue, candidates))
        n_missing = len(candidates) - len(response.items) - n_unknown
        if n_missing <= 0:
            return response
        note = f"{n_missing} of {len(candidates)} items are not available"
        return replace(response, notes=(*response.notes, note))

    def explain(
        self, request: RecommendRequest, item_id: str
    ) -> tuple[RecommendationReason, ...]:
        """Return all evidence for the score of one item.

        Raises:
            NotFoundError: The item is not in the catalogue.
        """
        state, batch, row = self._ask_for_item(request, item_id)
        require_item(
            state.catalogue,
            lookup_id(item_id),
            trained=state.ranker.is_known,
            next_step=None,
        )
        return tuple(explain_items(state, batch, 0, np.array([row]))[0])

    def place(self, request: RecommendRequest, item_id: str) -> ItemPlacement:
        """Return where an item is in the list of a request, and what keeps it out.

        Experiments and exploration do not count, and the list is not logged.

        Raises:
            NotFoundError: The item is not in the catalogue.
        """
        return place_item(*self._ask_for_item(request, item_id))

    def _parse(self, request: RecommendRequest, excluded: Sequence[str] = ()) -> PendingRequest:
        """Check a request, and find the release and the strategy that are to answer."""
        pending = PendingRequest.parse(request, self._pseudonyms, excluded)
        if not request.release and not request.strategy:
            return pending
        state = (
            self._releases.load_for_trial(request.release)
            if request.release
            else self._releases.current
        )
        if request.strategy:
            state = state.with_only_strategy(request.strategy)
        return replace(pending, state=state)

    def _ask_for_item(
        self, request: RecommendRequest, item_id: str
    ) -> tuple[ServingState, QueryBatch, int]:
        """Return the current state, a batch of one request, and the row of an item."""
        pending = self._parse(request)
        state = pending.state or self._releases.current
        row = require_item(state.catalogue, lookup_id(item_id), next_step=None)
        batch = self._build_batch(state, [pending])
        return state, batch, row

    def close(self) -> None:
        """Answer all waiting requests, then stop."""
        self.batcher.close()
        self._shadows.close()

    def _answer(
        self, requests: Sequence[PendingRequest]
    ) -> list[RecommendResponse | Exception]:
        """Answer requests in batches; an error of one does not affect the others."""
        answered: list[RecommendResponse | Exception] = []
        for start in range(0, len(requests), MAX_BULK_REQUESTS):
            started = time.perf_counter()
            assigned = [
                self._assign(pending) for pending in requests[start : start + MAX_BULK_REQUESTS]
            ]
            responses = self._run(assigned)
            for pending, response in zip(assigned, responses, strict=True):
                if pending.shadows and isinstance(response, RecommendResponse):
                    self._submit_shadows(pending, response)
            took_ms = 1000 * (time.perf_counter() - started)
            answered += [_with_duration(response, took_ms) for response in responses]
        return answered

    def _assign(self, pending: PendingRequest) -> PendingRequest:
        """Let a running experiment choose the variant of a request."""
        request = pending.request
        if not (request.experiment and request.record):
            return pending
        session = pending.stored_session_id
        assignment = self._experiments.assign(pending.user_key, session, request.scenario)
        if assignment is None:
            return pending
        states = {
            release: self._releases.state_of(release)
            for release in assignment.required_releases
        }
        missing = sorted(release for release, state in states.items() if state is None)
        if missing:
            note = f"experiment {assignment.experiment} waits for release {', '.join(missing)}"
            return replace(pending, notes=(note,))
        variant = assignment.variant
        return replace(
            pending,
            request=variant.apply(request),
            state=None if variant.release is None else states[variant.release],
            assignment=ExperimentAssignment(assignment.experiment, variant.name),
            shadows=assignment.shadows,
        )

    def _submit_shadows(self, pending: PendingRequest, response: RecommendResponse) -> None:
        """Answer the shadow variants of an experiment after all waiting requests."""
        for variant in pending.shadows:
            release = variant.release
            state = (
                self._releases.current if release is None else self._releases.state_of(release)
            )
            if state is None or pending.assignment is None:
                continue
            shadow = replace(
                pending,
                request=variant.apply(pending.request),
                state=state,
                assignment=replace(pending.assignment, variant=variant.name, is_shadow=True),
                id=shadow_id(response.recommendation_id, variant.name),
                shadows=(),
                notes=(),
            )
            self._shadows.submit(shadow)

    def _run(self, requests: Sequence[PendingRequest]) -> list[RecommendResponse | Exception]:
        """Answer requests, those of one state and one length in one batch."""
        current = self._releases.current
        groups: dict[tuple[int, int], tuple[ServingState, list[int]]] = {}
        for position, pending in enumerate(requests):
            state = pending.state or current
            groups.setdefault((id(state), pending.request.n), (state, []))[1].append(position)
        by_position: dict[int, RecommendResponse | Exception] = {}
        for state, positions in groups.values():
            responses = self._run_group(state, [requests[position] for position in positions])
            by_position |= zip(positions, responses, strict=True)
        return [by_position[position] for position in range(len(requests))]

    def _run_group(
        self, state: ServingState, requests: Sequence[PendingRequest]
    ) -> list[RecommendResponse | Exception]:
        """Answer requests in one batch; after an error one by one, to find the invalid one."""
        try:
            return list(self._recommend(state, requests))
        except DaybreakError as error:
            if len(requests) == 1:
                return [error]
        return [self._run_group(state, [pending])[0] for pending in requests]

    def _recommend(
        self, state: ServingState, requests: Sequence[PendingRequest]
    ) -> list[RecommendResponse]:
        batch = self._build_batch(state, requests)
        ranked = state.ranker.rank(batch, remembers=True)
        lists = self._explore(state, batch, ranked, requests)
        items = self._recommended_items(state, batch, lists, requests)
        bounds = np.searchsorted(lists.query, np.arange(len(requests) + 1)).tolist()
        warmth = warmth_labels(batch.context.is_hot, batch.context.has_profile)
        unread = unread_texts(batch)
        responses = [
            RecommendResponse(
                pending.id,
                pending.request.user_id,
                warmth[position],
                state.release,
                tuple(items[bounds[position] : bounds[position + 1]]),
                None if pending.assignment is None else pending.assignment.experiment,
                None if pending.assignment is None else pending.assignment.variant,
                (
                    *state.notes,
                    *state.candidate_notes(),
                    *pending.notes,
                    *_request_notes(state, pending),
                    *notes_on_unread_texts(state, [unread.get(position, "")]),
                    *quantity_notes(batch, position),
                ),
                popularity=_other_popularity(state, batch.rules[position].rules),
            )
            for position, pending in enumerate(requests)
        ]
        self._record(requests, responses)
        return responses

    def _build_batch(
        self, state: ServingState, requests: Sequence[PendingRequest]
    ) -> QueryBatch:
        encoder = self._profile_encoder()
        return build_batch(state, requests, encoder, self._popularity, self._policy)

    def _explore(
        self,
        state: ServingState,
        batch: QueryBatch,
        lists: RankedLists,
        requests: Sequence[PendingRequest],
    ) -> RankedLists:
        """Put new items into the lists that may be explored."""
        default = self._explores_by_default
        explores = [
            default if pending.request.explore is None else pending.request.explore
            for pending in requests
        ]
        if not any(explores):
            return lists
        keys = [pending.id for pending in requests]
        return self._explorer.explore(state, batch, lists, keys, np.array(explores, dtype=bool))

    def _recommended_items(
        self,
        state: ServingState,
        batch: QueryBatch,
        lists: RankedLists,
        requests: Sequence[PendingRequest],
    ) -> list[RecommendedItem]:
        """Return the items of all lists, one list after the other."""
        ids, cache = state.catalogue.items.ids.ids, self._releases.row_caches.items
        explained = np.flatnonzero([pending.request.explain for pending in requests])
        reasons_by_row: list[Reasons] = [[]] * len(lists)
        if len(explained):
            reasons_by_row = explain_lists(state, batch, lists, explained, MAX_REASONS)
        rows = zip(
            [ids[row] for row in lists.item.tolist()],
            lists.rank.tolist(),
            lists.score.tolist(),
            state.strategy_names(batch, lists),
            state.item_warmth(lists.item).tolist(),
            lists.propensity.tolist(),
            lists.explored.tolist(),
            reasons_by_row,
            lists.moved_by,
            strict=True,
        )
        return [
            RecommendedItem(
                id_,
                rank,
                score,
                strategy,
                warmth,
                propensity,
                explored,
                tuple(reasons),
                cache.get(id_) or {},
                rule,
            )
            for id_, rank, score, strategy, warmth, propensity, explored, reasons, rule in rows
        ]

    def _record(
        self, requests: Sequence[PendingRequest], responses: Sequence[RecommendResponse]
    ) -> None:
        """Log responses, and keep their lists so that they can be continued."""
        now = time.time()
        pairs = [
            (pending, response)
            for pending, response in zip(requests, responses, strict=True)
            if pending.request.record
        ]
        logged = [_logged(pending, response, now) for pending, response in pairs]
        self._log.put(logged)
        self._explorer.record(logged)
        for pending, response in pairs:
            if pending.assignment is None or not pending.assignment.is_shadow:
                listed = [*pending.excluded, *(item.item_id for item in response.items)]
                page = Pagination(pending.request, listed, pending.keys)
                self.paginations.put(response.recommendation_id, page)

    def _find_page(self, recommendation_id: str) -> "tuple[Pagination, tuple[str, ...]]":
        """Return the list to continue, and notes."""
        page = self.paginations.get(recommendation_id)
        if page is not None:
            return page, ()
        logged = self._log.find(recommendation_id)
        if logged is None:
            raise NotFoundError(
                f"no response has the recommendation_id {recommendation_id!r:.80}"
            )
        user, session = logged.user_id, logged.session_id
        if user is not None and user.startswith(SESSION_PREFIX):
            user = None
        request = RecommendRequest(
            user_id=user,
            session_id=session,
            scenario=logged.scenario,
            experiment=logged.experiment is not None,
        )
        keys = user_key(user, session, self._pseudonyms)
        page = Pagination(
            request,
            [item.item_id for item in logged.shown],
            frozenset(key for key in keys if key is not None),
        )
        return page, ("the rules of the first response are no longer known",)

    def _profile_encoder(self) -> RequestProfileEncoder:
        """Return the profile encoder of this thread."""
        if not hasattr(self._thread_local, "encoder"):
            self._thread_local.encoder = RequestProfileEncoder()
        encoder: RequestProfileEncoder = self._thread_local.encoder
        return encoder


@dataclass
class Pagination:
    """A list that may be continued."""

    request: RecommendRequest
    item_ids: list[str]
    """Items that were shown."""
    keys: frozenset[str] = frozenset()
    """Keys of the user and of the session."""


class PaginationCache:
    """The latest lists that may be continued; thread-safe.

    Args:
        max_lists: Largest number of lists; the oldest are dropped.
    """

    def __init__(self, max_lists: int = MAX_CONTINUABLE_LISTS) -> None:
        self._max_lists = max_lists
        self._pages: OrderedDict[str, Pagination] = OrderedDict()
        self._lock = Lock()

    def put(self, recommendation_id: str, page: Pagination) -> None:
        """Keep a list."""
        with self._lock:
            self._pages[recommendation_id] = page
            while len(self._pages) > self._max_lists:
                self._pages.popitem(last=False)

    def get(self, recommendation_id: str) -> Pagination | None:
        """Return a list; None if it is unknown."""
        with self._lock:
            return self._pages.get(recommendation_id)

    def count(self, key: str) -> int:
        """Return the number of lists of a user or session."""
        with self._lock:
            return sum(key in page.keys for page in self._pages.values())

    def forget(self, key: str) -> int:
        """Drop the lists of a user or session; return how many there were."""
        with self._lock:
            dropped = [id_ for id_, page in self._pages.items() if key in page.keys]
            self._drop(dropped)
        return len(dropped)

    def _drop(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            del self._pages[id_]

    def __len__(self) -> int:
        return len(self._pages)


def _with_duration(
    response: RecommendResponse | Exception, took_ms: float
) -> RecommendResponse | Exception:
    if isinstance(response, RecommendResponse):
        return replace(response, took_ms=took_ms)
    return response


def _request_notes(state: ServingState, pending: PendingRequest) -> tuple[str, ...]:
    """Return notes on what a request names and the release does not know."""
    unused = state.profiles.unused_notes(pending.profile) if pending.profile else ()
    history = state.profiles.without_sources(event[0] for event in pending.events)
    lists = [(HISTORY, history)]
    if pending.request.rules is not None:
        lists.append((CANDIDATES, list(pending.request.rules.items or ())))
        lists.append((EXCLUDED, list(pending.request.rules.exclude)))
    return (*unused, *notes_on_unknown_items(state.catalogue, lists))


def _other_popularity(state: ServingState, rules: Rules) -> float | None:
    """Return the setting of a list if it is not the default of the release."""
    return None if rules.popularity == state.trained.blend.popularity else rules.popularity


def _logged(
    pending: PendingRequest, response: RecommendResponse, at: float
) -> LoggedRecommendation:
    return LoggedRecommendation(
        response.recommendation_id,
        at,
        pending.owner_key,
        response.release,
        tuple(
            LoggedItem(i.item_id, i.score, i.rank, i.strategy, i.propensity, i.explored)
            for i in response.items
        ),
        response.experiment,
        response.variant,
        shadow=pending.assignment is not None and pending.assignment.is_shadow,
        scenario=pending.request.scenario,
        session_id=pending.stored_session_id,
    )
