"""Checked tables from raw columns: ids, times, numbers and attributes of one input.

Start reading at :func:`build_table`.
"""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from daybreak.data.applications import APPLIED, is_of_applications, read_applications
from daybreak.data.casts import (
    LIST_SEPARATOR,
    cast_attribute,
    cast_labels,
    cast_switch,
    to_text,
)
from daybreak.data.clock import note_odd_dates, note_wrong_clocks
from daybreak.data.column_types import prepare_columns
from daybreak.data.columns import (
    CHOICE_REASON,
    KEY_COLUMNS,
    LIKELY_REASON,
    RATING_TYPE,
    VALUES_REASON,
    ColumnMapping,
    is_review_column,
    recbole_type,
)
from daybreak.data.date_parts import join_date_parts
from daybreak.data.event_time_columns import join_clocks
from daybreak.data.event_type_columns import ENGAGEMENT, FLAG, read_observed_types, swipe_type
from daybreak.data.fields import AVAILABILITY_COLUMNS, HIDDEN_COLUMN, OTHER_ATTRIBUTES
from daybreak.data.formats import ValueFormats
from daybreak.data.happenings import end_of_days, takes_place, undecided_to_null
from daybreak.data.identities import identify_users, identity_columns
from daybreak.data.ids import cast_ids
from daybreak.data.item_cells import expand_item_cells
from daybreak.data.item_names import name_items, title_column
from daybreak.data.media.columns import read_media_columns
from daybreak.data.numbers import (
    NumberColumn,
    has_points_between_thousands,
    is_amount_name,
    read_number_attribute,
)
from daybreak.data.placeholders import is_placeholder
from daybreak.data.rating_texts import read_value_column
from daybreak.data.readers import OpenedTable, RawTable
from daybreak.data.rejects import REPLACED_BY_LATER, Reject, Rejects
from daybreak.data.short_numbers import read_short_numbers
from daybreak.data.table_footers import drop_footers
from daybreak.data.tables import EVENT_COLUMNS
from daybreak.data.times import EVENT_YEARS, MAX_EPOCH_S, YEARS, read_times, unlimited_to_null
from daybreak.data.value_types import QUANTITY_TYPE, may_be_ratings, value_type
from daybreak.errors import DataError, NextStep

TIME_COLUMNS = ("created_at", *AVAILABILITY_COLUMNS)
"""Columns of items and users that are times."""
CLOSED_LIMITS = {"available_from": MAX_EPOCH_S, "available_until": 0.0}
"""Limits of items whose period cannot be read [epoch s]: they are never available, until the
limit is corrected. An unreadable limit must not be taken for none."""
MAX_REPEATED_NUMBERS = 0.1
"""Largest share of repeated values in a column that may number items or users."""
_TEXT_COLUMNS = frozenset({"title", "description", "text"})


@dataclass
class CheckedTable:
    """One table with canonical columns, and notes about its values."""

    frame: pl.DataFrame
    notes: list[str] = field(default_factory=list)
    event_ids: pl.Series | None = None


def build_table(
    source: OpenedTable,
    mapping: ColumnMapping,
    rejects: Rejects,
    formats: ValueFormats | None = None,
) -> CheckedTable:
    """Read an input and check its columns one by one.

    Args:
        source: The opened input.
        mapping: Which of its columns are read as which columns of the table.
        rejects: Rows and values that are not used are added here.
        formats: Forms of dates and numbers; default: each column decides.

    Raises:
        DataError: The dates of a column can be read in two ways, or no value of a column of
            times or numbers can be read.
    """
    identities = identity_columns(mapping)
    titles = title_column(mapping)
    wanted = [c.source for c in mapping.used] + [c.source for c in identities]
    wanted += [titles] if titles is not None and titles not in wanted else []
    raw, foot_notes = drop_footers(source.read(wanted, rejects), mapping)
    raw, mapping, list_notes = expand_item_cells(raw, mapping)
    frame, mapping = join_date_parts(*join_clocks(raw.frame, mapping))
    raw, name_notes = name_items(replace(raw, frame=frame), mapping, titles)
    identified = identify_users(raw, mapping, identities)
    folder = getattr(source, "path", Path()).parent
    media = read_media_columns(identified.raw, identified.mapping, rejects, folder)
    prepared = prepare_columns(media.raw, identified.mapping)
    table = _TableBuilder(prepared.raw, prepared.mapping, rejects, formats or ValueFormats())
    table.notes += [
        *foot_notes,
        *list_notes,
        *name_notes,
        *identified.notes,
        *media.notes,
        *prepared.notes,
    ]
    for key in KEY_COLUMNS[mapping.role]:
        table.add_ids(key)
    return _build_events(table) if mapping.role == "events" else _build_entities(table)


