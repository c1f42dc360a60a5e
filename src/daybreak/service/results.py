"""Results of the library: ids in the type in which they came in, frames of polars or pandas."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import polars as pl

from daybreak.data import ImportResult, Tables
from daybreak.data.column_aliases import TableRole
from daybreak.data.columns import match_columns
from daybreak.data.readers.frames import to_polars
from daybreak.errors import ConfigError, DataError, MissingExtraError

FrameKind: TypeAlias = Literal["polars", "pandas"]
FRAME_KINDS: tuple[FrameKind, ...] = get_args(FrameKind)
MAX_SAMPLED_ROWS = 100
"""Rows of a pandas frame, mapping or list from which the type of its ids is seen."""
ID_COLUMNS = ("user_id", "item_id")


def check_frame_kind(value: Any) -> FrameKind:
    """Return the kind of frames that results have.

    Raises:
        ConfigError: It is neither ``polars`` nor ``pandas``.
    """
    if value not in FRAME_KINDS:
        raise ConfigError(f"output must be polars or pandas, got {value!r:.60}")
    return "polars" if value == "polars" else "pandas"


@dataclass(frozen=True)
class ResultFormat:
    """What results look like.

    Example:
        >>> lists = pl.DataFrame({"user_id": ["ann"], "item_id": ["7"]})
        >>> ResultFormat("polars", frozenset({"item_id"})).of(lists)["item_id"].to_list()
        [7]
    """

    kind: FrameKind
    integers: frozenset[str]
    """Columns of ids that were integers in the data."""

    def of(self, frame: pl.DataFrame, users: Iterable[Any] | None = None) -> Any:
        """Return a result of the recommender in this format.

        Args:
            frame: The result; its ids are text.
            users: Users of the request, whose type their ids get; None: that of the data.
        """
        integers = self.integers
        if users is not None:
            integers = integers - {"user_id"} | ({"user_id"} if _all_integers(users) else set())
        frame = frame.with_columns(
            _as_integers(frame[name])
            for name in ID_COLUMNS
            if name in integers & set(frame.columns)
        )
        return frame if self.kind == "polars" else _to_pandas(frame)


def _all_integers(values: Iterable[Any]) -> bool:
    given = list(values)
    return bool(given) and all(
        isinstance(value, Integral) and not isinstance(value, bool) for value in given
    )


def _as_integers(ids: pl.Series) -> pl.Series:
    """Return ids as integers, unless one of them is none, such as that of a later item."""
    numbers = ids.cast(pl.Int64, strict=False)
    return ids if numbers.null_count() > ids.null_count() else numbers


def _to_pandas(frame: pl.DataFrame) -> Any:
    try:
        return frame.to_pandas()
    except ImportError as error:
        raise MissingExtraError("output='pandas'", "'daybreak[pandas]'") from error


def integer_columns(data: Any, items: Any = None, users: Any = None) -> frozenset[str]:
    """Return the id columns that are integers in all data that have them.

    Args:
        data: Events as given to ``fit``.
        items: Catalogue as given to ``fit``.
        users: Profiles as given to ``fit``.

    Example:
        >>> sorted(integer_columns({"user_id": ["ann"], "item_id": [7]}, [{"item_id": 8}]))
        ['item_id']
    """
    if isinstance(data, Tables | ImportResult):
        return frozenset()
    given: Mapping[TableRole, Any] = {"events": data, "items": items, "users": users}
    kinds: dict[str, set[bool]] = {name: set() for name in ID_COLUMNS}
    for role, table in given.items():
        if table is not None:
            for name, is_integer in _id_types(table, role).items():
                kinds[name].add(is_integer)
    return frozenset(name for name, found in kinds.items() if found == {True})


def _id_types(data: Any, role: TableRole) -> dict[str, bool]:
    """Return for each id column of a table whether it has integers; text files have none."""
    schema = _schema(data)
    try:
        mapping = match_columns(list(schema), role)
    except DataError:
        return {}
    sources = {name: mapping.source_of(name) for name in ID_COLUMNS}
    return {
        name: schema[source].is_integer()
        for name, source in sources.items()
        if source is not None
    }


def _schema(data: Any) -> Mapping[str, pl.DataType]:
    if isinstance(data, str | Path):
        try:
            return pl.read_parquet_schema(data)
        except (OSError, pl.exceptions.PolarsError):
            return {}  # a text file, whose ids are text
    if isinstance(data, pl.DataFrame | pl.LazyFrame):
        return data.collect_schema()
    return to_polars(_head(data), "data")[0].schema


def _head(data: Any) -> Any:
    """Return the first rows of data in memory."""
    if isinstance(data, Mapping):
        return {
            name: values[:MAX_SAMPLED_ROWS] if hasattr(values, "__getitem__") else values
            for name, values in data.items()
        }
    if isinstance(data, list | tuple):
        return data[:MAX_SAMPLED_ROWS]
    head = getattr(data, "head", None)
    return head(MAX_SAMPLED_ROWS) if callable(head) else data
