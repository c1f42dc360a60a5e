"""Read events, items and users from files or frames into checked tables."""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from daybreak.data import building
from daybreak.data.aliases import ALIASES, Role
from daybreak.data.columns import Mapping, recognise
from daybreak.data.folders import recognise_folder
from daybreak.data.readers import Source, open_source
from daybreak.data.rejects import Rejects
from daybreak.data.rules import EventRules
from daybreak.data.tables import Tables
from daybreak.errors import ConfigError, DataError

Choices: TypeAlias = Dict[str, Any]
"""``{"user_id": "Customer"}`` for all tables, or ``{"events": {"user_id": "Customer"}}``."""


@dataclass(frozen=True)
class ImportResult:
    """What was read, what was recognised, and what was not used."""

    tables: Tables
    rejects: Rejects
    mappings: dict[Role, Mapping]
    """The columns of each table that was given."""
    notes: tuple[str, ...]
    """What a careful reader should know, in plain sentences."""
    rules: EventRules = field(default_factory=EventRules)
    """Which events are positive, negative or only seen."""
    event_ids: pl.Series | None = None
    """The caller's id of each event, when there is such a column."""
    rows_read: dict[Role, int] = field(default_factory=dict)
    """Rows loaded from each table."""


def read_tables(
    events: Any = None,
    items: Any = None,
    users: Any = None,
    *,
    columns: Choices | None = None,
    rules: EventRules | None = None,
    encoding: str | None = None,
) -> ImportResult:
    """Read up to three tables; good rows load, every other one is reported.

    Args:
        events: Who did what: a path (CSV, TSV, JSON Lines, Parquet, MovieLens ``::``, RecBole
            ``.inter``; text may be packed with gzip), a polars frame or a pandas frame.
        items: The catalogue, in the same forms.
        users: The profiles, in the same forms.
        columns: Our column name -> the name in the input, for what is not recognised by itself
            or recognised wrongly (None: do not use). May be given for each table.
        rules: Which events are positive, negative or only seen; kept in the result.
        encoding: Encoding of the text files; None tells it from their bytes.

    Raises:
        DataError: An input cannot be read at all, or has no column for an id.
        NotFoundError: A file does not exist.
        ConfigError: ``columns`` names a column that is not there.

    Example:
        >>> log = pl.DataFrame({"userID": ["ann", None], "itemID": ["tea", "rum"]})
        >>> result = read_tables(log)
        >>> result.tables.events.height, result.rejects.counts
        (1, {'no user_id': 1})
    """
    given: dict[Role, Any] = {"events": events, "items": items, "users": users}
    given = {role: data for role, data in given.items() if data is not None}
    if not given:
        raise ConfigError("nothing to read; give events, items or users")
    rejects = Rejects()
    opened = {role: open_source(d, role, rejects, encoding) for role, d in given.items()}
    mappings = _recognise(opened, columns or {})
    built = {role: building.build(opened[role], mappings[role], rejects) for role in opened}
    tables = Tables.of(**{role: table.frame for role, table in built.items()})
    notes = [note for source in opened.values() for note in source.notes]
    notes += [note for table in built.values() for note in table.notes]
    notes += building.unknown_references({role: t.frame for role, t in built.items()})
    return ImportResult(
        tables,
        rejects,
        mappings,
        tuple(notes),
        rules or EventRules(),
        built["events"].event_ids if "events" in built else None,
        {role: table.frame.height for role, table in built.items()},
    )


def read_folder(
    path: str | Path,
    *,
    columns: Choices | None = None,
    rules: EventRules | None = None,
    encoding: str | None = None,
) -> ImportResult:
    """Read the tables of a folder, told apart by file name; see :func:`read_tables`.

    Raises:
        DataError: The folder holds no file that is recognised, or two of one kind.
        NotFoundError: There is no such folder.
    """
    files = recognise_folder(Path(path))
    tables: dict[str, Any] = {str(role): file for role, file in files.items()}
    return read_tables(**tables, columns=columns, rules=rules, encoding=encoding)


def preview(
    events: Any = None,
    items: Any = None,
    users: Any = None,
    *,
    columns: Choices | None = None,
    encoding: str | None = None,
) -> dict[Role, Mapping]:
    """Return how the columns of the inputs would be read, without loading the rows of text.

    Example:
        >>> print(preview(items=pl.DataFrame({"movieId": [1], "Name": ["Up"]}))["items"])
        items (columns as in MovieLens)
          item_id <- movieId
          title <- Name
    """
    given: dict[Role, Any] = {"events": events, "items": items, "users": users}
    opened = {
        role: open_source(data, role, Rejects(), encoding)
        for role, data in given.items()
        if data is not None
    }
    return _recognise(opened, columns or {})


def _recognise(opened: Dict[Role, Source], columns: Choices) -> dict[Role, Mapping]:
    mappings: dict[Role, Mapping] = {}
    used: set[str] = set()
    for role, source in opened.items():
        choices = _choices(columns, role, source)
        used |= choices.keys()
        try:
            mappings[role] = recognise(source.columns, role, choices)
        except DataError as error:
            raise DataError(f"{source.file}: {error}") from None
    flat = {target for target in columns if target not in ALIASES}
    if unused := sorted(flat - used):
        name = columns[unused[0]]
        raise ConfigError(f"no input has a column {name!r} (named for {unused[0]})")
    return mappings


def _choices(columns: Choices, role: Role, source: Source) -> dict[str, str | None]:
    choices = {
        target: name
        for target, name in columns.items()
        if target not in ALIASES and (name is None or name in source.columns)
    }
    return {**choices, **columns.get(role, {})}
