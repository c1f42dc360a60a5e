"""Arrays of a safetensors file; large ones can be mapped into memory instead of read.

Start with :func:`read_arrays`; :func:`take_rows` reads some rows of a mapped matrix.
"""

import json
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.types import Rows

MIN_MAPPED_BYTES = 1_000_000
"""Smallest array that is mapped; smaller ones are read [bytes]."""
MAX_HEADER_BYTES = 100_000_000
"""Largest header of a file; that of the format [bytes]."""
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "<u1",
    "BOOL": "?",
}

Array = np.ndarray[Any, Any]


class MappedFile(mmap.mmap):
    """A file that is mapped into memory, and open for reads of a part.

    A page of a mapping is often mapped with megabytes around it, so that a few rows of a matrix
    take as much memory as the whole. Reads of a part take only what they read.
    """

    descriptor: int

    @classmethod
    def of(cls, path: Path) -> "MappedFile":
        """Return a file with at least one byte.

        Raises:
            OSError: It cannot be opened.
            ValueError: It is empty.
        """
        descriptor = os.open(path, os.O_RDONLY)
        try:
            mapped = cls(descriptor, 0, access=mmap.ACCESS_COPY)
        except BaseException:
            os.close(descriptor)
            raise
        mapped.descriptor = descriptor
        return mapped

    def read_part(self, array: Array, position: int) -> None:
        """Fill an array with the bytes at a position.

        Raises:
            ValueError: The file ends before.
        """
        if os.preadv(self.descriptor, [array.data], position) != array.nbytes:
            raise ValueError("the file was cut while it was in use")

    def __del__(self) -> None:
        """Close the descriptor; the mapping closes itself."""
        if getattr(self, "descriptor", -1) >= 0:
            os.close(self.descriptor)


def read_arrays(
    path: Path, *, mapped: bool = False, maps_integers: bool = False
) -> dict[str, Array]:
    """Return the arrays of a safetensors file, by name.

    Args:
        path: The file.
        mapped: Whether large arrays of floats are mapped: their pages are read when they are
            used, the system can drop them again, and several processes share them. Nobody may
            change or cut the file meanwhile; renaming or deleting it is harmless. Arrays of
            integers are read: compiled code uses them as positions without a check.
        maps_integers: Whether large arrays of integers are mapped as well; only for files whose
            contents were compared with a checksum.

    Raises:
        ValueError: The file is not in the format.
        OSError: The file cannot be read.
    """
    if not mapped or not hasattr(os, "preadv"):
        from safetensors.numpy import load_file  # noqa: PLC0415 - only needed when loading

        return dict(load_file(str(path)))
    file = MappedFile.of(path)
    length = int.from_bytes(file[:8], "little")
    if len(file) < 8 or length > min(MAX_HEADER_BYTES, len(file) - 8):
        raise ValueError(f"{path.name} has no valid header")
    entries = json.loads(file[8 : 8 + length])
    entries.pop("__metadata__", None)
    kinds = "fi" if maps_integers else "f"
    return {name: _array(file, 8 + length, entry, kinds) for name, entry in entries.items()}


def take_rows(matrix: Array, rows: Rows) -> Array:
    """Return some rows of a matrix; only these are read if it is mapped.

    Args:
        matrix: (n_rows, n_columns) array, mapped or not.
        rows: Numbers of rows, from 0.

    Raises:
        ValueError: The file of the matrix was cut.
    """
    file = _file_of(matrix)
    if file is None or matrix.ndim != 2 or not matrix.flags.c_contiguous:
        return np.asarray(matrix[rows])
    start = matrix.__array_interface__["data"][0] - _address(file)
    taken = np.empty((len(rows), matrix.shape[1]), dtype=matrix.dtype)
    for row, target in zip(rows.tolist(), taken, strict=True):
        file.read_part(target, start + row * matrix.strides[0])
    return taken


def is_mapped(array: Array) -> bool:
    """Return whether an array is part of a file that is mapped into memory."""
    return _file_of(array) is not None


def drop_pages(matrix: Array | None) -> None:
    """Give back the memory of the pages of a mapped array; a later use reads them again."""
    file = None if matrix is None else _file_of(matrix)
    if file is not None and hasattr(mmap, "MADV_DONTNEED"):
        file.madvise(mmap.MADV_DONTNEED)


def _file_of(array: Array) -> MappedFile | None:
    """Return the file that an array is mapped from; None: it is in memory."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    owner = base.obj if isinstance(base, memoryview) else base
    return owner if isinstance(owner, MappedFile) else None


def _address(file: MappedFile) -> int:
    whole: Array = np.frombuffer(file, dtype=np.uint8)
    return int(whole.__array_interface__["data"][0])


def _array(file: MappedFile, start: int, entry: dict[str, Any], kinds: str) -> Array:
    """Return one array of a mapped file.

    Args:
        file: The file.
        start: Position of the data.
        entry: Description of the array in the header.
        kinds: Kinds of numbers that are mapped.
    """
    dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"])
    first, last = (start + int(offset) for offset in entry["data_offsets"])
    count = int(np.prod(shape, dtype=np.int64))
    if not start <= first <= last <= len(file) or last - first != count * dtype.itemsize:
        raise ValueError(f"an array of shape {shape} does not fit to its part of the file")
    if dtype.kind in kinds and last - first >= MIN_MAPPED_BYTES:
        return np.frombuffer(file, dtype, count, first).reshape(shape)
    array: Array = np.empty(shape, dtype)
    if count:
        file.read_part(array.reshape(-1), first)
    return array
