"""Sources of a training: tables of other shops and domains, joined to those of the target.

:func:`split_domains` cuts one data set into domains, :func:`join_sources` writes what people
chose in the sources into the table of users, and :func:`encode_sources` makes arrays of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import EventRules, Tables, Vocabulary
from daybreak.data.dataset import Items
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.data.vocabulary import AliasedVocabulary
from daybreak.encoders.profile import SOURCE_ITEMS_COLUMN, as_id_lists
from daybreak.errors import DataError
from daybreak.models.shared_content_columns import content_columns
from daybreak.service.inputs.dataset import EncodedDataset, find_rows
from daybreak.service.inputs.equal_items import are_ids_accidental, match_items
from daybreak.types import Floats, Sparse

DOMAIN_COLUMN = "domain"
MIN_SHARED_CATALOGUE = 0.5
"""Share of the target's chosen items that people of a source chose as well from which both sell
one catalogue; then items without events stay in the target."""


@dataclass(frozen=True, eq=False)
class SourceTables:
    """One source: its items, who chose what, and what a saved release has learned of them."""

    name: str
    items: pl.DataFrame
    """One row an item: ``item_id`` and what is known of it"""
    events: pl.DataFrame
    """``user_id, item_id`` of the positive events, each pair once; empty for a release"""
    item_weights: Sparse | Floats | None = None
    """(n_items, n_items) weights of a release, in the order of ``items``"""
    popularity: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    """(n_items,) counts of a release; empty: those of ``events``"""
    domain: str = ""
    """Value of ``domain`` in the data of the target; empty: other data"""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Own ids of items that have the id of the same item of the target here"""
    notes: tuple[str, ...] = ()

    @classmethod
    def from_tables(cls, name: str, tables: Tables, rules: EventRules) -> "SourceTables":
        """Return a source with the positive events of its tables.

        Args:
            name: Name of the source in reports.
            tables: Its items and events.
            rules: Rules that say which events are positive.
        """
        signs = rules.resolve(tables.events).signs(tables.events)
        events = tables.events.filter(signs > 0).select("user_id", "item_id")
        return cls(name, tables.items, events.unique(maintain_order=True))


def split_domains(
    tables: Tables, names: Sequence[str], rules: EventRules
) -> tuple[Tables, tuple[SourceTables, ...]]:
    """Return the target and the sources of one data set whose domains are a column.

    An event belongs to the domain that it names, or to that of its item. All domains but the
    named ones are the target. Platforms that sell the same items are domains as well: where
    the items have no domain and at least half of the items of the target are chosen in a
    source too, items without events in the target stay in it.

    Args:
        tables: The whole data set.
        names: Values of ``domain`` that are sources.
        rules: Rules that say which events are positive.

    Raises:
        DataError: There is no such domain, or none is left for the target.

    Example:
        >>> shop = Tables.of(pl.DataFrame({
        ...     "user_id": ["ann", "ann"], "item_id": ["tea", "pan"],
        ...     "domain": ["food", "kitchen"]}))
        >>> target, (food,) = split_domains(shop, ["food"], EventRules())
        >>> target.items["item_id"].to_list(), food.items["item_id"].to_list()
        (['pan'], ['tea'])
    """
    of_event = event_domains(tables)
    known = set(of_event.drop_nulls().unique().to_list())
    if missing := [name for name in names if name not in known]:
        listed = ", ".join(sorted(known))
        listed = listed or "none; the column domain of the events or items names them"
        raise DataError(f"no domain {missing[0]!r} in the data; domains: {listed}")
    is_source = of_event.is_in(list(names)).fill_null(value=False)
    if is_source.all():
        raise DataError(
            f"all events are in the sources {list(names)}; none is left to learn from"
        )
    target = _items_of(tables, tables.events.filter(~is_source), [*names], keep_others=True)
    sources = []
    for name in names:
        events = tables.events.filter(of_event.eq_missing(name))
        part = _items_of(tables, events, [name], keep_others=False)
        sources.append(replace(SourceTables.from_tables(name, part, rules), domain=name))
    if _is_one_catalogue(tables, target, sources):
        target = replace(target, items=tables.items)
    return target, tuple(sources)


