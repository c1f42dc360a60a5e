"""The data of a contest: a folder, or a part of the bundled shop."""

from pathlib import Path

import polars as pl

from daybreak.data import Tables, read_folder
from daybreak.service.bundled import gift_shop

SHARE = 5
"""The demo keeps one customer in so many,"""
OFTEN = 6
"""and the items that these bought so often: enough to tell strategies apart in a minute."""
DEMO = f"gift_shop (one customer in {SHARE})"


def folder_tables(folder: Path) -> Tables:
    """Return the tables of a folder; see :func:`daybreak.data.read_folder`."""
    return read_folder(folder).tables


def demo_tables(share: int = SHARE, often: int = OFTEN) -> Tables:
    """Return one customer in ``share`` of the bundled shop, and what these bought ``often``.

    Example:
        >>> tables = demo_tables(100, often=1)
        >>> tables.users.height, set(tables.items["item_id"]) == set(tables.events["item_id"])
        (30, True)
    """
    tables = read_folder(gift_shop()).tables
    users = tables.users.gather_every(share)
    events = tables.events.join(users.select("user_id"), on="user_id")
    kept = events.group_by("item_id").len().filter(pl.col("len") >= often).select("item_id")
    items = tables.items.join(kept, on="item_id", how="semi", maintain_order="left")
    return Tables(items, users, events.join(kept, on="item_id", how="semi"))
