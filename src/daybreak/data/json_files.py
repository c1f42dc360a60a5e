"""Reading JSON files that may be damaged: their size and their depth are bounded."""

import json
from pathlib import Path
from typing import Any

from daybreak.errors import DataError

MAX_JSON_FILE_BYTES = 1 << 29
"""Largest JSON file that is read [bytes]; the ids of 5,000,000 items fit."""
MAX_JSON_FILE_DEPTH = 64
"""Largest depth of a JSON file [levels]."""


def read_json(
    path: Path, *, max_bytes: int = MAX_JSON_FILE_BYTES, max_depth: int = MAX_JSON_FILE_DEPTH
) -> Any:
    """Return the value of a JSON file.

    Args:
        path: The file.
        max_bytes: Largest size of the file [bytes].
        max_depth: Largest number of lists and objects that contain each other.

    Raises:
        DataError: The file is missing, too large, too deep, or not JSON in UTF-8.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise DataError(
                f"{path} is damaged: {size:,} bytes, at most {max_bytes:,} are read"
            )
        text = path.read_text(encoding="utf-8")
        value = json.loads(text)
    except RecursionError as error:
        raise _too_deep(path, max_depth) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}") from error
    n_opened = text.count("[") + text.count("{")
    if n_opened > max_depth and _is_deeper(value, max_depth):
        raise _too_deep(path, max_depth)
    return value


def _is_deeper(value: Any, max_depth: int) -> bool:
    """Return whether a value is nested deeper than a limit.

    Example:
        >>> _is_deeper([[1], {"a": 2}], 2), _is_deeper([[1], {"a": 2}], 1)
        (False, True)
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(max_depth):
        level = [part for whole in level for part in _containers_in(whole)]
        if not level:
            return False
    return bool(level)


def _containers_in(whole: Any) -> list[Any]:
    parts = whole.values() if isinstance(whole, dict) else whole
    return [part for part in parts if isinstance(part, dict | list)]


def _too_deep(path: Path, max_depth: int) -> DataError:
    return DataError(f"{path} is damaged: it is nested deeper than {max_depth} levels")
