"""Import of events, items and users from files and frames into checked tables."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.casts import (
    LIST_SEPARATOR,
    cast_attribute,
    cast_labels,
    cast_numbers,
    to_text,
)
from daybreak.data.clock import note_wrong_clocks
from daybreak.data.column_types import prepare_columns
from daybreak.data.columns import (
    COLUMN_ALIASES,
    KEY_COLUMNS,
    RATING_TYPE,
    TABLE_ROLES,
    ColumnMapping,
    TableRole,
    is_rating_column,
    match_columns,
    recbole_type,
)
from daybreak.data.ids import cast_ids
from daybreak.data.readers import DelimitedFile, OpenedTable, RawTable, open_table
from daybreak.data.rejects import Reject, Rejects
from daybreak.data.rules import EventRules
from daybreak.data.tables import EVENT_COLUMNS, Tables
from daybreak.data.times import epoch_seconds
from daybreak.errors import ConfigError, DataError, NotFoundError

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


def read_tables(
    events: Any = None,
    items: Any = None,
    users: Any = None,
    *,
    columns: ColumnChoices | None = None,
    rules: EventRules | None = None,
    encoding: str | None = None,
) -> ImportResult:
    """Read up to three tables; valid rows are loaded, all others are reported as rejects.

    Args:
        events: Events: the path of a file (CSV, TSV, JSON Lines, Parquet, MovieLens ``::``,
            RecBole ``.inter``; text may be compressed with gzip), a polars frame or a pandas
            frame.
        items: Items of the catalogue, in the same forms.
        users: User profiles, in the same forms.
        columns: Column of the tables to its name in the input, for columns that are not
            recognised or recognised wrongly; None: ignore. May be given per table.
        rules: Rules that make events positive, negative or neutral; kept in the result.
        encoding: Encoding of the text files; default: detect it.

    Raises:
        DataError: An input cannot be read at all, or has no column for an id.
        NotFoundError: A file does not exist.
        ConfigError: ``columns`` names a column that does not exist.

    Example:
        >>> log = pl.DataFrame({"userID": ["ann", None], "itemID": ["tea", "rum"]})
        >>> result = read_tables(log)
        >>> result.tables.events.height, result.rejects.counts
        (1, {'no user_id': 1})
    """
    inputs = _given_inputs(events, items, users)
    if not inputs:
        raise ConfigError("nothing to read; give events, items or users")
    return InputTables.open(inputs, columns, encoding).read(rules)


def read_folder(
    path: str | Path,
    *,
    columns: ColumnChoices | None = None,
    rules: EventRules | None = None,
    encoding: str | None = None,
) -> ImportResult:
    """Read the tables of a folder, which are recognised by file name; see :func:`read_tables`.

    Raises:
        DataError: The folder contains no file that is recognised, or two for one table.
        NotFoundError: The folder does not exist.
    """
    files = find_table_files(Path(path))
    return InputTables.open(files, columns, encoding).read(rules)


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

    @classmethod
    def open(
        cls,
        inputs: Mapping[TableRole, Any],
        columns: ColumnChoices | None = None,
        encoding: str | None = None,
    ) -> "InputTables":
        """Open the inputs; see :func:`read_tables` for the arguments."""
        opened = {role: open_table(data, role, encoding) for role, data in inputs.items()}
        return cls(opened, columns or {})

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
        mappings = self._match({role: table.columns for role, table in self.opened.items()})
        rejects = Rejects()
        for source in self.opened.values():
            rejects.merge(source.rejects)
        built = {
            role: build_table(source, mappings[role], rejects)
            for role, source in self.opened.items()
        }
        tables = Tables.of(**{role: table.frame for role, table in built.items()})
        notes = [note for source in self.opened.values() for note in source.notes]
        notes += [note for table in built.values() for note in table.notes]
        notes += note_unknown_references({role: t.frame for role, t in built.items()})
        return ImportResult(
            tables,
            rejects,
            mappings,
            tuple(notes),
            rules or EventRules(),
            built["events"].event_ids if "events" in built else None,
            {role: table.frame.height for role, table in built.items()},
        )

    def _match(
        self, names: Mapping[TableRole, tuple[str, ...]]
    ) -> dict[TableRole, ColumnMapping]:
        """Match the column names of all tables, with the choices of the caller."""
        mappings: dict[TableRole, ColumnMapping] = {}
        used: set[str] = set()
        for role, columns in names.items():
            choices = self._choices_for(role, columns)
            used |= choices.keys()
            try:
                mappings[role] = match_columns(columns, role, choices)
            except DataError as error:
                raise DataError(
                    f"{self.opened[role].file}: {error}",
                    next_step=error.next_step,
                    **error.parameters,
                ) from None
        targets = {target for target in self.columns if target not in COLUMN_ALIASES}
        if unused := sorted(targets - used):
            name = self.columns[unused[0]]
            raise ConfigError(f"no input has a column {name!r} (chosen for {unused[0]})")
        return mappings

    def _choices_for(self, role: TableRole, columns: tuple[str, ...]) -> dict[str, str | None]:
        """Return the choices for one table: those for all tables that fit, and its own ones."""
        choices = {
            target: name
            for target, name in self.columns.items()
            if target not in COLUMN_ALIASES and (name is None or name in columns)
        }
        return {**choices, **self.columns.get(role, {})}


def _given_inputs(events: Any, items: Any, users: Any) -> dict[TableRole, Any]:
    inputs: dict[TableRole, Any] = {"events": events, "items": items, "users": users}
    return {role: data for role, data in inputs.items() if data is not None}


def detect_role(
    path: Path, columns: ColumnChoices | None = None, encoding: str | None = None
) -> tuple[TableRole, OpenedTable]:
    """Return the table that a file holds, and the opened file.

    The table follows from the name of the file. If the name is unknown, it follows from the
    columns: events have users and items, the other tables have one of them.

    Raises:
        DataError: The file has neither a user nor an item column, or cannot be read.
        ConfigError: There is no such encoding.
    """
    if named := role_of_file(path.name):
        return named, open_table(path, named, encoding)
    errors: list[DataError] = []
    opened: OpenedTable | None = None
    for role in TABLE_ROLES:
        if opened is None or isinstance(opened, DelimitedFile):
            opened = open_table(path, role, encoding)  # the role names columns without header
        try:
            _preview_one(role, opened, columns or {})
        except DataError as error:
            errors.append(error)
        else:
            return role, opened
    raise errors[0]


def _preview_one(role: TableRole, opened: OpenedTable, columns: ColumnChoices) -> None:
    """Match the columns of one table; choices that fit another table only are ignored."""
    try:
        InputTables({role: opened}, columns).preview()
    except ConfigError:
        InputTables({role: opened}).preview()


_FILE_SUFFIX = r"\.(csv|tsv|txt|dat|jsonl|ndjson|json|parquet)(\.gz)?$"
_FILE_PATTERNS: dict[TableRole, str] = {
    "events": r"(interactions?|events?|ratings?|feedback|inter|transactions?|clicks?)"
    rf"{_FILE_SUFFIX}|.*\.inter(\.gz)?$",
    "items": r"(items?|movies?|products?|articles?|news|books?)"
    rf"{_FILE_SUFFIX}|.*\.item(\.gz)?$",
    "users": rf"(users?|customers?|profiles?){_FILE_SUFFIX}|.*\.user(\.gz)?$",
}


def role_of_file(name: str) -> TableRole | None:
    """Return the table that a file holds according to its name, None if the name is unknown.

    Example:
        >>> role_of_file("Ratings.csv"), role_of_file("shop.item"), role_of_file("export.csv")
        ('events', 'items', None)
    """
    lower = name.lower()
    return next(
        (role for role, pattern in _FILE_PATTERNS.items() if re.match(pattern, lower)), None
    )


def find_table_files(path: Path) -> dict[TableRole, Path]:
    """Return the file of each table: ``ratings.csv``, ``movies.dat``, and so on.

    Raises:
        NotFoundError: There is no such folder.
        DataError: No file is recognised, or several files match the same table.
    """
    if not path.exists():
        raise NotFoundError(f"no folder {str(path)!r}")
    if not path.is_dir():
        raise DataError(f"{path.name} is a file, expected a folder; files: read_tables()")
    names = sorted(entry for entry in path.iterdir() if entry.is_file())
    found: dict[TableRole, Path] = {}
    for role in _FILE_PATTERNS:
        files = [file for file in names if role_of_file(file.name) == role]
        if len(files) > 1:
            both = ", ".join(file.name for file in files)
            raise DataError(f"{path.name} has several files of {role}: {both}; name one")
        if files:
            found[role] = files[0]
    if not found:
        raise DataError(
            f"{path.name} has no file that is recognised; expected names like "
            "events.csv, items.csv, users.csv, ratings.dat or shop.inter"
        )
    return found


ColumnCast: TypeAlias = Callable[[pl.Series], tuple[pl.Series, pl.Series]]
TIME_COLUMNS = ("created_at", "available_from", "available_until")
"""Columns of items and users that are times."""
_CASTS: dict[str, tuple[ColumnCast, str]] = {
    "value": (cast_numbers, "value is not a number"),
    "timestamp": (epoch_seconds, "timestamp is not a time"),
    **{name: (epoch_seconds, f"{name} is not a time") for name in TIME_COLUMNS},
    "event_type": (cast_labels, ""),
    "domain": (cast_labels, ""),
}
_TEXT_COLUMNS = frozenset({"title", "description", "text"})


@dataclass
class CheckedTable:
    """One table with canonical columns, and notes about its values."""

    frame: pl.DataFrame
    notes: list[str] = field(default_factory=list)
    event_ids: pl.Series | None = None


def build_table(source: OpenedTable, mapping: ColumnMapping, rejects: Rejects) -> CheckedTable:
    """Read an input and check its columns one by one."""
    read = source.read([column.source for column in mapping.used], rejects)
    prepared = prepare_columns(read, mapping)
    raw, mapping = prepared.raw, prepared.mapping
    columns: dict[str, pl.Series] = {}
    for target in KEY_COLUMNS[mapping.role]:
        raw, columns = _cast_column(raw, columns, mapping, target, rejects)
    build = _build_events if mapping.role == "events" else _build_entities
    table = build(raw, columns, mapping, rejects)
    table.notes[:0] = prepared.notes
    return table


def _cast_column(
    raw: RawTable,
    columns: dict[str, pl.Series],
    mapping: ColumnMapping,
    target: str,
    rejects: Rejects,
) -> tuple[RawTable, dict[str, pl.Series]]:
    """Add the column ``target``; rows with an invalid value are rejected in all columns."""
    source = mapping.source_of(target)
    if source is None:
        return raw, columns
    cast, reason = _CASTS.get(target, (cast_ids, f"no {target}"))
    values, bad = cast(raw.frame[source])
    columns = {**columns, target: values.alias(target)}
    if not bad.any():
        return raw, columns
    kept = target in TIME_COLUMNS  # an invalid date must not remove an item
    raw.report(rejects, bad, Reject(raw.file, 0, reason, source, row_kept=kept))
    if kept:
        return raw, columns
    return raw.filter(~bad), {name: values.filter(~bad) for name, values in columns.items()}


def _build_events(
    raw: RawTable, columns: dict[str, pl.Series], mapping: ColumnMapping, rejects: Rejects
) -> CheckedTable:
    for target in ("value", "timestamp", "event_type", "domain"):
        raw, columns = _cast_column(raw, columns, mapping, target, rejects)
    id_column = mapping.source_of("event_id")
    ids = None if id_column is None else cast_ids(raw.frame[id_column])[0].alias("event_id")
    if "event_type" not in columns and _is_rating(mapping):
        frame = pl.DataFrame(columns).with_columns(
            event_type=pl.when(pl.col("value").is_not_null()).then(pl.lit(RATING_TYPE))
        )
    else:
        frame = pl.DataFrame(columns)
    frame = frame.select(
        [
            pl.col(n) if n in columns or n in frame.columns else pl.lit(None, kind).alias(n)
            for n, kind in EVENT_COLUMNS.items()
        ]
    )
    return CheckedTable(frame, _note_event_problems(raw.file, frame, mapping), ids)


def _is_rating(mapping: ColumnMapping) -> bool:
    return is_rating_column(mapping.source_of("value") or "")


def _note_event_problems(file: str, frame: pl.DataFrame, mapping: ColumnMapping) -> list[str]:
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
    if wrong := note_wrong_clocks(frame["timestamp"]):
        notes.append(f"{file}: {wrong}")
    return notes


def _build_entities(
    raw: RawTable, columns: dict[str, pl.Series], mapping: ColumnMapping, rejects: Rejects
) -> CheckedTable:
    key = KEY_COLUMNS[mapping.role][0]
    last = columns[key].is_last_distinct()
    if not last.all():
        reason = f"{key} comes again; the later row is used"
        raw.report(rejects, ~last, Reject(raw.file, 0, reason, mapping.source_of(key) or key))
        raw, columns = raw.filter(last), {key: columns[key].filter(last)}
    notes: list[str] = []
    for column in mapping.used:
        target = column.target or ""
        if target in TIME_COLUMNS:
            raw, columns = _cast_column(raw, columns, mapping, target, rejects)
        elif target != key:
            columns[target] = _build_attribute(raw, column.source, target, notes)
    if not raw.frame.height:
        notes.append(f"{raw.file}: no {mapping.role}")
    return CheckedTable(pl.DataFrame(columns), notes)


def _build_attribute(raw: RawTable, source: str, target: str, notes: list[str]) -> pl.Series:
    values = raw.frame[source]
    if target in _TEXT_COLUMNS or target == "domain":
        return cast_labels(to_text(values))[0].alias(target)
    if recbole_type(source) == "token_seq":
        values = values.str.strip_chars().str.replace_all(r"\s+", LIST_SEPARATOR)
    result = cast_attribute(values)
    if result.dtype == pl.String and (near := _describe_non_numbers(result)):
        notes.append(f"{raw.file}: {source} is kept as text: {near}")
    return result.alias(target)


def _describe_non_numbers(text: pl.Series) -> str:
    given = text.drop_nulls()
    number = given.cast(pl.Float64, strict=False)
    bad = number.null_count()
    if not 0 < bad <= 0.05 * len(given):
        return ""
    first = given.filter(number.is_null())[0]
    return f"{bad:,} of {len(given):,} values are no numbers, such as {first[:40]!r}"


def note_unknown_references(frames: dict[TableRole, pl.DataFrame]) -> list[str]:
    """Return notes about events whose item or user is not in the table of items or users."""
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
