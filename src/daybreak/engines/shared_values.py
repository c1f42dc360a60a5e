"""Values that many tasks need, such as a data set: each worker gets them once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import uuid4

T = TypeVar("T")

_VALUES: dict[str, Any] = {}
"""The values that this process knows, by key."""


@dataclass(frozen=True)
class SharedValue(Generic[T]):
    """A part of a task that stands for a value; see :meth:`.Engine.share`.

    Example:
        >>> with hold_value([1, 2]) as shared:
        ...     shared.get()
        [1, 2]
    """

    key: str = field(default_factory=lambda: uuid4().hex)

    def get(self) -> T:
        """Return the value, within a task or within the block that shares it."""
        return cast(T, _VALUES[self.key])


class HeldValues(NamedTuple):
    """What a worker is to hold."""

    keys: frozenset[str]
    """Keys of all values that are in use."""
    new: Mapping[str, Any]
    """Those of them that the worker does not have yet."""


@contextmanager
def hold_value(value: T, shared: SharedValue[T] | None = None) -> Iterator[SharedValue[T]]:
    """Let this process know a value inside the block.

    Args:
        value: The value.
        shared: What stands for it; default: a new one.
    """
    shared = SharedValue() if shared is None else shared
    _VALUES[shared.key] = value
    try:
        yield shared
    finally:
        _VALUES.pop(shared.key, None)


def hold_values(held: HeldValues) -> None:
    """Let a worker know the values in use, and forget all others.

    Args:
        held: Keys in use, and new values.
    """
    for key in _VALUES.keys() - held.keys:
        del _VALUES[key]
    _VALUES.update(held.new)


def hold_only(key: str, value: Any) -> None:
    """Let a worker know one value, and forget all others."""
    _VALUES.clear()
    _VALUES[key] = value


def knows_value(key: str) -> bool:
    """Return whether this process knows a value."""
    return key in _VALUES
