"""From asks to answers: variants, one batch, exploration, reasons, the log."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock, local
from typing import Any
from uuid import uuid4

import numpy as np

from daybreak.errors import DaybreakError, NotFoundError
from daybreak.service.explaining import SHOWN
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
TOGETHER = 256
"""Wishes of a bulk request that are answered at a time."""


@dataclass
class Scroll:
    """An answer that may be continued: what was asked, and what has been shown."""

    ask: Ask
    shown: list[str] = field(default_factory=list)


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
        self.batcher: Batcher[Wish, Answered] = Batcher(self.answer)

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
        wish = self.wish(replace(scroll.ask, n=n, experiment=False), scroll.shown)
        answered = self.batcher.submit(wish).result()
        first = len(scroll.shown)
        items = tuple(replace(item, rank=first + item.rank) for item in answered.items)
        scroll.shown += [item.item_id for item in items]
        self._remember(recommendation, scroll)
        self._remember(answered.recommendation_id, scroll)
        return replace(answered, items=items, notes=(*answered.notes, *notes))

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

    def _part(self, wishes: Sequence[Wish]) -> list[Answered | Exception]:
        start = time.perf_counter()
        now = self._stages.now
        found: dict[int, Answered | Exception] = {}
        groups: dict[int, list[int]] = {}
        for place, wish in enumerate(wishes):
            groups.setdefault(wish.ask.n, []).append(place)
        for places in groups.values():
            mine = [wishes[place] for place in places]
            found |= zip(places, self._together(now, mine), strict=True)
        took = 1000 * (time.perf_counter() - start)
        return [_timed(found[place], took) for place in range(len(wishes))]

    def _together(self, scene: Scene, wishes: Sequence[Wish]) -> list[Answered | Exception]:
        """Answer wishes of one length; if that fails, one by one, to find whose fault it is."""
        try:
            return list(self._list(scene, wishes))
        except DaybreakError as error:
            if len(wishes) == 1:
                return [error]
        return [self._together(scene, [wish])[0] for wish in wishes]

    def _list(self, scene: Scene, wishes: Sequence[Wish]) -> list[Answered]:
        batch = Batch.of(scene, wishes, self._listener())
        places = batch.best()
        bounds = np.searchsorted(places.who, np.arange(len(wishes) + 1))
        answers = []
        for place, wish in enumerate(wishes):
            mine = slice(int(bounds[place]), int(bounds[place + 1]))
            items = self._items(batch, place, places.item[mine], places.score[mine])
            answers.append(self._answered(batch, place, wish, items))
        self._keep(wishes, answers)
        return answers

    def _items(
        self, batch: Batch, place: int, rows: Any, scores: Any
    ) -> tuple[Recommended, ...]:
        if not len(rows):
            return ()
        ids = batch.scene.shelf.catalogue.items.ids.ids
        why: list[tuple[Reason, ...]] = [()] * len(rows)
        if batch.wishes[place].ask.explain:
            why = batch.reasons(place, rows, SHOWN)
        columns = zip(
            rows.tolist(),
            scores.tolist(),
            batch.strategies(place, rows),
            batch.scene.temperatures(rows),
            why,
            strict=True,
        )
        sheet = self._stages.known.items
        return tuple(
            Recommended(
                ids[row],
                rank,
                score,
                strategy,
                temperature,
                reasons=reasons,
                properties=sheet.get(ids[row]) or {},
            )
            for rank, (row, score, strategy, temperature, reasons) in enumerate(columns, 1)
        )

    def _answered(
        self, batch: Batch, place: int, wish: Wish, items: tuple[Recommended, ...]
    ) -> Answered:
        scene = batch.scene
        return Answered(
            uuid4().hex,
            wish.ask.user_id,
            batch.user_temperature(place),
            scene.release,
            items,
            notes=scene.notes,
        )

    def _keep(self, wishes: Sequence[Wish], answers: Sequence[Answered]) -> None:
        """Log answers, and remember them to be continued."""
        now = time.time()
        self._log.put([_logged(w, a, now) for w, a in zip(wishes, answers, strict=True)])
        for wish, answer in zip(wishes, answers, strict=True):
            shown = [*wish.exclude, *(item.item_id for item in answer.items)]
            self._remember(answer.recommendation_id, Scroll(wish.ask, shown))

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
        ask = Ask(user_id=user, session_id=session, scenario=found.scenario)
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


def _logged(wish: Wish, answer: Answered, at: float) -> Answer:
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
        scenario=wish.ask.scenario,
        session_id=session,
    )