def _is_one_catalogue(tables: Tables, target: Tables, sources: Sequence[SourceTables]) -> bool:
    """Return whether the items have no domain, and the sources sell those of the target."""
    if DOMAIN_COLUMN in tables.items.columns:
        return False
    chosen = target.events["item_id"].unique()
    elsewhere = pl.concat([source.events["item_id"] for source in sources])
    n_shared = int(chosen.is_in(elsewhere.unique().implode()).sum())
    return n_shared >= MIN_SHARED_CATALOGUE * max(len(chosen), 1)


def event_domains(tables: Tables) -> pl.Series:
    """Return the domain of each event: its own, or that of its item; null if unknown."""
    own = tables.events[DOMAIN_COLUMN]
    if DOMAIN_COLUMN not in tables.items.columns:
        return own
    of_item = tables.items.select("item_id", pl.col(DOMAIN_COLUMN).cast(pl.String).alias("of"))
    joined = tables.events.join(of_item, on="item_id", how="left", maintain_order="left")
    return joined.select(pl.coalesce(DOMAIN_COLUMN, "of")).to_series()


def _items_of(
    tables: Tables, events: pl.DataFrame, names: list[str], *, keep_others: bool
) -> Tables:
    """Return tables with some events, their items, and further items by domain."""
    chosen = pl.col("item_id").is_in(events["item_id"].unique().implode())
    if DOMAIN_COLUMN in tables.items.columns:
        named = pl.col(DOMAIN_COLUMN).cast(pl.String).is_in(names).fill_null(value=False)
        chosen = chosen | (~named if keep_others else named)
    return Tables(tables.items.filter(chosen), tables.users, events)


def connect_items(target: pl.DataFrame, source: SourceTables) -> SourceTables:
    """Return a source whose items have the ids of the same items of the target.

    Items are the same by identifiers and titles as well; where titles show that equal ids are
    chance, these items of the source are renamed. Domains of one data set are left as they
    are: their ids are those of one shop.

    Args:
        target: Items of the target.
        source: The source.

    Example:
        >>> films = pl.DataFrame({"item_id": ["7"], "imdb_id": ["tt0114709"]})
        >>> none = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})
        >>> mine = pl.DataFrame({"item_id": ["toy"], "imdb_id": ["114709"]})
        >>> connect_items(mine, SourceTables("old", films, none)).items["item_id"].to_list()
        ['toy']
    """
    if source.domain or source.notes:  # one shop, or connected before
        return source
    notes = []
    if are_ids_accidental(target, source.items):
        known = set(target["item_id"].to_list())
        own = source.items["item_id"].to_list()
        other = {id_: f"{source.name}:{id_}" for id_ in own if id_ in known}
        source = _rename_items(source, other)
        notes.append(
            f"source {source.name}: {len(other):,} of its ids of items are ids of other items "
            f"here, as their titles say, and are read as {source.name}:ID; if its ids of "
            "people are those of other people here, put something before them"
        )
    same = match_items(target, source.items)
    if same.ids:
        source = replace(_rename_items(source, same.ids), aliases=same.ids)
        by_title = len(same.ids) - same.n_by_identifier
        notes.append(
            f"source {source.name}: {len(same.ids):,} of its {source.items.height:,} items are "
            f"items of this catalogue under other ids ({same.n_by_identifier:,} by an "
            f"identifier, {by_title:,} by the title)"
        )
    return replace(source, notes=(*source.notes, *notes))


def _rename_items(source: SourceTables, names: Mapping[str, str]) -> SourceTables:
    """Return a source with other ids of items."""
    renamed = pl.col("item_id").replace(names)
    return replace(
        source,
        items=source.items.with_columns(renamed),
        events=source.events.with_columns(renamed),
    )


