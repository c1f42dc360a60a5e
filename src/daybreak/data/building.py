"""Turn raw rows into canonical columns, and report every row and value that does not fit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from daybreak.data import casts
from daybreak.data.aliases import KEYS, RATING_COLUMNS, Role
from daybreak.data.columns import Mapping
from daybreak.data.names import atomic_type, snake_case
from daybreak.data.readers import Raw, Source
from daybreak.data.rejects import Reject, Rejects
from daybreak.data.tables import EVENT_COLUMNS
from daybreak.data.times import epoch_seconds

Cast: TypeAlias = Callable[[pl.Series], tuple[pl.Series, pl.Series]]

TIMES = ("created_at", "available_from", "available_until")
"""Columns of items, and the first one of users, that are times."""
_CASTS: dict[str, tuple[Cast, str]] = {
    "value": (casts.numbers, "value is not a number"),
    "timestamp": (epoch_seconds, "timestamp is not a time"),
    **{name: (epoch_seconds, f"{name} is not a time") for name in TIMES},
    "event_type": (casts.labels, ""),
    "domain": (casts.labels, ""),
    "event_id": (casts.labels, ""),
}
_PROSE = frozenset({"title", "description", "text"})


@dataclass
class Built:
    """One table with canonical columns, and what was noticed."""

    frame: pl.DataFrame
    notes: list[str] = field(default_factory=list)
    event_ids: pl.Series | None = None


def build(source: Source, mapping: Mapping, rejects: Rejects) -> Built:
    """Read a source and check its columns one after the other."""
    raw = source.read([column.source for column in mapping.used], rejects)
    columns: dict[str, pl.Series] = {}
    for target in KEYS[mapping.role]:
        raw, columns = _cast(raw, columns, mapping, target, rejects)
    if mapping.role == "events":
        return _events(raw, columns, mapping, rejects)
    return _side(raw, columns, mapping, rejects)


def _cast(
    raw: Raw, columns: dict[str, pl.Series], mapping: Mapping, target: str, rejects: Rejects
) -> tuple[Raw, dict[str, pl.Series]]:
    """Add the column ``target``; rows in which it is bad are reported and leave all columns."""
    source = mapping.source(target)
    if source is None:
        return raw, columns
    cast, reason = _CASTS.get(target, (casts.ids, f"no {target}"))
    values, bad = cast(raw.frame[source])
    columns = {**columns, target: values.alias(target)}
    if not bad.any():
        return raw, columns
    kept = target in TIMES  # a wrong date is no reason to lose an item
    raw.report(rejects, bad, Reject(raw.file, 0, reason, source, row_kept=kept))
    if kept:
        return raw, columns
    return raw.keep(~bad), {name: values.filter(~bad) for name, values in columns.items()}


def _events(
    raw: Raw, columns: dict[str, pl.Series], mapping: Mapping, rejects: Rejects
) -> Built:
    for target in ("value", "timestamp", "event_type", "domain", "event_id"):
        raw, columns = _cast(raw, columns, mapping, target, rejects)
    ids = columns.pop("event_id", None)
    if "event_type" not in columns and _is_rating(mapping):
        frame = pl.DataFrame(columns).with_columns(
            event_type=pl.when(pl.col("value").is_not_null()).then(pl.lit("rating"))
        )
    else:
        frame = pl.DataFrame(columns)
    frame = frame.select(
        [
            pl.col(n) if n in columns or n in frame.columns else pl.lit(None, kind).alias(n)
            for n, kind in EVENT_COLUMNS.items()
        ]
    )
    return Built(frame, _event_notes(raw.file, frame, mapping), ids)


def _is_rating(mapping: Mapping) -> bool:
    return snake_case(mapping.source("value") or "") in RATING_COLUMNS


def _event_notes(file: str, frame: pl.DataFrame, mapping: Mapping) -> list[str]:
    notes = []
    if mapping.unused:
        notes.append(f"{file}: columns not used: {', '.join(mapping.unused)}")
    if not frame.height:
        notes.append(f"{file}: no events")
    if repeats := frame.height - frame.unique().height:
        notes.append(f"{file}: {repeats:,} events repeat an earlier one exactly; all are kept")
    missing = frame["timestamp"].null_count()
    if 0 < missing < frame.height:
        notes.append(f"{file}: {missing:,} of {frame.height:,} events have no time")
    return notes


def _side(raw: Raw, columns: dict[str, pl.Series], mapping: Mapping, rejects: Rejects) -> Built:
    key = KEYS[mapping.role][0]
    last = columns[key].is_last_distinct()
    if not last.all():
        reason = f"{key} comes again; the later row is used"
        raw.report(rejects, ~last, Reject(raw.file, 0, reason, mapping.source(key) or key))
        raw, columns = raw.keep(last), {key: columns[key].filter(last)}
    notes: list[str] = []
    for column in mapping.used:
        target = column.target or ""
        if target in TIMES:
            raw, columns = _cast(raw, columns, mapping, target, rejects)
        elif target != key:
            columns[target] = _attribute(raw, column.source, target, notes)
    if not raw.frame.height:
        notes.append(f"{raw.file}: no {mapping.role}")
    return Built(pl.DataFrame(columns), notes)


def _attribute(raw: Raw, source: str, target: str, notes: list[str]) -> pl.Series:
    values = raw.frame[source]
    if target in _PROSE or target == "domain":
        return casts.labels(casts.as_text(values))[0].alias(target)
    if atomic_type(source) == "token_seq":
        values = values.str.strip_chars().str.replace_all(r"\s+", "|")
    result = casts.attribute(values)
    if result.dtype == pl.String and (near := _nearly_numeric(result)):
        notes.append(f"{raw.file}: {source} is kept as text: {near}")
    return result.alias(target)


def _nearly_numeric(text: pl.Series) -> str:
    given = text.drop_nulls()
    number = given.cast(pl.Float64, strict=False)
    bad = number.null_count()
    if not 0 < bad <= 0.05 * len(given):
        return ""
    first = given.filter(number.is_null())[0]
    return f"{bad:,} of {len(given):,} values are no numbers, such as {first[:40]!r}"


def unknown_references(frames: dict[Role, pl.DataFrame]) -> list[str]:
    """Say how many events name an item or user that its own table does not have."""
    notes = []
    events = frames.get("events")
    for role, key in (("items", "item_id"), ("users", "user_id")):
        side = frames.get(role)  # type: ignore[call-overload]
        if events is None or side is None:
            continue
        unknown = events.select(key).join(side.select(key), on=key, how="anti")
        if unknown.height:
            notes.append(
                f"{unknown.height:,} events name {unknown[key].n_unique():,} {role} that are "
                f"not among the {role}, such as {unknown[key][0]!r}; they are known by id only"
            )
    return notes
