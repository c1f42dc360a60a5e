"""Popularity that follows events, counted as a training would count it.

Everything that answers, at one moment; a change makes a new value.

One release in service with everything that came since; a change makes a new value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.rules import ResolvedRules
from daybreak.models.popular import PopularModel, PopularState
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.rng import create_generator
from daybreak.service.inputs.frames import changed_rows
from daybreak.service.inputs.histories import Histories, event_rows
from daybreak.service.state.catalogue import Catalogue, encode_items
from daybreak.service.state.profiles import Profiles
from daybreak.service.state.query_builder import QueryBuilder
from daybreak.service.state.ranker import CatalogueRanker, warmth_labels
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.service.training.fit import TrainedModel
from daybreak.store.base import Changes
from daybreak.types import Mask, Rows


def recount_popularity(learned: TrainedModel, positive: Events) -> TrainedModel | None:
    """Return what was learned with popularity counted from other events; None: nothing there.

    An item keeps its place in the other models; popularity alone is a sum over events that can
    be made anew at any time: the result is that of a training on these events, for the items
    that the models know.

    Args:
        learned: The models.
        positive: Positive events; ``item`` are rows of a catalogue that begins with that of the
            training.
    """
    fitted = learned.fitted
    counting = {row: m for row, m in enumerate(fitted.models) if isinstance(m, PopularModel)}
    if not counting or not len(positive) or not len(fitted.train_items):
        return None
    anchor_rows = learned.items.ids.rows(fitted.train_items.ids)
    place = np.full(int(max(positive.item.max(), anchor_rows.max())) + 1, -1)
    place[anchor_rows] = np.arange(len(anchor_rows))
    known = place[positive.item] >= 0
    if not known.any():
        return None
    at = np.where(np.isfinite(positive.at[known]), positive.at[known], 0.0)
    events = Events(positive.user[known], place[positive.item[known]], at)
    data = Dataset(fitted.train_items, events, int(positive.user.max()) + 1)
    models = list(fitted.models)
    for row, model in counting.items():
        models[row] = _recounted_model(model, data)
    return replace(learned, fitted=replace(fitted, models=tuple(models)))


def _recounted_model(model: PopularModel, data: Dataset) -> PopularModel:
    """Return a model of the same options for the same items, counted from other events."""
    state = model.learn(data, create_generator(0, "popular"))  # counting draws nothing
    values = np.zeros(len(data.items), dtype=np.float32)
    values[data.train_item_rows] = state.values
    return model.with_state(PopularState(values, state.dated))


@dataclass(frozen=True, eq=False)
class ServingState:
    """What was learned, with the catalogue and the profiles as they are now.

    A request takes one shelf and keeps it, so that a change never shows by halves.
    """

    trained: TrainedModel
    catalogue: Catalogue
    profiles: Profiles
    scorer: PartitionedScorer
    """Who scores what."""
    query_builder: QueryBuilder
    ranker: CatalogueRanker

    @classmethod
    def from_training(
        cls,
        learned: TrainedModel,
        items: pl.DataFrame,
        profiles: Profiles,
        encoded: Items | None = None,
    ) -> "ServingState":
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
        parts = PartitionedScorer.from_scorer(
            Scorer(learned.blend, learned.fitted, catalogue.items)
        )
        anchors, facts = learned.fitted.train_items, learned.stats
        asking = QueryBuilder(anchors, catalogue.items, facts.dated, learned.content.texts)
        answers = CatalogueRanker(parts, catalogue, has_events=facts.n_events > 0)
        return cls(learned, catalogue, profiles, parts, asking, answers)

    @property
    def scorers(self) -> tuple[Scorer, ...]:
        """The one of the training first."""
        return self.scorer.scorers

    def with_items(self, frame: pl.DataFrame, *, replace_known: bool = False) -> "ServingState":
        """Return it with the items that are new.

        Args:
            frame: Of ``item_id`` and attributes.
            replace_known: Whether rows of known items take the place of what is known of
                them; else they are passed over. A column that a row does not have is empty.
        """
        rows = (
            self.catalogue.first_rows(frame)
            if replace_known
            else self.catalogue.new_rows(frame)
        )
        if not rows.height:
            return self
        blocks = encode_items(self.trained.content, self.catalogue, rows)
        catalogue, changed = self.catalogue.with_rows(rows, blocks)
        parts = (
            self.scorer.with_updated_rows(catalogue.items, changed)
            if len(changed)
            else self.scorer
        )
        return self._with_catalogue(
            catalogue,
            parts,
            self.query_builder.with_updated_rows(catalogue.items, changed.tolist()),
        )

    def without_items(self, ids: Sequence[str]) -> "ServingState":
        """Return it without some items: they are no candidates until they come again."""
        return self._with_catalogue(
            self.catalogue.without_items(ids), self.scorer, self.query_builder
        )

    def with_models(self, learned: TrainedModel) -> "ServingState":
        """Return it with models that say other things of the same items to every asker."""
        parts = self.scorer.with_models(learned.fitted)
        return replace(
            self._with_catalogue(self.catalogue, parts, self.query_builder), trained=learned
        )

    def with_scorer(self, parts: PartitionedScorer) -> "ServingState":
        """Return it with others who score the same."""
        return self._with_catalogue(self.catalogue, parts, self.query_builder)

    def compacted(self) -> "ServingState":
        """Return it with changed items in their places, and wings for new ones only."""
        parts = self.scorer
        if not parts.n_changed():
            return self
        for first in parts.compaction_steps():
            parts = parts.with_first_scorer(first)
        return self.with_scorer(parts.without_changed())

    def _with_catalogue(
        self, catalogue: Catalogue, parts: PartitionedScorer, asking: QueryBuilder
    ) -> "ServingState":
        answers = CatalogueRanker(parts, catalogue, has_events=self.ranker.has_events)
        return replace(
            self, catalogue=catalogue, scorer=parts, query_builder=asking, ranker=answers
        )

    def without_users(self, users: Sequence[str]) -> "ServingState":
        """Return it with nothing known of some users."""
        return replace(self, profiles=self.profiles.without(users))

    def with_users(self, frame: pl.DataFrame, *, whole: bool = False) -> "ServingState":
        """Return it with profiles added, or in the place of those that were known."""
        return replace(self, profiles=self.profiles.with_users(frame, whole=whole))


MAX_PRECOMPUTED_NEIGHBOURS = 20_000
"""New items whose neighbours are looked for when a release is loaded."""
MAX_UNSORTED_STATE_EVENTS = 20_000
"""Events beside the sorted ones from which they are sorted in."""


@dataclass(frozen=True, eq=False)
class ReleaseSnapshot:
    """What answers right now; a request takes one scene and keeps it.

    Histories are added to in place: a request that began before may see an event more, never an
    item that its shelf does not have.
    """

    release: str
    """Empty before anything has been trained."""
    state: ServingState
    histories: Histories
    rules: ResolvedRules
    """Which events are positive, also of types that the training has not seen."""
    notes: tuple[str, ...] = ()

    @classmethod
    def from_tables(
        cls,
        release: str,
        learned: TrainedModel,
        catalogue: pl.DataFrame,
        tables: Tables,
        notes: tuple[str, ...] = (),
    ) -> "ReleaseSnapshot":
        """Return what was learned, with all that the tables know beyond it.

        Args:
            release: Its id.
            learned: The models.
            catalogue: The items that it was learned from, in the order of the models.
            tables: Everything that is known now.
            notes: What callers should know.
        """
        profiles = Profiles.from_frame(learned.profile, tables.users)
        shelf = ServingState.from_training(learned, catalogue, profiles)
        changed = changed_rows(catalogue, tables.items)
        shelf = shelf.with_items(changed, replace_known=True).compacted()
        known = set(tables.items["item_id"].to_list())
        gone = [id_ for id_ in shelf.catalogue.items.ids if id_ not in known]
        if gone:
            shelf = shelf.without_items(gone)
        kinds = tables.events["event_type"].unique().to_list()
        rules = learned.rules.with_default_types(kinds)
        scene = cls(release, shelf, Histories.empty(), rules, notes)
        return scene._with_events(tables.events).with_recounted_popularity()

    def with_changes(self, changes: Changes) -> "ReleaseSnapshot":
        """Return it with what was written to the store since."""
        shelf, histories = self.state, self.histories
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
        users = (
            _informative_profiles(tables.users, shelf.profiles)
            if tables.users.height
            else tables.users
        )
        if users.height:
            shelf = shelf.with_users(users, whole=True)
        scene = replace(self, state=shelf, histories=histories)
        return scene._with_events(tables.events) if tables.events.height else scene

    def with_recounted_popularity(self) -> "ReleaseSnapshot":
        """Return it with popularity counted anew from all events that are known now."""
        learned = recount_popularity(self.state.trained, self.histories.all_positive())
        return self if learned is None else replace(self, state=self.state.with_models(learned))

    def with_scorer(self, parts: PartitionedScorer) -> "ReleaseSnapshot":
        """Return it with others who score the same."""
        return replace(self, state=self.state.with_scorer(parts))

    def with_notes(self, notes: tuple[str, ...]) -> "ReleaseSnapshot":
        """Return it with other notes."""
        return replace(self, notes=notes)

    def item_warmth(self, items: Rows) -> list[str]:
        """Return how much is known of rows of the catalogue: ``hot``, ``warm`` or ``cold``."""
        answers = self.state.ranker
        hot = answers.is_known[items] & answers.has_events
        hot |= self.histories.have_events(items)
        return [str(one) for one in warmth_labels(hot, answers.has_content[items])]

    def deleted_mask(self) -> Mask:
        """(n_items,) whether an item was deleted."""
        gone = np.zeros(len(self.state.catalogue.items), dtype=bool)
        gone[list(self.state.catalogue.deleted_rows)] = True
        return gone

    def precompute(self) -> None:
        """Make what the first answers would have to wait for."""
        self.state.query_builder.precompute_neighbours(MAX_PRECOMPUTED_NEIGHBOURS)
        for scorer in self.state.scorers:
            for level in range(len(scorer.blend.weights)):
                scorer.level_weights(level)

    def _with_events(self, events: pl.DataFrame) -> "ReleaseSnapshot":
        rows = event_rows(events, self.state.catalogue.items.ids, self.rules)
        histories = self.histories.with_events(rows)
        if histories.n_unsorted > MAX_UNSORTED_STATE_EVENTS:
            histories = histories.compacted()
        return replace(self, histories=histories)


def _informative_profiles(users: pl.DataFrame, profiles: Profiles) -> pl.DataFrame:
    """Return the rows that say something, or take the place of one that did."""
    names = [name for name in users.columns if name != "user_id"]
    says = pl.any_horizontal(pl.col(names).is_not_null()) if names else pl.lit(False)
    known = pl.Series([user in profiles.rows for user in users["user_id"]], dtype=pl.Boolean)
    return users.filter(says | known)
