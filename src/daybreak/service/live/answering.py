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
from daybreak.service.answers import Places
from daybreak.service.experiments import Experiments, Variant, shadow_id
from daybreak.service.explaining import SHOWN
from daybreak.service.exploring import Chosen, Draft, Explorer
from daybreak.service.live.answer_log import AnswerLog
from daybreak.service.live.answered import Answered, Reason, Recommended
from daybreak.service.live.ask import SESSION, Ask
from daybreak.service.live.batcher import Batcher
from daybreak.service.live.listing import Batch
from daybreak.service.live.scene import Scene
from daybreak.service.live.stages import Stages
from daybreak.service.live.told import Listener
from daybreak.service.live.wish import Wish
from daybreak.service.privacy import Pseudonyms
from daybreak.store.journal import Answer, Shown

SCROLLS = 10_000
"""Answers that can be continued with all their rules; of older ones only the log is known."""
_DRAWN = Random(secrets.randbits(256))  # noqa: S311 - ids must differ; they guard nothing
TOGETHER = 256
"""Wishes of a bulk request that are answered at a time."""


@dataclass
class Scroll:
    """An answer that may be continued: what was asked, and what has been shown."""

    ask: Ask
    shown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """Of which part of which experiment an answer is."""

    experiment: str
    variant: str
    shadow: bool = False


@dataclass(frozen=True, eq=False)
class Job:
    """One answer to be made: by whom, under which id."""

    wish: Wish
    scene: Scene
    place: Part | None = None
    shadows: tuple[Variant, ...] = ()
    id: str = field(default_factory=lambda: f"{_DRAWN.getrandbits(128):032x}")
    notes: tuple[str, ...] = ()


