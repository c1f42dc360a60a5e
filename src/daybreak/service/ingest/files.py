"""Which file is which table, how its columns are read, and where bad rows are listed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daybreak.data import ColumnMapping as Columns
from daybreak.data import EventRules, ImportResult, Rejects, TableRole, preview, read_tables
from daybreak.data.importing import find_table_files, role_of_file
from daybreak.errors import ConfigError, DataError, NextStep, NotFoundError

ROLES: tuple[TableRole, ...] = ("events", "items", "users")


@dataclass(frozen=True)
class Sources:
    """The files of up to three tables, and what the caller says about them.

    Example:
        >>> Sources({"items": Path("shop.csv")}, {"title": "Name"}).reader_arguments
        {'items': PosixPath('shop.csv')}
    """

    files: Mapping[TableRole, Path]
    columns: Mapping[str, str | None] = field(default_factory=dict)
    rules: EventRules | None = None
    encoding: str | None = None

    @property
    def reader_arguments(self) -> dict[str, Any]:
        """The files under the names that readers take."""
        return {str(role): path for role, path in self.files.items()}

    def preview_columns(self) -> dict[TableRole, Columns]:
        """Return what every column would become, without loading rows."""
        return preview(**self.reader_arguments, columns=self.columns, encoding=self.encoding)

    def read(self) -> ImportResult:
        """Return the tables with everything that was rejected."""
        return read_tables(
            **self.reader_arguments,
            columns=self.columns,
            rules=self.rules,
            encoding=self.encoding,
        )


def find_files(
    paths: Sequence[Path],
    named: Mapping[TableRole, Path | None] | None = None,
    columns: Mapping[str, str | None] | None = None,
) -> dict[TableRole, Path]:
    """Return the file of each table.

    A folder is searched by file name. The role of a file is told by its name, or else by its
    columns: a user and an item make events, one of them alone makes its own table.

    Args:
        paths: One folder, or files.
        named: Files whose role the caller gives.
        columns: Our column name -> the name in the files, where it is not recognised.

    Raises:
        ConfigError: Nothing is given, or two files have the same role.
        DataError: The role of a file cannot be told.
        NotFoundError: A file does not exist.
    """
    found: dict[TableRole, Path] = {r: p for r, p in (named or {}).items() if p is not None}
    for path in paths:
        if not path.exists():
            raise NotFoundError(f"no file or folder {str(path)!r}")
        pairs = (
            find_table_files(path)
            if path.is_dir()
            else {_recognise_role(path, columns or {}): path}
        )
        for role, file in pairs.items():
            if role in found:
                raise ConfigError(
                    f"{found[role].name} and {file.name} both look like {role}",
                    next_step=NextStep.ASSIGN_TABLES,
                )
            found[role] = file
    if not found:
        raise ConfigError(
            "nothing to read; give a folder or files", next_step=NextStep.ASSIGN_TABLES
        )
    return {role: found[role] for role in ROLES if role in found}


def _recognise_role(path: Path, columns: Mapping[str, str | None]) -> TableRole:
    named = role_of_file(path.name)
    if named is not None:
        return named
    faults = {role: _role_error(path, role, columns) for role in ROLES}
    for role, fault in faults.items():
        if not fault:
            return role
    raise DataError(faults["events"])


def _role_error(path: Path, role: TableRole, columns: Mapping[str, str | None]) -> str:
    """Return why a file cannot be a table of this role; an empty string when it can."""
    tables: dict[str, Any] = {str(role): path}
    try:
        preview(**tables, columns=columns)
    except ConfigError:  # a column was named that another file has
        return _role_error(path, role, {})
    except DataError as error:
        return str(error)
    return ""


def parse_columns(pairs: Iterable[str], what: str = "column") -> dict[str, str | None]:
    """Parse column mappings of the form ``OURS=THEIRS``; an empty THEIRS drops the column.

    Args:
        pairs: Texts to parse.
        what: Name of the parameter in error messages.

    Raises:
        ConfigError: A text has no ``=``.

    Example:
        >>> parse_columns(["user_id=Kunde", "timestamp="])
        {'user_id': 'Kunde', 'timestamp': None}
    """
    return {ours: theirs or None for ours, theirs in parse_pairs(pairs, what).items()}


def parse_pairs(pairs: Iterable[str], what: str) -> dict[str, str]:
    """Parse texts of the form ``NAME=VALUE`` into a dictionary.

    Args:
        pairs: Texts to parse.
        what: Name of the parameter in error messages.

    Raises:
        ConfigError: A text has no ``=``, or no name before it.

    Example:
        >>> parse_pairs(["colour=red"], "attribute")
        {'colour': 'red'}
    """
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise ConfigError(f"{what} must look like NAME=VALUE, got {pair!r}")
        found[name.strip()] = value.strip()
    return found


def write_rejects(rejects: Rejects, path: Path) -> Path:
    """Write the rejects that were kept as CSV; return the path.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        rejects.frame().write_csv(path)
    except OSError as error:
        raise ConfigError(f"rejects cannot be written to {str(path)!r}: {error}") from error
    return path
