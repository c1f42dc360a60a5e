"""Files to import: which file is which table, and where rejected rows are written.

Start with :func:`find_files` and :class:`Sources`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from daybreak.data import ColumnMapping, EventRules, ImportResult, Rejects, TableRole
from daybreak.data.column_aliases import TABLE_ROLES
from daybreak.data.folders import open_files, two_files_error
from daybreak.data.formats import ValueFormats
from daybreak.data.importing import InputTables
from daybreak.data.readers import OpenedTable, open_table
from daybreak.errors import ConfigError, NextStep


@dataclass(frozen=True)
class Sources:
    """The files of up to three tables, and options for reading them.

    Each file is opened once, for the preview and for reading.
    """

    files: Mapping[TableRole, Path | OpenedTable]
    columns: Mapping[str, str | None] = field(default_factory=dict)
    rules: EventRules | None = None
    encoding: str | None = None
    formats: ValueFormats | None = None

    @cached_property
    def inputs(self) -> InputTables:
        """The opened files."""
        return InputTables.open(self.files, self.columns, self.encoding, self.formats)

    def preview_columns(self) -> dict[TableRole, ColumnMapping]:
        """Return the column mapping of each table, from the beginning of its file."""
        return self.inputs.preview()

    def read(self) -> ImportResult:
        """Return the tables and the rejects."""
        return self.inputs.read(self.rules)


def find_files(
    paths: Sequence[Path],
    named: Mapping[TableRole, Path | None] | None = None,
    columns: Mapping[str, str | None] | None = None,
    encoding: str | None = None,
) -> dict[TableRole, OpenedTable]:
    """Open the file of each table.

    Files are recognised by their names, else by their columns; several files of events are
    read together, see :mod:`daybreak.data.folders`.

    Args:
        paths: Folders, zip files, or files.
        named: Files whose table the caller states.
        columns: Column of the tables to its name in the files, where it is not recognised.
        encoding: Encoding of the text files; default: detect it.

    Raises:
        ConfigError: Nothing is given, or two files hold the same table.
        DataError: The table of a file cannot be recognised.
        NotFoundError: A file does not exist.
    """
    files = {
        role: open_table(path, role, encoding)
        for role, path in (named or {}).items()
        if path is not None
    }
    for role, table in open_files(paths, columns or {}, encoding).items():
        if role in files:
            raise two_files_error(role, files[role], table)
        files[role] = table
    if not files:
        raise ConfigError(
            "nothing to read; give a folder or files", next_step=NextStep.ASSIGN_TABLES
        )
    return {role: files[role] for role in TABLE_ROLES if role in files}


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
    parsed = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise ConfigError(f"{what} must look like NAME=VALUE, got {pair!r}")
        parsed[name.strip()] = value.strip()
    return parsed


def write_rejects(rejects: Rejects, path: Path) -> Path:
    """Write rejected rows to a CSV file; return its path.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        rejects.frame().write_csv(path)
    except OSError as error:
        raise ConfigError(f"rejects cannot be written to {str(path)!r}: {error}") from error
    return path
