"""Who an event is of, where the column of users is empty: other columns that say so.

Guests have no account, and exports of orders name the customer, the time and the state on the
first line of an order only. A row without a user takes the next column that identifies
somebody: another id or address, a session, or an order, which is a session of somebody unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from daybreak.data.column_aliases import COLUMN_ALIASES
from daybreak.data.columns import LIKELY_REASON, ColumnMapping, names_of
from daybreak.data.ids import SESSION_PREFIX, cast_ids, id_column_problem
from daybreak.data.key_names import ORDER_NAMES, OWN_USER_NAMES, PHONE_NAMES, SESSION_NAMES
from daybreak.data.readers.source import RawTable

MIN_JUDGED_VALUES = 2
"""Number of values with known users from which a column is judged by them."""
MAX_SHARED_VALUES = 0.5
"""Largest share of values with several users in a column that identifies somebody."""
GUEST_USER = "0"
"""Number of all guests in exports of WooCommerce, PrestaShop and others."""
_LINE_PREFIX = "lineitem_"


@dataclass(frozen=True)
class IdentityColumn:
    """A column that says whose an event is."""

    source: str
    prefix: str = ""
    """What makes its values ids of sessions; empty for ids of users."""
    is_order: bool = False


@dataclass(frozen=True)
class IdentifiedEvents:
    """Events whose users are completed, and notes about it."""

    raw: RawTable
    mapping: ColumnMapping
    notes: tuple[str, ...] = ()


def identity_columns(mapping: ColumnMapping) -> tuple[IdentityColumn, ...]:
    """Return the unused columns of events that identify somebody, the best first.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> found = match_columns(["Order ID", "Email", "Customer ID", "sku"], "events")
        >>> [column.source for column in identity_columns(found)]
        ['Email', 'Order ID']
    """
    if mapping.role != "events":
        return ()
    free = {name: names_of(name) for name in mapping.unused}
    lines = any(
        name.startswith(_LINE_PREFIX) for c in mapping.columns for name in names_of(c.source)
    )
    orders = (*ORDER_NAMES, "name") if lines else ORDER_NAMES
    users = (*COLUMN_ALIASES["events"]["user_id"], *PHONE_NAMES)
    columns = [IdentityColumn(source) for source in _named(free, users)]
    columns += [
        IdentityColumn(source, SESSION_PREFIX) for source in _named(free, SESSION_NAMES)
    ]
    columns += [
        IdentityColumn(source, SESSION_PREFIX, is_order=True) for source in _named(free, orders)
    ]
    first: dict[str, IdentityColumn] = {}
    for column in columns:
        first.setdefault(column.source, column)
    return tuple(first.values())


def _named(free: dict[str, set[str]], wanted: tuple[str, ...]) -> Iterator[str]:
    for name in wanted:
        yield from (source for source, names in free.items() if name in names)


def identify_users(
    raw: RawTable, mapping: ColumnMapping, columns: tuple[IdentityColumn, ...]
) -> IdentifiedEvents:
    """Return events whose empty users are taken from other columns.

    A value that occurs with one user in other rows stands for that user: an order has its
    customer on the first line only, and a visitor logs in later.

    Args:
        raw: Columns of the events as they came, with ``columns``.
        mapping: Columns of the table that they are read as.
        columns: Other columns that identify somebody.
    """
    source = mapping.source_of("user_id")
    if source is not None and _is_own_user(mapping, source):
        return _name_sessions(raw, mapping, source)
    columns = tuple(
        column for column in columns if not id_column_problem(raw.frame[column.source].dtype)
    )
    if source is None or not columns:
        return IdentifiedEvents(raw, mapping)
    return _complete_users(raw, mapping, columns, source)


def _complete_users(
    raw: RawTable, mapping: ColumnMapping, columns: tuple[IdentityColumn, ...], source: str
) -> IdentifiedEvents:
    """Return events whose empty users in the column ``source`` are taken from others."""
    raw, notes = _complete_order_lines(raw, mapping, columns)
    if id_column_problem(raw.frame[source].dtype):
        return IdentifiedEvents(raw, mapping, notes)
    user, is_missing = cast_ids(raw.frame[source])
    user, is_missing = _without_guests(user, is_missing, raw, columns)
    if not is_missing.any():
        return IdentifiedEvents(raw, mapping, notes)
    known = set(user.drop_nulls().unique())
    counts: dict[str, int] = {}
    for column in columns:
        if not _identifies(raw.frame[column.source], user):
            continue
        found = _users_of(raw.frame[column.source], user, column, known)
        taken = user.is_null() & found.is_not_null()
        if taken.any():
            counts[column.source] = int(taken.sum())
            user = user.zip_with(~taken, found)
    if not counts:
        return IdentifiedEvents(raw, mapping, notes)
    taken_from = ", ".join(f"{name} ({count:,})" for name, count in counts.items())
    note = (
        f"{raw.file}: {int(is_missing.sum()):,} of {len(user):,} rows have no {source}; whose "
        f"they are is taken from {taken_from}"
    )
    frame = raw.frame.with_columns(user.alias(source))
    rest = tuple(c for c in mapping.columns if c.source not in counts)
    return IdentifiedEvents(
        replace(raw, frame=frame), replace(mapping, columns=rest), (*notes, note)
    )


def _is_own_user(mapping: ColumnMapping, source: str) -> bool:
    """Return whether sessions or orders are the users, for want of a column of users."""
    reason = next(c.reason for c in mapping.columns if c.source == source)
    return reason == LIKELY_REASON and not names_of(source).isdisjoint(OWN_USER_NAMES)


def _name_sessions(raw: RawTable, mapping: ColumnMapping, source: str) -> IdentifiedEvents:
    """Return events whose users are the sessions of somebody unknown."""
    if id_column_problem(raw.frame[source].dtype):
        return IdentifiedEvents(raw, mapping)
    users = (SESSION_PREFIX + cast_ids(raw.frame[source])[0]).alias(source)
    note = (
        f"{raw.file}: there is no column of users; each {source} is a user of its own "
        f"({SESSION_PREFIX}…)"
    )
    frame = raw.frame.with_columns(users)
    return IdentifiedEvents(replace(raw, frame=frame), mapping, (note,))


def _without_guests(
    user: pl.Series, is_missing: pl.Series, raw: RawTable, columns: tuple[IdentityColumn, ...]
) -> tuple[pl.Series, pl.Series]:
    """Return users without the number of all guests, if it stands for several people.

    It does if it has more ids or addresses of another column than any other user; where users
    are numbered from 0, the first of them has as many as others.
    """
    guests = (user == GUEST_USER).fill_null(value=False)
    if not guests.any():
        return user, is_missing
    if not any(_has_most_values(user, raw.frame[c.source]) for c in columns if not c.prefix):
        return user, is_missing
    return user.set(guests, None), is_missing | guests


def _has_most_values(user: pl.Series, values: pl.Series) -> bool:
    """Return whether the number of guests stands with more values than any user."""
    pairs = pl.DataFrame([user.alias("user"), cast_ids(values)[0].alias("other")]).drop_nulls()
    counts = pairs.group_by("user").agg(pl.n_unique("other").alias("n"))
    of_guests = counts.filter(pl.col("user") == GUEST_USER)["n"].sum()
    others = counts.filter(pl.col("user") != GUEST_USER)["n"].to_list()
    return bool(of_guests > max([1, *others]))


def _identifies(values: pl.Series, user: pl.Series) -> bool:
    """Return whether most values of a column stand with one user, as far as users are known."""
    pairs = pl.DataFrame([cast_ids(values)[0].alias("other"), user.alias("user")]).drop_nulls()
    counts = pairs.group_by("other").agg(pl.n_unique("user").alias("n"))["n"]
    if len(counts) < MIN_JUDGED_VALUES:
        return True
    return bool((counts > 1).mean() <= MAX_SHARED_VALUES)  # type: ignore[operator]


def _users_of(
    values: pl.Series, user: pl.Series, column: IdentityColumn, known: set[str]
) -> pl.Series:
    """Return the user that each value of another column stands for; null without a value."""
    other = cast_ids(values)[0].alias("other")
    table = pl.DataFrame([other, user.alias("user")])
    together = table.drop_nulls()
    links = together.group_by("other").agg(
        pl.col("user").n_unique().alias("n"), pl.first("user")
    )
    links = links.filter(pl.col("n") == 1).select("other", pl.col("user").alias("linked"))
    prefix = column.prefix
    if not prefix and known.intersection(other.drop_nulls().unique()):
        is_other_space = together.height and not (together["other"] == together["user"]).any()
        prefix = f"{column.source}:" if is_other_space else ""
    own = pl.lit(prefix) + pl.col("other")
    joined = table.select("other").join(links, on="other", how="left", maintain_order="left")
    return joined.select(pl.coalesce("linked", own)).to_series()


def _complete_order_lines(
    raw: RawTable, mapping: ColumnMapping, columns: tuple[IdentityColumn, ...]
) -> tuple[RawTable, tuple[str, ...]]:
    """Return events in which the lines of an order have its time and its state.

    Only the first line of an order states them in some exports.
    """
    order = next((column.source for column in columns if column.is_order), None)
    if order is None:
        return raw, ()
    notes: list[str] = []
    key = cast_ids(raw.frame[order])[0].alias("\0order")
    frame = raw.frame.with_columns(key)
    for target in ("timestamp", "event_type"):
        source = mapping.source_of(target)
        if source is None or frame[source].dtype != pl.String:
            continue
        text = pl.col(source).replace("", None)
        first = text.drop_nulls().first().over("\0order")
        filled = frame.select(
            pl.when(pl.col("\0order").is_null()).then(text).otherwise(pl.coalesce(text, first))
        ).to_series()
        n_filled = int((frame.select(text).to_series().is_null() & filled.is_not_null()).sum())
        if n_filled:
            frame = frame.with_columns(filled.alias(source))
            notes.append(
                f"{raw.file}: {n_filled:,} of {frame.height:,} rows have no {source} and take "
                f"that of another line of the same {order}"
            )
    return replace(raw, frame=frame.drop("\0order")), tuple(notes)
