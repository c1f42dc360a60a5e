"""Sending: checked connection options and the result of the last attempt."""

import math
from typing import Any, TypeVar

import httpx

from daybreak.client.calls import ApiCall
from daybreak.client.errors import UnreachableError
from daybreak.errors import ConfigError
from daybreak.http_retry import AttemptOutcome

API_PREFIX = "/api/v1"
"""Path prefix of every endpoint."""

T = TypeVar("T")


def validate_url(url: str) -> str:
    """Return the address of a service without a trailing slash.

    Raises:
        ConfigError: The address is not an HTTP URL, or holds a user name or password.

    Example:
        >>> validate_url("http://shop:8000/")
        'http://shop:8000'
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise ConfigError(f"url must look like http://shop:8000, got {url!r}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise ConfigError(f"url must look like http://shop:8000, got {parsed!r}")
    return url.rstrip("/")


def validate_timeout(timeout_s: float) -> httpx.Timeout:
    """Return the timeout of each step of a request.

    Raises:
        ConfigError: The timeout is not a finite number above 0.
    """
    if not isinstance(timeout_s, int | float) or not 0 < timeout_s < math.inf:
        raise ConfigError(f"timeout_s must be a number above 0, got {timeout_s!r}")
    return httpx.Timeout(timeout_s)


def request_headers(api_key: str | None) -> dict[str, str]:
    """Return the headers of every request."""
    headers = {"accept": "application/json", "user-agent": "daybreak-client"}
    return headers if api_key is None else {**headers, "x-api-key": api_key}


def request_arguments(call: ApiCall[Any]) -> dict[str, Any]:
    """Return the arguments of ``httpx.Client.build_request`` for a call."""
    content = call.content()
    return {
        "method": call.method,
        "url": API_PREFIX + call.path,
        "params": call.query(),
        "content": content,
        "headers": {} if content is None else {"content-type": "application/json"},
    }


def result_of(call: ApiCall[T], outcome: AttemptOutcome, attempt: int) -> T:
    """Return the result of the last attempt.

    Raises:
        UnreachableError: No response came.
        ResponseError: The service rejected the request, or failed.
    """
    if isinstance(outcome, httpx.Response):
        return call.parse_response(outcome)
    attempts = f" after {attempt + 1} attempts" if attempt else ""
    effect = "" if call.repeatable else "; the service may have processed it"
    reason = f"{type(outcome).__name__} {outcome}".strip()
    raise UnreachableError(
        f"no response to {call.method} {call.path}{attempts}: {reason}{effect}"
    ) from outcome
