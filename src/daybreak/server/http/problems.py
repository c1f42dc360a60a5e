"""Errors as ``application/problem+json`` with stable codes.

The response to an unexpected exception holds only the id of the request; the log has the rest.
"""

import http
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from daybreak.errors import DaybreakError, NextStep
from daybreak.server.http.languages import in_language, rows_in_language
from daybreak.server.http.responses import request_id, to_json

PROBLEM_MEDIA_TYPE = "application/problem+json"

LIBRARY_ERROR_STATUS = {
    "error": 400,
    "bad_config": 422,
    "bad_data": 422,
    "bad_filter": 422,
    "too_many_rejects": 422,
    "not_found": 404,
    "not_fitted": 409,
    "gate_refused": 409,
    "source_refused": 409,
    "no_gain": 409,
    "busy": 409,
    "missing_extra": 501,
    "service": 503,
    "store": 503,
    "out_of_time": 503,
    "out_of_memory": 503,
    "out_of_budget": 503,
}
"""HTTP status of each error code of the library."""

SERVER_ERROR_STATUS = {
    "bad_request": 400,
    "bad_json": 400,
    "no_key": 401,
    "wrong_key": 401,
    "forbidden": 403,
    "bad_origin": 403,
    "no_such_path": 404,
    "bad_method": 405,
    "not_empty": 409,
    "too_large": 413,
    "bad_media_type": 415,
    "bad_host": 421,
    "invalid": 422,
    "too_many_requests": 429,
    "head_too_large": 431,
    "bug": 500,
    "overloaded": 503,
    "timeout": 504,
}
"""HTTP status of each error code of the server itself."""

RETRY_AFTER_S = {"store": 1, "service": 1, "overloaded": 1, "timeout": 1}
"""``Retry-After`` of temporary errors, by error code [s]."""

NEXT_STEPS = {
    NextStep.IMPORT_DATA: "send data with POST /items and POST /events, or with POST /import",
    NextStep.TRAIN: "start a training with POST /train",
    NextStep.TRAIN_WITH_ENCODER: "set a text encoder, then start a training with POST /train",
    NextStep.MAP_COLUMN: "name the column with POST /import?column={column}=NAME",
    NextStep.CHOOSE_DATE_FORMAT: "state it with POST /import?date_format=day-first",
    NextStep.ACCEPT_REJECTS: "load the other rows with POST /import?max_rejected=1",
    NextStep.CREATE_EXPERIMENT: "create one with POST /experiments",
}
"""What a caller can do after an error; braces hold parameters of the error.

Steps that are missing here cannot be taken with a request.
"""

_FROM_STATUS = {400: "bad_request", 404: "no_such_path", 405: "bad_method", 413: "too_large"}
_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@/\s]+@")
MAX_DETAIL_CHARS = 1_000
"""Longest detail of a problem [characters]."""
MAX_LISTED_FAULTS = 20
"""Largest number of invalid fields that a problem lists."""


