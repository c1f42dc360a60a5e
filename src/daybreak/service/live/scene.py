"""One release in service with everything that came since; a change makes a new value."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.data.rules import ResolvedRules
from daybreak.service.answers import temperatures
from daybreak.service.changed import changed_rows
from daybreak.service.event_rows import event_rows
from daybreak.service.histories import Histories
from daybreak.service.learning import Learned
from daybreak.service.live.trends import followed
from daybreak.service.parts import Parts
from daybreak.service.profiles import Profiles
from daybreak.service.shelf import Shelf
from daybreak.store.journal import Changes
from daybreak.types import Mask, Rows

PREPARED = 20_000
"""New items whose neighbours are looked for when a release is loaded."""
CROWD = 20_000
"""Events beside the sorted ones from which they are sorted in."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What answers right now; a request takes one scene and keeps it.

    Histories are added to in place: a request that began before may see an event more, never an
    item that its shelf does not have.
    """

    release: str
    """Empty before anything has been trained."""
    shelf: Shelf
    histories: Histories
    rules: ResolvedRules
    """Which events are positive, also of types that the training has not seen."""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        release: str,
        learned: Learned,
        catalogue: pl.DataFrame,
        tables: Tables,
        notes: tuple[str, ...] = (),
    ) -> "Scene":
        """Return what was learned, with all that the tables know beyond it.

        Args:
            release: Its id.
            learned: The models.
            catalogue: The items that it was learned from, in the order of the models.
            tables: Everything that is known now.
            notes: What callers should know.
        """
        profiles = Profiles.of(learned.profile, tables.users)
        shelf = Shelf.of(learned, catalogue, profiles)
        changed = changed_rows(catalogue, tables.items)
        shelf = shelf.with_items(changed, replace_known=True).settled()
        known = set(tables.items["item_id"].to_list())
        gone = [id_ for id_ in shelf.catalogue.items.ids if id_ not in known]
        if gone:
            shelf = shelf.without_items(gone)
        kinds = tables.events["event_type"].unique().to_list()
        rules = learned.rules.heeding(kinds)
        scene = cls(release, shelf, Histories.empty(), rules, notes)
        return scene._with_events(tables.events).refreshed()

    def with_changes(self, changes: Changes) -> "Scene":
        """Return it with what was written to the store since."""
        shelf, histories = self.shelf, self.histories
        if changes.items_gone:
            shelf = shelf.without_items(changes.items_gone)
            rows = shelf.catalogue.items.ids.rows(changes.items_gone)
            histories = histories.without_items(rows[rows >= 0])
        if changes.users_gone:
            shelf = shelf.without_users(changes.users_gone)
            histories = histories.without(changes.users_gone)
        tables = changes.tables
        if tables.items.height:
            shelf = shelf.with_items(tables.items, replace_known=True)
        users = _told(tables.users, shelf.profiles) if tables.users.height else tables.users
        if users.height:
            shelf = shelf.with_users(users, whole=True)
        scene = replace(self, shelf=shelf, histories=histories)
        return scene._with_events(tables.events) if tables.events.height else scene

    def refreshed(self) -> "Scene":
        """Return it with popularity counted anew from all events that are known now."""
        learned = followed(self.shelf.learned, self.histories.liked())
        return self if learned is None else replace(self, shelf=self.shelf.renewed(learned))

    def with_parts(self, parts: Parts) -> "Scene":
        """Return it with others who score the same."""
        return replace(self, shelf=self.shelf.with_parts(parts))

    def with_notes(self, notes: tuple[str, ...]) -> "Scene":
        """Return it with other notes."""
        return replace(self, notes=notes)

    def temperatures(self, items: Rows) -> list[str]:
        """Return how much is known of rows of the catalogue: ``hot``, ``warm`` or ``cold``."""
        answers = self.shelf.answers
        hot = answers.learned[items] & answers.has_events
        hot |= self.histories.have_events(items)
        return [str(one) for one in temperatures(hot, answers.described[items])]

    def gone(self) -> Mask:
        """(n_items,) whether an item was deleted."""
        gone = np.zeros(len(self.shelf.catalogue.items), dtype=bool)
        gone[list(self.shelf.catalogue.gone)] = True
        return gone

    def warm_up(self) -> None:
        """Make what the first answers would have to wait for."""
        self.shelf.asking.prepare(PREPARED)
        for scorer in self.shelf.scorers:
            for level in range(len(scorer.blend.weights)):
                scorer.level(level)

    def _with_events(self, events: pl.DataFrame) -> "Scene":
        rows = event_rows(events, self.shelf.catalogue.items.ids, self.rules)
        histories = self.histories.with_events(rows)
        if histories.n_late > CROWD:
            histories = histories.settled()
        return replace(self, histories=histories)


def _told(users: pl.DataFrame, profiles: Profiles) -> pl.DataFrame:
    """Return the rows that say something, or take the place of one that did."""
    names = [name for name in users.columns if name != "user_id"]
    says = pl.any_horizontal(pl.col(names).is_not_null()) if names else pl.lit(False)
    known = pl.Series([user in profiles.rows for user in users["user_id"]], dtype=pl.Boolean)
    return users.filter(says | known)
