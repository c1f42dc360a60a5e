"""Shops of different sizes, made of the data sets, and what their later customers bought.

A shop consists of all events of the first ``n`` customers of a data set, by the time of their
first event, or at random where times are unknown. Later customers are asked with their first
events; targets are all their other events, and candidates are all items of the catalogue.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from daybreak.data import EventRules, Tables, read_folder
from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.rng import create_generator
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.training.encoder_choice import choose_encoder
from daybreak.simulation.queries import LabelledQueries
from daybreak.simulation.splits import mark_last_events
from daybreak.types import Mask, Rows

SIZES = (5, 20, 100, 500)
"""Numbers of customers of a shop."""
SHOTS = (0, 1, 3, 5, 10, 20, 50)
"""Numbers of known events of a later customer."""
MAX_QUERIES = 100
"""Number of queries for each number of known events."""
MAX_ITEMS = 4_000
"""Number of items of a catalogue; of larger ones, a random part is used [items]."""
MIN_LATER_USERS = 60
"""Minimum number of customers that are not part of the shop."""


@dataclass(frozen=True)
class Source:
    """One or several shops in a data set."""

    name: str
    folder: str
    domain: str | None = None
    """Value of the column ``domain``; None: all."""
    has_text: bool = True
    """Whether the text model encodes the items; otherwise the shop has words only."""

    @property
    def family(self) -> str:
        """Data sets that are left out together, because they share people or items."""
        return {"ml100k": "movielens", "ml1m": "movielens", "mlsmall_mm": "movielens"}.get(
            self.folder, self.folder
        )


SOURCES = (
    Source("ml100k", "ml100k"),
    Source("gift_shop", "gift_shop"),
    Source("anime_zh_dev", "anime_zh_dev"),
    Source("nemig_de", "nemig_de"),
    Source("completejourney", "completejourney", has_text=False),
    Source("lastfm_hetrec", "lastfm_hetrec"),
    Source("citeulike_t", "citeulike_t", has_text=False),
    Source("mlsmall_mm", "mlsmall_mm", has_text=False),
    Source("ml1m", "ml1m"),
    Source("amazon_beauty", "amazon_beauty_toys", "Beauty"),
    Source("amazon_toys", "amazon_beauty_toys", "Toys", has_text=False),
    Source("food", "food_kitchen", "food", has_text=False),
    Source("kitchen", "food_kitchen", "kitchen"),
    Source("amazon_ca", "amazon_markets", "ca"),
    Source("amazon_mx", "amazon_markets", "mx"),
)


@dataclass(frozen=True, eq=False)
class Shop:
    """The events of the first customers, and queries about what is not part of them."""

    name: str
    family: str
    n_users: int
    data: Dataset
    query_sets: tuple[LabelledQueries, ...]


def iter_shops(source: Source, shared: Path, sizes: tuple[int, ...] = SIZES) -> Iterator[Shop]:
    """Yield the shops of a data set, the smallest first.

    Args:
        source: Data set.
        shared: Folder that holds ``data/NAME/``.
        sizes: Numbers of customers.
    """
    tables = read_source(source, shared)
    rng = create_generator(0, f"shops {source.name}")
    tables = keep_items(tables, MAX_ITEMS, rng)
    encoder = choose_encoder("auto", tables.items).encoder if source.has_text else None
    whole = encode_dataset(tables, DatasetConfig(encoder, EventRules(), None, 0)).data
    users = order_users(whole, rng)
    largest = len(users) - max(MIN_LATER_USERS, len(users) // 5)
    for size in sorted({min(size, largest) for size in sizes}):
        if size > 0:
            yield make_shop(source, whole, users, size)


def read_source(source: Source, shared: Path) -> Tables:
    """Return the tables of a data set, or of one of its domains."""
    tables = read_folder(shared / "data" / source.folder).tables
    if source.domain is None:
        return tables
    events = tables.events.filter(pl.col("domain") == source.domain)
    items = tables.items.filter(pl.col("item_id").is_in(events["item_id"].unique().implode()))
    users = tables.users.filter(pl.col("user_id").is_in(events["user_id"].unique().implode()))
    return Tables(items=items, users=users, events=events)


def keep_items(tables: Tables, n_items: int, rng: np.random.Generator) -> Tables:
    """Return the tables with at most ``n_items`` items, drawn at random."""
    if tables.items.height <= n_items:
        return tables
    items = tables.items[np.sort(rng.permutation(tables.items.height)[:n_items])]
    ids = items["item_id"].implode()
    return Tables(
        items=items,
        users=tables.users,
        events=tables.events.filter(pl.col("item_id").is_in(ids)),
    )


def order_users(data: Dataset, rng: np.random.Generator) -> Rows:
    """Return the users by the time of their first event; at random without times."""
    events = data.events
    users = data.active_user_rows
    first = np.full(data.n_users, np.inf)
    np.minimum.at(first, events.user, events.at)
    tie = rng.permutation(len(users))
    time = first[users] if events.has_time_order else np.zeros(len(users))
    ordered: Rows = users[np.lexsort((tie, time))]
    return ordered


def make_shop(source: Source, whole: Dataset, users: Rows, size: int) -> Shop:
    """Return the shop of the first ``size`` users."""
    rng = create_generator(0, f"queries {source.name} {size}")
    events = whole.events
    is_first = _mask(users[:size], whole.n_users)
    own = events.filter(is_first[events.user])
    late = mark_last_events(own)
    data = replace(whole, events=own.filter(~late))
    others = events.filter(~is_first[events.user])
    query_sets = [
        new_user_queries(data, others, shots, rng.permutation(users[size:])) for shots in SHOTS
    ]
    query_sets.append(known_user_queries(data, own.filter(late), rng))
    return Shop(
        source.name, source.family, size, data, tuple(q for q in query_sets if q is not None)
    )


def new_user_queries(
    data: Dataset, others: Events, shots: int, users: Rows
) -> LabelledQueries | None:
    """Return the queries of later customers with their first events; None if there are few."""
    known = np.isin(others.item, data.train_item_rows)
    history = others.filter((others.count_earlier() < shots) & known)
    targets = others.filter(others.count_earlier() >= shots)
    size = np.bincount(others.user, minlength=data.n_users)
    users = np.sort(users[size[users] >= shots + 2][:MAX_QUERIES])
    return _label("new_user", data, history, targets, users)


def known_user_queries(
    data: Dataset, targets: Events, rng: np.random.Generator
) -> LabelledQueries | None:
    """Return the queries of customers of the shop; targets are their last events."""
    users = np.sort(rng.permutation(np.unique(targets.user))[: 3 * MAX_QUERIES])
    return _label("user", data, data.events, targets, users)


def _label(
    kind: str, data: Dataset, history: Events, targets: Events, users: Rows
) -> LabelledQueries | None:
    if not len(users):
        return None
    row = np.full(data.n_users, -1)
    row[users] = np.arange(len(users))
    shape = (len(users), len(data.items))

    def to_matrix(events: Events) -> object:
        chosen = events.filter(row[events.user] >= 0)
        return Events(row[chosen.user], chosen.item, chosen.at).to_matrix(*shape)

    queries = Queries.for_users(data, history, users)
    everything = np.ones(len(data.items), dtype=bool)
    return LabelledQueries(
        kind, queries, to_matrix(targets), to_matrix(history), everything, users
    )


def _mask(rows: Rows, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[rows] = True
    return mask
