"""Checks of arrays that were read from a disk, before compiled code relies on them."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.errors import DataError
from daybreak.types import Sparse


def is_finite(array: "np.ndarray[Any, Any]") -> bool:
    """Return whether an array has no infinite numbers and no NaN.

    Example:
        >>> is_finite(np.array([1.0, np.nan])), is_finite(np.array([1, 2]))
        (False, True)
    """
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def check_finite(name: str, array: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return an array without infinite numbers and NaN.

    Raises:
        DataError: The array contains such a number.
    """
    if not is_finite(array):
        raise DataError(f"{name} contains a number that is not finite")
    return array


def build_csr(
    name: str,
    parts: "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]",
    shape: Any,
) -> Sparse:
    """Return a matrix of parts that were read from a disk.

    Products of sparse matrices do not check indices: one that is out of bounds ends the
    process.

    Args:
        name: Name of the matrix, for messages.
        parts: (n_stored,) values, (n_stored,) column of each value, and (n_rows + 1,)
            position of the first value of each row.
        shape: Numbers of rows and columns.

    Raises:
        DataError: The parts are not those of a matrix of this shape.

    Example:
        >>> ones, rows = np.ones(2, np.float32), np.array([0, 1, 2], np.int32)
        >>> build_csr("w", (ones, np.array([0, 5], np.int32), rows), [2, 3])
        Traceback (most recent call last):
        daybreak.errors.DataError: w has a column outside of its 3 columns
    """
    if not (
        isinstance(shape, list | tuple)
        and len(shape) == 2
        and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape)
    ):
        raise DataError(f"{name} has no valid shape: {shape!r:.100}")
    n_rows, n_columns = shape
    data, indices, indptr = parts
    _check_parts(name, data, indices, indptr)
    if len(indptr) != n_rows + 1 or len(data) != len(indices):
        raise DataError(f"{name} has parts whose lengths do not fit to each other")
    if int(indptr[0]) != 0 or int(indptr[-1]) != len(data) or (np.diff(indptr) < 0).any():
        raise DataError(f"{name} has rows that do not follow each other")
    if len(indices) and (int(indices.min()) < 0 or int(indices.max()) >= n_columns):
        raise DataError(f"{name} has a column outside of its {n_columns} columns")
    return sp.csr_array((data, indices, indptr), shape=(n_rows, n_columns))


def _check_parts(
    name: str,
    data: "np.ndarray[Any, Any]",
    indices: "np.ndarray[Any, Any]",
    indptr: "np.ndarray[Any, Any]",
) -> None:
    """Raise an error if the parts of a matrix have wrong types or values."""
    if any(part.ndim != 1 for part in (data, indices, indptr)):
        raise DataError(f"{name} has parts of more than one dimension")
    if indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
        raise DataError(f"{name} has positions that are not integers")
    check_finite(name, data)
