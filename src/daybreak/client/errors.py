"""What can go wrong between a client and a service.

    ServiceError
    ├── UnreachableError   no answer: no connection, or none in time
    ├── OverloadedError    too many requests, or the service is not ready
    ├── DeniedError        the key is missing, wrong, or not allowed to do this
    ├── RejectedError      the request is wrong; a DataError too
    ├── MissingError       no such user, item, release or experiment; a NotFoundError too
    ├── UnexpectedError    the answer is not what a Daybreak service answers
    └── FaultError         the service failed

All but the first know the `problem` that the service described.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from daybreak.errors import DataError, NotFoundError, ServiceError


@dataclass(frozen=True)
class Problem:
    """What a service said was wrong: the fields of ``application/problem+json``.

    Source:
        RFC 9457 (2023), Problem Details for HTTP APIs; `code` and `request_id` are extensions.
    """

    status: int
    code: str = ""
    """Stable name of the fault, such as ``bad_filter``."""
    detail: str = ""
    request_id: str = ""
    """Under which the service has logged the request."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Everything else that it said."""

    def __str__(self) -> str:
        code = f" {self.code}" if self.code else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.status}{code}: {self.detail}{request}"


class UnreachableError(ServiceError):
    """No answer came, although it was tried again where that is safe."""


class ResponseError(ServiceError):
    """The service answered that it did not do as asked."""

    def __init__(self, message: str, problem: Problem) -> None:
        super().__init__(message)
        self.problem = problem


class OverloadedError(ResponseError):
    """Too many requests, or the service is not ready (429, 503)."""

    retry_after_s: float | None = None
    """How long to wait, as the service asks."""


class DeniedError(ResponseError):
    """The key is missing, wrong, or not allowed to do this (401, 403)."""


class RejectedError(ResponseError, DataError):
    """The request is wrong; sending it again does not help (400 and most from 405 on)."""


class ResourceNotFoundError(ResponseError, NotFoundError):
    """No such user, item, release, experiment or path (404, 410)."""


class UnexpectedError(ResponseError):
    """The answer is not what a Daybreak service of this version answers."""


class ServerError(ResponseError):
    """The service failed (500 and most above); its log has the reason."""


_KINDS: dict[int, type[ResponseError]] = {
    401: DeniedError,
    403: DeniedError,
    404: ResourceNotFoundError,
    410: ResourceNotFoundError,
    429: OverloadedError,
    503: OverloadedError,
}
_HINTS = {
    401: "; give Client(api_key=...) a key, which `daybreak keys` makes",
    403: "; use a key with a higher role",
}


def problem_of(response: httpx.Response) -> Problem:
    """Read what a service said was wrong; any other body becomes the detail.

    Example:
        >>> said = {"code": "bad_data", "detail": "n must be from 1 to 1000", "limit": 1000}
        >>> problem = problem_of(httpx.Response(422, json=said))
        >>> str(problem), problem.more
        ('422 bad_data: n must be from 1 to 1000', {'limit': 1000})
    """
    try:
        said = json.loads(response.content)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        text = response.text.strip()[:200] or response.reason_phrase
        said = {"detail": text}
    said = dict(said)
    request_id = str(said.pop("request_id", "") or response.headers.get("x-request-id", ""))
    detail = str(said.pop("detail", "") or said.pop("title", "") or response.reason_phrase)
    code = str(said.pop("code", ""))
    more = {key: value for key, value in said.items() if key not in {"status", "type", "title"}}
    return Problem(response.status_code, code, detail, request_id, more)


def error_of(response: httpx.Response) -> ResponseError:
    """Return the exception for an answer that is not a success.

    Example:
        >>> error_of(httpx.Response(404, json={"code": "not_found", "detail": "no item 'x'"}))
        MissingError("404 not_found: no item 'x'")
    """
    problem = problem_of(response)
    kind = _KINDS.get(problem.status, ServerError if problem.status >= 500 else RejectedError)
    error = kind(f"{problem}{_HINTS.get(problem.status, '')}", problem)
    if isinstance(error, OverloadedError):
        error.retry_after_s = retry_after_s(response)
    return error


def retry_after_s(response: httpx.Response) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, None without or with a date."""
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