class Answering:
    """Answers asks with the release in use; concurrent ones together.

    Args:
        stages: What answers.
        log: Where answers are kept.
        names: Turns ids of users into pseudonyms.
    """

    def __init__(self, stages: Stages, log: AnswerLog, names: Pseudonyms | None) -> None:
        self._stages = stages
        self._log = log
        self._names = names
        self._mine = local()
        self._scrolls: OrderedDict[str, Scroll] = OrderedDict()
        self._lock = Lock()
        self.explorer: Explorer | None = None
        """Puts new items into answers; None: nobody does."""
        self.explores = False
        """Whether it does where an ask does not say."""
        self.experiments: Experiments | None = None
        """Says who sees what; None: there are no experiments."""
        self.batcher: Batcher[Wish, Answered] = Batcher(self.answer)
        self.shadows: Batcher[Job, Answered] = Batcher(self._jobs, "shadows")

    def wish(self, ask: Ask, exclude: Sequence[str] = ()) -> Wish:
        """Check an ask; see :meth:`Wish.of`."""
        return Wish.of(ask, self._names, tuple(exclude))

    def answer(self, wishes: Sequence[Wish]) -> list[Answered | Exception]:
        """Answer wishes together; what one of them cannot have costs the others nothing."""
        found: list[Answered | Exception] = []
        for start in range(0, len(wishes), TOGETHER):
            found += self._part(wishes[start : start + TOGETHER])
        return found

    def more(self, recommendation: str, n: int) -> Answered:
        """Continue an answer.

        Raises:
            NotFoundError: Nobody knows it.
        """
        scroll, notes = self._scroll(recommendation)
        wish = self.wish(replace(scroll.ask, n=n), scroll.shown)
        answered = self.batcher.submit(wish).result()
        first = len(scroll.shown)
        items = tuple(replace(item, rank=first + item.rank) for item in answered.items)
        scroll.shown += [item.item_id for item in items]
        self._remember(recommendation, scroll)
        self._remember(answered.recommendation_id, scroll)
        return replace(answered, items=items, notes=(*answered.notes, *notes))

    def explain(self, ask: Ask, item: str) -> tuple[Reason, ...]:
        """Return every piece of evidence of the score of one item of the catalogue."""
        scene = self._stages.now
        row = scene.shelf.catalogue.row(item)
        if row < 0:
            return ()
        batch = Batch.of(scene, [self.wish(ask)], self._listener())
        return batch.reasons(0, np.array([row]), None)[0]

    def forget(self, asker: str) -> int:
        """Drop what is remembered of a user, by the inside name; return how many answers."""
        with self._lock:
            gone = [
                id_
                for id_, scroll in self._scrolls.items()
                if asker in {*_names(self.wish(scroll.ask))}
            ]
            for id_ in gone:
                del self._scrolls[id_]
        return len(gone)

    def remembers(self, asker: str) -> int:
        """Return how many answers of a user are remembered."""
        with self._lock:
            asks = [scroll.ask for scroll in self._scrolls.values()]
        return sum(asker in {*_names(self.wish(ask))} for ask in asks)

    def close(self) -> None:
        """Answer what was asked, then stop."""
        self.batcher.close()
        self.shadows.close()

    def _part(self, wishes: Sequence[Wish]) -> list[Answered | Exception]:
        start = time.perf_counter()
        jobs = [self._job(wish) for wish in wishes]
        answers = self._jobs(jobs)
        for job, answer in zip(jobs, answers, strict=True):
            if isinstance(answer, Answered):
                self._shadow(job, answer)
        took = 1000 * (time.perf_counter() - start)
        return [_timed(answer, took) for answer in answers]

    def _job(self, wish: Wish) -> Job:
        """Decide by which variant a wish is answered."""
        now = self._stages.now
        if self.experiments is None or not wish.ask.experiment:
            return Job(wish, now)
        session = None if wish.session is None else wish.session.removeprefix(SESSION)
        found = self.experiments.assign(wish.user, session, wish.ask.scenario)
        if found is None:
            return Job(wish, now)
        variant = found.variant
        scenes = {release: self._stages.scene(release) for release in found.needs}
        scene = now if variant.release is None else scenes[variant.release]
        if scene is None or None in scenes.values():
            missing = ", ".join(sorted(name for name, one in scenes.items() if one is None))
            note = f"experiment {found.experiment} waits for release {missing}"
            return Job(wish, now, notes=(note,))
        changed = replace(wish, ask=variant.change(wish.ask))
        return Job(changed, scene, Part(found.experiment, variant.name), found.shadows)

    def _shadow(self, job: Job, answer: Answered) -> None:
        """Let the shadows of a variant be answered too, behind everybody who waits."""
        for variant in job.shadows:
            release = variant.release
            scene = self._stages.now if release is None else self._stages.scene(release)
            if scene is None or job.place is None:
                continue
            wish = replace(job.wish, ask=variant.change(job.wish.ask))
            place = Part(job.place.experiment, variant.name, shadow=True)
            id_ = shadow_id(answer.recommendation_id, variant.name)
            self.shadows.submit(Job(wish, scene, place, id=id_))

    def _jobs(self, jobs: Sequence[Job]) -> list[Answered | Exception]:
        """Answer jobs, those of one scene and one length together."""
        groups: dict[tuple[int, int], list[int]] = {}
        for place, job in enumerate(jobs):
            groups.setdefault((id(job.scene), job.wish.ask.n), []).append(place)
        found: dict[int, Answered | Exception] = {}
        for places in groups.values():
            mine = self._together([jobs[place] for place in places])
            found |= zip(places, mine, strict=True)
        return [found[place] for place in range(len(jobs))]

    def _together(self, jobs: Sequence[Job]) -> list[Answered | Exception]:
        """Answer jobs of one kind; if that fails, one by one, to find whose fault it is."""
        try:
            return list(self._list(jobs))
        except DaybreakError as error:
            if len(jobs) == 1:
                return [error]
        return [self._together([job])[0] for job in jobs]

    def _list(self, jobs: Sequence[Job]) -> list[Answered]:
        batch = Batch.of(jobs[0].scene, [job.wish for job in jobs], self._listener())
        chosen = self._chosen(batch, jobs)
        items = self._items(batch, chosen)
        bounds = np.searchsorted(chosen.places.who, np.arange(len(jobs) + 1)).tolist()
        answers = [
            self._answered(batch, place, job, tuple(items[bounds[place] : bounds[place + 1]]))
            for place, job in enumerate(jobs)
        ]
        self._keep(jobs, answers)
        return answers

    def _chosen(self, batch: Batch, jobs: Sequence[Job]) -> Chosen:
        """Return the best places, some of them given to new items to be tried out."""
        places = batch.best()
        want = [self._explores(job) for job in jobs]
        if self.explorer is None or not any(want):
            count = len(places)
            return Chosen(places, np.ones(count), np.zeros(count, dtype=bool))
        scene = batch.scene
        draft = Draft(scene.shelf, scene.histories, batch.asked, places, batch.allowed)
        keys, wanted = [job.id for job in jobs], np.array(want, dtype=bool)
        return self.explorer.choose(draft, jobs[0].wish.ask.n, keys, wanted)

    def _explores(self, job: Job) -> bool:
        asked = job.wish.ask.explore
        return self.explores if asked is None else asked

    def _items(self, batch: Batch, chosen: Chosen) -> list[Recommended]:
        """Return the items of all answers, one after the other."""
        places, sheet = chosen.places, self._stages.known.items
        ids = batch.scene.shelf.catalogue.items.ids.ids
        columns = zip(
            [ids[row] for row in places.item.tolist()],
            places.rank.tolist(),
            places.score.tolist(),
            batch.strategies(places),
            batch.scene.temperatures(places.item),
            chosen.propensity.tolist(),
            chosen.explored.tolist(),
            self._why(batch, places),
            places.moved or [None] * len(places),
            strict=True,
        )
        return [
            Recommended(
                id_, rank, score, name, warm, chance, odd, why, sheet.get(id_) or {}, rule
            )
            for id_, rank, score, name, warm, chance, odd, why, rule in columns
        ]

    def _why(self, batch: Batch, places: Places) -> list[tuple[Reason, ...]]:
        """Return the reasons of each place, where they were asked for."""
        found: list[tuple[Reason, ...]] = [()] * len(places)
        for place, wish in enumerate(batch.wishes):
            if wish.ask.explain:
                mine = np.flatnonzero(places.who == place)
                reasons = batch.reasons(place, places.item[mine], SHOWN)
                for row, one in zip(mine.tolist(), reasons, strict=True):
                    found[row] = one
        return found

    def _answered(
        self, batch: Batch, place: int, job: Job, items: tuple[Recommended, ...]
    ) -> Answered:
        mine = job.place
        return Answered(
            job.id,
            job.wish.ask.user_id,
            batch.user_temperature(place),
            batch.scene.release,
            items,
            None if mine is None else mine.experiment,
            None if mine is None else mine.variant,
            (*batch.scene.notes, *job.notes),
        )

    def _keep(self, jobs: Sequence[Job], answers: Sequence[Answered]) -> None:
        """Log answers, and remember them to be continued."""
        now = time.time()
        logged = [_logged(job, answer, now) for job, answer in zip(jobs, answers, strict=True)]
        self._log.put(logged)
        if self.explorer is not None:
            self.explorer.record(logged)
        for job, answer in zip(jobs, answers, strict=True):
            if job.place is None or not job.place.shadow:
                shown = [*job.wish.exclude, *(item.item_id for item in answer.items)]
                self._remember(answer.recommendation_id, Scroll(job.wish.ask, shown))

    def _remember(self, id_: str, scroll: Scroll) -> None:
        with self._lock:
            self._scrolls[id_] = scroll
            while len(self._scrolls) > SCROLLS:
                self._scrolls.popitem(last=False)

    def _scroll(self, recommendation: str) -> tuple[Scroll, tuple[str, ...]]:
        with self._lock:
            known = self._scrolls.get(recommendation)
        if known is not None:
            return known, ()
        found = self._log.find(recommendation)
        if found is None:
            raise NotFoundError(f"no answer has the recommendation_id {recommendation!r:.80}")
        session = found.session_id
        user = found.user_id
        if user is not None and user.startswith(SESSION):
            user = None
        part = found.experiment is not None
        ask = Ask(user_id=user, session_id=session, scenario=found.scenario, experiment=part)
        note = "the rules of the first answer are not known any more"
        return Scroll(ask, [item.item_id for item in found.shown]), (note,)

    def _listener(self) -> Listener:
        """Return the listener of this thread."""
        if not hasattr(self._mine, "listener"):
            self._mine.listener = Listener()
        listener: Listener = self._mine.listener
        return listener


def _names(wish: Wish) -> tuple[str, ...]:
    return tuple(name for name in (wish.user, wish.session) if name is not None)


def _timed(answer: Answered | Exception, took_ms: float) -> Answered | Exception:
    return replace(answer, took_ms=took_ms) if isinstance(answer, Answered) else answer


def _logged(job: Job, answer: Answered, at: float) -> Answer:
    wish = job.wish
    session = None if wish.session is None else wish.session.removeprefix(SESSION)
    return Answer(
        answer.recommendation_id,
        at,
        wish.asker,
        answer.release,
        tuple(
            Shown(i.item_id, i.score, i.rank, i.strategy, i.propensity, i.explored)
            for i in answer.items
        ),
        answer.experiment,
        answer.variant,
        shadow=job.place is not None and job.place.shadow,
        scenario=wish.ask.scenario,
        session_id=session,
    )
