"""Numbers that describe a set of tables."""

from typing import Any

import polars as pl

from daybreak.data.tables import Tables


def describe(tables: Tables) -> dict[str, Any]:
    """Return counts, density, time span, medians, text columns, domains and cold shares.

    Times are epoch seconds; shares and density are in [0, 1]; what cannot be said is None.

    Example:
        >>> events = pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["tea", "tea"]})
        >>> shop = Tables.of(events)
        >>> facts = describe(shop)
        >>> facts["users"], facts["items"], facts["density"], facts["events_per_item"]["median"]
        (2, 1, 1.0, 2.0)
    """
    events, items, users = tables.events, tables.items, tables.users
    pairs = events.select(pl.struct("user_id", "item_id").n_unique()).item()
    per_user, per_item = (_per(events, key) for key in ("user_id", "item_id"))
    cells = users.height * items.height
    return {
        "users": users.height,
        "items": items.height,
        "events": events.height,
        "pairs": pairs,
        "density": pairs / cells if cells else None,
        "time": _span(events),
        "events_per_user": _spread(per_user),
        "events_per_item": _spread(per_item),
        "users_with_two_events": int((per_user >= 2).sum()),
        "cold_users": _share_without(users, events, "user_id"),
        "cold_items": _share_without(items, events, "item_id"),
        "event_types": _counts(events["event_type"]),
        "domains": _domains(tables),
        "item_columns": _filled(items, "item_id"),
        "user_columns": _filled(users, "user_id"),
        "text_columns": text_columns(items, "item_id"),
    }


def text_columns(frame: pl.DataFrame, key: str) -> list[str]:
    """Return the columns that read like text: many different values, some with a space.

    Scripts without spaces count when a value is long. Links are no text.
    """
    return [
        name
        for name in frame.columns
        if name != key and frame.schema[name] == pl.String and _is_text(frame[name])
    ]


def _is_text(values: pl.Series) -> bool:
    given = values.drop_nulls()
    if not len(given):
        return False
    if values.name in {"title", "text", "description"}:
        return True
    given = given.head(5_000)
    many = given.n_unique() > 0.5 * len(given)
    link = given.str.starts_with("http")
    words = given.str.contains(r"\S\s\S") | (given.str.len_chars() > 15)
    return many and not link.any() and int(words.sum()) > 0.3 * len(given)


def _per(events: pl.DataFrame, key: str) -> pl.Series:
    return events.group_by(key).len()["len"]


def _spread(counts: pl.Series) -> dict[str, float | None]:
    """Median and maximum over those that have events."""
    if not len(counts):
        return {"median": None, "max": None}
    ordered = counts.sort()
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return {"median": float(middle), "max": float(ordered[-1])}


def _span(events: pl.DataFrame) -> dict[str, float | None]:
    times = events["timestamp"].drop_nulls().sort()
    if not len(times):
        return {"first": None, "last": None, "known": 0.0}
    known = len(times) / events.height
    return {"first": float(times[0]), "last": float(times[-1]), "known": known}


def _share_without(side: pl.DataFrame, events: pl.DataFrame, key: str) -> float | None:
    if not side.height:
        return None
    return side.join(events.select(key), on=key, how="anti").height / side.height


def _counts(values: pl.Series) -> dict[str, int]:
    counted = values.fill_null("(none)").value_counts(sort=True)
    return dict(counted.head(50).rows())


def _domains(tables: Tables) -> dict[str, dict[str, int]]:
    frames = {"events": tables.events, "items": tables.items, "users": tables.users}
    return {
        role: _counts(frame["domain"].drop_nulls())
        for role, frame in frames.items()
        if "domain" in frame.columns and frame["domain"].drop_nulls().len()
    }


def _filled(frame: pl.DataFrame, key: str) -> dict[str, float]:
    """Share of rows that have a value, by column."""
    n = max(frame.height, 1)
    return {c: frame[c].count() / n for c in frame.columns if c != key}
