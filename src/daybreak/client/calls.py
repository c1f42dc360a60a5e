"""HTTP requests of the client as values, and how their responses are decoded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from daybreak.client.errors import UnexpectedError, error_of, problem_of
from daybreak.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True)
class ApiCall(Generic[T]):
    """One request that has not been sent yet.

    Example:
        >>> call = ApiCall("GET", "/popular", dict, {"k": 5, "where": None})
        >>> call.query()
        {'k': 5}
    """

    method: str
    path: str
    """Path below ``/api/v1``; see :func:`path_of`."""
    kind: type[T] | None
    """Type of the result; None: the body of the response is ignored."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """Query parameters; those that are None are left out."""
    body: Any = None
    """JSON body; None: no body."""
    repeatable: bool = True
    """Whether sending the request twice has the same effect as sending it once."""

    def content(self) -> bytes | None:
        """Return the JSON body, or None without one.

        Raises:
            ConfigError: A value cannot be written as JSON.
        """
        if self.body is None:
            return None
        try:
            return json.dumps(self.body, default=_to_plain, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ConfigError(f"cannot be sent as JSON: {error}") from error

    def query(self) -> dict[str, Any]:
        """Return the query parameters; a list becomes one parameter for each of its values."""
        params = without_none(**self.params)
        return {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in params.items()
        }

    def parse_response(self, response: httpx.Response) -> T:
        """Return the result that a response holds.

        Raises:
            ResponseError: The status is not a success, or the body has another form than the
                one that a Daybreak service of this version returns.
        """
        if not response.is_success:
            raise error_of(response)
        if self.kind is None:
            return None  # type: ignore[return-value]  # T is None for these calls
        kind: Any = self.kind
        try:
            result: T = _adapter(kind).validate_json(response.content or b"null", strict=True)
        except ValidationError as error:
            message = f"{self.method} {self.path}: unexpected response: "
            raise UnexpectedError(
                message + _first_fault(error), problem_of(response)
            ) from error
        return result


def path_of(*parts: str) -> str:
    """Return a path whose parts are percent-encoded; a part may hold any character.

    Raises:
        ConfigError: A part is empty, or not valid Unicode text.

    Example:
        >>> path_of("items", "a/b c", "similar"), path_of("items", "..")
        ('/items/a%2Fb%20c/similar', '/items/%2E%2E')
    """
    return "".join(f"/{_escape(part)}" for part in parts)


def without_none(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def chosen_fields(fields: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of the wanted fields as a field of a request; without names: none.

    Args:
        fields: Names; one text may hold several, separated by commas.
    """
    names = [fields] if isinstance(fields, str) else list(fields)
    return {"fields": names} if names else {}


def check_list(name: str, values: Any) -> list[str]:
    """Return values as a list.

    Raises:
        ConfigError: The values are a single string, which would be split into characters.
    """
    if isinstance(values, str):
        raise ConfigError(f"{name} must be a list of texts, got {values!r:.80}")
    return list(values)


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _first_fault(error: ValidationError) -> str:
    """Return path and reason of the first fault, for example ``answer.items.0.score: ...``."""
    fault = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(key) for key in ("answer", *fault["loc"]))
    return f"{path}: {fault['msg']}"


def _escape(part: str) -> str:
    if not isinstance(part, str) or not part:
        raise ConfigError(f"an id must be text that is not empty, got {part!r}")
    if not part.strip("."):
        return "%2E" * len(part)  # "." and ".." would otherwise lead to another path
    try:
        return quote(part, safe="")
    except UnicodeEncodeError as error:
        raise ConfigError(f"an id must be valid Unicode, got {part!r}") from error


def _to_plain(value: Any) -> Any:
    """Return the JSON form of dates, NumPy scalars, mappings and sets."""
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
