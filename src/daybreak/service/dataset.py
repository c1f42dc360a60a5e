"""Tables as models see them: content and profiles encoded, ids as rows, events with a sign."""

from collections.abc import Mapping
from dataclasses import dataclass
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
from daybreak.types import Doubles, Rows, Sparse

KERNEL_LIMIT = 8_000
"""Items up to which the similarities of all pairs are computed once for all trials: 256 MB."""

Rated: TypeAlias = tuple[Rows, Rows, Doubles]
"""User rows, item rows and times of events; -1 for unknown ids."""
Signs: TypeAlias = np.ndarray[Any, np.dtype[np.int8]]


@dataclass(frozen=True, eq=False)
class Reading:
    """How tables are to be read."""

    encoder: Encoder | None
    rules: EventRules | ResolvedRules
    fields: Mapping[str, Any] | None
    """Roles of item columns where the recognised ones are wrong."""
    seed: int
    """Orders events of one time."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Tables that were read, with what reads further ones in the same way."""

    data: Dataset
    users: Vocabulary
    content: ContentEncoder
    profile: ProfileEncoder
    rules: ResolvedRules
    others: Sparse
    """(n_users, n_items) CSR of the pairs that are not liked; no rows when there are none"""


def dataset_of(tables: Tables, reading: Reading) -> Encoded:
    """Return tables as a data set that models can learn from."""
    content, items = catalogue_of(tables.items, reading)
    profile = ProfileEncoder.fit(tables.users)
    users = Vocabulary(tables.users["user_id"].to_list())
    given = reading.rules
    rules = given.resolve(tables.events) if isinstance(given, EventRules) else given
    signs = rules.signs(tables.events).to_numpy()
    rated = user, item, at = columns(tables.events, users, items.ids)
    events = Events.of(user[signs > 0], item[signs > 0], at[signs > 0], seed=reading.seed)
    data = Dataset(
        items,
        events,
        len(users),
        sp.csr_array(profile.transform(tables.users)),
        kernel_of(items),
    )
    others = _not_liked(rated, signs, users, items)
    return Encoded(data, users, content, profile, rules, others)


def catalogue_of(frame: pl.DataFrame, reading: Reading) -> tuple[ContentEncoder, Items]:
    """Return the items of a frame, encoded, and what encodes further ones."""
    content, blocks = ContentEncoder.fit_transform(frame, reading.encoder, reading.fields)
    return content, Items(Vocabulary(frame["item_id"].to_list()), blocks, times(frame))


def kernel_of(items: Items) -> Any:
    """Return the similarities of all pairs of items; None for catalogues too large for it."""
    return items.similarity(items) if len(items) <= KERNEL_LIMIT else None


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


def _not_liked(events: Rated, signs: Signs, users: Vocabulary, items: Items) -> Sparse:
    other = signs <= 0
    if not other.any():
        return sp.csr_array((0, 0), dtype=np.float32)
    user, item, _ = events
    ones = np.ones(int(other.sum()), dtype=np.float32)
    return sp.csr_array((ones, (user[other], item[other])), shape=(len(users), len(items)))
