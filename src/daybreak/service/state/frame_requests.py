"""Converts frames to query batches, and ranked lists to frames, for the library."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from daybreak.errors import UnusedAttributeWarning
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.inputs.frames import as_frame, check_ids, user_ids_of
from daybreak.service.inputs.histories import Histories, event_rows
from daybreak.service.inputs.request_times import times_by_user
from daybreak.service.state.explain import REASONS_TYPE, Reasons, explain_lists
from daybreak.service.state.explainer import SentenceWriter
from daybreak.service.state.profile_names import unused_names_notes
from daybreak.service.state.query_builder import Pairs, QueryBatch, UserContext
from daybreak.service.state.ranker import RankedLists, warmth_labels
from daybreak.service.state.rules import CompiledRules
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.unknown_items import HISTORY, warn_of_unknown_items
from daybreak.service.state.unread_texts import (
    unread_texts,
    warn_of_quantities,
    warn_of_unread_texts,
)
from daybreak.types import ExplainMode

MAX_USERS = 4_096
"""Default for the largest number of users in one batch; it bounds the memory."""
RECOMMENDATION_SCHEMA = {
    "user_id": pl.String,
    "item_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
    "user_temperature": pl.String,
    "item_temperature": pl.String,
}


@dataclass(frozen=True, eq=False)
class FrameRequest:
    """Users of one library call, with the profiles and events that are given for them."""

    state: ServingState
    users: list[str]
    """Each once."""
    profiles: pl.DataFrame | None = None
    """Frame of ``user_id`` and attributes or text."""
    histories: Histories | None = None
    """Events in addition to the stored ones."""
    max_users: int = MAX_USERS
    """Largest number of users in one batch."""
    times: Mapping[str, float] = field(default_factory=dict)
    """Time at which users are asked [epoch s], as far as it is given."""

    @classmethod
    def from_frames(
        cls,
        state: ServingState,
        users: Sequence[str] | None,
        profiles: Any = None,
        histories: Any = None,
        times: Any = None,
    ) -> "FrameRequest":
        """Read the arguments of a call.

        Args:
            state: State that answers.
            users: Ids; default: those of the frames.
            profiles: Frame of ``user_id`` and attributes or text.
            histories: Frame of ``user_id, item_id`` and further columns of events.
            times: Frame of ``user_id, timestamp``.

        Raises:
            DataError: A frame lacks a column.
            ConfigError: ``users`` is not a list of ids.
        """
        profile = None
        if profiles is not None:
            profile = state.profiles.rename(as_frame(profiles, "user_id"))
            _warn_of_unused(profile, state)
        extra = None
        if histories is not None:
            histories = as_frame(histories, "user_id", "item_id")
            named_items = histories["item_id"].drop_nulls().unique(maintain_order=True)
            unknown = state.profiles.without_sources(named_items)
            warn_of_unknown_items(state.catalogue, [(HISTORY, unknown)], stacklevel=3)
            ids, rules = state.catalogue.items.ids, state.event_rules
            extra = Histories.empty().with_events(event_rows(histories, ids, rules))
            profile = state.profiles.with_source_events(profile, histories)
        named = check_ids(users, "users")
        chosen = user_ids_of(profile, histories) if named is None else dict.fromkeys(named)
        return cls(state, list(chosen), profile, extra, times=times_by_user(times))

    def contexts(self) -> Iterator[tuple[list[str], UserContext]]:
        """Yield users in batches, with their contexts."""
        for start in range(0, len(self.users), self.max_users):
            users = self.users[start : start + self.max_users]
            profiles = self.profiles
            overrides = (
                None if profiles is None else self.state.profiles.overrides(users, profiles)
            )
            context = self.state.user_context(users, extra=self.histories, profiles=overrides)
            if self.times:
                at = np.array([self.times.get(user, np.nan) for user in users])
                context = replace(context, asked_at=at)
            yield users, context

    def batches(
        self,
        rules: Mapping[str, Rules],
        k: int,
        excluded: pl.DataFrame | None = None,
        *,
        exclude_seen: bool | None = None,
    ) -> Iterator[QueryBatch]:
        """Yield batches of queries.

        Args:
            rules: Rules of each user.
            k: Length of each list.
            excluded: Frame of ``user_id, item_id`` that must not be recommended.
            exclude_seen: Whether seen items are excluded, unless the rules say otherwise; None:
                by the rule of the shop.

        Raises:
            FilterError: A filter cannot be parsed, or a column does not exist.
        """
        builder = self.state.query_builder
        distinct = {id(user_rules): user_rules for user_rules in rules.values()}
        every = self.state.compile_rules(list(distinct.values()))
        compiled: dict[int, CompiledRules] = dict(zip(distinct, every, strict=True))
        for users, context in self.contexts():
            pairs = None if excluded is None else self._pairs(users, excluded)
            batch = builder.build(
                users,
                context,
                [compiled[id(rules[user])] for user in users],
                [k] * len(users),
                pairs,
                exclude_seen=exclude_seen,
            )
            warn_of_unread_texts(self.state, unread_texts(batch).values(), stacklevel=3)
            warn_of_quantities(batch, stacklevel=3)
            yield batch

    def _pairs(self, users: Sequence[str], frame: pl.DataFrame) -> Pairs:
        """Return the pairs of a frame by position; unknown ids are ignored."""
        position = {user: row for row, user in enumerate(users)}
        pairs = frame.drop_nulls(["user_id", "item_id"])
        queries = np.array([position.get(user, -1) for user in pairs["user_id"]], np.int64)
        items = self.state.catalogue.items.ids.rows(pairs["item_id"].to_list())
        is_known = (queries >= 0) & (items >= 0)
        return queries[is_known], items[is_known]


def _warn_of_unused(profiles: pl.DataFrame, state: ServingState) -> None:
    """Warn of the attributes that the training has not seen."""
    names = [name for name in profiles.columns if name != "user_id"]
    for note in unused_names_notes(names, state.profiles.used_names):
        warnings.warn(note, UnusedAttributeWarning, stacklevel=4)


def recommendations_frame(
    state: ServingState,
    batch: QueryBatch,
    lists: RankedLists,
    *,
    with_rules: bool,
    with_popularity: bool = False,
) -> pl.DataFrame:
    """Return ranked lists as a frame, one row an item.

    Args:
        state: State that ranked them.
        batch: Batch of the lists.
        lists: Ranked lists.
        with_rules: Whether to add the column ``rule``.
        with_popularity: Whether to add the column ``popularity``.
    """
    context, query = batch.context, lists.query
    frame = pl.DataFrame(
        {
            "user_id": pl.Series(batch.users, dtype=pl.String).gather(query),
            "item_id": state.ranker.ids.gather(lists.item),
            "rank": lists.rank,
            "score": lists.score.astype(np.float64),
            "strategy": state.strategy_names(batch, lists),
            "user_temperature": warmth_labels(context.is_hot, context.has_profile)[query],
            "item_temperature": state.item_warmth(lists.item),
        },
        schema=RECOMMENDATION_SCHEMA,
    )
    if with_popularity:
        default = state.default_popularity
        settings = [one.rules.popularity for one in batch.rules]
        values = [default if setting is None else setting for setting in settings]
        frame = frame.with_columns(pl.Series("popularity", values, pl.Float64).gather(query))
    if not with_rules:
        return frame
    return frame.with_columns(pl.Series("rule", lists.moved_by, dtype=pl.String))


def reasons_column(reasons: Sequence[Reasons]) -> pl.Series:
    """Return reasons as the column ``reasons``."""
    values = [[vars(reason) for reason in row_reasons] for row_reasons in reasons]
    return pl.Series("reasons", values, dtype=REASONS_TYPE)


def reason_columns(
    state: ServingState,
    batch: QueryBatch,
    lists: RankedLists,
    writer: SentenceWriter | None = None,
) -> list[pl.Series]:
    """Return the column ``reasons``, and with a writer the column ``explanation``.

    Args:
        state: State that ranked the lists.
        batch: Batch of the lists.
        lists: Ranked lists.
        writer: Writes one sentence for each item; None: there are no sentences.
    """
    by_row = explain_lists(state, batch, lists)
    columns = [reasons_column(by_row)]
    if writer is not None:
        titles = [str(title) for title in state.ranker.titles[lists.item]]
        sentences = [
            writer.write(title, reasons).text
            for title, reasons in zip(titles, by_row, strict=True)
        ]
        columns.append(pl.Series("explanation", sentences, dtype=pl.String))
    return columns


def empty_recommendations(
    *, with_rules: bool, explain: ExplainMode, with_popularity: bool = False
) -> pl.DataFrame:
    """Return a frame of recommendations without rows."""
    optional: dict[str, Any] = {"popularity": pl.Float64} if with_popularity else {}
    optional |= {"rule": pl.String} if with_rules else {}
    optional |= {"reasons": REASONS_TYPE} if explain else {}
    optional |= {"explanation": pl.String} if explain == "text" else {}
    return pl.DataFrame(schema=RECOMMENDATION_SCHEMA | optional)
