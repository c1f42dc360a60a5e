"""Tables of a folder, an archive or several files: which file is which table.

The names of the usual files say it (``ratings.csv``, ``products.csv``), else their columns.
Start at :func:`open_files`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from daybreak.data.casts import to_text
from daybreak.data.column_aliases import TABLE_ROLES, TableRole
from daybreak.data.event_files import EventFiles, has_same_columns, name_of_events
from daybreak.data.file_roles import detect_role, role_of_file
from daybreak.data.formats import ValueFormats
from daybreak.data.importing import ColumnChoices, ImportResult, InputTables
from daybreak.data.item_names import plain_titles
from daybreak.data.order_lines import join_order_files
from daybreak.data.readers import OpenedTable, open_table
from daybreak.data.readers.source import SAMPLE_ROWS
from daybreak.data.readers.zip_files import is_archive, members_of
from daybreak.data.rules import EventRules
from daybreak.errors import ConfigError, DataError, DaybreakError, NextStep, NotFoundError

_DATA_FILE = re.compile(
    r"\.(?:csv|tsv|txt|dat|data|jsonl|ndjson|json|parquet|inter|item|user|xlsx|xlsm|ods)(?:\.gz)?$",
    re.IGNORECASE,
)
_BOOK_SUFFIXES = frozenset({".xlsx", ".xlsm", ".ods"})
MAX_JUDGED_FILES = 100
"""Largest number of files with unknown names of which the columns are read."""
MIN_KNOWN_ITEMS = 0.1
"""Smallest share of items of events that a file of items without a usual name must have."""


def read_folder(  # noqa: PLR0913 - all options of reading, each optional
    path: str | Path,
    *,
    columns: ColumnChoices | None = None,
    rules: EventRules | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    strict: bool = False,
) -> ImportResult:
    """Read the tables of a folder or a zip file; see :func:`read_tables`.

    Raises:
        DataError: The folder contains no file that is recognised, or two for one table.
        NotFoundError: The folder does not exist.
    """
    formats = ValueFormats.of(date_format, decimal, strict=strict)
    tables = open_folder(Path(path), columns or {}, encoding)
    return InputTables.open(tables, columns, None, formats).read(rules)


def open_folder(
    path: Path, columns: ColumnChoices | None = None, encoding: str | None = None
) -> dict[TableRole, OpenedTable]:
    """Open the tables of a folder or a zip file.

    Raises:
        DataError: No file is recognised, or several files match the same table of items or of
            users.
        NotFoundError: There is no such folder.
    """
    if not path.exists():
        raise NotFoundError(f"no folder {str(path)!r}")
    if is_archive(path):
        files = [file for file in members_of(path) if _DATA_FILE.search(file.name)]
    elif path.is_dir():
        entries = (entry for entry in path.iterdir() if entry.is_file())
        found = sorted(entry for entry in entries if not entry.name.startswith((".", "~$")))
        files = [part for entry in found for part in _sheets_or_file(entry)]
    else:
        raise DataError(f"{path.name} is a file, expected a folder; files: read_tables()")
    tables = _Tables(columns or {}, encoding)
    for file in files:
        if (role := role_of_file(file.name)) is not None:
            tables.add(role, open_table(file, role, encoding))
    others = [f for f in files if role_of_file(f.name) is None and _DATA_FILE.search(f.name)]
    joined, used = join_order_files(others[:MAX_JUDGED_FILES], encoding)
    if joined is not None:
        tables.add("events", joined)
        others = [file for file in others if file not in used]
    tables.add_by_columns(others[:MAX_JUDGED_FILES])
    if not tables.found:
        raise DataError(
            f"{path.name} has no file that is recognised; expected names like "
            "events.csv, items.csv, users.csv, ratings.dat or shop.inter"
            + "".join(f"; {note}" for note in tables.notes[:1])
        )
    return tables.joined(path.name)


def _sheets_or_file(path: Path) -> list[Path]:
    """Return the sheets of a workbook that has several, else the file itself."""
    sheets = members_of(path) if path.suffix.lower() in _BOOK_SUFFIXES else []
    return sheets if len(sheets) > 1 else [path]


@dataclass
class _Tables:
    """Opened files by their table."""

    columns: ColumnChoices
    encoding: str | None
    found: dict[TableRole, list[OpenedTable]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Files that are not used, and why."""

    def add(self, role: TableRole, table: OpenedTable) -> None:
        """Add a file that is a table."""
        self.found.setdefault(role, []).append(table)

    def add_by_columns(self, files: Sequence[Path]) -> None:
        """Add files with unknown names that their columns show to be a table."""
        known = frozenset(self.found)
        detected: dict[TableRole, list[OpenedTable]] = {}
        for file in files:
            try:
                role, table = detect_role(file, self.columns, self.encoding)
            except DaybreakError as error:
                self.notes.append(f"{file.name} is not used: {error}")
                continue
            detected.setdefault(role, []).append(table)
        events = detected.pop("events", [])
        named = [table for table in events if name_of_events(table.file) is not None]
        chosen = named if named or "events" in known else events
        for table in chosen:
            self.add("events", table)
        self._pass_over("events", [table for table in events if table not in chosen])
        for role, tables in detected.items():
            fitting = [table for table in tables if self._fits(role, table)]
            if role not in known and fitting:
                self.found[role] = fitting
            else:
                self._pass_over(role, tables)

    def _pass_over(self, role: TableRole, tables: Sequence[OpenedTable]) -> None:
        self.notes += [
            f"{one.file} is not used: it looks like further {role}" for one in tables
        ]

    def _fits(self, role: TableRole, table: OpenedTable) -> bool:
        """Return whether a table of items has items of the events, if there are any."""
        events = self.found.get("events", [])
        if role != "items" or not events:
            return True
        own = _sampled_names(table, "items")
        named = [names for one in events if (names := _sampled_names(one, "events"))]
        return not named or any(
            len(own & names) >= MIN_KNOWN_ITEMS * len(names) for names in named
        )

    def joined(self, name: str) -> dict[TableRole, OpenedTable]:
        """Return one table for each role; files of events are read together.

        Args:
            name: Name of the folder.

        Raises:
            DataError: Several files are the same table of items or of users, or have events
                in different forms whose names do not tell what happened.
        """
        tables: dict[TableRole, OpenedTable] = {}
        for role in (role for role in TABLE_ROLES if role in self.found):
            table = _join(role, self.found[role])
            if table is None:
                both = ", ".join(file.file for file in self.found[role])
                raise DataError(f"{name} has several files of {role}: {both}; name one")
            tables[role] = table
        next(iter(tables.values())).notes.extend(self.notes)
        return tables


