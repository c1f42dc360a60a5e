"""One request as a value: what to send, whether twice is once, how to read the answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx

from daybreak.client.decoding import ShapeError
from daybreak.client.errors import UnexpectedError, error_of, problem_of
from daybreak.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True)
class ApiCall(Generic[T]):
    """One request, not sent yet."""

    method: str
    path: str
    decode: Callable[[Any], T]
    """From the JSON of the answer to the result."""
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    repeatable: bool = True
    """Whether doing it twice is the same as doing it once."""

    def content(self) -> bytes | None:
        """Return the body as JSON.

        Raises:
            ConfigError: A value has no place in JSON.
        """
        if self.body is None:
            return None
        try:
            return json.dumps(self.body, default=_to_plain, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ConfigError(f"cannot be sent as JSON: {error}") from error

    def query(self) -> dict[str, Any]:
        """Return the parameters that were given, as they are written in an address.

        A list is written as one parameter for each of its values.
        """
        given = {name: value for name, value in self.params.items() if value is not None}
        return {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in given.items()
        }

    def parse_response(self, response: httpx.Response) -> T:
        """Read an answer.

        Raises:
            AnsweredError: It is not a success, or not what a Daybreak service answers.
        """
        if not response.is_success:
            raise error_of(response)
        try:
            return self.decode(json.loads(response.content) if response.content else None)
        except (ShapeError, ValueError, RecursionError) as error:
            message = f"{self.method} {self.path}: the answer is not as expected: {error}"
            raise UnexpectedError(message, problem_of(response)) from error


def path_of(*parts: str) -> str:
    """Return a path; every part may hold any characters, also slashes.

    Example:
        >>> path_of("items", "a/b c", "similar"), path_of("items", "..")
        ('/items/a%2Fb%20c/similar', '/items/%2E%2E')
    """
    return "".join(f"/{_escape(part)}" for part in parts)


def _escape(part: str) -> str:
    if not isinstance(part, str) or not part:
        raise ConfigError(f"an id must be text that is not empty, got {part!r}")
    if not part.strip("."):
        return "%2E" * len(part)  # else "." and ".." would lead to another path
    try:
        return quote(part, safe="")
    except UnicodeEncodeError as error:
        raise ConfigError(f"an id must be valid Unicode, got {part!r}") from error


def _to_plain(value: Any) -> Any:
    """Return what JSON can hold for times and for numbers of numpy and others."""
    if isinstance(value, date):
        return value.isoformat()
    item = getattr(value, "item", None)
    if callable(item):
        return item()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{value!r} is neither text, a number, a time, a list nor an object")
