"""Base class of objects that are closed at the end of a ``with`` block."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class ClosesOnExit(ABC):
    """An object with ``close``, which is called at the end of a ``with`` block.

    Example:
        >>> class Connection(ClosesOnExit):
        ...     def close(self) -> None:
        ...         print("closed")
        >>> with Connection():
        ...     print("open")
        open
        closed
    """

    @abstractmethod
    def close(self) -> None:
        """Release all resources."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
