"""JSON to frozen values, by the types of their fields."""

import dataclasses
import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class ShapeError(ValueError):
    """The JSON does not fit; the message says where."""


def decode(kind: type[T], value: Any, *, at: str = "answer") -> T:
    """Build a value of a dataclass; keys that it does not know are left out.

    Newer services may say more than this client knows, so only what is missing is an error.

    Args:
        kind: A dataclass of plain values, tuples of them, mappings and dataclasses.
        value: As ``json.loads`` returns it.
        at: What the value is called in errors.

    Raises:
        ShapeError: A field without a default is missing, or of another kind.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Pair:
        ...     names: tuple[str, ...]
        ...     score: float | None = None
        >>> decode(Pair, {"names": ["a", "b"], "score": 1, "new": True})
        Pair(names=('a', 'b'), score=1.0)
    """
    if not isinstance(value, Mapping):
        raise ShapeError(f"{at} must be an object, got {_shorten(value)}")
    found: dict[str, Any] = {}
    target: Any = kind
    for name, hint, required in _fields(target):
        if name in value:
            found[name] = _value(hint, value[name], f"{at}.{name}")
        elif required:
            raise ShapeError(f"{at} has no {name!r}")
    return kind(**found)


@lru_cache(maxsize=64)
def _fields(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(kind)
    missing = dataclasses.MISSING
    return tuple(
        (f.name, hints[f.name], f.default is missing and f.default_factory is missing)
        for f in dataclasses.fields(kind)
    )


def _value(hint: Any, value: Any, at: str) -> Any:
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        if value is None:
            return None
        return _value(next(a for a in get_args(hint) if a is not type(None)), value, at)
    if origin is tuple:
        return _tuple(get_args(hint)[0], value, at)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return decode(hint, value, at=at)
    if origin is Mapping and isinstance(value, Mapping):
        inner = get_args(hint)[1]
        return {name: _value(inner, one, f"{at}.{name}") for name, one in value.items()}
    return _check_plain(origin or hint, value, at)


def _tuple(inner: Any, value: Any, at: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ShapeError(f"{at} must be a list, got {_shorten(value)}")
    return tuple(_value(inner, one, f"{at}[{i}]") for i, one in enumerate(value))


_TYPE_NAMES = {str: "text", bool: "true or false", float: "a number", int: "a whole number"}


def _check_plain(kind: Any, value: Any, at: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in _TYPE_NAMES:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ShapeError(f"{at} must be {_TYPE_NAMES[kind]}, got {_shorten(value)}")
    elif kind is Mapping and not isinstance(value, Mapping):
        raise ShapeError(f"{at} must be an object, got {_shorten(value)}")
    return value


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