class HttpProblem(HTTPException):
    """A request that the server rejects.

    Args:
        code: Key of :data:`SERVER_ERROR_STATUS`.
        detail: Reason, in plain English.
        retry_after_s: Value of ``Retry-After`` [s]; default: no such header.
        headers: Other headers of the response.

    Example:
        >>> HttpProblem("too_many_requests", "slow down", retry_after_s=2).status_code
        429
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        all_headers = dict(headers or {})
        if retry_after_s is not None:
            all_headers["Retry-After"] = str(max(1, round(retry_after_s)))
        super().__init__(SERVER_ERROR_STATUS[code], detail, all_headers or None)
        self.code = code


def problem_response(
    code: str,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> Response:
    """Return the response to a request that failed.

    Args:
        code: Stable error code.
        status: HTTP status.
        detail: Reason; it is shortened, and passwords in URLs are hidden.
        headers: Headers besides ``Retry-After``.
        **fields: Other fields of the problem.

    Source:
        RFC 9457 (2023), Problem Details for HTTP APIs; ``code`` and ``request_id`` are
        extensions.
    """
    body = {
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": _truncate(in_language(_redact(detail))),
        "request_id": request_id.get(),
        **fields,
    }
    retry_after = {"Retry-After": str(RETRY_AFTER_S[code])} if code in RETRY_AFTER_S else {}
    return Response(
        to_json(body), status, {**retry_after, **(headers or {})}, PROBLEM_MEDIA_TYPE
    )


def library_error_response(error: DaybreakError) -> Response:
    """Return the response to an error of the library.

    An error with an unknown code has the status of its closest base class with a known one.
    """
    kinds = (getattr(kind, "code", "") for kind in type(error).__mro__)
    status = next(LIBRARY_ERROR_STATUS[code] for code in kinds if code in LIBRARY_ERROR_STATUS)
    verdict = getattr(error, "verdict", None)
    fields = {} if verdict is None else {"verdict": verdict}
    return problem_response(error.code, status, _with_next_step(error), **fields)


def internal_error() -> Response:
    """Return the response to a request whose handler raised an unexpected exception."""
    return problem_response(
        "bug", 500, "internal error; see the server log entry for this request_id"
    )


_FORMS_OF_ROWS = ("dict[str,any]", "list[any]")
"""How pydantic calls the two forms of a body of rows."""
NO_ROWS = "expected a JSON object or a list of objects; files are sent to POST /import"
NO_BODY = "expected a JSON body, and the request has none"
EXPECTED_ERRORS = (DaybreakError, RequestValidationError, HTTPException)
"""Errors of routes that become problems."""


def install_handlers(app: FastAPI) -> None:
    """Register the handlers that turn errors of routes into problems."""
    for kind in EXPECTED_ERRORS:
        app.add_exception_handler(kind, respond_to_error)


async def respond_to_error(request: Request, error: Exception) -> Response:
    """Return the response to a request whose handler raised one of the expected errors."""
    if isinstance(error, DaybreakError):
        return library_error_response(error)
    if isinstance(error, RequestValidationError):
        return validation_response(error.errors())
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these only
    return _http_exception_response(request, error)


def validation_response(faults: Sequence[Mapping[str, Any]]) -> Response:
    """Return the response to a request with invalid values.

    The problem lists each invalid field, but not its value, which may be long or personal.
    """
    faults = _without_alternatives(faults)
    listed = [
        {"at": ".".join(str(part) for part in fault["loc"])[:200], "expected": _words_of(fault)}
        for fault in faults[:MAX_LISTED_FAULTS]
    ]
    first = f"{listed[0]['at']}: {listed[0]['expected']}" if listed else "invalid values"
    others = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    errors = rows_in_language(listed, "expected")
    return problem_response("invalid", 422, first + others, errors=errors)


def _without_alternatives(faults: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the faults, as one if a body is neither an object nor a list of rows."""
    alternatives = {("body", name) for name in _FORMS_OF_ROWS}
    if faults and all(tuple(fault["loc"]) in alternatives for fault in faults):
        return [{"loc": ("body",), "msg": NO_ROWS}]
    return faults


def _words_of(fault: Mapping[str, Any]) -> str:
    if fault.get("type") == "missing" and tuple(fault["loc"]) == ("body",):
        return NO_BODY
    return str(fault["msg"]).removeprefix("Value error, ")


def _http_exception_response(request: Request, error: HTTPException) -> Response:
    if isinstance(error, HttpProblem):
        return problem_response(
            error.code, error.status_code, error.detail, headers=error.headers
        )
    code = _FROM_STATUS.get(error.status_code, "bad_request")
    details = {
        404: f"there is no endpoint {request.method} {request.scope.get('path', '')[:200]}",
        405: f"this path does not support {request.method}",
    }
    detail = details.get(error.status_code, str(error.detail))
    return problem_response(code, error.status_code, detail, headers=error.headers)


def _with_next_step(error: DaybreakError) -> str:
    """Return the message of an error with its next step, if a request can take it."""
    if error.next_step not in NEXT_STEPS:
        return str(error)
    return f"{error}; {NEXT_STEPS[error.next_step].format(**error.parameters)}"


def _redact(text: str) -> str:
    """Return a detail without the password of a store URL.

    Example:
        >>> _redact("no answer from postgresql://shop:secret@db/shop")
        'no answer from postgresql://shop:…@db/shop'
    """
    return _PASSWORD.sub(r"\1:…@", text)


def _truncate(text: str) -> str:
    return text if len(text) <= MAX_DETAIL_CHARS else text[: MAX_DETAIL_CHARS - 1] + "…"
