"""Readers: any supported input as one frame of raw columns with row numbers.

They import nothing but the column names and the rejects of ``daybreak.data``. Start reading in
``opening.py``, which chooses the reader, and ``source.py``, the contract of all readers.
"""

from daybreak.data.readers.delimited import DelimitedFile
from daybreak.data.readers.opening import open_table
from daybreak.data.readers.source import OpenedTable, RawTable

__all__ = ["DelimitedFile", "OpenedTable", "RawTable", "open_table"]
