"""Several files of events as one table: ``views.csv`` beside ``purchases.csv``, or one a month.

Each file is read with its own columns. Where the name of a file says what happened and its
rows do not, the name is their type. Start at :class:`EventFiles`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from daybreak.data.columns import RATING_TYPE, to_snake_case
from daybreak.data.event_flags import flag_kind
from daybreak.data.event_names import event_name_kind
from daybreak.data.readers.source import LoadedFrame, OpenedTable, RawTable
from daybreak.data.rejects import Rejects
from daybreak.data.tables import EVENT_COLUMNS

_SUFFIXES = re.compile(r"(?:\.\w{1,8}){1,2}$")
_PAIR = ("user_id", "item_id")
_FILE = "\0file"


@dataclass
class EventFiles:
    """Files of events, which are read one by one; the first one shows its columns.

    Example:
        >>> files = [LoadedFrame(name, pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))
        ...     for name in ("views.csv", "purchases.csv")]
        >>> EventFiles(files).file
        'views.csv, purchases.csv'
    """

    parts: Sequence[OpenedTable]
    file: str = ""
    """Names of the files."""
    rejects: Rejects = field(default_factory=Rejects)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Name the files."""
        self.file = ", ".join(part.file for part in self.parts)

    @property
    def sample_columns(self) -> tuple[str, ...]:
        """Names of the columns of the first file that are read already."""
        return self.parts[0].sample_columns

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of the first file."""
        return self.parts[0].columns

    def sample(self, wanted: Sequence[str]) -> pl.DataFrame:
        """Return the first rows of the first file."""
        return self.parts[0].sample(wanted)

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Read the first file; all of them are read by :func:`join_event_files`."""
        return self.parts[0].read(wanted, rejects)


@dataclass(frozen=True)
class ReadEvents:
    """The events of one file, with their usual columns."""

    file: str
    frame: pl.DataFrame
    event_ids: pl.Series | None = None


def join_event_files(parts: Sequence[ReadEvents]) -> LoadedFrame:
    """Return the events of several files as one table.

    Opinions without a number on items that the same user has rated in another file, such as the
    texts of reviews beside their ratings, are no further events.

    Args:
        parts: The files.

    Example:
        >>> log = pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]})
        >>> rows = log.with_columns(pl.lit(None, kind).alias(name)
        ...     for name, kind in EVENT_COLUMNS.items() if name not in log.columns)
        >>> files = [ReadEvents(f"{name}.csv", rows) for name in ("views", "orders")]
        >>> join_event_files(files).frame["event_type"].to_list()
        ['views', 'orders']
    """
    is_rating = pl.col("event_type") == RATING_TYPE
    rated = pl.concat([p.frame.filter(is_rating).select(*_PAIR, "value") for p in parts])
    frames, notes = [], []
    for part in parts:
        frame = part.frame
        if part.event_ids is not None:
            frame = frame.with_columns(part.event_ids.cast(pl.String).alias("event_id"))
        if rated.height and not frame.select(is_rating.any()).item():
            fresh = frame.join(rated.unique(_PAIR), on=_PAIR, how="anti")
            if n := frame.height - fresh.height:
                notes.append(
                    f"{part.file}: {n:,} of {frame.height:,} events are on items that the user "
                    "has rated in another file; they are left out"
                )
            frame = fresh
        frames.append(_typed_by_name(frame, part.file))
    file = ", ".join(part.file for part in parts)
    rows = pl.concat(
        [one.with_columns(**{_FILE: pl.lit(n)}) for n, one in enumerate(frames)], how="diagonal"
    )
    first = pl.col(_FILE).min().over(*EVENT_COLUMNS)
    is_again = (pl.col(_FILE) > first) & pl.col("timestamp").is_not_null()
    again = rows.select(is_again).to_series()
    if again.any():
        notes.append(
            f"{file}: {again.sum():,} events are in an earlier file, too, and count once"
        )
    return LoadedFrame(file, rows.filter(~again).drop(_FILE), notes)


def name_of_events(file: str) -> str | None:
    """Return the type of events that the name of a file says; None: it says none.

    Example:
        >>> [name_of_events(name) for name in ("views.csv", "Likes_2026.csv.gz", "export.csv")]
        ['views', 'likes', None]
    """
    stem = re.sub(r"[\W\d_]+", "_", to_snake_case(_SUFFIXES.sub("", file))).strip("_")
    stem = re.sub(r"_(?:export|log|data|history|all|final|list)s?$", "", stem)
    says = event_name_kind(stem) != "other" or flag_kind(stem) is not None
    return stem if says else None


def _typed_by_name(events: pl.DataFrame, file: str) -> pl.DataFrame:
    name = name_of_events(file)
    if name is None or events["event_type"].count():
        return events
    return events.with_columns(pl.lit(name, pl.String).alias("event_type"))


def has_same_columns(parts: Sequence[OpenedTable]) -> bool:
    """Return whether tables have the same columns, as one file a month has."""
    first = set(parts[0].sample_columns)
    return all(set(part.sample_columns) == first for part in parts)
