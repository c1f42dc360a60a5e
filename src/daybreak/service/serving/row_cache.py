"""In-memory cache of the stored attributes of items or users, by id."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from daybreak.data.casts import join_lists
from daybreak.data.wide_rows import fold_rare_attributes, limit_columns, unfold_attributes
from daybreak.service.ingest.rows import frame_from_rows
from daybreak.service.serving.row_search import RowSearch

MAX_CACHED_ROWS = 20_000
"""Largest number of rows of the frame that are cached as dictionaries."""
MAX_UNMERGED_ROWS = 2_000
"""Largest number of changed rows that are kept outside the frame."""
SEARCHED_COLUMNS = ("title", "name")
"""Columns that a search reads besides the id."""
PLACEHOLDER_COLUMN = "\0"
"""Column that keeps rows without attributes; no attribute has this name."""

Row = dict[str, Any]


class RowCache:
    """Rows of one table: a compact frame, and the latest rows as dictionaries.

    One thread may change it while others read it.

    Args:
        key: ``item_id`` or ``user_id``.
        frame: Frame with one row per id.
        max_unmerged: Largest number of changed rows that are kept outside the frame.

    Example:
        >>> cache = RowCache("item_id", pl.DataFrame({"item_id": ["tea"], "price": [3]}))
        >>> cache.put(pl.DataFrame({"item_id": ["cup"], "size": ["big"]}))
        >>> cache.get("tea"), cache.get("cup"), cache.get("pot")
        ({'price': 3}, {'size': 'big'}, None)
        >>> cache.page(-1, 1)
        ([('tea', {'price': 3})], 0)
    """

    def __init__(
        self, key: str, frame: pl.DataFrame, *, max_unmerged: int = MAX_UNMERGED_ROWS
    ) -> None:
        self._max_unmerged = max_unmerged
        self.key = key
        self._ids: list[str | None] = []
        """Ids by number, in the order in which they were added; None: removed."""
        self._numbers: dict[str, int] = {}
        rows = {self._number_of(id_): row for row, id_ in enumerate(frame[key].to_list())}
        self._base = (frame.drop(key), rows)
        """The frame, and number to its row; replaced together, by one assignment."""
        self._unmerged: dict[int, Row] = {}
        self._row_objects: dict[int, Row] = {}
        self._search = RowSearch()

    def get(self, id_: str) -> Row | None:
        """Return the attributes of an id that have a value; None if the id is unknown.

        The result is shared and must not be changed.
        """
        number = self._numbers.get(id_)
        return None if number is None else self._row_at(number)

    def changed_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that are new or differ from the stored ones."""
        differs = [self.get(id_) != row for id_, row in self._rows_of(frame)]
        return frame if all(differs) else frame.filter(pl.Series(differs, dtype=pl.Boolean))

    def put(self, frame: pl.DataFrame) -> None:
        """Add rows, or replace them."""
        for id_, row in self._rows_of(frame):
            self._unmerged[self._number_of(id_)] = row
        if len(self._unmerged) > self._max_unmerged:
            self._merge_rows()
        self._search.clear()

    def remove(self, ids: Iterable[str]) -> None:
        """Remove ids with their attributes."""
        removed = [
            number for id_ in ids if (number := self._numbers.pop(id_, None)) is not None
        ]
        for number in removed:
            self._ids[number] = None
            self._unmerged.pop(number, None)
        base, row_of_number = self._base
        rows = [
            row for number in removed if (row := row_of_number.pop(number, None)) is not None
        ]
        if removed:  # no removed value stays in memory
            self._row_objects = {}
        if rows:
            keep = ~pl.int_range(base.height, eager=True).is_in(rows)
            columns = [pl.when(keep).then(pl.col(name)).alias(name) for name in base.columns]
            self._base = (base.select(columns), row_of_number)
        self._search.clear()

    def page(self, after: int, n: int) -> tuple[list[tuple[str, Row]], int | None]:
        """Return up to ``n`` rows after a number, and the number to continue after."""
        page_rows: list[tuple[str, Row]] = []
        number = after
        while len(page_rows) < n and number + 1 < len(self._ids):
            number += 1
            id_ = self._ids[number]
            if id_ is not None:
                page_rows.append((id_, self._row_at(number)))
        return page_rows, number if number + 1 < len(self._ids) else None

    def search(self, text: str, after: int, n: int) -> tuple[list[tuple[str, Row]], int | None]:
        """Return rows whose id or title has all words of a text, the closest first.

        Args:
            text: Words, or beginnings and parts of words.
            after: Position of the last row of the previous page; -1: the first page.
            n: Largest number of rows.

        Returns:
            Rows, and the position to continue after.
        """
        numbers = self._search.find(text, self._searched_texts)[after + 1 :]
        rows = [
            (id_, self._row_at(number)) for number in numbers[:n] if (id_ := self._ids[number])
        ]
        return rows, after + n if len(numbers) > n else None

    def columns(self) -> Mapping[str, pl.DataType]:
        """Return the columns of the frame with their types."""
        return self._base[0].schema

    def ids(self) -> list[str]:
        """Return all ids, in the order in which they were added."""
        return [id_ for id_ in self._ids if id_ is not None]

    def __contains__(self, id_: object) -> bool:
        return id_ in self._numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def _rows_of(self, frame: pl.DataFrame) -> Iterator[tuple[str, Row]]:
        """Yield the ids of a frame with their attributes that have a value."""
        names = [name for name in frame.columns if name != self.key]
        columns = [frame[name].to_list() for name in (self.key, *names)]
        for id_, *values in zip(*columns, strict=True):
            yield (
                id_,
                unfold_attributes(
                    {n: v for n, v in zip(names, values, strict=True) if v is not None}
                ),
            )

    def _searched_texts(self) -> tuple[list[int], list[str]]:
        """Return the numbers of all rows with their ids and titles."""
        base, row_of_number = self._base
        names = [name for name in SEARCHED_COLUMNS if name in base.columns]
        columns = [
            join_lists(pl.col(n)) if base.schema[n].is_nested() else pl.col(n).cast(pl.String)
            for n in names
        ]
        titles = (
            ["\n".join(filter(None, row)) for row in base.select(columns).iter_rows()]
            if names
            else [""] * base.height
        )
        unmerged = dict(self._unmerged)
        numbers, texts = [], []
        for number, id_ in enumerate(list(self._ids)):
            if id_ is None:
                continue
            row = row_of_number.get(number)
            if number in unmerged:
                title = "\n".join(
                    str(unmerged[number].get(name) or "") for name in SEARCHED_COLUMNS
                )
            else:
                title = "" if row is None else titles[row]
            numbers.append(number)
            texts.append(f"{id_}\n{title}")
        return numbers, texts

    def _number_of(self, id_: str) -> int:
        number = self._numbers.get(id_)
        if number is None:
            number = len(self._ids)
            self._ids.append(id_)
            self._numbers[id_] = number
        return number

    def _row_at(self, number: int) -> Row:
        unmerged = self._unmerged.get(number)
        if unmerged is not None:
            return unmerged
        row_objects = self._row_objects  # this object: a concurrent change replaces it
        cached = row_objects.get(number)
        if cached is not None:
            return cached
        base, row_of_number = self._base
        row = row_of_number.get(number)
        if row is None or not base.width:
            return {}
        values = zip(base.columns, base.row(row), strict=True)
        attributes = unfold_attributes(
            {name: value for name, value in values if value is not None}
        )
        if len(row_objects) >= MAX_CACHED_ROWS:
            row_objects.clear()
        row_objects[number] = attributes
        return attributes

    def _merge_rows(self) -> None:
        """Merge the changed rows into the frame."""
        base, row_of_number = self._base
        unchanged = {
            number: row for number, row in row_of_number.items() if number not in self._unmerged
        }
        changed = frame_from_rows(
            [
                {PLACEHOLDER_COLUMN: None, **row}
                for row in fold_rare_attributes(list(self._unmerged.values()))
            ]
        )
        empty_rows = pl.DataFrame(
            {PLACEHOLDER_COLUMN: [None] * len(unchanged)}, {PLACEHOLDER_COLUMN: pl.String}
        )
        base_rows = base[list(unchanged.values())] if base.width else empty_rows
        merged = limit_columns(_concat_rows(base_rows, changed).drop(PLACEHOLDER_COLUMN))
        self._base = (
            merged,
            {number: row for row, number in enumerate([*unchanged, *self._unmerged])},
        )
        self._row_objects = {}
        self._unmerged = {}  # last, so that concurrent readers find every row


def _concat_rows(base: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """Return all rows; a column that is a list in one frame only becomes text."""
    mixed = [
        name
        for name in base.columns
        if name in changed.columns
        and base.schema[name].is_nested() != changed.schema[name].is_nested()
    ]
    frames = [_lists_as_text(frame, mixed) for frame in (base, changed)]
    return pl.concat(frames, how="diagonal_relaxed")


def _lists_as_text(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    return frame.with_columns(
        join_lists(pl.col(name))
        if frame.schema[name].is_nested()
        else pl.col(name).cast(pl.String)
        for name in names
    )
