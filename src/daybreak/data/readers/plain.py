"""Split text without quotes: a record is a line; passes over its bytes find the bad ones."""

import io

import numpy as np
import polars as pl

from daybreak.data.readers.layout import RAGGED, Layout, Split, ragged
from daybreak.types import Mask


def split_plain(data: bytes, line: int, layout: Layout) -> Split:
    """Split UTF-8 bytes of whole lines whose first has the number ``line``."""
    if not data.endswith(b"\n"):
        data += b"\n"
    codes = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    marks = np.searchsorted(np.flatnonzero(codes == ord(layout.separator)), ends)
    good = np.diff(marks, prepend=0) + 1 == len(layout.names)
    blank = np.diff(ends, prepend=-1) == 1
    good &= ~blank
    bad: list[tuple[int, str, str]] = []
    if not good.all():
        data, bad = _set_aside(data, good, blank, layout)
    frame = _parse(data, layout)
    rows = np.flatnonzero(good)
    if frame.height != len(rows):
        raise AssertionError(f"{frame.height} records from {len(rows)} lines")
    bad = [(line + at, reason, text) for at, reason, text in bad]
    return Split(frame, rows + line, bad, int(blank.sum()))


def _set_aside(
    data: bytes, good: Mask, blank: Mask, layout: Layout
) -> tuple[bytes, list[tuple[int, str, str]]]:
    """Take out lines with a wrong number of fields (``good`` is updated).

    Fields too many are cut off when they are empty.
    """
    lines = data.split(b"\n")
    bad: list[tuple[int, str, str]] = []
    separator, width = layout.separator.encode(), len(layout.names)
    for at in np.flatnonzero(~good & ~blank).tolist():
        fields = lines[at].split(separator)
        if len(fields) > width and not any(fields[width:]):
            lines[at] = separator.join(fields[:width])
            good[at] = True
        else:
            text = lines[at][:200].decode("utf-8", "replace")
            bad.append((at, RAGGED, ragged(len(fields), layout, text)))
    return b"".join(lines[at] + b"\n" for at in np.flatnonzero(good).tolist()), bad


def _parse(data: bytes, layout: Layout) -> pl.DataFrame:
    schema = dict.fromkeys(layout.names, pl.String)
    if not data.strip(b"\n"):
        return pl.DataFrame(schema=schema)
    return pl.read_csv(
        io.BytesIO(data),
        has_header=False,
        schema=schema,
        separator=layout.separator,
        quote_char=None,
        infer_schema=False,
    )