def join_sources(tables: Tables, sources: Sequence[SourceTables]) -> tuple[Tables, Vocabulary]:
    """Return the target with what its people chose in the sources, and the ids of all items.

    People that only a source knows become users without events.

    Args:
        tables: The target.
        sources: The sources.
    """
    told = source_lists(sources)
    users = tables.users
    if SOURCE_ITEMS_COLUMN in users.columns:
        stored = as_id_lists(users[SOURCE_ITEMS_COLUMN]).alias("stored")
        users = users.drop(SOURCE_ITEMS_COLUMN).with_columns(stored)
    joined = users.join(told, on="user_id", how="left", maintain_order="left")
    if "stored" in joined.columns and "stored" not in tables.users.columns:
        # A release has no histories; those that the shop has stored stay.
        both = pl.coalesce(SOURCE_ITEMS_COLUMN, "stored").alias(SOURCE_ITEMS_COLUMN)
        joined = joined.with_columns(both).drop("stored")
    others = told.join(users.select("user_id"), on="user_id", how="anti", maintain_order="left")
    ids = dict.fromkeys(id_ for source in sources for id_ in source.items["item_id"].to_list())
    for source in sources:
        ids |= dict.fromkeys(source.events["item_id"].unique(maintain_order=True).to_list())
    everybody = pl.concat([joined, others], how="diagonal_relaxed")
    aliases = {name: id_ for source in sources for name, id_ in source.aliases.items()}
    names = AliasedVocabulary(ids, aliases) if aliases else Vocabulary(ids)
    return Tables(tables.items, everybody, tables.events), names


def source_lists(sources: Sequence[SourceTables]) -> pl.DataFrame:
    """Return ``user_id, source_items``: what people chose in sources, a row a person.

    Args:
        sources: The sources.
    """
    empty = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})
    events = pl.concat([empty, *(source.events for source in sources)])
    lists = events.unique(maintain_order=True).group_by("user_id", maintain_order=True)
    return lists.agg(pl.col("item_id").alias(SOURCE_ITEMS_COLUMN))


def encode_sources(
    dataset: EncodedDataset, tables: Tables, sources: Sequence[SourceTables]
) -> SourceData:
    """Return the arrays of sources for an encoded target.

    Args:
        dataset: The target, encoded with the ids of the sources.
        tables: Its tables, from :func:`join_sources`.
        sources: The sources.
    """
    ids = dataset.profile.source_ids
    target = dataset.data.items.ids
    histories = dataset.profile.transform_sources(tables.users)
    domains = tuple(_encode_domain(ids, source) for source in sources)
    return SourceData(
        ids,
        np.asarray(target.rows(ids.ids), dtype=np.int64),
        sp.csr_array(histories),
        domains,
        _encode_content(dataset, ids, sources),
    )


def _encode_domain(ids: Vocabulary, source: SourceTables) -> SourceDomain:
    names = dict.fromkeys(
        [*source.items["item_id"].to_list(), *source.events["item_id"].unique().to_list()]
    )
    given = ids.rows(list(names))
    order = np.argsort(given)
    columns = np.asarray(given[order], dtype=np.int64)
    users = Vocabulary(source.events["user_id"].unique(maintain_order=True).to_list())
    place = (
        find_rows(source.events["user_id"], users),
        np.searchsorted(columns, find_rows(source.events["item_id"], ids)),
    )
    ones = np.ones(source.events.height, dtype=np.float32)
    histories = sp.csr_array((ones, place), shape=(len(users), len(columns)))
    weights: Any = source.item_weights
    counts = np.asarray(histories.sum(axis=0), dtype=np.float32).ravel()
    if len(source.popularity):
        counts = np.asarray(source.popularity, dtype=np.float32)[order]
    if weights is not None:
        weights = weights[order][:, order]
    return SourceDomain(source.name, columns, histories, weights, counts)


def _encode_content(
    dataset: EncodedDataset, ids: Vocabulary, sources: Sequence[SourceTables]
) -> Sparse | None:
    """Return (n_columns, n_features) content of the items of sources; None without any."""
    if not dataset.data.items.blocks:
        return None
    frames = [source.items for source in sources if source.items.width > 1]
    if not frames:
        return None
    frame = pl.concat(frames, how="diagonal_relaxed").unique("item_id", maintain_order=True)
    blocks = dataset.content.transform(frame)
    encoded = Items(Vocabulary(frame["item_id"].to_list()), blocks)
    own = content_columns(encoded).tocoo()
    columns = ids.rows(frame["item_id"].to_list())
    place = (columns[own.row], own.col)
    return sp.csr_array((own.data, place), shape=(len(ids), own.shape[1]), dtype=np.float32)
