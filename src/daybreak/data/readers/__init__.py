"""Readers: any kind of input as one frame of raw columns with row numbers."""

from daybreak.data.readers.opening import open_table
from daybreak.data.readers.source import OpenedTable, RawTable

__all__ = [
    "OpenedTable",
    "RawTable",
    "open_table",
]