@dataclass
class _TableBuilder:
    """Adds columns one by one; a row that is rejected disappears from all columns."""

    raw: RawTable
    mapping: ColumnMapping
    rejects: Rejects
    formats: ValueFormats
    columns: dict[str, pl.Series] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a note about the file."""
        self.notes.append(f"{self.raw.file}: {text}")

    def filter(self, mask: pl.Series) -> None:
        """Keep the rows where ``mask`` is true."""
        self.raw = self.raw.filter(mask)
        self.columns = {name: values.filter(mask) for name, values in self.columns.items()}

    def add(self, target: str, values: pl.Series, bad: pl.Series, reject: Reject) -> None:
        """Add a column; rows with an invalid value are rejected, unless ``row_kept``."""
        self.columns[target] = values.alias(target)
        if not bad.any():
            return
        self.raw.report(self.rejects, bad, reject)
        if not reject.row_kept:
            self.filter(~bad)

    def add_ids(self, target: str) -> None:
        """Add a column of ids."""
        if (source := self.mapping.source_of(target)) is not None:
            if self._reason_of(source) == LIKELY_REASON:
                self.note(f"{target} is read from: {source}")
            values, bad = cast_ids(self.raw.frame[source])
            if self._reason_of(source) == LIKELY_REASON and self.mapping.role != "events":
                self._check_numbers_of_rows(target, source, values)
            self.add(target, values, bad, Reject(self.raw.file, 0, f"no {target}", source))

    def _check_numbers_of_rows(self, target: str, source: str, ids: pl.Series) -> None:
        """Raise if a column of items or users that may number something else repeats.

        Raises:
            DataError: Ids come again in more than a tenth of the rows.
        """
        given = ids.drop_nulls()
        n_repeats = len(given) - given.n_unique()
        if n_repeats > MAX_REPEATED_NUMBERS * len(given):
            raise DataError(
                f"{self.raw.file}: {self.mapping.role} have no column for {target}; values of "
                f"{source!r} come again in {n_repeats:,} of {len(given):,} rows; "
                f"choose one with columns={{{target!r}: 'NAME'}}",
                next_step=NextStep.MAP_COLUMN,
                column=target,
            )

    def _reason_of(self, source: str) -> str:
        return next((c.reason for c in self.mapping.columns if c.source == source), "")

    def add_labels(self, target: str) -> None:
        """Add a column of short texts."""
        if (source := self.mapping.source_of(target)) is not None:
            values, _ = cast_labels(self.raw.frame[source])
            if target == "event_type":
                given = values.drop_nulls().unique().to_list()
                values = values.replace({name: swipe_type(name, source) for name in given})
            self.columns[target] = values.alias(target)

    def read_refusals(self) -> None:
        """Read the states of applications that the other side has refused as applications."""
        types = self.columns.get("event_type")
        names = [self.raw.file, *(c.source for c in self.mapping.columns)]
        type_column = self.mapping.source_of("event_type") or ""
        if types is None or not is_of_applications(names, type_column):
            return
        self.columns["event_type"], decided = read_applications(types)
        if decided:
            n = int(types.is_in(decided).sum())
            self.note(
                f"{n:,} applications that the other side has refused ({', '.join(decided)}) "
                f"are read as {APPLIED}: they do not count against the item, as what the "
                "applicant takes back does"
            )

    def add_observed_types(self) -> None:
        """Add the event types that columns with 0 and 1, or with times, say."""
        types = read_observed_types(self.raw.frame, self.mapping)
        if types is None:
            return
        self.columns["event_type"] = types
        names = [c.source for c in self.mapping.columns if c.target in (FLAG, ENGAGEMENT)]
        self.note(f"event types are read from: {', '.join(names)}")

    def add_times(self, target: str, *, row_kept: bool) -> None:
        """Add a column of times."""
        source = self.mapping.source_of(target)
        if source is None:
            return
        if self._reason_of(source) == VALUES_REASON:
            what = "event times are" if target == "timestamp" else f"{target} is"
            self.note(f"{what} read from: {source}")
        values = self.raw.frame[source]
        is_happening = self._is_happening(target, source)
        column = read_times(
            unlimited_to_null(undecided_to_null(values) if is_happening else values)
            if target in AVAILABILITY_COLUMNS
            else values,
            self.formats.date_format,
            years=EVENT_YEARS if self.mapping.role == "events" else YEARS,
        )
        if column.is_undecided.any():
            raise self._undecided_error(source, column.example)
        seconds = column.seconds
        if target != "created_at" and not seconds.count():
            self._raise_if_any_bad(target, values, column.is_bad, "time")
        self._note_reading(source, column.describe())
        if is_happening:
            seconds = self._end_of_happenings(source, seconds)
        if target in AVAILABILITY_COLUMNS and column.is_bad.any():
            seconds = seconds.set(column.is_bad, CLOSED_LIMITS[target])
            self._note_closed(source, values, column.is_bad)
        reject = Reject(self.raw.file, 0, f"{target} is not a time", source, row_kept=row_kept)
        self.add(target, seconds, column.is_bad, reject)

    def _is_happening(self, target: str, source: str) -> bool:
        """Return whether the end of an offer is the time at which something takes place."""
        if target != "available_until" or self._reason_of(source) == CHOICE_REASON:
            return False
        return takes_place(source, tuple(column.source for column in self.mapping.columns))

    def _end_of_happenings(self, source: str, seconds: pl.Series) -> pl.Series:
        """Return the ends of what takes place, those of days included; tell what is over."""
        ends = end_of_days(seconds)
        if n_over := int((ends < time.time()).sum()):
            self.note(
                f"{source}: {n_over:,} of {len(ends):,} items have taken place and are not "
                "recommended; columns={'available_until': None} switches this off"
            )
        return ends

    def add_switch(self, target: str) -> None:
        """Add a column that hides items; items whose value cannot be read are hidden."""
        source = self.mapping.source_of(target) or target
        raw = self.raw.frame[source]
        values, bad = cast_switch(raw)
        if bad.any():
            values = values.set(bad, "true")
            self._note_closed(source, raw, bad)
        reason = f"{target} is neither true nor false"
        self.add(target, values, bad, Reject(self.raw.file, 0, reason, source, row_kept=True))

    def _note_closed(self, source: str, values: pl.Series, bad: pl.Series) -> None:
        example = to_text(values.filter(bad).head(1))[0]
        self.note(
            f"{source}: {bad.sum():,} of {len(bad):,} values cannot be read, such as "
            f"{str(example)[:40]!r}; these items are not recommended"
        )

    def add_numbers(self, target: str) -> None:
        """Add a column of numbers."""
        source = self.mapping.source_of(target)
        if source is None:
            return
        values = self.raw.frame[source]
        column = read_value_column(values, self.formats.decimal)
        if not column.values.count() and is_review_column(source):
            self.note(f"{source}: texts of reviews, which are no ratings, are not used")
            return
        if not column.values.count():
            self._raise_if_any_bad(target, values, column.is_bad, "number")
        self._note_reading(source, column.describe())
        reject = Reject(
            self.raw.file,
            0,
            f"{target} is not a number",
            source,
            row_kept=not self.formats.strict,
        )
        self.add(target, column.values, column.is_bad, reject)

    def _note_reading(self, source: str, how: str) -> None:
        if how:
            self.note(f"{source}: {how}")

    def _undecided_error(self, source: str, example: str) -> DataError:
        return DataError(
            f"{self.raw.file}: the date {example!r} in {source} can be read in two ways, and "
            "no other date says which; state date_format='day-first' or 'month-first'",
            next_step=NextStep.CHOOSE_DATE_FORMAT,
        )

    def _raise_if_any_bad(
        self, target: str, values: pl.Series, bad: pl.Series, what: str
    ) -> None:
        """Refuse a column of which no value can be read: it is another column, or form."""
        if not bad.any():
            return
        source = self.mapping.source_of(target)
        example = to_text(values.filter(bad).head(1))[0]
        raise DataError(
            f"{self.raw.file}: {source} is read as {target}, but none of its "
            f"{bad.sum():,} values is a {what}, such as {str(example)[:40]!r}; choose "
            f"another column, or None to ignore it, with columns={{{target!r}: …}}",
            next_step=NextStep.MAP_COLUMN,
            column=target,
        )


def _build_events(table: _TableBuilder) -> CheckedTable:
    table.add_numbers("value")
    table.add_times("timestamp", row_kept=not table.formats.strict)
    for target in ("event_type", "domain"):
        table.add_labels(target)
    table.add_observed_types()
    table.read_refusals()
    columns = table.columns
    id_column = table.mapping.source_of("event_id")
    ids = (
        None if id_column is None else cast_ids(table.raw.frame[id_column])[0].alias("event_id")
    )
    frame = pl.DataFrame(columns)
    if "event_type" not in columns and (kind := _value_type(table, frame)) is not None:
        frame = frame.with_columns(
            event_type=pl.when(pl.col("value").is_not_null()).then(pl.lit(kind))
        )
    frame = frame.select(
        [
            pl.col(n) if n in frame.columns else pl.lit(None, kind).alias(n)
            for n, kind in EVENT_COLUMNS.items()
        ]
    )
    _note_event_problems(table, frame)
    return CheckedTable(frame, table.notes, ids)


def _value_type(table: _TableBuilder, frame: pl.DataFrame) -> str | None:
    """Return the type that the numbers of events without a type have; None: they have none."""
    source = table.mapping.source_of("value")
    if source is None or "value" not in frame.columns:
        return None
    kind = value_type(source, [column.source for column in table.mapping.columns])
    if kind == QUANTITY_TYPE and (n_zeros := _count_zeros(frame["value"])):
        table.note(
            f"{source}: {n_zeros:,} events with the quantity 0 are only seen: nothing was taken"
        )
        return kind
    if kind != QUANTITY_TYPE or not may_be_ratings(frame["value"]):
        return kind if kind == RATING_TYPE else None
    table.note(f"{source}: numbers are read as quantities, not as ratings")
    return kind


def _count_zeros(quantities: pl.Series) -> int:
    """Return the number of zeros among quantities some of which are larger; 0 if none is."""
    is_larger = (quantities > 0).any()
    return int((quantities == 0).sum()) if is_larger else 0


def _note_event_problems(table: _TableBuilder, frame: pl.DataFrame) -> None:
    mapping, n = table.mapping, frame.height
    if mapping.unused:
        table.note(f"columns not used: {', '.join(mapping.unused)}")
    if not n:
        table.note("no events")
    if repeats := n - frame.unique().height:
        table.note(f"{repeats:,} events repeat an earlier one exactly; all are kept")
    for target, what in (("timestamp", "time"), ("value", "value")):
        missing = frame[target].null_count()
        unreadable = table.rejects.count_reason(table.raw.file, f"{target} is not a", kept=True)
        if unreadable:
            table.note(
                f"{unreadable:,} of {n:,} events ({unreadable / n:.0%}) have a {what} that "
                "cannot be read; they are used without it"
            )
        elif target == "timestamp" and 0 < missing < n:
            table.note(f"{missing:,} of {n:,} events have no time")
    if wrong := note_wrong_clocks(frame["timestamp"]):
        table.note(wrong)


def _build_entities(table: _TableBuilder) -> CheckedTable:
    key = KEY_COLUMNS[table.mapping.role][0]
    _keep_last_rows(table, key)
    given = [
        column for column in table.mapping.used if not _is_margin(table.raw, column.source)
    ]
    for column in given:
        target = column.target or ""
        if target in TIME_COLUMNS:
            table.add_times(target, row_kept=True)
        elif target == HIDDEN_COLUMN and table.mapping.role == "items":
            table.add_switch(target)
        elif target != key:
            _add_attribute(table, column.source, target)
    _note_odd_dates_of(table)
    if not table.raw.frame.height:
        table.note(f"no {table.mapping.role}")
    order = [column.target for column in given if column.target]
    return CheckedTable(pl.DataFrame([table.columns[name] for name in order]), table.notes)


def _is_margin(raw: RawTable, source: str) -> bool:
    """Return whether a column has neither a name nor a value, as beside the lines of tables."""
    values = raw.frame[source]
    if source.strip("_0123456789") or values.dtype != pl.String:
        return False
    return not (values.str.strip_chars() != "").any()


def _note_odd_dates_of(table: _TableBuilder) -> None:
    for target in TIME_COLUMNS:
        if target not in table.columns:
            continue
        dates = table.columns[target]
        if target in CLOSED_LIMITS:
            dates = dates.filter(dates != CLOSED_LIMITS[target])
        if odd := note_odd_dates(dates, target):
            table.note(odd)


def _keep_last_rows(table: _TableBuilder, key: str) -> None:
    """Keep the last row of each id that does not only continue an earlier one."""
    _drop_continued_rows(table, key)
    last = table.columns[key].is_last_distinct()
    if last.all():
        return
    source = table.mapping.source_of(key) or key
    reject = Reject(table.raw.file, 0, f"{key} {REPLACED_BY_LATER}", source)
    table.raw.report(table.rejects, ~last, reject)
    table.filter(last)


def _drop_continued_rows(table: _TableBuilder, key: str) -> None:
    """Drop rows without a title whose id had one before, such as those of variants."""
    title = table.mapping.source_of("title")
    if title is None or table.raw.frame[title].dtype != pl.String:
        return
    has_title = table.raw.frame[title].str.strip_chars().fill_null("") != ""
    rows = pl.DataFrame([table.columns[key].alias("id"), has_title.alias("titled")])
    had_one = rows.select(pl.col("titled").cum_max().over("id")).to_series()
    continued = ~has_title & had_one
    if continued.any():
        n = int(continued.sum())
        table.note(f"{n:,} rows without a title continue an earlier row of their {key}")
        table.filter(~continued)


def _add_attribute(table: _TableBuilder, source: str, target: str) -> None:
    values = table.raw.frame[source]
    if target == OTHER_ATTRIBUTES:
        table.columns[target] = values.alias(target)
        return
    if target in _TEXT_COLUMNS or target == "domain":
        text = cast_labels(to_text(values))[0].alias(target)
        table.columns[target] = _drop_placeholders(table, source, text)
        return
    if recbole_type(source) == "token_seq":
        values = values.str.strip_chars().str.replace_all(r"\s+", LIST_SEPARATOR)
    result = cast_attribute(values)
    decimal = table.formats.decimal
    named = values.alias(target)
    may_differ = result.dtype == pl.String or decimal == ","
    if values.dtype == pl.String and (may_differ or has_points_between_thousands(named)):
        number = read_short_numbers(named, decimal) or read_number_attribute(named, decimal)
        if number is not None:
            _add_number_attribute(table, source, target, number)
            return
    if result.dtype == pl.String and (near := _describe_non_numbers(result.alias(target))):
        table.note(f"{source} is kept as text: {near}")
    table.columns[target] = result.alias(target)


def _drop_placeholders(table: _TableBuilder, source: str, text: pl.Series) -> pl.Series:
    """Return texts without those that stand for none."""
    no_text = is_placeholder(text)
    if not no_text.any():
        return text
    example = text.filter(no_text)[0]
    table.note(
        f"{source}: {no_text.sum():,} of {len(text):,} texts stand for none, such as "
        f"{example!r}; they are not used"
    )
    return text.set(no_text, None)


def _add_number_attribute(
    table: _TableBuilder, source: str, target: str, column: NumberColumn
) -> None:
    """Add an attribute of numbers; values that are none are dropped, and told."""
    if how := column.describe():
        table.note(f"{source}: {how}")
    n_bad, n = int(column.is_bad.sum()), len(column.is_bad)
    if n_bad:
        example = table.raw.frame[source].filter(column.is_bad)[0]
        table.note(
            f"{source}: {n_bad:,} of {n:,} values are no numbers, such as {example[:40]!r}; "
            "they are dropped"
        )
    reject = Reject(table.raw.file, 0, f"{target} is not a number", source, row_kept=True)
    table.add(target, column.values, column.is_bad, reject)


def _describe_non_numbers(text: pl.Series) -> str:
    given = text.drop_nulls()
    number = given.cast(pl.Float64, strict=False)
    bad = number.null_count()
    is_amount = is_amount_name(text.name) and given.str.contains(r"\d").sum() > len(given) / 2
    if not 0 < bad <= len(given) * (1.0 if is_amount else 0.05):
        return ""
    first = given.filter(number.is_null())[0]
    return f"{bad:,} of {len(given):,} values are no numbers, such as {first[:40]!r}"
