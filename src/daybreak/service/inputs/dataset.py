"""Encode tables into a dataset for models: content, profiles, ids as rows, signed events.

Start with :func:`encode_dataset`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import EventRules, Tables, Vocabulary
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.event_log import EventLog
from daybreak.data.networks import are_users_items
from daybreak.data.recency import BLEND_RECENCY, RecencyCurve
from daybreak.data.rules import ResolvedRules
from daybreak.data.user_samples import sample_users
from daybreak.encoders import Encoder
from daybreak.encoders.common_terms import match_terms
from daybreak.encoders.content import ATTRIBUTES, ContentEncoder
from daybreak.encoders.profile import ProfileEncoder
from daybreak.memory import bounded_size
from daybreak.simulation.statements import draw_statements
from daybreak.types import Doubles, Mask, Rows, Sparse

MAX_KERNEL_ITEMS = 8_000
"""Items up to which the similarities of all pairs are computed once; they take 256 MB."""

EventArrays: TypeAlias = tuple[Rows, Rows, Doubles]
"""User rows, item rows and times of events; -1 for unknown ids."""


@dataclass(frozen=True, eq=False)
class DatasetConfig:
    """How tables are encoded."""

    encoder: Encoder | None
    rules: EventRules | ResolvedRules
    fields: Mapping[str, Any] | None
    """Roles of item columns that differ from the inferred ones."""
    seed: int
    """Seed for the order of events with equal times."""
    source_ids: Vocabulary | None = None
    """Items of other domains that users may have chosen; None: there are no sources."""
    recency: RecencyCurve = BLEND_RECENCY
    """How much less earlier events weigh in recent histories."""


@dataclass(frozen=True, eq=False)
class EncodedDataset:
    """A dataset, with what encodes further tables in the same way."""

    data: Dataset
    users: Vocabulary
    content: ContentEncoder
    profile: ProfileEncoder
    rules: ResolvedRules
    non_positive: Sparse
    """(n_users, n_items) CSR of the pairs with events that are not positive; (0, 0) if none."""
    log: EventLog = field(default_factory=EventLog.empty)
    """All events, with repeated pairs and their types."""
    users_are_items: bool = False
    """Whether the items are the users themselves, as in a network."""


def encode_dataset(tables: Tables, config: DatasetConfig) -> EncodedDataset:
    """Return tables as a dataset that models can be fitted to.

    Args:
        tables: Items, users and events.
        config: Encoder, event rules, roles of columns, seed.
    """
    ids = Vocabulary(tables.items["item_id"].to_list())
    users = Vocabulary(tables.users["user_id"].to_list())
    rules = config.rules
    if isinstance(rules, EventRules):
        rules = rules.resolve(tables.events)
    log = encode_log(tables.events, users, ids, rules)
    positive = log.positive()
    if (log.sign < 0).any():
        _, disliked = log.opinions()
        positive = positive.filter(~_same_pairs(positive.user, positive.item, disliked))
    events = Events.of(positive.user, positive.item, positive.at, seed=config.seed)
    sampled = sample_users(events, config.seed).to_matrix(len(users), len(ids))
    content, items = encode_catalogue(tables.items, config, sampled)
    is_network = are_users_items(users, ids, events)
    terms = () if is_network else content.block_terms.get(ATTRIBUTES, ())
    profile = ProfileEncoder.fit(tables.users, source_ids=config.source_ids, item_terms=terms)
    data = Dataset(
        items,
        events,
        len(users),
        sp.csr_array(profile.transform(tables.users)),
        item_kernel(items),
        draw_statements(tables.items, content, items, events, config.seed),
        repeated=positive if len(positive) > len(events) else None,
        unchosen=_unchosen_items(log, positive, len(items)),
        recency=config.recency,
        common_terms=match_terms(profile.names, terms),
    )
    non_positive = _non_positive_pairs(log, len(users), len(items))
    return EncodedDataset(
        data, users, content, profile, rules, non_positive, log, users_are_items=is_network
    )


def _unchosen_items(log: EventLog, positive: Events, n_items: int) -> Mask | None:
    """Return (n_items,) which items have only events that are not positive; None: no item."""
    has_event, is_chosen = np.zeros(n_items, dtype=bool), np.zeros(n_items, dtype=bool)
    has_event[log.item[log.item >= 0]] = True
    is_chosen[positive.item[positive.item >= 0]] = True
    unchosen: Mask = has_event & ~is_chosen
    return unchosen if unchosen.any() else None


def _same_pairs(user: Rows, item: Rows, disliked: Events) -> Mask:
    """Return (n_events,) whether the latest opinion on the pair of an event is negative."""
    n_items = int(item.max(initial=0)) + 1
    known = disliked.filter(disliked.item < n_items)
    return np.isin(user * n_items + item, known.user * n_items + known.item)


def encode_log(
    events: pl.DataFrame, users: Vocabulary, items: Vocabulary, rules: ResolvedRules
) -> EventLog:
    """Return all events with their types and signs, in the order of users and times.

    Args:
        events: Events of tables.
        users: Ids of the users.
        items: Ids of the items.
        rules: Rules that make the signs.
    """
    names, code = [""], rules.signs(events).to_numpy().astype(np.int16) + 1
    types = events["event_type"]
    if types.null_count() < len(types):
        types = types.fill_null("")
        names = sorted(types.unique().to_list())
        code = code + 3 * find_rows(types, Vocabulary(names))
    codes = np.flatnonzero(np.bincount(code))
    place = np.zeros(3 * len(names), dtype=np.int16)
    place[codes] = np.arange(len(codes))
    kinds = tuple((names[one // 3] or None, one % 3 - 1) for one in codes.tolist())
    return EventLog.sort(*event_arrays(events, users, items), place[code], kinds)


def encode_catalogue(
    frame: pl.DataFrame, config: DatasetConfig, interactions: Sparse = None
) -> tuple[ContentEncoder, Items]:
    """Return the encoded items of a frame, and the encoder for further items.

    Args:
        frame: Catalogue.
        config: Encoder and roles of columns.
        interactions: (n_users, n_items) CSR of ones from which the weights of columns are
            learned; default: the prior weights.
    """
    content, blocks = ContentEncoder.fit_transform(
        frame, config.encoder, config.fields, interactions=interactions
    )
    return content, Items(Vocabulary(frame["item_id"].to_list()), blocks, creation_times(frame))


def item_kernel(items: Items) -> Any:
    """Return the similarities of all pairs of items; None above ``MAX_KERNEL_ITEMS`` items."""
    is_held = len(items) <= bounded_size("kernel_items", MAX_KERNEL_ITEMS)
    return items.similarity(items) if is_held else None


def event_arrays(events: pl.DataFrame, users: Vocabulary, items: Vocabulary) -> EventArrays:
    """Return user rows, item rows and times of events; -1 for unknown ids."""
    return (
        find_rows(events["user_id"], users),
        find_rows(events["item_id"], items),
        events["timestamp"].fill_null(0.0).to_numpy(),
    )


def find_rows(ids: pl.Series, vocabulary: Vocabulary) -> Rows:
    """Return the row of each id in a vocabulary; -1 for unknown ids."""
    unique = ids.unique()  # each distinct id is looked up once
    rows = vocabulary.rows(unique.cast(pl.String).to_list())
    table = pl.DataFrame({"id": unique, "row": rows})
    joined = pl.DataFrame({"id": ids}).join(table, on="id", how="left", maintain_order="left")
    return np.asarray(joined["row"].to_numpy(), dtype=np.int64)


def creation_times(frame: pl.DataFrame) -> Doubles:
    """Return ``created_at`` in epoch seconds, NaN if unknown; empty without such a column."""
    if "created_at" not in frame.columns or not frame["created_at"].dtype.is_numeric():
        return np.empty(0)
    return frame["created_at"].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _non_positive_pairs(log: EventLog, n_users: int, n_items: int) -> Sparse:
    other = log.sign <= 0
    if not other.any():
        return sp.csr_array((0, 0), dtype=np.float32)
    ones = np.ones(int(other.sum()), dtype=np.float32)
    return sp.csr_array((ones, (log.user[other], log.item[other])), shape=(n_users, n_items))
