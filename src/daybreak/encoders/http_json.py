"""JSON to a server and back, by the standard library: patient, with bounded answers."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from daybreak.errors import ConfigError, DataError, NotFoundError

BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may go well."""
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

log = logging.getLogger(__name__)


class _NoRedirects(HTTPRedirectHandler):
    """Refuse to be sent elsewhere: the key would go along."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class JsonServer:
    """One address that takes JSON by POST and answers with JSON."""

    url: str
    """``https://…``; ``http://`` too when no key is sent or the host is this machine."""
    headers: Mapping[str, str]
    """Sent with every request, never logged and never part of an error."""
    timeout_s: float = 60.0
    """A request without any byte for so long is given up [s]."""
    tries: int = 4
    """Attempts of one request, the first included."""
    wait_s: float = 1.0
    """Pause before the second attempt, doubled each time [s]."""
    most_bytes: int = 256 << 20
    """Answers that are longer are refused [bytes]."""

    def __repr__(self) -> str:
        return f"JsonServer({self.url!r})"

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"an address must start with http:// or https://, got {self.url!r}"
            )
        if parts.username or parts.password:
            raise ConfigError("an address must not hold a name or a password; use a key")
        if self.headers and parts.scheme == "http" and parts.hostname not in LOCAL:
            raise ConfigError(
                f"a key is not sent to {parts.hostname} without encryption; use https://"
            )

    def post(self, body: Mapping[str, Any]) -> Any:
        """Send an object and return the answer, trying again while the server is busy.

        Raises:
            NotFoundError: The server cannot be reached, or has nothing at the address.
            DataError: It refused the request, or answered with something else than JSON.
        """
        fault: NotFoundError | None = None
        for attempt in range(self.tries):
            if fault is not None:
                log.info("%s; trying again", fault)
                time.sleep(self.wait_s * 2 ** (attempt - 1))
            try:
                return self._once(json.dumps(body).encode())
            except HTTPError as error:
                fault = self._answered(error)
            except (URLError, TimeoutError, HTTPException, ConnectionError) as error:
                reason = getattr(error, "reason", None) or error
                fault = NotFoundError(f"{self.url} does not answer: {reason}")
        raise fault or NotFoundError(f"{self.url} was not asked: tries is {self.tries}")

    def _once(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json", **self.headers}
        request = Request(self.url, data=body, headers=headers)  # noqa: S310 - checked above
        with self._opener().open(request, timeout=self.timeout_s) as answer:
            raw = answer.read(self.most_bytes + 1)
        if len(raw) > self.most_bytes:
            raise DataError(f"{self.url} answered with more than {self.most_bytes} bytes")
        try:
            return json.loads(raw)
        except ValueError as error:
            raise DataError(f"{self.url} answered with something else than JSON") from error

    def _answered(self, error: HTTPError) -> NotFoundError:
        """Return what went wrong when another attempt may help; else raise it."""
        said = self._redacted(error.read(300).decode("utf-8", "replace").strip())
        text = f"{self.url} answered {error.code} {error.reason}: {said}"
        error.close()
        if error.code in BUSY:
            return NotFoundError(text)
        if error.code == 404:
            raise NotFoundError(text) from None
        raise DataError(text) from None

    def _redacted(self, said: str) -> str:
        """Take the key out of what a server says, should it repeat it."""
        for value in self.headers.values():
            said = said.replace(value.rpartition(" ")[2], "…")
        return said

    def _opener(self) -> OpenerDirector:
        """Return what sends: to this machine directly, whatever proxy the environment names."""
        local = urlsplit(self.url).hostname in LOCAL
        return build_opener(_NoRedirects(), *([ProxyHandler({})] if local else []))
