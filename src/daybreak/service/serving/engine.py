"""From asks to answers: variants, one batch, exploration, reasons, the log."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from threading import Lock, local

import numpy as np

from daybreak.errors import DaybreakError, NotFoundError
from daybreak.service.experiments import ExperimentManager, VariantPlan, shadow_id
from daybreak.service.exploration.explorer import BaseLists, ExploredLists, Explorer
from daybreak.service.ingest.values import SESSION_PREFIX
from daybreak.service.privacy import Pseudonyms
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.batch import ContextBuilder, RequestBatch
from daybreak.service.serving.batcher import Batcher
from daybreak.service.serving.prepared import PreparedRequest
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.requests import (
    RecommendationReason,
    RecommendedItem,
    RecommendRequest,
    RecommendResponse,
)
from daybreak.service.state.explain import MAX_REASONS
from daybreak.service.state.ranker import RankedLists
from daybreak.service.state.serving_state import ReleaseSnapshot
from daybreak.store.base import LoggedItem, LoggedRecommendation

MAX_CONTINUABLE_LISTS = 10_000
"""Answers that can be continued with all their rules; of older ones only the log is known."""
_ID_RANDOM = Random(secrets.randbits(256))  # noqa: S311 - ids must differ; they guard nothing
MAX_BULK_REQUESTS = 256
"""Wishes of a bulk request that are answered at a time."""


@dataclass
class Pagination:
    """An answer that may be continued: what was asked, and what has been shown."""

    request: RecommendRequest
    item_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ExperimentAssignment:
    """Of which part of which experiment an answer is."""

    experiment: str
    variant: str
    shadow: bool = False


@dataclass(frozen=True, eq=False)
class PendingRequest:
    """One answer to be made: by whom, under which id."""

    prepared: PreparedRequest
    snapshot: ReleaseSnapshot
    assignment: ExperimentAssignment | None = None
    shadows: tuple[VariantPlan, ...] = ()
    id: str = field(default_factory=lambda: f"{_ID_RANDOM.getrandbits(128):032x}")
    notes: tuple[str, ...] = ()


class RecommendEngine:
    """Answers asks with the release in use; concurrent ones together.

    Args:
        stages: What answers.
        log: Where answers are kept.
        names: Turns ids of users into pseudonyms.
    """

    def __init__(
        self, stages: ReleaseManager, log: AnswerLog, names: Pseudonyms | None
    ) -> None:
        self._releases = stages
        self._log = log
        self._pseudonyms = names
        self._thread_local = local()
        self._paginations: OrderedDict[str, Pagination] = OrderedDict()
        self._lock = Lock()
        self.explorer: Explorer | None = None
        """Puts new items into answers; None: nobody does."""
        self.explores_by_default = False
        """Whether it does where an ask does not say."""
        self.experiments: ExperimentManager | None = None
        """Says who sees what; None: there are no experiments."""
        self.batcher: Batcher[PreparedRequest, RecommendResponse] = Batcher(self.recommend)
        self.shadows: Batcher[PendingRequest, RecommendResponse] = Batcher(self._run, "shadows")

    def prepare(
        self, request: RecommendRequest, exclude: Sequence[str] = ()
    ) -> PreparedRequest:
        """Check an ask; see :meth:`PreparedRequest.from_request`."""
        return PreparedRequest.from_request(request, self._pseudonyms, tuple(exclude))

    def recommend(
        self, requests: Sequence[PreparedRequest]
    ) -> list[RecommendResponse | Exception]:
        """Answer wishes together; what one of them cannot have costs the others nothing."""
        found: list[RecommendResponse | Exception] = []
        for start in range(0, len(requests), MAX_BULK_REQUESTS):
            found += self._recommend_chunk(requests[start : start + MAX_BULK_REQUESTS])
        return found

    def next_page(self, recommendation: str, n: int) -> RecommendResponse:
        """Continue an answer.

        Raises:
            NotFoundError: Nobody knows it.
        """
        scroll, notes = self._find_pagination(recommendation)
        wish = self.prepare(replace(scroll.request, n=n), scroll.item_ids)
        answered = self.batcher.submit(wish).result()
        first = len(scroll.item_ids)
        items = tuple(replace(item, rank=first + item.rank) for item in answered.items)
        scroll.item_ids += [item.item_id for item in items]
        self._remember_pagination(recommendation, scroll)
        self._remember_pagination(answered.recommendation_id, scroll)
        return replace(answered, items=items, notes=(*answered.notes, *notes))

    def explain(self, ask: RecommendRequest, item: str) -> tuple[RecommendationReason, ...]:
        """Return every piece of evidence of the score of one item of the catalogue."""
        scene = self._releases.current
        row = scene.state.catalogue.row(item)
        if row < 0:
            return ()
        batch = RequestBatch.of(scene, [self.prepare(ask)], self._context_builder())
        return batch.reasons(0, np.array([row]), None)[0]

    def forget_user(self, asker: str) -> int:
        """Drop what is remembered of a user, by the inside name; return how many answers."""
        with self._lock:
            gone = [
                id_
                for id_, scroll in self._paginations.items()
                if asker in {*_user_keys(self.prepare(scroll.request))}
            ]
            for id_ in gone:
                del self._paginations[id_]
        return len(gone)

    def count_remembered(self, asker: str) -> int:
        """Return how many answers of a user are remembered."""
        with self._lock:
            asks = [scroll.request for scroll in self._paginations.values()]
        return sum(asker in {*_user_keys(self.prepare(ask))} for ask in asks)

    def close(self) -> None:
        """Answer what was asked, then stop."""
        self.batcher.close()
        self.shadows.close()

    def _recommend_chunk(
        self, wishes: Sequence[PreparedRequest]
    ) -> list[RecommendResponse | Exception]:
        start = time.perf_counter()
        jobs = [self._assign(wish) for wish in wishes]
        answers = self._run(jobs)
        for job, answer in zip(jobs, answers, strict=True):
            if isinstance(answer, RecommendResponse):
                self._submit_shadows(job, answer)
        took = 1000 * (time.perf_counter() - start)
        return [_with_duration(answer, took) for answer in answers]

    def _assign(self, wish: PreparedRequest) -> PendingRequest:
        """Decide by which variant a wish is answered."""
        now = self._releases.current
        if self.experiments is None or not wish.request.experiment:
            return PendingRequest(wish, now)
        session = (
            None if wish.session_key is None else wish.session_key.removeprefix(SESSION_PREFIX)
        )
        found = self.experiments.assign(wish.user_key, session, wish.request.scenario)
        if found is None:
            return PendingRequest(wish, now)
        variant = found.variant
        scenes = {
            release: self._releases.state_of(release) for release in found.required_releases
        }
        scene = now if variant.release is None else scenes[variant.release]
        if scene is None or None in scenes.values():
            missing = ", ".join(sorted(name for name, one in scenes.items() if one is None))
            note = f"experiment {found.experiment} waits for release {missing}"
            return PendingRequest(wish, now, notes=(note,))
        changed = replace(wish, request=variant.apply(wish.request))
        return PendingRequest(
            changed, scene, ExperimentAssignment(found.experiment, variant.name), found.shadows
        )

    def _submit_shadows(self, job: PendingRequest, answer: RecommendResponse) -> None:
        """Let the shadows of a variant be answered too, behind everybody who waits."""
        for variant in job.shadows:
            release = variant.release
            scene = (
                self._releases.current if release is None else self._releases.state_of(release)
            )
            if scene is None or job.assignment is None:
                continue
            wish = replace(job.prepared, request=variant.apply(job.prepared.request))
            place = ExperimentAssignment(job.assignment.experiment, variant.name, shadow=True)
            id_ = shadow_id(answer.recommendation_id, variant.name)
            self.shadows.submit(PendingRequest(wish, scene, place, id=id_))

    def _run(self, jobs: Sequence[PendingRequest]) -> list[RecommendResponse | Exception]:
        """Answer jobs, those of one scene and one length together."""
        groups: dict[tuple[int, int], list[int]] = {}
        for place, job in enumerate(jobs):
            groups.setdefault((id(job.snapshot), job.prepared.request.n), []).append(place)
        found: dict[int, RecommendResponse | Exception] = {}
        for places in groups.values():
            mine = self._run_group([jobs[place] for place in places])
            found |= zip(places, mine, strict=True)
        return [found[place] for place in range(len(jobs))]

    def _run_group(self, jobs: Sequence[PendingRequest]) -> list[RecommendResponse | Exception]:
        """Answer jobs of one kind; if that fails, one by one, to find whose fault it is."""
        try:
            return list(self._recommend_group(jobs))
        except DaybreakError as error:
            if len(jobs) == 1:
                return [error]
        return [self._run_group([job])[0] for job in jobs]

    def _recommend_group(self, jobs: Sequence[PendingRequest]) -> list[RecommendResponse]:
        batch = RequestBatch.of(
            jobs[0].snapshot, [job.prepared for job in jobs], self._context_builder()
        )
        chosen = self._explored_lists(batch, jobs)
        items = self._recommended_items(batch, chosen)
        bounds = np.searchsorted(chosen.lists.query, np.arange(len(jobs) + 1)).tolist()
        answers = [
            self._response(batch, place, job, tuple(items[bounds[place] : bounds[place + 1]]))
            for place, job in enumerate(jobs)
        ]
        self._record(jobs, answers)
        return answers

    def _explored_lists(
        self, batch: RequestBatch, jobs: Sequence[PendingRequest]
    ) -> ExploredLists:
        """Return the best places, some of them given to new items to be tried out."""
        places = batch.rank()
        want = [self._is_explored(job) for job in jobs]
        if self.explorer is None or not any(want):
            count = len(places)
            return ExploredLists(places, np.ones(count), np.zeros(count, dtype=bool))
        scene = batch.snapshot
        draft = BaseLists(
            scene.state, scene.histories, batch.query_batch, places, batch.allowed
        )
        keys, wanted = [job.id for job in jobs], np.array(want, dtype=bool)
        return self.explorer.explore(draft, jobs[0].prepared.request.n, keys, wanted)

    def _is_explored(self, job: PendingRequest) -> bool:
        asked = job.prepared.request.explore
        return self.explores_by_default if asked is None else asked

    def _recommended_items(
        self, batch: RequestBatch, chosen: ExploredLists
    ) -> list[RecommendedItem]:
        """Return the items of all answers, one after the other."""
        places, sheet = chosen.lists, self._releases.row_caches.items
        ids = batch.snapshot.state.catalogue.items.ids.ids
        columns = zip(
            [ids[row] for row in places.item.tolist()],
            places.rank.tolist(),
            places.score.tolist(),
            batch.strategies(places),
            batch.snapshot.item_warmth(places.item),
            chosen.propensity.tolist(),
            chosen.explored.tolist(),
            self._reasons(batch, places),
            places.moved_by or [None] * len(places),
            strict=True,
        )
        return [
            RecommendedItem(
                id_, rank, score, name, warm, chance, odd, why, sheet.get(id_) or {}, rule
            )
            for id_, rank, score, name, warm, chance, odd, why, rule in columns
        ]

    def _reasons(
        self, batch: RequestBatch, places: RankedLists
    ) -> list[tuple[RecommendationReason, ...]]:
        """Return the reasons of each place, where they were asked for."""
        found: list[tuple[RecommendationReason, ...]] = [()] * len(places)
        for place, wish in enumerate(batch.requests):
            if wish.request.explain:
                mine = np.flatnonzero(places.query == place)
                reasons = batch.reasons(place, places.item[mine], MAX_REASONS)
                for row, one in zip(mine.tolist(), reasons, strict=True):
                    found[row] = one
        return found

    def _response(
        self,
        batch: RequestBatch,
        place: int,
        job: PendingRequest,
        items: tuple[RecommendedItem, ...],
    ) -> RecommendResponse:
        mine = job.assignment
        return RecommendResponse(
            job.id,
            job.prepared.request.user_id,
            batch.user_warmth(place),
            batch.snapshot.release,
            items,
            None if mine is None else mine.experiment,
            None if mine is None else mine.variant,
            (*batch.snapshot.notes, *job.notes),
        )

    def _record(
        self, jobs: Sequence[PendingRequest], answers: Sequence[RecommendResponse]
    ) -> None:
        """Log answers, and remember them to be continued."""
        now = time.time()
        logged = [
            _logged_answer(job, answer, now) for job, answer in zip(jobs, answers, strict=True)
        ]
        self._log.put(logged)
        if self.explorer is not None:
            self.explorer.record(logged)
        for job, answer in zip(jobs, answers, strict=True):
            if job.assignment is None or not job.assignment.shadow:
                shown = [*job.prepared.exclude, *(item.item_id for item in answer.items)]
                self._remember_pagination(
                    answer.recommendation_id, Pagination(job.prepared.request, shown)
                )

    def _remember_pagination(self, id_: str, scroll: Pagination) -> None:
        with self._lock:
            self._paginations[id_] = scroll
            while len(self._paginations) > MAX_CONTINUABLE_LISTS:
                self._paginations.popitem(last=False)

    def _find_pagination(self, recommendation: str) -> tuple[Pagination, tuple[str, ...]]:
        with self._lock:
            known = self._paginations.get(recommendation)
        if known is not None:
            return known, ()
        found = self._log.find(recommendation)
        if found is None:
            raise NotFoundError(f"no answer has the recommendation_id {recommendation!r:.80}")
        session = found.session_id
        user = found.user_id
        if user is not None and user.startswith(SESSION_PREFIX):
            user = None
        part = found.experiment is not None
        ask = RecommendRequest(
            user_id=user, session_id=session, scenario=found.scenario, experiment=part
        )
        note = "the rules of the first answer are not known any more"
        return Pagination(ask, [item.item_id for item in found.shown]), (note,)

    def _context_builder(self) -> ContextBuilder:
        """Return the listener of this thread."""
        if not hasattr(self._thread_local, "listener"):
            self._thread_local.listener = ContextBuilder()
        listener: ContextBuilder = self._thread_local.listener
        return listener


def _user_keys(wish: PreparedRequest) -> tuple[str, ...]:
    return tuple(name for name in (wish.user_key, wish.session_key) if name is not None)


def _with_duration(
    answer: RecommendResponse | Exception, took_ms: float
) -> RecommendResponse | Exception:
    return replace(answer, took_ms=took_ms) if isinstance(answer, RecommendResponse) else answer


def _logged_answer(
    job: PendingRequest, answer: RecommendResponse, at: float
) -> LoggedRecommendation:
    wish = job.prepared
    session = (
        None if wish.session_key is None else wish.session_key.removeprefix(SESSION_PREFIX)
    )
    return LoggedRecommendation(
        answer.recommendation_id,
        at,
        wish.asker_key,
        answer.release,
        tuple(
            LoggedItem(i.item_id, i.score, i.rank, i.strategy, i.propensity, i.explored)
            for i in answer.items
        ),
        answer.experiment,
        answer.variant,
        shadow=job.assignment is not None and job.assignment.shadow,
        scenario=wish.request.scenario,
        session_id=session,
    )
