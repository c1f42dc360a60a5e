"""Registry of classes by short name, for use in configurations."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from daybreak.errors import NotFoundError

T = TypeVar("T")


class Registry(Generic[T]):
    """Classes of one kind, by short name.

    Example:
        >>> shapes = Registry[object]("shape")
        >>> @shapes.register("square")
        ... class Square: ...
        >>> shapes["square"] is Square, list(shapes)
        (True, ['square'])
        >>> shapes["circle"]
        Traceback (most recent call last):
        daybreak.errors.NotFoundError: no shape named 'circle'; known: square
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._classes: dict[str, type[T]] = {}

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Return a class decorator that registers the class under ``name``."""

        def add(cls: type[T]) -> type[T]:
            if name in self._classes:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._classes[name] = cls
            return cls

        return add

    def registered(self) -> tuple[str, ...]:
        """Return the names in the order of registration."""
        return tuple(self._classes)

    def __getitem__(self, name: str) -> type[T]:
        if name not in self._classes:
            known = ", ".join(sorted(self._classes)) or "none"
            raise NotFoundError(f"no {self.kind} named {name!r}; known: {known}")
        return self._classes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        return len(self._classes)
