"""Reader of Parquet files, of which only the schema is read when they are opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from daybreak.data.readers.frames import flatten_objects, flattened_names
from daybreak.data.readers.source import RawTable, number_rows
from daybreak.data.rejects import Rejects
from daybreak.errors import DataError


@dataclass
class ParquetFile:
    """A Parquet file of which only the schema is read when it is opened."""

    file: str
    path: Path
    owners: Mapping[str, str]
    """Name of each column, inner objects as ``outer_inner``, to its column in the file."""
    notes: list[str] = field(default_factory=list)
    rejects: Rejects = field(default_factory=Rejects)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.owners)

    sample_columns = columns

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Read the columns from the file; see :meth:`OpenedTable.read`.

        Raises:
            DataError: The file is damaged.
        """
        try:
            needed = set(map(self.owners.__getitem__, wanted))
            names = [name for name in dict.fromkeys(self.owners.values()) if name in needed]
            frame = pl.read_parquet(self.path, columns=names)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged_parquet_error(self.path, error) from error
        return RawTable(self.file, self._select(frame, wanted), number_rows(frame))

    def _select(self, frame: pl.DataFrame, wanted: Sequence[str]) -> pl.DataFrame:
        """Return the columns by their names in ``owners``."""
        read = set(frame.columns)
        names = [name for name, owner in self.owners.items() if owner in read]
        flat = flatten_objects(frame)
        return flat.rename(dict(zip(flat.columns, names, strict=True))).select(wanted)


def open_parquet(path: Path) -> ParquetFile:
    """Read the schema of a Parquet file.

    Raises:
        DataError: The file is damaged.
    """
    try:
        return ParquetFile(path.name, path, flattened_names(pl.read_parquet_schema(path)))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged_parquet_error(path, error) from error


def _damaged_parquet_error(path: Path, error: Exception) -> DataError:
    reason = str(error).splitlines()[0]
    return DataError(f"{path.name} is a damaged Parquet file: {reason}")
