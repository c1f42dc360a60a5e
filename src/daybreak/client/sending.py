"""Requests on their way: send, wait, send again, read."""

import asyncio
import math
import time
from typing import Any, TypeVar

import httpx

from daybreak.client.calls import Call
from daybreak.client.errors import UnreachableError
from daybreak.client.retrying import Outcome, Retries
from daybreak.errors import ConfigError

T = TypeVar("T")

BASE = "/api/v1"


def checked_url(url: str) -> str:
    """Return the address of a service without a slash at its end.

    Raises:
        ConfigError: It is not one.

    Example:
        >>> checked_url("http://shop:8000/")
        'http://shop:8000'
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise ConfigError(f"url must look like http://shop:8000, got {url!r}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise ConfigError(f"url must look like http://shop:8000, got {parsed!r}")
    return url.rstrip("/")


def timeout_of(timeout_s: float) -> httpx.Timeout:
    """Return the timeout of every step of a request.

    Raises:
        ConfigError: It is not a positive number.
    """
    if not isinstance(timeout_s, int | float) or not 0 < timeout_s < math.inf:
        raise ConfigError(f"timeout_s must be a number above 0, got {timeout_s!r}")
    return httpx.Timeout(timeout_s)


def headers_of(api_key: str | None) -> dict[str, str]:
    """Return the headers of every request."""
    common = {"accept": "application/json", "user-agent": "daybreak-client"}
    return common if api_key is None else {**common, "x-api-key": api_key}


def send(http: httpx.Client, call: Call[T], retries: Retries) -> T:
    """Return the result of a request.

    Raises:
        UnreachableError: No answer came.
        AnsweredError: The service refused or failed.
    """
    request = _request(http, call)
    attempt = 0
    while True:
        try:
            outcome: Outcome = http.send(request)
        except httpx.TransportError as error:
            outcome = error
        wait = retries.wait_s(outcome, attempt=attempt, repeatable=call.repeatable)
        if wait is None:
            return _result(call, outcome, attempt)
        time.sleep(wait)
        attempt += 1


async def send_async(http: httpx.AsyncClient, call: Call[T], retries: Retries) -> T:
    """Do what :func:`send` does, beside other work."""
    request = _request(http, call)
    attempt = 0
    while True:
        try:
            outcome: Outcome = await http.send(request)
        except httpx.TransportError as error:
            outcome = error
        wait = retries.wait_s(outcome, attempt=attempt, repeatable=call.repeatable)
        if wait is None:
            return _result(call, outcome, attempt)
        await asyncio.sleep(wait)
        attempt += 1


def _request(http: httpx.Client | httpx.AsyncClient, call: Call[Any]) -> httpx.Request:
    content = call.content()
    kind = {} if content is None else {"content-type": "application/json"}
    return http.build_request(
        call.method, BASE + call.path, params=call.query(), content=content, headers=kind
    )


def _result(call: Call[T], outcome: Outcome, attempt: int) -> T:
    if isinstance(outcome, httpx.Response):
        return call.result(outcome)
    times = f" after {attempt + 1} attempts" if attempt else ""
    known = "" if call.repeatable else "; it may have been done nevertheless"
    raise UnreachableError(
        f"no answer to {call.method} {call.path}{times}: {_why(outcome)}{known}"
    ) from outcome


def _why(error: httpx.TransportError) -> str:
    return f"{type(error).__name__} {error}".strip()
