"""Reader of Parquet files, of which only the schema is read when they are opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from daybreak.data.column_aliases import TableRole
from daybreak.data.readers.frames import flatten_objects, flattened_names
from daybreak.data.readers.item_lists import (
    ItemList,
    expand_frame,
    list_of_schema,
    note_expansion,
)
from daybreak.data.readers.source import SAMPLE_ROWS, RawTable, number_rows
from daybreak.data.rejects import Rejects
from daybreak.errors import DataError


@dataclass
class ParquetFile:
    """A Parquet file of which only the schema is read when it is opened."""

    file: str
    path: Path
    owners: Mapping[str, str]
    """Name of each column, inner objects as ``outer_inner``, to its column in the file."""
    item_list: ItemList | None = None
    """List of items of each event, which becomes one event for each."""
    notes: list[str] = field(default_factory=list)
    rejects: Rejects = field(default_factory=Rejects)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        found = self.item_list
        if found is None:
            return tuple(self.owners)
        return (*(name for name in self.owners if name != found.column), *found.names)

    sample_columns = columns

    def sample(self, wanted: Sequence[str]) -> pl.DataFrame:
        """Read the first rows; see :meth:`OpenedTable.sample`.

        Raises:
            DataError: The file is damaged.
        """
        flat, found = self._read_columns(wanted, SAMPLE_ROWS), self.item_list
        return (flat if found is None else expand_frame(flat, found)[0]).select(wanted)

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Read the columns from the file; see :meth:`OpenedTable.read`.

        Raises:
            DataError: The file is damaged.
        """
        flat, found = self._read_columns(wanted), self.item_list
        if found is None:
            return RawTable(self.file, flat.select(wanted), number_rows(flat))
        events, rows = expand_frame(flat, found)
        n_events = rows.n_unique()
        self.notes.append(note_expansion(self.file, found, n_events, flat.height - n_events))
        return RawTable(self.file, events.select(wanted), rows)

    def _read_columns(self, wanted: Sequence[str], n_rows: int | None = None) -> pl.DataFrame:
        """Read what the columns are made of: they themselves, and the list of items."""
        found = self.item_list
        inner = () if found is None else found.names
        columns = [name for name in wanted if name not in inner]
        if found is not None:
            columns.append(found.column)
        try:
            needed = set(map(self.owners.__getitem__, columns))
            names = [name for name in dict.fromkeys(self.owners.values()) if name in needed]
            frame = pl.read_parquet(self.path, columns=names, n_rows=n_rows)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged_parquet_error(self.path, error) from error
        return self._flatten(frame)

    def _flatten(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the columns by their names in ``owners``."""
        read = set(frame.columns)
        names = [name for name, owner in self.owners.items() if owner in read]
        flat = flatten_objects(frame)
        return flat.rename(dict(zip(flat.columns, names, strict=True)))


def open_parquet(path: Path, role: TableRole = "items") -> ParquetFile:
    """Read the schema of a Parquet file.

    Args:
        path: The file.
        role: Table that it holds; events may have a list of items each.

    Raises:
        DataError: The file is damaged.
    """
    try:
        schema = pl.read_parquet_schema(path)
        owners = flattened_names(schema)
        flat = flatten_objects(pl.DataFrame(schema=schema)).schema
        kinds = dict(zip(owners, flat.values(), strict=True))
        found = list_of_schema(kinds) if role == "events" else None
        return ParquetFile(path.name, path, owners, found)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged_parquet_error(path, error) from error


def _damaged_parquet_error(path: Path, error: Exception) -> DataError:
    reason = str(error).splitlines()[0]
    return DataError(f"{path.name} is a damaged Parquet file: {reason}")
