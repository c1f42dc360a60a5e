"""Orders and their lines in two files, as databases of shops export them.

``order_items.csv`` has an order and a product in each row, ``orders.csv`` the customer and the
time of each order. Start at :func:`join_order_files`.
"""

from collections.abc import Sequence
from pathlib import Path

from daybreak.data.column_aliases import COLUMN_ALIASES
from daybreak.data.columns import find_name
from daybreak.data.ids import cast_ids, id_column_problem
from daybreak.data.key_names import ORDER_NAMES
from daybreak.data.readers import OpenedTable, open_table
from daybreak.data.readers.source import SAMPLE_ROWS, LoadedFrame
from daybreak.data.rejects import Rejects
from daybreak.errors import DaybreakError

MIN_KNOWN_ORDERS = 0.5
"""Smallest share of the orders of lines that are in the file of orders."""
_KEY = "\0order"
_USERS, _ITEMS = (COLUMN_ALIASES["events"][key] for key in ("user_id", "item_id"))


def join_order_files(
    files: Sequence[Path], encoding: str | None = None
) -> tuple[LoadedFrame | None, frozenset[Path]]:
    """Return lines of orders with what is known of their orders, and the two files of them.

    Args:
        files: Files that may have lines or orders.
        encoding: Encoding of the text files; None: detect it.
    """
    opened: dict[Path, OpenedTable] = {}
    for file in files:
        try:
            opened[file] = open_table(file, "events", encoding)
        except DaybreakError:  # it is told where the file is read for itself
            continue
    lines = [f for f, one in opened.items() if _has(one, items=True)]
    orders = [f for f, one in opened.items() if _has(one, items=False)]
    for line_file in lines:
        for order_file in orders:
            joined = _join(opened[line_file], opened[order_file])
            if joined is not None:
                return joined, frozenset((line_file, order_file))
    return None, frozenset()


def _has(table: OpenedTable, *, items: bool) -> bool:
    """Return whether a table has orders, and either items or users."""
    names = table.sample_columns
    has_items = find_name(_ITEMS, names) is not None
    has_users = find_name(_USERS, names) is not None
    return (
        has_items == items and has_users != items and _order_of(table, items=items) is not None
    )


def _order_of(table: OpenedTable, *, items: bool) -> str | None:
    wanted = ORDER_NAMES if items else (*ORDER_NAMES, "id")
    return find_name(wanted, table.sample_columns)


def _join(lines: OpenedTable, orders: OpenedTable) -> LoadedFrame | None:
    key, own = _order_of(lines, items=True), _order_of(orders, items=False)
    if key is None or own is None:
        return None
    some, known = (
        table.sample([name]).head(SAMPLE_ROWS) for table, name in ((lines, key), (orders, own))
    )
    if any(id_column_problem(rows.dtypes[0]) for rows in (some, known)):
        return None
    wanted, ids = cast_ids(some.to_series())[0].drop_nulls(), cast_ids(known.to_series())[0]
    n_known = int(wanted.is_in(ids.drop_nulls().implode()).sum())
    if ids.n_unique() < len(ids) or not n_known or n_known < MIN_KNOWN_ORDERS * len(wanted):
        return None
    rejects = Rejects()
    left, right = (table.read(list(table.columns), rejects) for table in (lines, orders))
    further = [name for name in right.frame.columns if name not in left.frame.columns]
    heads = right.frame.select(further).with_columns(cast_ids(right.frame[own])[0].alias(_KEY))
    frame = left.frame.with_columns(cast_ids(left.frame[key])[0].alias(_KEY))
    frame = frame.join(
        heads.unique(_KEY, keep="first"), on=_KEY, how="left", maintain_order="left"
    )
    note = f"{lines.file}: customers and times of orders are taken from {orders.file} by {key}"
    return LoadedFrame(
        f"{lines.file}, {orders.file}",
        frame.drop(_KEY),
        [*lines.notes, *orders.notes, note],
        rejects,
        left.rows,
    )
