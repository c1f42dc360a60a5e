"""The columns ``image`` and ``audio`` of items: values become media that are kept.

Each value is a path, a web address, a data URI or bytes. A value that is refused is told
with its row, and the row is loaded without it. A column none of whose values is a picture, such
as one of web addresses that are not fetched, stays as it is.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from daybreak.data.columns import ColumnMapping, match_columns
from daybreak.data.media.files import (
    WEB_ADDRESS_PATTERN,
    decode_data_uri,
    is_web_address,
    read_confined_file,
)
from daybreak.data.media.pictures import KeptPicture, keep_picture
from daybreak.data.media.refusals import MediaRefusal, RefusedMediaError
from daybreak.data.media.sounds import keep_sound, read_kept_sound
from daybreak.data.media.web import fetch_media, url_policy
from daybreak.data.readers.source import RawTable, number_rows
from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import MissingExtraError

MEDIA_COLUMNS = {"image": "picture", "audio": "sound"}
"""Columns of items with media, and what one value is."""
MAX_WORKERS = 4
"""Files of an import that are decoded at the same time."""
_KEEPERS: dict[str, Callable[[bytes], str]] = {"picture": keep_picture, "sound": keep_sound}
_NO_MEDIA = frozenset(
    {MediaRefusal.NOT_FOUND, MediaRefusal.URL_NOT_ALLOWED, MediaRefusal.OUTSIDE_FOLDER}
)
"""Refusals of values that may be no media at all."""


@dataclass(frozen=True)
class MediaTable:
    """A table whose media are read, and notes about them."""

    raw: RawTable
    notes: tuple[str, ...] = ()


def read_media_columns(
    raw: RawTable, mapping: ColumnMapping, rejects: Rejects, folder: Path
) -> MediaTable:
    """Replace values of ``image`` and ``audio`` of items by the media that are kept.

    Args:
        raw: Columns as they came.
        mapping: Columns of the table that they are read as.
        rejects: Refused values are added here; their rows stay.
        folder: Folder that the paths are relative to, and must not leave.
    """
    notes: list[str] = []
    for target, kind in MEDIA_COLUMNS.items():
        source = mapping.source_of(target) if mapping.role == "items" else None
        if source is None or raw.frame[source].dtype.is_numeric():
            continue
        column = _MediaColumn(raw, source, kind, folder)
        raw, note = column.read(rejects)
        notes += [f"{raw.file}: {source}: {note}"] if note else []
    return MediaTable(raw, tuple(notes))


def read_frame_media(frame: pl.DataFrame) -> tuple[pl.DataFrame, Rejects]:
    """Return items whose media are read; see :func:`read_media_columns`.

    Args:
        frame: Items with the columns ``image`` or ``audio``; paths are relative to the working
            folder.
    """
    rejects = Rejects()
    if not MEDIA_COLUMNS.keys() & set(frame.columns):
        return frame, rejects
    mapping = match_columns(frame.columns, "items")
    raw = RawTable("items", frame, number_rows(frame))
    return read_media_columns(raw, mapping, rejects, Path()).raw.frame, rejects


def keep_media(data: bytes, kind: str) -> str:
    """Return a picture or a sound in the form in which items keep it.

    Args:
        data: Bytes of a file; they are not trusted.
        kind: ``picture`` or ``sound``.

    Raises:
        RefusedMediaError: The file is not used.
        MissingExtraError: The package that decodes it is not installed.
    """
    return _KEEPERS[kind](data)


def keep_media_text(value: str, kind: str) -> str:
    """Return a picture or a sound in a text in the form in which items keep it.

    Args:
        value: Data URI, base64, or a sound that was kept before.
        kind: ``picture`` or ``sound``.

    Raises:
        RefusedMediaError: The text holds nothing that is used.
        MissingExtraError: The package that decodes it is not installed.
    """
    if kind == "sound" and read_kept_sound(value) is not None:
        return value
    return keep_media(decode_data_uri(value, kind), kind)


def decode_picture(value: str) -> KeptPicture:
    """Return the picture of a data URI or of base64, checked; no file is read.

    Args:
        value: ``data:image/jpeg;base64,…``, or base64 alone.

    Raises:
        RefusedMediaError: The picture is not used.
        MissingExtraError: Pillow is not installed.
    """
    return keep_picture(decode_data_uri(value, "picture"))


def read_picture(value: bytes | str | Path) -> KeptPicture:
    """Return a picture of a caller, checked.

    Args:
        value: Bytes of a file, the path of a file, or a data URI.

    Raises:
        RefusedMediaError: The file is not used.
        MissingExtraError: Pillow is not installed.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return keep_picture(bytes(value))
    if isinstance(value, str) and value.startswith("data:"):
        return decode_picture(value)
    path = Path(value)
    return keep_picture(read_confined_file(path.name, path.parent, "picture"))


