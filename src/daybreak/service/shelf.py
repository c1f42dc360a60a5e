"""Everything that answers, at one moment; a change makes a new value."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from daybreak.data.items import Items
from daybreak.ranking.scorer import Scorer
from daybreak.service.answers import Answers
from daybreak.service.asking import Asking
from daybreak.service.catalogue import Catalogue
from daybreak.service.encoding import encoded
from daybreak.service.learning import Learned
from daybreak.service.parts import Parts
from daybreak.service.profiles import Profiles


@dataclass(frozen=True, eq=False)
class Shelf:
    """What was learned, with the catalogue and the profiles as they are now.

    A request takes one shelf and keeps it, so that a change never shows by halves.
    """

    learned: Learned
    catalogue: Catalogue
    profiles: Profiles
    parts: Parts
    """Who scores what."""
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
        catalogue = Catalogue(
            items,
            learned.items if encoded is None else encoded,
            fields=learned.content.attributes.fields,
        )
        parts = Parts.of(Scorer(learned.blend, learned.fitted, catalogue.items))
        anchors, facts = learned.fitted.anchors, learned.facts
        asking = Asking(anchors, catalogue.items, facts.dated, learned.content.texts)
        answers = Answers(parts, catalogue, has_events=facts.n_events > 0)
        return cls(learned, catalogue, profiles, parts, asking, answers)

    @property
    def scorers(self) -> tuple[Scorer, ...]:
        """The one of the training first."""
        return self.parts.scorers

    def with_items(self, frame: pl.DataFrame, *, replace_known: bool = False) -> "Shelf":
        """Return it with the items that are new.

        Args:
            frame: Of ``item_id`` and attributes.
            replace_known: Whether rows of known items take the place of what is known of
                them; else they are passed over. A column that a row does not have is empty.
        """
        rows = self.catalogue.named(frame) if replace_known else self.catalogue.new_rows(frame)
        if not rows.height:
            return self
        blocks = encoded(self.learned.content, self.catalogue, rows)
        catalogue, changed = self.catalogue.with_rows(rows, blocks)
        parts = self.parts.covering(catalogue.items, changed) if len(changed) else self.parts
        return self._with(
            catalogue, parts, self.asking.changed(catalogue.items, changed.tolist())
        )

    def without_items(self, ids: Sequence[str]) -> "Shelf":
        """Return it without some items: they are no candidates until they come again."""
        return self._with(self.catalogue.without(ids), self.parts, self.asking)

    def renewed(self, learned: Learned) -> "Shelf":
        """Return it with models that say other things of the same items to every asker."""
        parts = self.parts.renewed(learned.fitted)
        return replace(self._with(self.catalogue, parts, self.asking), learned=learned)

    def with_parts(self, parts: Parts) -> "Shelf":
        """Return it with others who score the same."""
        return self._with(self.catalogue, parts, self.asking)

    def settled(self) -> "Shelf":
        """Return it with changed items in their places, and wings for new ones only."""
        parts = self.parts
        if not parts.n_moved():
            return self
        for first in parts.settling():
            parts = parts.with_first(first)
        return self.with_parts(parts.without_moved())

    def _with(self, catalogue: Catalogue, parts: Parts, asking: Asking) -> "Shelf":
        answers = Answers(parts, catalogue, has_events=self.answers.has_events)
        return replace(self, catalogue=catalogue, parts=parts, asking=asking, answers=answers)

    def without_users(self, users: Sequence[str]) -> "Shelf":
        """Return it with nothing known of some users."""
        return replace(self, profiles=self.profiles.without(users))

    def with_users(self, frame: pl.DataFrame, *, whole: bool = False) -> "Shelf":
        """Return it with profiles added, or in the place of those that were known."""
        return replace(self, profiles=self.profiles.with_users(frame, whole=whole))
