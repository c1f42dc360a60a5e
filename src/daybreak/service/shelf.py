"""Everything that answers, at one moment; a change makes a new value."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from daybreak.data.items import Items
from daybreak.ranking.scorer import Scorer
from daybreak.service.answers import Answers
from daybreak.service.asking import Asking
from daybreak.service.catalogue import Catalogue
from daybreak.service.learning import Learned
from daybreak.service.profiles import Profiles


@dataclass(frozen=True, eq=False)
class Shelf:
    """What was learned, with the catalogue and the profiles as they are now.

    A request takes one shelf and keeps it, so that a change never shows by halves.
    """

    learned: Learned
    catalogue: Catalogue
    profiles: Profiles
    scorers: tuple[Scorer, ...]
    """Of consecutive parts of the catalogue, the learned one first."""
    asking: Asking
    answers: Answers

    @classmethod
    def of(
        cls,
        learned: Learned,
        items: pl.DataFrame,
        profiles: Profiles,
        encoded: Items | None = None,
    ) -> "Shelf":
        """Return the shelf of a training or of a release.

        Args:
            learned: The models.
            items: The catalogue, one row an item.
            profiles: Of known users.
            encoded: The same catalogue, encoded; default: that of the training.
        """
        catalogue = Catalogue(items, learned.items if encoded is None else encoded)
        scorers = (Scorer(learned.blend, learned.fitted, catalogue.items),)
        anchors, facts = learned.fitted.anchors, learned.facts
        asking = Asking(anchors, catalogue.items, facts.dated, learned.content.texts)
        answers = Answers(scorers, catalogue, has_events=facts.n_events > 0)
        return cls(learned, catalogue, profiles, scorers, asking, answers)

    def with_items(self, frame: pl.DataFrame) -> "Shelf":
        """Return it with the items that are new."""
        new = self.catalogue.new_rows(frame)
        if not new.height:
            return self
        catalogue = self.catalogue.with_items(new, self.learned.content.transform(new))
        scorers = _with_wing(self.scorers, catalogue.items)
        return replace(
            self,
            catalogue=catalogue,
            scorers=scorers,
            asking=self.asking.grown(catalogue.items),
            answers=Answers(scorers, catalogue, has_events=self.answers.has_events),
        )

    def with_users(self, frame: pl.DataFrame) -> "Shelf":
        """Return it with profiles added."""
        return replace(self, profiles=self.profiles.with_users(frame))


def _with_wing(scorers: tuple[Scorer, ...], items: Items) -> tuple[Scorer, ...]:
    """Return scorers for a longer catalogue; the learned part is not touched.

    Wings that are not longer than what comes after them are merged with it, so that adding
    items one at a time makes few wings and little work.
    """
    ends = np.cumsum([len(scorer.items) for scorer in scorers]).tolist()
    kept = len(scorers)
    while kept > 1 and len(scorers[kept - 1].items) <= len(items) - ends[kept - 1]:
        kept -= 1
    wing = items.take(np.arange(ends[kept - 1], len(items)))
    return (*scorers[:kept], scorers[0].wing(wing))