def _join(role: TableRole, tables: Sequence[OpenedTable]) -> OpenedTable | None:
    """Return files as one table; None: they are no parts of one."""
    if len(tables) == 1:
        return tables[0]
    is_told = all(role_of_file(t.file) or name_of_events(t.file) for t in tables)
    is_one = role == "events" and (is_told or has_same_columns(tables))
    return EventFiles(tables) if is_one else None


def open_files(
    paths: Sequence[Path], columns: ColumnChoices | None = None, encoding: str | None = None
) -> dict[TableRole, OpenedTable]:
    """Open files, folders and zip files; files of events are read together.

    Raises:
        ConfigError: Two files hold the same table.
        DataError: The table of a file cannot be recognised.
        NotFoundError: A file does not exist.
    """
    found: dict[TableRole, list[OpenedTable]] = {}
    files = [path for path in paths if path.is_file()] if len(paths) > 1 else []
    joined, used = join_order_files(files, encoding)
    if joined is not None:
        found["events"] = [joined]
    for path in (path for path in paths if path not in used):
        if not path.exists():
            raise NotFoundError(f"no file or folder {str(path)!r}")
        if path.is_dir() or len(members_of(path)) > 1:
            opened = open_folder(path, columns, encoding)
        else:
            opened = dict([detect_role(path, columns, encoding)])
        for role, one in opened.items():
            parts = one.parts if isinstance(one, EventFiles) else [one]
            found.setdefault(role, []).extend(parts)
    tables: dict[TableRole, OpenedTable] = {}
    for role in (role for role in TABLE_ROLES if role in found):
        table = _join(role, found[role])
        if table is None:
            raise two_files_error(role, *found[role][:2])
        tables[role] = table
    return tables


def two_files_error(role: TableRole, first: OpenedTable, second: OpenedTable) -> ConfigError:
    """Return the error about two files that are the same table."""
    return ConfigError(
        f"{first.file} and {second.file} both look like {role}",
        next_step=NextStep.ASSIGN_TABLES,
    )


def _sampled_names(table: OpenedTable, role: TableRole) -> set[str]:
    """Return ids and titles of items among the first rows of a table."""
    try:
        mapping = InputTables({role: table}).preview()[role]
    except DaybreakError:
        return set()
    wanted = [s for one in ("item_id", "title") if (s := mapping.source_of(one)) is not None]
    rows = table.sample(wanted).head(SAMPLE_ROWS)
    texts = [to_text(column) for column in rows if not column.dtype.is_nested()]
    found = pl.concat([text.alias("name") for text in texts]).to_frame() if texts else None
    if found is None:
        return set()
    names = found.select(pl.concat(plain_titles(pl.col("name")))).to_series()
    return set(names.replace("", None).drop_nulls())
