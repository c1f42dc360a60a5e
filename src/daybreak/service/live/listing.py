"""The best of a catalogue for a batch of wishes, in arrays from end to end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daybreak.data.sparse_rows import sparse_of
from daybreak.ranking.blend import level_of
from daybreak.ranking.reasons import Evidenced
from daybreak.ranking.rules import Rules
from daybreak.service.answers import TEMPERATURES, Asked, Places
from daybreak.service.asking import Told
from daybreak.service.explaining import why
from daybreak.service.live.answered import Reason
from daybreak.service.live.scene import Scene
from daybreak.service.live.told import NOBODY, Known, Listener
from daybreak.service.live.wish import Wish
from daybreak.service.rulebook import Ruling
from daybreak.service.under_rules import boost_reasons
from daybreak.types import Mask, Rows, Sparse

PLAIN = Rules()


@dataclass(frozen=True, eq=False)
class Batch:
    """Wishes with all that is needed to score and to explain."""

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
        never = (_never(scene, wishes, known),)
        return cls(scene, wishes, known, Asked(names, queries, known.hot, known.warm, never))

    @cached_property
    def rulings(self) -> list[Ruling]:
        """The rules of each wish, worked out for the catalogue; equal ones once.

        Raises:
            FilterError: A filter cannot be read.
        """
        book = self.scene.shelf.answers.rulebook
        made: dict[Rules, Ruling] = {}
        for wish in self.wishes:
            rules = wish.ask.rules or PLAIN
            if rules not in made:
                made[rules] = book.ruling(rules)
        return [made[wish.ask.rules or PLAIN] for wish in self.wishes]

    def best(self) -> Places:
        """Return the best places of each wish."""
        lengths = [wish.ask.n for wish in self.wishes]
        return self.scene.shelf.answers.best_under(self.asked, self.rulings, lengths)

    @property
    def allowed(self) -> Mask:
        """(n_wishes, n_items) what may be answered, beside what users have seen."""
        return np.stack([ruling.open for ruling in self.rulings])

    def strategies(self, places: Places) -> list[str]:
        """Return the strategy that counts most for each place."""
        answers, queries = self.scene.shelf.answers, self.asked.queries
        new = ~answers.learned[places.item]
        level = level_of(queries.n_events)[places.who]
        told = (np.diff(queries.profile.indptr) > 0)[places.who]
        kinds, at = np.unique(level * 4 + told * 2 + new, return_inverse=True)
        scorer = answers.parts.scorers[0]
        names = scorer.leading(kinds // 4, kinds // 2 % 2 == 1, kinds % 2 == 1)
        found = [names[kind] for kind in at.tolist()]
        return found if self.scene.release else self._untrained(found, places.item)

    def _untrained(self, names: list[str], items: Rows) -> list[str]:
        """Say ``latest`` of items that cannot be there for being popular."""
        hot = self.scene.histories.have_events(items)
        both = zip(names, hot.tolist(), strict=True)
        return ["latest" if name == "popular" and not chosen else name for name, chosen in both]

    def user_temperature(self, place: int) -> str:
        """Return the temperature of an asker."""
        asked = self.asked
        return str(TEMPERATURES[2 if asked.hot[place] else int(asked.told[place])])

    def reasons(self, place: int, items: Rows, most: int | None) -> list[tuple[Reason, ...]]:
        """Return the evidence of each item; the values add up to its score."""
        shelf, ruling = self.scene.shelf, self.rulings[place]
        found = why(
            shelf.answers, items, self._evidence(place), shelf.learned.profile.names, most
        )
        boosts = [boost_reasons(ruling.boosts_of(int(row))) for row in items]
        both = zip(found, boosts, strict=True)
        return [tuple(Reason(**one) for one in (*mine, *added)) for mine, added in both]

    def _evidence(self, place: int) -> Evidenced:
        told = self.known.told
        mine = told.events.where(told.events.user == place)
        mine = type(mine)(np.zeros_like(mine.user), mine.item, mine.at)
        texts = {0: told.texts[place]} if place in told.texts else {}
        return self.scene.shelf.asking.evidenced(Told(mine, told.profile[[place]], texts))


def _never(scene: Scene, wishes: Sequence[Wish], known: Known) -> Sparse:
    """Return the (n_wishes, n_items) CSR of what must not be answered."""
    items = scene.shelf.catalogue.items
    free = [wish.ask.rules is None or wish.ask.rules.exclude_seen for wish in wishes]
    hides = np.array(free, dtype=bool)[known.seen[0]]
    parts = [np.stack(known.seen)[:, hides]]
    for place, wish in enumerate(wishes):
        if wish.exclude:
            rows = items.ids.rows(wish.exclude)
            rows = rows[rows >= 0]
            parts.append(np.stack([np.full(len(rows), place), rows]))
    who, item = np.concatenate(parts, axis=1)
    ones = np.ones(len(who), dtype=np.float32)
    return sparse_of(who, item, ones, (len(wishes), len(items)))
