"""The state that answers requests: models, catalogue, profiles and histories at one moment.

Start reading at :class:`ServingState`. A request takes one state and keeps it to its end; every
change makes a new state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from daybreak.blas import SingleBlasThread
from daybreak.data import Tables
from daybreak.data.clock import current_times, latest_time
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.derived_arrays import DerivedArrays
from daybreak.data.event_log import EventLog
from daybreak.data.exclusion import ExclusionRule
from daybreak.data.mapped_arrays import drop_pages
from daybreak.data.recency import RecencyCurve
from daybreak.data.rules import ResolvedRules
from daybreak.data.tables import has_listed_items
from daybreak.models.again import AgainModel
from daybreak.models.age import AgeModel
from daybreak.models.content_history import ContentHistoryModel
from daybreak.models.next_event import NextEventModel
from daybreak.models.popular import PopularModel
from daybreak.models.season import SeasonModel
from daybreak.ranking.blending.weights import WeightSet
from daybreak.ranking.blending.wish_weights import default_spread
from daybreak.ranking.reranking.rules import Rules
from daybreak.ranking.scoring.query_features import WISH_KIND, is_summed_kind
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.ranking.scoring.shared_columns import SharedColumns
from daybreak.service.inputs.frames import as_frame, changed_rows
from daybreak.service.inputs.histories import (
    Histories,
    RequestEvents,
    event_rows,
    positive_events,
)
from daybreak.service.state.candidate_lists import CandidateRanking
from daybreak.service.state.catalogue import Catalogue, encode_items
from daybreak.service.state.exclusion import ShopExclusion
from daybreak.service.state.item_audience import ItemAudience
from daybreak.service.state.item_updates import ItemUpdate
from daybreak.service.state.profiles import ProfileOverrides, Profiles
from daybreak.service.state.query_builder import (
    MAX_PRECOMPUTED_ITEMS,
    QueryBatch,
    QueryBuilder,
    UserContext,
)
from daybreak.service.state.ranker import CatalogueRanker, RankedLists, warmth_labels
from daybreak.service.state.rules import CompiledRules
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.service.state.source_rows import SourceRows, stored_source_items
from daybreak.service.state.stated_quantities import StatedQuantities
from daybreak.service.training.fit import TrainedModel
from daybreak.types import Doubles, Mask, Rows, UnknownItems

if TYPE_CHECKING:  # the library needs no store
    from daybreak.store.base import Changes

STRENGTH_WITHOUT_WISHES = 2.0
"""Weight of a full likeness to a wish where the blend has none, for preferences in texts, in
standard deviations of the other scores."""
MAX_PRECOMPUTED_NEIGHBOURS = 20_000
"""Largest number of new items whose neighbours are computed when a release is loaded."""
MAX_UNSORTED_STATE_EVENTS = 20_000
"""Largest number of events that are kept unsorted."""
LATEST = "latest"
"""Strategy that ranks the newest items first; only an untrained state has it."""


@dataclass(frozen=True, eq=False)
class ServingState:
    """Models, catalogue, profiles and histories that answer requests, at one moment.

    Histories are the exception to immutability: single events are added in place. A request
    that began earlier may see one more event, but never an item that its catalogue lacks.
    """

    trained: TrainedModel
    catalogue: Catalogue
    profiles: Profiles
    histories: Histories
    event_rules: ResolvedRules
    """Decide which events are positive, also for event types that the training did not see."""
    query_builder: QueryBuilder
    scorer: PartitionedScorer
    ranker: CatalogueRanker
    release: str = ""
    """Id of the release; empty for a library model and before the first training."""
    notes: tuple[str, ...] = ()
    """Notes that every response contains."""
    audience: ItemAudience = field(default_factory=ItemAudience)
    """Users of each item, as of the last count of popularity."""
    only_strategy: str = ""
    """Name of the only strategy that scores; empty: the whole blend does."""
    candidates: CandidateRanking = field(default_factory=CandidateRanking)
    """From how many items on candidates are generated, and by what."""
    columns: SharedColumns | None = None
    """Where workers of a server share weights of changed items; None: there is one process."""

    @classmethod
    @SingleBlasThread()
    def from_training(
        cls,
        trained: TrainedModel,
        items: pl.DataFrame,
        users: pl.DataFrame | None = None,
        histories: Histories | None = None,
        encoded: Items | None = None,
        *,
        sums_rows: bool = False,
    ) -> "ServingState":
        """Return the state of a training or of a release.

        Args:
            trained: The models.
            items: Catalogue, one row an item.
            users: Profiles of users; default: none.
            histories: Histories of users; default: none.
            encoded: The same catalogue, encoded; default: that of the training.
            sums_rows: Whether the state answers few queries, so that neither sums of weights
                nor neighbours of new items are computed in advance; see :class:`.Scorer`.
        """
        catalogue = Catalogue(
            items,
            trained.items if encoded is None else encoded,
            fields=trained.content.attributes.fields,
        ).checked()
        scorer = PartitionedScorer.from_scorer(
            _first_scorer(trained, catalogue.items, sums_rows=sums_rows)
        )
        profiles = pl.DataFrame(schema={"user_id": pl.String}) if users is None else users
        histories = Histories.empty() if histories is None else histories
        candidates = CandidateRanking()
        return cls(
            trained,
            catalogue,
            Profiles.from_frame(trained.profile, profiles),
            histories,
            trained.rules,
            QueryBuilder(
                trained.fitted.train_items,
                catalogue.items,
                trained.stats.dated,
                trained.content.texts,
                shop_exclusion(trained),
                spreads_texts=not any(m.feature_kind == "wish" for m in trained.fitted.models),
                repeat_decay=repeat_decay(trained),
                recency=RecencyCurve(trained.stats.recency_power),
                reads_content=any(
                    isinstance(m, ContentHistoryModel) for m in trained.fitted.models
                ),
                source_ids=trained.profile.source_ids,
                max_precomputed=0 if sums_rows else MAX_PRECOMPUTED_ITEMS,
                trained_until=trained_until(trained),
                reads_memories=any(
                    isinstance(m, NextEventModel) for m in trained.fitted.models
                ),
                wish_weights=wish_weights(trained),
                titles=catalogue.titles(),
            ),
            scorer,
            CatalogueRanker(
                scorer,
                catalogue,
                has_events=trained.stats.n_events > 0,
                candidates=candidates,
            ),
            candidates=candidates,
            audience=ItemAudience.of(histories.all_positive()),
        )

    @classmethod
    def from_release(
        cls,
        trained: TrainedModel,
        catalogue: pl.DataFrame,
        users: pl.DataFrame | None = None,
        shared: DerivedArrays | None = None,
    ) -> "ServingState":
        """Return the state of a release without events.

        Args:
            trained: The models.
            catalogue: Items that they were trained on, in the order of the models.
            users: Profiles of users; default: none.
            shared: See :meth:`from_tables`.
        """
        state = cls.from_training(trained, catalogue, users)
        parts, first = trained.scorer_parts, state.scorers[0]
        if parts is not None and first.linear_models is parts.linear_models:
            first.shared = shared
            first.products.restore(first.linear_models, shared)
        if shared is not None:
            state.query_builder.precompute_neighbours(MAX_PRECOMPUTED_NEIGHBOURS, shared)
        return state

    @classmethod
    def from_tables(
        cls,
        release: str,
        trained: TrainedModel,
        catalogue: pl.DataFrame,
        tables: Tables,
        shared: DerivedArrays | None = None,
    ) -> "ServingState":
        """Return the state of a release, brought up to date with a store.

        Args:
            release: Id of the release; empty before the first training.
            trained: The models.
            catalogue: Items that they were trained on, in the order of the models.
            tables: All tables of the store.
            shared: Where sums of weights and neighbours of items are kept for all processes;
                None: this one computes them.
        """
        state = cls.from_release(trained, catalogue, tables.users, shared)
        state = state.with_catalogue(tables.items)
        types = tables.events["event_type"].unique().to_list()
        rules = trained.rules.with_default_types(types)
        state = replace(state, release=release, event_rules=rules)
        return state.with_events(tables.events).with_recounted_popularity()

    @property
    def default_popularity(self) -> float:
        """Setting ``popularity`` of the lists whose rules have none."""
        return self.scorers[0].blend.popularity

    @cached_property
    def source_rows(self) -> SourceRows:
        """Which items and events of a store belong to the sources of the release."""
        return SourceRows.of(self.trained)

    @property
    def scorers(self) -> tuple[Scorer, ...]:
        """Scorers of the catalogue, that of the training first."""
        return self.scorer.scorers

    def user_context(
        self,
        users: Sequence[str],
        sessions: Sequence[str] | None = None,
        *,
        extra: Histories | None = None,
        events: RequestEvents | None = None,
        profiles: ProfileOverrides | None = None,
    ) -> UserContext:
        """Return events, profiles and texts of users, both stored and from requests.

        Args:
            users: Id of each user; an unknown id is a user without data.
            sessions: Id of each session; its events count as the user's own.
            extra: Further events, by user id.
            events: Further events, by position in ``users``.
            profiles: Further profiles, by position in ``users``.
        """
        logs = [self.histories.log_of(users)]
        if extra is not None:
            logs.append(extra.log_of(users))
        if sessions is not None:
            logs.append(self.histories.log_of(sessions))
        if events is not None:
            logs.append(EventLog.of(events.query, events.item, events.at, events.kinds))
        log = EventLog.concatenate(logs)
        inside = log.item < len(self.catalogue.items)  # an event may be newer than this state
        if not inside.all():
            log = log.filter(inside)
        matrix, texts = self.profiles.lookup(users, profiles)
        stated: dict[int, StatedQuantities] = {}
        if texts:
            texts, stated = self.ranker.rule_compiler.quantity_reader.read_each(texts)
            n_users = self.audience.counts(len(self.catalogue.items))
            texts, stated = self.query_builder.read_ranks(texts, stated, n_users)
        # Where a rule says so, views are only seen.
        counts_views = "view" in self.event_rules.assumed
        liked, disliked = log.interests() if counts_views else log.opinions()
        return UserContext(liked, matrix, texts, log, disliked, stated)

    def compile_rules(self, rules: Sequence[Rules]) -> list[CompiledRules]:
        """Compile the rules of several lists; equal rules give the same object.

        Raises:
            FilterError: A filter cannot be parsed, or a column does not exist.
        """
        n_items = len(self.catalogue.items)
        return self.ranker.rule_compiler.compile_each(
            rules, lambda: self.audience.self_information(n_items)
        )

    def strategy_names(self, batch: QueryBatch, lists: RankedLists) -> list[str]:
        """Return for each list entry the strategy with the largest weight."""
        if self.only_strategy:
            return [self.only_strategy] * len(lists)
        names = self.ranker.strategy_names(batch, lists)
        if LATEST not in self.trained.blend.strategies:
            return names
        # Before the first training, an item without events is listed because it is recent.
        has_events = self.histories.have_events(lists.item).tolist()
        return [
            LATEST if name == "popular" and not chosen else name
            for name, chosen in zip(names, has_events, strict=True)
        ]

    def item_warmth(self, items: Rows) -> Any:
        """Return ``hot``, ``warm`` or ``cold`` for rows of the catalogue."""
        is_hot = self.ranker.is_known[items] & self.ranker.has_events
        is_hot |= self.histories.have_events(items)
        return warmth_labels(is_hot, self.ranker.has_content[items])

    def deleted_mask(self) -> Mask:
        """(n_items,) whether an item was deleted."""
        deleted = np.zeros(len(self.catalogue.items), dtype=bool)
        deleted[list(self.catalogue.deleted_rows)] = True
        return deleted

    def precompute(self) -> None:
        """Compute neighbours and level weights now, so that no request waits for them."""
        self.query_builder.precompute_neighbours(MAX_PRECOMPUTED_NEIGHBOURS)
        self.candidates.prepare(self.scorer)
        for scorer in self.scorers:
            for level in range(len(scorer.blend.weights)):
                scorer.level_weights(level)
        self.drop_pages()

    def drop_pages(self) -> None:
        """Give back the memory of weights in the files of the release; answers use sums.

        A change of items reads columns of them, which have an entry on every page. Factors and
        vectors stay: every list reads them.
        """
        for scorer in self.scorers:
            for model, linear in zip(
                self.trained.fitted.models, scorer.linear_models, strict=True
            ):
                if is_summed_kind(model.feature_kind) and linear.weights.right is None:
                    for array in (linear.weights.dense, *vars(model.state).values()):
                        if isinstance(array, np.ndarray):
                            drop_pages(array)

    def complete_model(self) -> TrainedModel:
        """Return the model with the parts of the scorer of the present catalogue."""
        trained, items, scorer = self.trained, self.catalogue.items, self.scorers[0]
        if scorer.items is not items:  # items were added or changed
            scorer = Scorer(trained.blend, trained.fitted, items)
        return replace(trained, scorer_parts=scorer.parts())

    def with_items(self, frame: pl.DataFrame, *, replace_known: bool = False) -> "ServingState":
        """Return a state with items added.

        Args:
            frame: Frame of ``item_id`` and attributes.
            replace_known: Whether rows of known items replace the stored rows; a missing column
                is then null. Otherwise they are ignored.
        """
        frame = self.source_rows.own_items(frame)
        rows = (
            self.catalogue.first_rows(frame)
            if replace_known
            else self.catalogue.new_rows(frame)
        )
        if not rows.height:
            return self
        blocks = encode_items(self.trained.content, self.catalogue, rows)
        catalogue, changed = self.catalogue.with_rows(rows, blocks)
        update = ItemUpdate.of(catalogue.items, changed)
        scorer = self.scorer
        if len(changed):
            scorer = scorer.with_updated_rows(update, self.columns)
        builder = self.query_builder.with_updated_rows(update, catalogue.titles())
        return replace(self._with_catalogue(catalogue, scorer), query_builder=builder)

    def with_catalogue(self, items: pl.DataFrame) -> "ServingState":
        """Return a state with exactly these items; the models keep what they have learned.

        Args:
            items: All items; one row without any value is known from events only.
        """
        items = self.source_rows.own_items(items)
        changed = changed_rows(self.catalogue.frame, items)
        state = self.with_items(changed, replace_known=True).with_items(items)
        given = set(items["item_id"].to_list())
        gone = [id_ for id_ in state.catalogue.items.ids if id_ not in given]
        if gone:
            state = state.without_items(gone)
        return state._with_catalogue(state.catalogue.checked(), state.scorer)

    def with_unknown_items(self, unknown_items: UnknownItems) -> "ServingState":
        """Return a state with another setting ``unknown_items``."""
        if self.catalogue.unknown_items == unknown_items:
            return self
        catalogue = replace(self.catalogue, unknown_items=unknown_items)
        return self._with_catalogue(catalogue, self.scorer)

    def with_candidates_above(self, above: int) -> "ServingState":
        """Return a state with another setting ``candidates_above``."""
        if self.candidates.above == above:
            return self
        changed = replace(self, candidates=replace(self.candidates, above=above))
        return changed.with_scorer(self.scorer)

    def candidate_notes(self) -> tuple[str, ...]:
        """Return what answers say about candidates; empty if all items are scored."""
        return self.candidates.note(len(self.catalogue.items))

    def without_items(self, ids: Sequence[str]) -> "ServingState":
        """Return a state that does not recommend some items until they are added again."""
        return self._with_catalogue(self.catalogue.without_items(ids), self.scorer)

    def with_users(self, frame: pl.DataFrame, *, whole: bool = False) -> "ServingState":
        """Return a state with profiles added; see :meth:`Profiles.with_users`."""
        return replace(self, profiles=self.profiles.with_users(frame, whole=whole))

    def with_events(self, events: Any) -> "ServingState":
        """Return a state with events added; single ones are added to the same histories.

        Args:
            events: Frame, mapping or records of ``user_id, item_id`` and, if known,
                ``timestamp, value, event_type``; events on unknown items are ignored.
        """
        state, ids = self, self.catalogue.items.ids
        if self.source_rows.domains:
            events, others = self.source_rows.split_events(
                as_frame(events, "user_id", "item_id"), ids
            )
            state = self._with_source_events(others)
        rows = event_rows(events, ids, self.event_rules)
        histories = self.histories.with_events(rows)
        if histories.n_unsorted > MAX_UNSORTED_STATE_EVENTS:
            histories = histories.compacted()
        return replace(state, histories=histories)

    def _with_source_events(self, events: pl.DataFrame) -> "ServingState":
        """Return a state in which positive events on items of sources are source histories."""
        if not events.height:
            return self
        chosen = positive_events(events, self.event_rules)
        users = self.profiles.with_source_events(None, chosen)
        return self if users is None else self.with_users(users)

    def with_changes(self, changes: "Changes") -> "ServingState":
        """Return a state with the changes of a store applied."""
        state, tables = self, changes.tables
        if changes.items_gone:
            state = state.without_items(changes.items_gone)
            rows = state.catalogue.items.ids.rows(changes.items_gone)
            histories = state.histories.without_items(rows[rows >= 0])
            state = replace(state, histories=histories)
        if changes.users_gone:
            state = replace(
                state,
                profiles=state.profiles.without(changes.users_gone),
                histories=state.histories.without(changes.users_gone),
            )
        if tables.items.height:
            state = state.with_items(tables.items, replace_known=True)
            if not state.catalogue.is_given and has_listed_items(tables.items):
                catalogue = state.catalogue.checked()
                state = state._with_catalogue(catalogue, state.scorer)
        if tables.users.height:
            state = state._with_changed_users(tables.users)
        return state.with_events(tables.events) if tables.events.height else state

    def _with_changed_users(self, users: pl.DataFrame) -> "ServingState":
        """Return a state with rows of users replaced; events in source domains still count."""
        users = _informative_profiles(users, self.profiles)
        if not users.height:
            return self
        told = stored_source_items(self.profiles, users) if self.source_rows.domains else None
        state = self.with_users(users, whole=True)
        return state if told is None or not told.height else state.with_users(told)

    def with_recounted_popularity(self) -> "ServingState":
        """Return a state in which popularity is counted from all current events."""
        positive = self.histories.all_positive()
        audience = ItemAudience.of(positive)
        trained = recount_popularity(self.trained, positive)
        if trained is None:
            return replace(self, audience=audience)
        state = self.with_scorer(self.scorer.with_models(trained.fitted))
        return replace(state, trained=trained, audience=audience)

    def with_scorer(self, scorer: PartitionedScorer) -> "ServingState":
        """Return a state with another scorer that gives the same scores."""
        self.candidates.prepare(scorer)
        return self._with_catalogue(self.catalogue, scorer)

    def with_only_strategy(self, strategy: str) -> "ServingState":
        """Return a state whose lists are those of one strategy.

        Raises:
            ConfigError: The release does not have the strategy.
        """
        state = self.with_scorer(self.scorer.of_strategy(strategy))
        return replace(state, only_strategy=strategy)

    def _with_catalogue(
        self, catalogue: Catalogue, scorer: PartitionedScorer
    ) -> "ServingState":
        ranker = CatalogueRanker(
            scorer,
            catalogue,
            has_events=self.ranker.has_events,
            candidates=self.candidates,
        )
        return replace(self, catalogue=catalogue, scorer=scorer, ranker=ranker)


def _first_scorer(trained: TrainedModel, items: Items, *, sums_rows: bool) -> Scorer:
    """Return the scorer of the catalogue of a training, of its stored parts if it has them."""
    parts = trained.scorer_parts
    if parts is None or parts.items is not items:
        return Scorer(trained.blend, trained.fitted, items, sums_rows=sums_rows)
    return Scorer.from_parts(trained.blend, trained.fitted, parts, sums_rows=sums_rows)


def shop_exclusion(trained: TrainedModel) -> ShopExclusion:
    """Return the rule of a shop: the types that it names, or what its training found."""
    types = trained.rules.excludes
    rule = (
        ExclusionRule(repeats=trained.stats.repeats, clicks=trained.stats.only_clicks)
        if types is None
        else ExclusionRule.of_types(types)
    )
    return ShopExclusion(rule, trained.stats.users_are_items)


def wish_weights(trained: TrainedModel) -> Doubles:
    """Return (n_levels,) weights of a full likeness to a wish.

    Relative words such as "cheap" count in a blend without wishes, too, but less: texts do.
    """
    blend = trained.blend
    kinds = [model.feature_kind for model in trained.fitted.models]
    if WISH_KIND in kinds and (weights := blend.weights[:, kinds.index(WISH_KIND)]).any():
        return np.asarray(weights, dtype=np.float64)
    others = WeightSet(1.0, blend.weights, blend.new_weights, blend.new_bias)
    return STRENGTH_WITHOUT_WISHES * default_spread(others)


def trained_until(trained: TrainedModel) -> float | None:
    """Return the newest event of the training; None if the blend reads no pauses."""
    times = [
        m.state.trained_until for m in trained.fitted.models if isinstance(m, NextEventModel)
    ]
    return times[0] if times else trained.stats.trained_until


def repeat_decay(trained: TrainedModel) -> float | None:
    """Return the decay of personal frequencies; None if the blend does not use them."""
    decays = [m.state.decay for m in trained.fitted.models if isinstance(m, AgainModel)]
    return decays[0] if decays else None


def recount_popularity(trained: TrainedModel, positive: Events) -> TrainedModel | None:
    """Return the models with popularity counted from other events; None: nothing to count.

    Popularity is a sum over events, so it can be recounted at any time. The result equals that
    of a training on these events, for the items that the models know.

    Args:
        trained: The models.
        positive: Positive events; ``item`` are rows of a catalogue that begins with that of the
            training.
    """
    fitted = trained.fitted
    counting = {
        row: model
        for row, model in enumerate(fitted.models)
        if isinstance(model, PopularModel | AgeModel | SeasonModel)
    }
    if not counting or not len(positive) or not len(fitted.train_items):
        return None
    train_rows = trained.items.ids.rows(fitted.train_items.ids)
    train_row = np.full(int(max(positive.item.max(), train_rows.max())) + 1, -1)
    train_row[train_rows] = np.arange(len(train_rows))
    is_known = train_row[positive.item] >= 0
    if not is_known.any():
        return None
    known = positive.filter(is_known)
    at = current_times(known.user, known.item, known.at)
    events = Events(known.user, train_row[known.item], at)
    data = Dataset(fitted.train_items, events, int(positive.user.max()) + 1)
    models = list(fitted.models)
    now = 0.0
    if not is_known.all() and any(isinstance(model, AgeModel) for model in counting.values()):
        now = latest_time(current_times(positive.user, positive.item, positive.at))
    for row, model in counting.items():
        counted = model.recounted(data)
        models[row] = counted.at_present(now) if isinstance(counted, AgeModel) else counted
    changed = replace(fitted, models=tuple(models))
    return replace(trained, fitted=changed, scorer_parts=None)


def _informative_profiles(users: pl.DataFrame, profiles: Profiles) -> pl.DataFrame:
    """Return the rows that have a value, or that replace a stored row."""
    names = [name for name in users.columns if name != "user_id"]
    has_value = pl.any_horizontal(pl.col(names).is_not_null()) if names else pl.lit(False)
    is_stored = pl.Series(
        [user in profiles.rows for user in users["user_id"]], dtype=pl.Boolean
    )
    return users.filter(has_value | is_stored)
