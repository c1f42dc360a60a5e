"""Updates of a fitted recommender: users, events and items are added and removed."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

import polars as pl

from daybreak.data import Tables
from daybreak.data.tables import mark_listed
from daybreak.encoders.profile import SOURCE_ITEMS_COLUMN
from daybreak.errors import DataError, NotFittedError
from daybreak.ranking.reranking.rules import check_unknown_items
from daybreak.service.estimator import Estimator
from daybreak.service.inputs.frames import as_frame, changed_rows, check_ids
from daybreak.service.inputs.histories import Histories
from daybreak.service.results import FrameKind, ResultFormat, check_frame_kind
from daybreak.service.state.candidate_lists import CANDIDATES_ABOVE
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.title_matches import match_titles, read_titles
from daybreak.service.state.unknown_items import IGNORED, REMOVED, warn_of_unknown_items
from daybreak.types import UnknownItems

MIN_UNCOUNTED_EVENTS = 20
"""Number of new events from which popularity is counted anew."""
MAX_UNCOUNTED_SHARE = 0.01
"""The same as a share of the events of the training, so that counting stays cheap."""


class UpdatableRecommender(Estimator):
    """Base of :class:`Recommender`: its state, and the methods that change it."""

    @property
    def state(self) -> ServingState:
        """Current models, catalogue, profiles and histories.

        Raises:
            NotFittedError: The recommender is not fitted.
        """
        state = self._uncounted_state()
        least = MAX_UNCOUNTED_SHARE * state.trained.stats.n_events
        if self._n_uncounted >= max(MIN_UNCOUNTED_EVENTS, least):
            self._state, self._n_uncounted = state.with_recounted_popularity(), 0
            return self._state
        return state

    def _uncounted_state(self) -> ServingState:
        """Return the state, in which popularity may be that before the last events."""
        if self._state is None:
            raise NotFittedError("the recommender is not fitted; call fit(events, items)")
        return self._state

    @property
    def items(self) -> pl.DataFrame:
        """The current catalogue."""
        return self.state.catalogue.frame

    _integer_ids: frozenset[str] = frozenset()
    """Columns of ids that were integers in the data of the last training."""
    source_names: tuple[str, ...] = ()
    """Names of the sources of the last training."""
    _candidates_above: int = CANDIDATES_ABOVE
    _n_uncounted: int = 0
    """Number of new events since popularity was counted; it is counted when a list is made."""

    def source_users(self) -> pl.DataFrame | None:
        """Return ``user_id, source_items``: what people chose in the sources of the training.

        A release has no data of single users; give this frame to :meth:`load` as ``users``.
        """
        users = self.state.trained.users
        if users is None or SOURCE_ITEMS_COLUMN not in users.columns:
            return None
        return users.select("user_id", SOURCE_ITEMS_COLUMN).drop_nulls()

    def match_titles(self, text: str) -> pl.DataFrame:
        """Return the items of a list of titles from elsewhere, to be confirmed by people.

        What they confirm is a history: give ``user_id, item_id`` to :meth:`recommend`.

        Args:
            text: Pasted lines, or CSV with a column of titles; its ratings, years and ids (such
                as ``imdb_id``, where the catalogue has the same column) are used.

        Returns:
            ``given, item_id, title, confidence, match, rating``, a row a title; ``confidence``
            is from 0 (no item, ``item_id`` is null) to 1, ``match`` one of ``id``, ``title``,
            ``similar title`` and ``content``.

        Raises:
            DataError: There is no title, or more than 5,000.
        """
        return self._presented(match_titles(self.state, read_titles(text)))

    @property
    def output(self) -> FrameKind:
        """Library of the frames that are returned."""
        return self._output

    @output.setter
    def output(self, value: FrameKind) -> None:
        self._output = check_frame_kind(value)

    def _presented(
        self, frame: pl.DataFrame, users: Iterable[Any] | None = None
    ) -> pl.DataFrame:
        """Return a result in the format of the caller; see :class:`.ResultFormat`."""
        result: pl.DataFrame = ResultFormat(self._output, self._integer_ids).of(frame, users)
        return result

    @property
    def unknown_items(self) -> UnknownItems:
        """Whether items that are not in the catalogue may be recommended."""
        return self._unknown_items

    @unknown_items.setter
    def unknown_items(self, value: UnknownItems) -> None:
        self._unknown_items = check_unknown_items(value)
        if self._state is not None:
            self._state = self._state.with_unknown_items(self._unknown_items)

    @property
    def candidates_above(self) -> int:
        """Number of items from which lists are made of candidates; 0: never.

        The default is 200,000. Smaller catalogues are scored whole.
        """
        return self._candidates_above

    @candidates_above.setter
    def candidates_above(self, value: int) -> None:
        self._candidates_above = value
        if self._state is not None:
            self._state = self._state.with_candidates_above(value)

    def _with_settings(self, state: ServingState) -> ServingState:
        """Return a state with the settings of the recommender."""
        state = state.with_unknown_items(self._unknown_items)
        return state.with_candidates_above(self._candidates_above)

    def add_users(self, users: Any) -> Self:
        """Store profiles; the next list uses them.

        Args:
            users: Frame of ``user_id`` and attributes or ``text``; a null keeps the stored
                value.
        """
        state = self.state
        self._state = state.with_users(state.profiles.rename(as_frame(users, "user_id")))
        return self

    def add_events(self, events: Any) -> Self:
        """Store events; the next list uses them, without a training.

        Popularity and the present move on with 1 % of new events, at least 20.

        Args:
            events: Frame of ``user_id, item_id`` and, if known, ``timestamp``, ``value``,
                ``event_type``. An event without a timestamp is the latest. Events on items that
                are not in the catalogue are ignored; an :class:`UnknownIdWarning` names them.
        """
        frame = as_frame(events, "user_id", "item_id")
        state = self._uncounted_state()
        if not state.source_rows.domains:  # items of source domains count as well
            named = frame["item_id"].drop_nulls().to_list()
            warn_of_unknown_items(state.catalogue, [(IGNORED, named)], stacklevel=2)
        self._state = state.with_events(frame)
        self._n_uncounted += frame.height
        return self

    def add_items(self, items: Any) -> Self:
        """Add items to the catalogue; the next list may contain them.

        Ids that are in the catalogue already are ignored; columns that the training did not see
        are stored but not used.

        Args:
            items: Frame of ``item_id`` and the columns of the catalogue, also under the names
                that they had in the data of the training.
        """
        self._state = self.state.with_items(self._listed_rows(items))
        return self

    def update_items(self, items: Any) -> Self:
        """Add new items to the catalogue and replace changed ones.

        The models keep what they have learned from the events of an item; a column that a row
        does not have becomes null. Items that are not named stay as they are.

        Args:
            items: As for :meth:`add_items`.
        """
        state, frame = self.state, self._listed_rows(items)
        changed = changed_rows(state.catalogue.frame, frame)
        self._state = state.with_items(changed, replace_known=True).with_items(frame)
        return self

    def replace_items(self, items: Any) -> Self:
        """Take a frame as the whole catalogue: items that it does not have leave.

        Their events are kept, and they come back when they are added or updated again.

        Args:
            items: As for :meth:`add_items`.

        Raises:
            DataError: There are no items.
        """
        frame = self._listed_rows(items)
        if not frame.height:
            raise DataError("a catalogue without items would remove all; use remove_items(ids)")
        self._state = self.state.with_catalogue(frame)
        return self

    def _listed_rows(self, items: Any) -> pl.DataFrame:
        """Return items of a call, each of which is in the catalogue, with its columns."""
        return mark_listed(as_frame(items, "item_id", known=self.items.columns))

    def remove_items(self, ids: Sequence[str]) -> Self:
        """Remove items from the catalogue until they are added or updated again.

        Args:
            ids: Ids of items; an :class:`UnknownIdWarning` names unknown ones.
        """
        removed = check_ids(ids, "ids") or []
        warn_of_unknown_items(self.state.catalogue, [(REMOVED, removed)], stacklevel=2)
        self._state = self.state.without_items(removed)
        return self

    def remove_users(self, ids: Sequence[str]) -> Self:
        """Forget the profiles and the events of users.

        Args:
            ids: Ids of users; unknown ones are ignored.
        """
        users = check_ids(ids, "ids") or []
        state = self.state
        self._state = replace(
            state,
            profiles=state.profiles.without(users),
            histories=state.histories.without(users),
        )
        return self

    def remove_events(self, events: Any) -> Self:
        """Forget all events of pairs of users and items.

        The models keep what they have learned from these events until the next training.

        Args:
            events: Frame of ``user_id, item_id``; unknown pairs are ignored.
        """
        frame = as_frame(events, "user_id", "item_id")
        rows = self.state.catalogue.items.ids.rows(frame["item_id"].to_list())
        pairs = [*zip(frame["user_id"].to_list(), rows.tolist(), strict=True)]
        histories = self.state.histories.without_pairs(pairs)
        self._state = replace(self.state, histories=histories)
        return self

    def load_tables(self, tables: Tables) -> Self:
        """Take over the catalogue, the profiles and the events of tables, as a store has them.

        Args:
            tables: Items, users and events; an item without any value is known from events
                only.
        """
        state = self.state.with_catalogue(tables.items).with_users(tables.users)
        self._state = state.with_events(tables.events)
        return self

    def with_people(self, tables: Tables, items_with_events: Iterable[int]) -> Self:
        """Return a recommender that knows the profiles and events of some users alone.

        Args:
            tables: Users and events; the items of the recommender stay.
            items_with_events: Rows of the catalogue with a positive event of any user.
        """
        state = replace(self.state, histories=Histories.empty()).with_users(tables.users)
        state = state.with_events(tables.events)
        state.histories.add_items_with_events(items_with_events)
        known = copy(self)
        known._state = state
        return known
