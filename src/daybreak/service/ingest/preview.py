"""What a file would be read as, before anything is stored: table, columns, signs, rejects."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from daybreak.data import TableRole, Tables, validate
from daybreak.data.event_signs import EventTypeSigns, describe_signs
from daybreak.data.file_roles import detect_role, role_of_file
from daybreak.data.formats import ValueFormats
from daybreak.data.readers import open_table
from daybreak.data.rules import EventRules
from daybreak.data.validation import Readiness, assess_readiness
from daybreak.errors import DataError
from daybreak.service.ingest.files import Sources

MAX_PREVIEW_ROWS = 8
"""Largest number of rows that a preview shows."""
MIN_TABLE_COLUMNS = 2
"""Number of columns below which a file is no table."""
MAX_PREVIEW_TYPES = 50
"""Largest number of event types that are described."""
MAX_PREVIEW_REJECTS = 20
"""Largest number of rejected rows that a preview lists."""


@dataclass(frozen=True)
class SignedType:
    """An event type and how its events count.

    Attributes:
        name: The event type.
        positive: Number of events that count for their item.
        negative: Number of events that count against it.
        seen: Number of events that only say that the item was seen.
        outside: Number of events whose value is outside of the scale; they are not used.
        surprising: Whether the owner of the data should look at it.
    """

    name: str
    positive: int
    negative: int
    seen: int
    outside: int
    surprising: bool

    @classmethod
    def of(cls, signs: EventTypeSigns) -> "SignedType":
        """Return the numbers of a described type."""
        counts = {sign: part.n_events for sign, part in signs.by_sign.items()}
        return cls(
            name=signs.name,
            positive=counts.get(1, 0),
            negative=counts.get(-1, 0),
            seen=counts.get(0, 0),
            outside=signs.n_outliers,
            surprising=signs.is_surprising,
        )


@dataclass(frozen=True)
class FilePreview:
    """What a file would be read as.

    Attributes:
        table: The table of its rows.
        convention: Tool whose column names these are, or ``plain``.
        columns: Source, target and reason of each column of the file.
        rows: The first valid rows, as they would be stored.
        read: Number of valid rows.
        rejected: Number of rejected rows.
        rejects: The first rejected rows.
        notes: Remarks about the data, in sentences.
        event_types: Event types with their signs; empty for other tables.
        problem: Why the file cannot be read yet; empty: it can. The columns are those of the
            file, so that the owner can choose.
    """

    table: TableRole
    convention: str
    columns: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]
    read: int
    rejected: int
    rejects: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]
    event_types: tuple[SignedType, ...]
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the preview as JSON values."""
        return asdict(self)


def preview_file(
    path: Path,
    name: str = "",
    table: TableRole | None = None,
    columns: Mapping[str, str | None] | None = None,
    formats: ValueFormats | None = None,
) -> FilePreview:
    """Read a file as an import would, and store nothing.

    Args:
        path: The file.
        name: Name that the file has for its owner; it may tell the table.
        table: The table; None: it follows from the name, or else from the columns.
        columns: Column of the table to its name in the file, where it is not recognised.
        formats: Forms of dates and numbers; None: as recognised.

    Raises:
        ConfigError: A chosen column does not exist.
        DataError: The file cannot be read.
    """
    chosen = columns or {}
    try:
        role = table or role_of_file(name) or detect_role(path, chosen)[0]
        return _preview_table(path, role, chosen, formats)
    except DataError as error:
        return _list_columns(path, table or role_of_file(name) or "events", error)


def _list_columns(path: Path, role: TableRole, error: DataError) -> FilePreview:
    """Return the columns of a file in which those of the ids are not recognised."""
    names = open_table(path, role).sample_columns
    if len(names) < MIN_TABLE_COLUMNS:
        raise error
    columns = tuple({"source": name, "target": None, "reason": "not used"} for name in names)
    return FilePreview(role, "plain", columns, (), 0, 0, (), (), (), str(error))


def _preview_table(
    path: Path,
    role: TableRole,
    chosen: Mapping[str, str | None],
    formats: ValueFormats | None,
) -> FilePreview:
    imported = Sources({role: path}, chosen, formats=formats).read()
    frame: pl.DataFrame = getattr(imported.tables, role)
    mapping = imported.mappings[role]
    return FilePreview(
        table=role,
        convention=mapping.convention,
        columns=tuple(
            {"source": one.source, "target": one.target, "reason": one.reason}
            for one in mapping.columns
        ),
        rows=tuple(_plain_rows(frame.head(MAX_PREVIEW_ROWS))),
        read=imported.rows_read[role],
        rejected=len(imported.rejects),
        rejects=tuple(asdict(row) for row in imported.rejects.rows[:MAX_PREVIEW_REJECTS]),
        notes=imported.notes,
        event_types=_signed_types(imported.tables, imported.rules),
    )


@dataclass(frozen=True)
class DataReport:
    """What the stored data are like, and what they allow.

    Attributes:
        findings: Level, code and message of each check.
        strategies: Groups of strategies, with what each needs and has.
        event_types: Event types with their signs, the most frequent first.
    """

    findings: tuple[dict[str, str], ...]
    strategies: tuple[dict[str, Any], ...]
    event_types: tuple[SignedType, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)


def report_data(tables: Tables, rules: EventRules | None = None) -> DataReport:
    """Check the stored data, and say what they and 1,000 further events allow.

    Args:
        tables: The data.
        rules: Rules of the signs; None: as recognised.

    Example:
        >>> sales = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))
        >>> report_data(sales).event_types[0].positive
        1
    """
    return DataReport(
        findings=tuple(
            {"level": one.level, "code": one.code, "message": one.message}
            for one in validate(tables)
        ),
        strategies=tuple(_strategies(assess_readiness(tables))),
        event_types=_signed_types(tables, rules or EventRules()),
    )


def _strategies(readiness: Readiness) -> list[dict[str, Any]]:
    return [
        {
            "name": group.name,
            "purpose": group.purpose,
            "ready": group.is_ready,
            "ready_soon": group.is_ready_soon,
            "requirements": [asdict(one) for one in group.requirements],
        }
        for group in readiness.strategies
    ]


def _signed_types(tables: Tables, rules: EventRules) -> tuple[SignedType, ...]:
    if not tables.events.height:
        return ()
    described = describe_signs(tables.events, rules.resolve(tables.events))
    return tuple(map(SignedType.of, described[:MAX_PREVIEW_TYPES]))


def _plain_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows with JSON values only; columns without any value are left out."""
    used = [name for name in frame.columns if frame[name].null_count() < frame.height]
    return [
        {name: _plain(value) for name, value in row.items() if value is not None}
        for row in frame.select(used).iter_rows(named=True)
    ]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)
