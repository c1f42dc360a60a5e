"""Readers: any kind of input as one frame of raw columns with row numbers."""

from daybreak.data.readers.opening import open_source
from daybreak.data.readers.raw import Raw, Source

__all__ = ["Raw", "Source", "open_source"]