@dataclass(frozen=True)
class _MediaColumn:
    """One column of media."""

    raw: RawTable
    source: str
    kind: str
    folder: Path

    def read(self, rejects: Rejects) -> tuple[RawTable, str]:
        """Return the table with the media that are kept, and a note."""
        policy = url_policy()
        if policy == "none" and (n_addresses := self._count_addresses()):
            told = [MediaRefusal.URL_NOT_ALLOWED] * n_addresses
            return self.raw, self._describe_unused(told)
        values = [_first_value(value) for value in self.raw.frame[self.source].to_list()]
        try:
            results = self._keep_all(values, policy)
        except MissingExtraError as error:
            return self.raw, f"{len(values):,} values are not read: {error}"
        refused = [one if isinstance(one, RefusedMediaError) else None for one in results]
        kept = [one if isinstance(one, str) else None for one in results]
        told = [one.refusal for one in refused if one is not None]
        if not any(kept) and _NO_MEDIA.issuperset(told):
            return self.raw, self._describe_unused(told)
        for refusal in dict.fromkeys(told):
            self._report(refusal, refused, rejects)
        column = pl.Series(self.source, kept, dtype=pl.String)
        note = f"{sum(map(bool, kept)):,} {self.kind}s are read"
        note += f", {len(told):,} are refused" if told else ""
        return replace(self.raw, frame=self.raw.frame.with_columns(column)), note

    def _count_addresses(self) -> int:
        """Return the number of web addresses in a column of nothing else, otherwise 0."""
        column = self.raw.frame[self.source]
        if column.dtype != pl.String:
            return 0
        given = column.filter(column != "")
        return len(given) if given.str.contains(WEB_ADDRESS_PATTERN).all() else 0

    def _keep_all(
        self, values: Sequence[Any], policy: str
    ) -> list[str | RefusedMediaError | None]:
        def keep(value: Any) -> str | RefusedMediaError | None:
            if value is None or value in ("", b""):
                return None
            try:
                if isinstance(value, str) and value.startswith("data:"):
                    return keep_media_text(value, self.kind)
                return keep_media(self._read_bytes(value, policy), self.kind)
            except RefusedMediaError as error:
                return error

        with ThreadPoolExecutor(MAX_WORKERS, "daybreak-media") as pool:
            return list(pool.map(keep, values))

    def _read_bytes(self, value: Any, policy: str) -> bytes:
        if isinstance(value, bytes):
            return value
        text = str(value)
        if is_web_address(text):
            return fetch_media(text, self.kind, policy)
        return read_confined_file(text, self.folder, self.kind)

    def _describe_unused(self, told: Sequence[MediaRefusal]) -> str:
        if not told:
            return ""
        if MediaRefusal.URL_NOT_ALLOWED in told:
            return (
                f"{len(told):,} web addresses are not fetched, and the column is no content; "
                "the setting media_urls allows it"
            )
        return f"none of the {len(told):,} values is a {self.kind}; the column stays as it is"

    def _report(
        self,
        refusal: MediaRefusal,
        refused: Sequence[RefusedMediaError | None],
        rejects: Rejects,
    ) -> None:
        is_bad = pl.Series(
            [one is not None and one.refusal == refusal for one in refused], dtype=pl.Boolean
        )
        reason = str(RefusedMediaError(self.kind, refusal))
        template = Reject(self.raw.file, 0, reason, self.source, row_kept=True)
        self.raw.report(rejects, is_bad, template)


def _first_value(value: Any) -> Any:
    """Return the first of several values, else the value."""
    if isinstance(value, list | tuple | pl.Series):
        return next((one for one in value if one), None)
    return value
