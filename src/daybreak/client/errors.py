"""Errors of the client.

    ServiceError
    ├── UnreachableError           no response: no connection, or a timeout
    └── ResponseError              the service rejected the request, or failed
        ├── OverloadedError        429, 503: too many requests, or not ready
        ├── DeniedError            401, 403: key missing, invalid or without the required role
        ├── RejectedError          400 and most from 405 on: invalid request; a DataError, too
        ├── ResourceNotFoundError  404, 410; a NotFoundError, too
        ├── UnexpectedError        the response is not one of a Daybreak service
        └── ServerError            500 and most above

Every ResponseError has the ``problem`` that the service described.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from daybreak.errors import DataError, NotFoundError, ServiceError
from daybreak.http_retry import retry_after_s


@dataclass(frozen=True)
class Problem:
    """Description of an error: the fields of ``application/problem+json``.

    Source:
        RFC 9457 (2023), Problem Details for HTTP APIs; `code` and `request_id` are extensions.
    """

    status: int
    """HTTP status."""
    code: str = ""
    """Stable error code, such as ``bad_filter``."""
    detail: str = ""
    request_id: str = ""
    """Id of the request in the log of the service."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """All other fields."""

    def __str__(self) -> str:
        code = f" {self.code}" if self.code else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.status}{code}: {self.detail}{request}"


class UnreachableError(ServiceError):
    """No response came, also after the retries that are safe for the request."""


class ResponseError(ServiceError):
    """The service rejected the request, or failed."""

    def __init__(self, message: str, problem: Problem) -> None:
        super().__init__(message)
        self.problem = problem


class OverloadedError(ResponseError):
    """The caller sends too many requests, or the service is not ready (429, 503)."""

    retry_after_s: float | None = None
    """Wait that the service requests [s]; None: it requests none."""


class DeniedError(ResponseError):
    """The API key is missing, is invalid, or lacks the required role (401, 403)."""


class RejectedError(ResponseError, DataError):
    """The request is invalid; sending it again does not help (400 and most from 405 on)."""


class ResourceNotFoundError(ResponseError, NotFoundError):
    """There is no such user, item, release, experiment or path (404, 410)."""


class UnexpectedError(ResponseError):
    """The response is not one of a Daybreak service of this version."""


class ServerError(ResponseError):
    """The service failed (500 and most above)."""


_KINDS: dict[int, type[ResponseError]] = {
    401: DeniedError,
    403: DeniedError,
    404: ResourceNotFoundError,
    410: ResourceNotFoundError,
    429: OverloadedError,
    503: OverloadedError,
}
_HINTS = {
    401: "; give Client(api_key=...) a key made with `daybreak keys`",
    403: "; use a key with a higher role",
}


def problem_of(response: httpx.Response) -> Problem:
    """Return the error description of a response; any other body becomes the detail.

    Example:
        >>> body = {"code": "bad_data", "detail": "n must be from 1 to 1000", "limit": 1000}
        >>> problem = problem_of(httpx.Response(422, json=body))
        >>> str(problem), problem.more
        ('422 bad_data: n must be from 1 to 1000', {'limit': 1000})
    """
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        body = {"detail": response.text.strip()[:200]}
    fields = dict(body)
    request_id = str(fields.pop("request_id", "") or response.headers.get("x-request-id", ""))
    detail = str(fields.pop("detail", "") or fields.pop("title", "") or response.reason_phrase)
    code = str(fields.pop("code", ""))
    others = {
        name: value for name, value in fields.items() if name not in {"status", "type", "title"}
    }
    return Problem(response.status_code, code, detail, request_id, others)


def error_of(response: httpx.Response) -> ResponseError:
    """Return the exception for a response whose status is not a success.

    Example:
        >>> error_of(httpx.Response(404, json={"code": "not_found", "detail": "no item 'x'"}))
        ResourceNotFoundError("404 not_found: no item 'x'")
    """
    problem = problem_of(response)
    kind = _KINDS.get(problem.status, ServerError if problem.status >= 500 else RejectedError)
    error = kind(f"{problem}{_HINTS.get(problem.status, '')}", problem)
    if isinstance(error, OverloadedError):
        error.retry_after_s = retry_after_s(response)
    return error
