"""From tables to everything that answers: encoders, models, blend, histories."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import EventRules, Tables, Vocabulary
from daybreak.data.dataset import Dataset
from daybreak.data.events import Events
from daybreak.data.items import Items
from daybreak.data.rules import ResolvedRules
from daybreak.encoders import Encoder
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.profile import ProfileEncoder
from daybreak.ranking.blend import Blend
from daybreak.ranking.strategies import Fitted, Strategy
from daybreak.service.histories import Histories
from daybreak.types import Doubles, Rows, Sparse

KERNEL_LIMIT = 8_000
"""Items up to which the similarities of all pairs are computed once for all trials: 256 MB."""

Progress = Callable[[str], None]
Rated: TypeAlias = tuple[Rows, Rows, Doubles]
"""User rows, item rows and times of events; -1 for unknown ids."""
Signs: TypeAlias = np.ndarray[Any, np.dtype[np.int8]]


@dataclass(frozen=True, eq=False)
class Learned:
    """What one training gave; never changed afterwards."""

    content: ContentEncoder
    profile: ProfileEncoder
    items: Items
    blend: Blend
    fitted: Fitted
    rules: ResolvedRules
    """Which events are positive; the same for those that come later."""
    facts: "Facts"


@dataclass(frozen=True)
class Facts:
    """What answers need to know of the data that were learned from."""

    n_events: int
    """Positive events."""
    dated: bool
    """Whether the times of events tell an order."""


@dataclass(frozen=True, eq=False)
class Options:
    """What a training is asked to do."""

    strategies: tuple[Strategy, ...]
    encoder: Encoder | None
    rules: EventRules
    fields: Mapping[str, Any] | None
    seed: int


def learn(tables: Tables, options: Options, say: Progress) -> tuple[Learned, Histories]:
    """Encode, simulate, weigh and fit; return what was learned and the histories beside it."""
    from daybreak.ranking.learn import learn_blend  # noqa: PLC0415 - answering needs no optimiser

    say("encoding the catalogue")
    content, blocks = ContentEncoder.fit_transform(
        tables.items, options.encoder, options.fields
    )
    profile = ProfileEncoder.fit(tables.users)
    items = Items(Vocabulary(tables.items["item_id"].to_list()), blocks, times(tables.items))
    users = Vocabulary(tables.users["user_id"].to_list())
    rules = options.rules.resolve(tables.events)
    signs = rules.signs(tables.events).to_numpy()
    rated = user, item, at = columns(tables.events, users, items.ids)
    events = Events.of(user[signs > 0], item[signs > 0], at[signs > 0], seed=options.seed)
    kernel = items.similarity(items) if len(items) <= KERNEL_LIMIT else None
    data = Dataset(
        items, events, len(users), sp.csr_array(profile.transform(tables.users)), kernel
    )
    blend, fitted = learn_blend(data, options.strategies, options.seed, say)
    facts = Facts(len(events), events.dated)
    learned = Learned(content, profile, items, *without_unused(blend, fitted), rules, facts)
    return learned, Histories(users, events, _seen_only(rated, signs, users, items))


def without_unused(blend: Blend, fitted: Fitted) -> tuple[Blend, Fitted]:
    """Drop the strategies that count nowhere: they would cost memory and time for nothing."""
    used = set(blend.used()) or {blend.strategies[0]}
    rows = [row for row, name in enumerate(blend.strategies) if name in used]
    kept = replace(
        blend,
        strategies=tuple(blend.strategies[row] for row in rows),
        scale=blend.scale[rows],
        weights=blend.weights[:, rows],
        new_weights=blend.new_weights[:, rows],
    )
    parts = Fitted(
        tuple(fitted.strategies[row] for row in rows),
        tuple(fitted.models[row] for row in rows),
        fitted.anchors,
    )
    return kept, parts


def columns(events: pl.DataFrame, users: Vocabulary, items: Vocabulary) -> Rated:
    """Return user rows, item rows and times of events; -1 for unknown ids."""
    return (
        rows_of(events["user_id"], users),
        rows_of(events["item_id"], items),
        events["timestamp"].fill_null(0.0).to_numpy(),
    )


def rows_of(ids: pl.Series, vocabulary: Vocabulary) -> Rows:
    """Return the rows of a column of ids; each distinct id is looked up once."""
    unique = ids.unique()
    table = pl.DataFrame({"id": unique, "row": vocabulary.rows(unique.to_list())})
    found = pl.DataFrame({"id": ids}).join(table, on="id", how="left", maintain_order="left")
    return np.asarray(found["row"].to_numpy(), dtype=np.int64)


def times(frame: pl.DataFrame) -> Doubles:
    """Return ``created_at`` in epoch seconds, NaN unknown; empty without such a column."""
    if "created_at" not in frame.columns or not frame["created_at"].dtype.is_numeric():
        return np.empty(0)
    return frame["created_at"].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _seen_only(events: Rated, signs: Signs, users: Vocabulary, items: Items) -> Sparse:
    """Return the (n_users, n_items) CSR of the pairs that are not liked."""
    other = signs <= 0
    if not other.any():
        return sp.csr_array((0, 0), dtype=np.float32)
    user, item, _ = events
    ones = np.ones(int(other.sum()), dtype=np.float32)
    return sp.csr_array((ones, (user[other], item[other])), shape=(len(users), len(items)))
