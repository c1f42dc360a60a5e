"""The best of a catalogue for a batch of wishes, in arrays from end to end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daybreak.evaluation.ranking import top_k
from daybreak.ranking.blend import level_of
from daybreak.ranking.reasons import Evidenced
from daybreak.service.answers import TEMPERATURES, Asked, Places
from daybreak.service.asking import Told
from daybreak.service.explaining import why
from daybreak.service.live.answered import Reason
from daybreak.service.live.scene import Scene
from daybreak.service.live.told import NOBODY, Known, Listener
from daybreak.service.live.wish import Wish
from daybreak.types import Mask, Rows


@dataclass(frozen=True, eq=False)
class Batch:
    """Wishes for lists of one length, with all that is needed to score and to explain."""

    scene: Scene
    wishes: Sequence[Wish]
    known: Known
    asked: Asked
    """``users`` are inside names; one may come twice."""

    @classmethod
    def of(cls, scene: Scene, wishes: Sequence[Wish], listener: Listener) -> "Batch":
        """Look up what is known of the askers."""
        known = listener.listen(scene, wishes)
        queries = scene.shelf.asking.queries(known.told)
        names = [wish.asker or NOBODY for wish in wishes]
        return cls(scene, wishes, known, Asked(names, queries, known.hot, known.warm))

    @property
    def n(self) -> int:
        """Length of the lists."""
        return self.wishes[0].ask.n

    @cached_property
    def allowed(self) -> Mask:
        """(n_wishes, n_items) what may be answered."""
        answers = self.scene.shelf.answers
        allowed = np.tile(answers.shown, (len(self.wishes), 1))
        for place, wish in enumerate(self.wishes):
            rules = wish.ask.rules
            if rules is not None and rules.items is not None:
                allowed[place] &= answers.candidates(rules.items)
            never = answers.rows_of((*wish.exclude, *(rules.exclude if rules else ())))
            allowed[place, never[never >= 0]] = False
        who, item = self.known.seen
        free = [w.ask.rules is None or w.ask.rules.exclude_seen for w in self.wishes]
        hides = np.array(free, dtype=bool)[who]
        allowed[who[hides], item[hides]] = False
        return allowed

    def best(self) -> Places:
        """Return the best places of each wish."""
        scores = self.scene.shelf.answers.score(self.asked.queries)
        scores[~self.allowed] = -np.inf
        rows = top_k(scores, max(1, min(self.n, scores.shape[1])))
        who, place = np.nonzero(rows >= 0)
        item = rows[who, place]
        return Places(who, item, place + 1, scores[who, item])

    def strategies(self, place: int, items: Rows) -> list[str]:
        """Return the strategy that counts most for each item of a wish."""
        answers = self.scene.shelf.answers
        n, new = len(items), ~answers.learned[items]
        level = level_of(self.asked.queries.n_events[[place]])
        told = np.diff(self.asked.queries.profile.indptr)[place] > 0
        names = answers.parts.scorers[0].leading(np.repeat(level, n), np.full(n, told), new)
        if self.scene.release:
            return names
        return ["latest" if n else name for name, n in zip(names, new, strict=True)]

    def user_temperature(self, place: int) -> str:
        """Return the temperature of an asker."""
        asked = self.asked
        return str(TEMPERATURES[2 if asked.hot[place] else int(asked.told[place])])

    def reasons(self, place: int, items: Rows, most: int | None) -> list[tuple[Reason, ...]]:
        """Return the evidence of each item; the values add up to its score."""
        shelf = self.scene.shelf
        found = why(
            shelf.answers, items, self._evidence(place), shelf.learned.profile.names, most
        )
        return [tuple(Reason(**reason) for reason in reasons) for reasons in found]

    def _evidence(self, place: int) -> Evidenced:
        told = self.known.told
        mine = told.events.where(told.events.user == place)
        mine = type(mine)(np.zeros_like(mine.user), mine.item, mine.at)
        texts = {0: told.texts[place]} if place in told.texts else {}
        return self.scene.shelf.asking.evidenced(Told(mine, told.profile[[place]], texts))
