"""Model states on disk: one JSON file and one safetensors file, no pickle."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import MISSING, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.array_checks import build_csr, check_finite, is_finite
from daybreak.data.json_files import read_json
from daybreak.data.mapped_arrays import read_arrays
from daybreak.data.sparse_rows import with_short_indices
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import DataError, NotFoundError

S = TypeVar("S")

MAY_BE_NAN = MappingProxyType({"nan": True})
"""Metadata of a field whose array contains NaN for unknown numbers."""
STATE_FORMAT_VERSION = 1
"""Version of the layout; it increases when an earlier reader would misread a file."""

_maps_arrays: ContextVar[bool] = ContextVar("maps_arrays", default=False)


@contextmanager
def mapped_arrays() -> Iterator[None]:
    """Let :func:`read_state` map large arrays into memory instead of reading them.

    Their numbers are not checked, which would read them. It is meant for files that were
    compared with their checksums: these contain what :func:`write_state` has written.
    """
    token = _maps_arrays.set(True)
    try:
        yield
    finally:
        _maps_arrays.reset(token)


def write_state(folder: Path, config: dict[str, Any], state: Any) -> None:
    """Write a frozen dataclass of arrays, sparse matrices, vocabularies and plain values.

    A field that is None by default and has no value is not written.
    """
    from safetensors.numpy import save_file  # noqa: PLC0415 - only needed when saving

    arrays: dict[str, np.ndarray[Any, Any]] = {}
    plain: dict[str, Any] = {}
    for field in fields(state):
        value = getattr(state, field.name)
        if type(value) is type(field.default) and value == field.default:
            continue  # an earlier version reads the state as well
        _write_field(field.name, value, arrays, plain)
    folder.mkdir(parents=True, exist_ok=True)
    header = {"format": STATE_FORMAT_VERSION, "config": config, "values": plain}
    (folder / "model.json").write_text(json.dumps(header, ensure_ascii=False), encoding="utf-8")
    save_file(arrays, str(folder / "state.safetensors"))


def read_state(folder: Path, kind: type[S]) -> tuple[dict[str, Any], S]:
    """Return the options and the state that :func:`write_state` wrote.

    A field that was not written gets its default.

    Raises:
        NotFoundError: The folder holds no saved state.
        DataError: The state is damaged, or in a format that this version cannot read.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - only needed when loading

    is_mapped = _maps_arrays.get()
    if not (folder / "model.json").exists():
        raise NotFoundError(f"no saved model in {folder}; expected model.json")
    try:
        header = read_json(folder / "model.json")
        found = header.get("format")
        arrays = (
            read_arrays(folder / "state.safetensors", mapped=is_mapped)
            if found == STATE_FORMAT_VERSION
            else {}
        )
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        OSError,
        SafetensorError,
    ) as error:
        raise DataError(
            f"the model in {folder} is damaged ({error}); save it again from the data"
        ) from error
    if found != STATE_FORMAT_VERSION:
        raise DataError(
            f"the model in {folder} has format {found!r}; this version reads "
            f"{STATE_FORMAT_VERSION}, so train it again"
        )
    try:
        names = [
            field.name
            for field in fields(kind)  # type: ignore[arg-type]
            if field.default is MISSING or field.name in header["values"]
        ]
        values = {name: _read_field(name, arrays, header["values"]) for name in names}
        for field in fields(kind):  # type: ignore[arg-type]
            if not is_mapped and field.name in values and not field.metadata.get("nan"):
                _check_declared(field.name, values[field.name], header["values"][field.name])
        return header["config"], kind(**values)
    except DataError as error:
        raise DataError(f"the model in {folder} is damaged: {error}") from error
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise DataError(f"the model in {folder} has no usable part {error}") from error


def _write_field(name: str, value: Any, arrays: dict[str, Any], plain: dict[str, Any]) -> None:
    if isinstance(value, Vocabulary):
        plain[name] = {"vocabulary": list(value.ids)}
    elif sp.issparse(value):
        matrix = sp.csr_array(value)
        plain[name] = {"csr": list(matrix.shape)}
        for part in ("data", "indices", "indptr"):
            arrays[f"{name}.{part}"] = np.ascontiguousarray(getattr(matrix, part))
    elif isinstance(value, np.ndarray):
        plain[name] = {"array": True}
        if not is_finite(value):
            plain[name]["finite"] = False
        arrays[name] = np.ascontiguousarray(value)
    else:
        plain[name] = {"value": value}


def _read_field(name: str, arrays: dict[str, Any], plain: dict[str, Any]) -> Any:
    entry = plain[name]
    if "vocabulary" in entry:
        return Vocabulary(entry["vocabulary"])
    if "csr" in entry:
        data, indices, indptr = (
            arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr")
        )
        return with_short_indices(build_csr(name, (data, indices, indptr), entry["csr"]))
    return arrays[name] if "array" in entry else entry["value"]


def _check_declared(name: str, value: Any, entry: dict[str, Any]) -> None:
    """Raise an error for a number that is not finite, unless there was one at the writing."""
    if "array" in entry and entry.get("finite", True):
        check_finite(name, value)
