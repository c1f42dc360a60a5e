"""Whole files into a running service: one transaction, promises as for rows."""

from typing import TYPE_CHECKING

import polars as pl

from daybreak.data import ImportResult, Tables
from daybreak.store import Written

if TYPE_CHECKING:
    from daybreak.service.live.live import Live

USER = "user_id"


def take_in(live: "Live", read: ImportResult) -> Written:
    """Add what was read from files; it counts as soon as the service has looked at the store.

    Ids of users become pseudonyms where the service has them. Equal events of one file are
    counted, so reading it again adds nothing.

    Raises:
        StoreError: Nothing could be stored.
    """
    tables = read.tables
    named = Tables(tables.items, _renamed(live, tables.users), _renamed(live, tables.events))
    return live.store.write(named, event_ids=read.event_ids)


def _renamed(live: "Live", frame: pl.DataFrame) -> pl.DataFrame:
    if live.pseudonyms is None:
        return frame
    ids = {user: live.pseudonyms.of(user) for user in frame[USER].unique().to_list()}
    return frame.with_columns(pl.col(USER).replace_strict(ids, return_dtype=pl.String))
