"""Import of events, items and users from files and frames into checked tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.attributes_of_items import constant_columns, is_opinion_of_one_item
from daybreak.data.building import CheckedTable, build_table
from daybreak.data.column_aliases import COLUMN_ALIASES, TABLE_ROLES, TableRole
from daybreak.data.columns import (
    KEY_COLUMNS,
    ColumnMapping,
    SourceColumn,
    has_all_known_names,
    match_columns,
)
from daybreak.data.date_parts import recognise_date_parts
from daybreak.data.event_files import EventFiles, ReadEvents, join_event_files
from daybreak.data.event_time_columns import recognise_clocks, recognise_event_times
from daybreak.data.event_type_columns import choose_named_events, recognise_event_types
from daybreak.data.formats import ValueFormats
from daybreak.data.item_cells import match_events
from daybreak.data.item_limit_columns import recognise_item_limits
from daybreak.data.item_names import match_titles
from daybreak.data.matrices import open_matrix
from daybreak.data.readers import OpenedTable, open_table
from daybreak.data.readers.source import SAMPLE_ROWS
from daybreak.data.rejects import Rejects
from daybreak.data.rules import EventRules
from daybreak.data.tables import Tables, mark_listed
from daybreak.data.value_types import is_mark_of_learner
from daybreak.data.variants import find_variants, fold_variants
from daybreak.errors import ConfigError, DataError, NextStep, TooManyRejectsError

MAX_LOST_SHARE = 0.1
"""Default of the largest share of the rows of a table that an import may lose."""
MIN_MATRIX_COLUMNS = 8
"""Smallest number of columns that may be one for each item."""
ColumnChoices: TypeAlias = Mapping[str, Any]
"""``{"user_id": "Customer"}`` for all tables, or ``{"events": {"user_id": "Customer"}}``."""


@dataclass(frozen=True)
class ImportResult:
    """The result of an import: tables, column mappings, rejects and notes."""

    tables: Tables
    rejects: Rejects
    mappings: dict[TableRole, ColumnMapping]
    """Column mapping of each table."""
    notes: tuple[str, ...]
    """Remarks about the data, one sentence each."""
    rules: EventRules = field(default_factory=EventRules)
    """Rules that make events positive, negative or neutral."""
    event_ids: pl.Series | None = None
    """Id of each event, if there is such a column."""
    rows_read: dict[TableRole, int] = field(default_factory=dict)
    """Number of rows loaded from each table."""
    rows_refused: dict[TableRole, int] = field(default_factory=dict)
    """Number of rows lost from each table; rows that a later row of the same id replaces are
    not lost."""

    def __repr__(self) -> str:
        """Return one line: the numbers of rows, rejects and notes."""
        return (
            f"ImportResult({self.tables!r}, {len(self.rejects):,} rejects, "
            f"{len(self.notes)} notes)"
        )

    def _repr_html_(self) -> str:
        """Return the notes and the first rows of each table, for notebooks."""
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        head = f"<b>Import</b>: {len(self.rejects):,} rejects"
        return f"{head}<ul>{notes}</ul>{self.tables._repr_html_()}"

    def check_rejects(self, max_share: float = MAX_LOST_SHARE) -> None:
        """Refuse an import that loses too many rows.

        Args:
            max_share: Largest share of the rows of one table that may be lost, in [0, 1].

        Raises:
            TooManyRejectsError: A larger share of a table is lost.
            ConfigError: ``max_share`` is no share.

        Example:
            >>> log = pl.DataFrame({"user": ["ann", None], "item": ["tea", "rum"]})
            >>> read_tables(log).check_rejects(0.5)
        """
        if not 0 <= max_share <= 1:
            raise ConfigError(f"max_rejected is a share from 0 to 1, got {max_share!r}")
        for role, lost in self.rows_refused.items():
            total = lost + self.rows_read.get(role, 0)
            if lost > max_share * total:
                raise TooManyRejectsError(
                    f"{lost:,} of {total:,} {role} ({lost / total:.0%}) are rejected, more "
                    f"than {max_share:.0%}, and nothing is stored; {self.rejects.summary()}",
                    next_step=NextStep.ACCEPT_REJECTS,
                )


def read_tables(  # noqa: PLR0913 - all options of reading, each optional
    events: Any = None,
    items: Any = None,
    users: Any = None,
    *,
    columns: ColumnChoices | None = None,
    rules: EventRules | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    strict: bool = False,
) -> ImportResult:
    """Read up to three tables; valid rows are loaded, all others are reported as rejects.

    Args:
        events: Events: the path of a file (CSV, TSV, JSON Lines, JSON, Parquet, MovieLens
            ``::``, RecBole ``.inter``; text may be compressed with gzip), a polars frame or a
            pandas frame.
        items: Items of the catalogue, in the same forms.
        users: User profiles, in the same forms.
        columns: Column of the tables to its name in the input, for columns that are not
            recognised or recognised wrongly; None: ignore. May be given per table.
        rules: Rules that make events positive, negative or neutral; kept in the result.
        encoding: Encoding of the text files; default: detect it.
        date_format: Form of the dates: ``"day-first"``, ``"month-first"``, ``"year-first"``,
            ``"spreadsheet"``, ``"epoch"``, or a pattern such as ``"%d.%m.%Y %H:%M"``; default:
            each column decides.
        decimal: Decimal mark of the numbers, a comma or a point; default: each column decides.
        strict: Whether an event is rejected if its time or value cannot be read; default: it is
            loaded without it.

    Raises:
        DataError: An input cannot be read at all, has no column for an id, or has dates that
            can be read in two ways.
        NotFoundError: A file does not exist.
        ConfigError: ``columns`` names a column that does not exist, or there is no such format.

    Example:
        >>> log = pl.DataFrame({"userID": ["ann", None], "itemID": ["tea", "rum"]})
        >>> result = read_tables(log)
        >>> result.tables.events.height, result.rejects.counts
        (1, {'no user_id': 1})
    """
    inputs = _given_inputs(events, items, users)
    if not inputs:
        raise ConfigError("nothing to read; give events, items or users")
    formats = ValueFormats.of(date_format, decimal, strict=strict)
    return InputTables.open(inputs, columns, encoding, formats).read(rules)


def preview(
    events: Any = None,
    items: Any = None,
    users: Any = None,
    *,
    columns: ColumnChoices | None = None,
    encoding: str | None = None,
) -> dict[TableRole, ColumnMapping]:
    """Return how the columns of the inputs would be read; reads the beginning of a file only.

    The arguments are those of :func:`read_tables`.

    Example:
        >>> print(preview(items=pl.DataFrame({"movieId": [1], "Name": ["Up"]}))["items"])
        items (columns as in MovieLens)
          item_id <- movieId
          title <- Name
    """
    return InputTables.open(_given_inputs(events, items, users), columns, encoding).preview()


@dataclass(frozen=True)
class InputTables:
    """Inputs that are opened once, to show their columns first and to read their rows later.

    Example:
        >>> log = pl.DataFrame({"userID": ["ann"], "itemID": ["tea"]})
        >>> inputs = InputTables.open({"events": log})
        >>> inputs.preview()["events"].convention, inputs.read().tables.events.height
        ('Microsoft Recommenders', 1)
    """

    opened: Mapping[TableRole, OpenedTable]
    columns: ColumnChoices = field(default_factory=dict)
    formats: ValueFormats = field(default_factory=ValueFormats)

    @classmethod
    def open(
        cls,
        inputs: Mapping[TableRole, Any],
        columns: ColumnChoices | None = None,
        encoding: str | None = None,
        formats: ValueFormats | None = None,
    ) -> "InputTables":
        """Open the inputs; see :func:`read_tables` for the arguments."""
        inputs = _with_empty_tables(inputs)
        opened = {
            role: data if isinstance(data, EventFiles) else open_table(data, role, encoding)
            for role, data in inputs.items()
        }
        events = opened.get("events")
        if events is not None and not isinstance(events, EventFiles):
            opened["events"] = open_matrix(events, is_events=True) or events
        return cls(opened, columns or {}, formats or ValueFormats())

    def preview(self) -> dict[TableRole, ColumnMapping]:
        """Return the column mapping of each table, from the beginning of its file.

        Raises:
            DataError: An input has no column for an id.
            ConfigError: ``columns`` names a column that does not exist.
        """
        samples = {role: table.sample_columns for role, table in self.opened.items()}
        try:
            return self._match(samples)
        except (ConfigError, DataError):  # a column may appear later in a JSON Lines file
            return self._match({role: table.columns for role, table in self.opened.items()})

    def read(self, rules: EventRules | None = None) -> ImportResult:
        """Read and check all rows; see :func:`read_tables`."""
        if isinstance(files := self.opened.get("events"), EventFiles):
            return self._with_joined(files).read(rules)
        mappings = self._match({role: table.columns for role, table in self.opened.items()})
        rejects = Rejects()
        for source in self.opened.values():
            rejects.merge(source.rejects)
        built = {
            role: build_table(source, mappings[role], rejects, self.formats)
            for role, source in self.opened.items()
        }
        catalogue_notes = _join_catalogue(built)
        tables = Tables.of(**{role: table.frame for role, table in built.items()})
        if "items" in built and tables.items.height > built["items"].frame.height:
            tables = Tables.of(tables.events, mark_listed(built["items"].frame), tables.users)
        notes = [note for source in self.opened.values() for note in source.notes]
        notes += [note for table in built.values() for note in table.notes]
        notes += catalogue_notes
        notes += note_unknown_references({role: t.frame for role, t in built.items()})
        notes += [
            f"{source.file}: read as {role}, but it also has users and items and repeats "
            "them, as events do"
            for role, source in self.opened.items()
            if role != "events" and _looks_like_events(mappings[role], rejects, source.file)
        ]
        notes += self._note_columns(mappings)
        return ImportResult(
            tables,
            rejects,
            mappings,
            tuple(notes),
            rules or EventRules(),
            built["events"].event_ids if "events" in built else None,
            {role: table.frame.height for role, table in built.items()},
            {role: rejects.count_refused(source.file) for role, source in self.opened.items()},
        )

    def _with_joined(self, files: EventFiles) -> "InputTables":
        """Return inputs in which several files of events are one table."""
        parts, rejects, notes = [], Rejects(), list(files.notes)
        for file in files.parts:
            choices = self.choices_among([file])
            read = InputTables.open({"events": file}, choices, None, self.formats).read()
            parts.append(ReadEvents(file.file, read.tables.events, read.event_ids))
            rejects.merge(read.rejects)
            notes += read.notes
        joined = join_event_files(parts)
        joined = replace(joined, rejects=rejects, notes=[*notes, *joined.notes])
        others = [table for role, table in self.opened.items() if role != "events"]
        choices = {
            **self.choices_among(others),
            "events": {name: name for name in joined.columns},
        }
        return replace(self, opened={**self.opened, "events": joined}, columns=choices)

    def choices_among(self, tables: Sequence[OpenedTable]) -> dict[str, Any]:
        """Return the choices of columns that one of the tables has, and those of each role.

        Args:
            tables: Opened tables.
        """
        names = {name for table in tables for name in table.columns}
        return {
            target: name
            for target, name in self.columns.items()
            if target in TABLE_ROLES or name is None or name in names
        }

    def _note_columns(self, mappings: Mapping[TableRole, ColumnMapping]) -> list[str]:
        """Return notes about columns of items and users that are not used, or could be."""
        notes = [
            f"{self.opened[role].file}: columns not used: {', '.join(mapping.unused)}"
            for role, mapping in mappings.items()
            if role != "events" and mapping.unused
        ]
        notes += self._note_matrix(mappings)
        events = mappings.get("events")
        key = None if events is None else events.source_of("item_id")
        if events is None or key is None or "items" in mappings or not events.unused:
            return notes
        rows = self.opened["events"].sample([key, *events.unused]).head(SAMPLE_ROWS)
        found = constant_columns(rows, key, events.unused) or []
        if several := [name for name in found if rows[name].n_unique() > 1]:
            notes.append(
                f"{self.opened['events'].file}: the same in all events of an item: "
                f"{', '.join(several)}; to use them, read the file as items, too"
            )
        return notes

    def _note_matrix(self, mappings: Mapping[TableRole, ColumnMapping]) -> list[str]:
        """Return a note about users with a column for each item, which look like attributes."""
        users = mappings.get("users")
        if users is None or "events" in mappings:
            return []
        names = [column.source for column in users.used if column.reason == "own name"]
        rows = self.opened["users"].sample(names).head(SAMPLE_ROWS)
        numbers = [name for name in names if is_opinion_of_one_item(rows[name])]
        if len(numbers) < MIN_MATRIX_COLUMNS or len(numbers) < 0.8 * len(names):
            return []
        return [
            f"{self.opened['users'].file}: {len(numbers)} columns hold few small numbers each, "
            "as where each item has a column; to use them as events, write one row for each "
            "user and item"
        ]

    def _match(
        self, names: Mapping[TableRole, tuple[str, ...]]
    ) -> dict[TableRole, ColumnMapping]:
        """Match the column names of all tables, with the choices of the caller."""
        mappings: dict[TableRole, ColumnMapping] = {}
        used: set[str] = set()
        for role, columns in names.items():
            choices = self._choices_for(role, columns)
            used |= choices.keys()
            sample = self.opened[role].sample
            try:
                mapping = _match_given(columns, role, choices, sample)
            except DataError as error:
                raise DataError(
                    f"{self.opened[role].file}: {error}",
                    next_step=error.next_step,
                    **error.parameters,
                ) from None
            if "event_type" not in choices:
                mapping = recognise_event_types(mapping, sample)
            if "timestamp" not in choices:
                mapping = recognise_event_times(mapping, sample)
                mapping = recognise_clocks(mapping, sample)
                mapping = recognise_date_parts(mapping, sample)
            if role != "events" and has_all_known_names(columns, "events"):
                mapping = _keep_constant_columns(mapping, sample)
            mappings[role] = recognise_item_limits(mapping, sample)
        targets = {target for target in self.columns if target not in COLUMN_ALIASES}
        if unused := sorted(targets - used):
            name = self.columns[unused[0]]
            if any(name in columns for columns in names.values()):
                known = ", ".join(COLUMN_ALIASES["events"])
                raise ConfigError(f"events have no column {unused[0]!r}; columns: {known}")
            raise ConfigError(f"no input has a column {name!r} (chosen for {unused[0]})")
        return mappings

    def _choices_for(self, role: TableRole, columns: tuple[str, ...]) -> dict[str, str | None]:
        """Return the choices for one table: those for all tables that fit, and its own ones."""
        choices = {
            target: name
            for target, name in self.columns.items()
            if target not in COLUMN_ALIASES
            and (name is None or name in columns)
            and (role != "events" or target in COLUMN_ALIASES["events"])
        }
        return {**choices, **self.columns.get(role, {})}


def _match_given(
    columns: Sequence[str],
    role: TableRole,
    choices: Mapping[str, str | None],
    sample: Callable[[Sequence[str]], pl.DataFrame],
) -> ColumnMapping:
    """Match the columns of a table; ids are not read from a column that is empty.

    Shops without article numbers export their column, with nothing in it.
    """
    if role == "events" and not {"item_id", "event_type"} & choices.keys():
        choices = {**choices, **choose_named_events(columns, sample)}
    mapping = (
        _without_marks(match_events(columns, choices, sample), choices)
        if role == "events"
        else match_columns(columns, role, choices)
    )
    source = mapping.source_of("item_id")
    if source is None or "item_id" in choices or not _is_empty(sample([source])):
        return mapping
    try:
        others = [name for name in columns if name != source]
        other = _match_given(others, role, choices, sample)
    except DataError:
        return mapping
    return replace(other, columns=(*other.columns, SourceColumn(source, None, "not used")))


def _without_marks(mapping: ColumnMapping, choices: Mapping[str, str | None]) -> ColumnMapping:
    """Return the mapping without the marks of learners, which are no opinions of a course."""
    value = mapping.source_of("value")
    names = [column.source for column in mapping.columns]
    if value is None or "value" in choices or not is_mark_of_learner(value, names):
        return mapping
    columns = tuple(
        replace(c, target=None, reason="not used") if c.source == value else c
        for c in mapping.columns
    )
    return replace(mapping, columns=columns)


def _is_empty(rows: pl.DataFrame) -> bool:
    """Return whether the first rows of a column have no value."""
    values = rows.to_series() if rows.width else pl.Series(["given"])
    if values.dtype != pl.String:
        return values.dtype == pl.Null and len(values) > 0
    return len(values) > 0 and bool((values.str.strip_chars().fill_null("") == "").all())


def _join_catalogue(built: dict[TableRole, CheckedTable]) -> list[str]:
    """Relate events to a catalogue with titles and variants, in place; return notes."""
    items, events = built.get("items"), built.get("events")
    notes: list[str] = []
    if items is None:
        return notes
    if events is not None:
        events.frame, n = match_titles(events.frame, items.frame)
        if n:
            notes.append(
                f"{n:,} events name their item by its title, and are on the item of it"
            )
    found = find_variants(items.frame)
    if found is None:
        return notes
    column, variants = found
    items.frame = fold_variants(items.frame, column, variants)
    text = (
        f"{len(variants):,} items are variants of another one with the same {column}; they are "
        "not recommended themselves"
    )
    if events is not None:
        item = pl.col("item_id")
        n = events.frame.select(item.is_in(list(variants)).sum()).item()
        events.frame = events.frame.with_columns(item.replace(variants))
        text += f", and their {n:,} events count for it"
    return [*notes, text]


def _keep_constant_columns(
    mapping: ColumnMapping, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> ColumnMapping:
    """Return the mapping of items or users that are read from events, without what varies.

    The customer and the time of the last purchase are no attributes of an item.
    """
    key = mapping.source_of(KEY_COLUMNS[mapping.role][0]) or ""
    names = [column.source for column in mapping.used if column.source != key]
    kept = constant_columns(sample([key, *names]).head(SAMPLE_ROWS), key, names)
    if kept is None:
        return mapping
    columns = tuple(
        column
        if column.source in (key, *kept)
        else replace(column, target=None, reason="not used")
        for column in mapping.columns
    )
    return replace(mapping, columns=columns)


def _looks_like_events(mapping: ColumnMapping, rejects: Rejects, file: str) -> bool:
    """Return whether a table of items or users has both ids, and repeats them."""
    sources = [column.source for column in mapping.columns]
    n_replaced = rejects.count_dropped(file) - rejects.count_refused(file)
    return has_all_known_names(sources, "events") and n_replaced > 0


def _given_inputs(events: Any, items: Any, users: Any) -> dict[TableRole, Any]:
    inputs: dict[TableRole, Any] = {"events": events, "items": items, "users": users}
    return {role: data for role, data in inputs.items() if data is not None}


def _with_empty_tables(inputs: Mapping[TableRole, Any]) -> Mapping[TableRole, Any]:
    """Return inputs in which empty lists, mappings and frames are tables without rows.

    A shop without events gives an empty list of them. If nothing else is given, the data were
    probably lost on their way, and the missing columns are told.
    """
    empty = {role for role, data in inputs.items() if _has_nothing(data)}
    if len(empty) == len(inputs):
        return inputs
    return {
        role: pl.DataFrame(schema=dict.fromkeys(KEY_COLUMNS[role], pl.String))
        if role in empty
        else data
        for role, data in inputs.items()
    }


def _has_nothing(data: Any) -> bool:
    """Return whether data in memory have neither rows nor columns."""
    if isinstance(data, list | tuple | Mapping):
        return not data
    return getattr(data, "shape", None) == (0, 0)


def note_unknown_references(frames: dict[TableRole, pl.DataFrame]) -> list[str]:
    """Return notes about events whose item or user is not in the table of items or users."""
    notes = []
    events = frames.get("events")
    for role, key in (("items", "item_id"), ("users", "user_id")):
        side = frames.get(role)  # type: ignore[call-overload]
        if events is None or side is None:
            continue
        counts = events.group_by(key, maintain_order=True).len()
        counts = counts.with_columns(pl.col(key).cast(pl.String))
        unknown = counts.join(side.select(key), on=key, how="anti", maintain_order="left")
        if unknown.height:
            notes.append(
                f"{unknown['len'].sum():,} events name {unknown.height:,} {role} that are "
                f"not among the {role}, such as {unknown[key][0]!r}; they are known by id only"
                + (" and are not recommended" if role == "items" else "")
            )
            notes += _note_lost_zeros(unknown[key], side[key], role)
    return notes


def _note_lost_zeros(unknown: pl.Series, known: pl.Series, role: str) -> list[str]:
    """Return a note if ids differ only in the zeros before them, as spreadsheets leave out."""
    bare = pl.col("id").str.strip_chars_start("0").alias("bare")
    pairs = unknown.to_frame("id").with_columns(bare)
    pairs = pairs.filter(pl.col("bare").str.contains(r"^\d+$"))
    pairs = pairs.join(known.to_frame("id").with_columns(bare), on="bare").sort(pl.all())
    if not pairs.height:
        return []
    here, _, there = pairs.row(0)
    n_ids = pairs["id"].n_unique()
    return [
        f"{n_ids:,} ids of events and {role} differ only in zeros before them, "
        f"such as {here!r} and {there!r}; export both columns as text"
    ]
