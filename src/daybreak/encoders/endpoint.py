"""JSON to a server and back, by the standard library: patient, with bounded answers.

Text vectors of a server that speaks the ``/v1/embeddings`` dialect of the OpenAI API.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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

import numpy as np

from daybreak.encoders.base import Encoder, encoders
from daybreak.errors import ConfigError, DataError, NotFoundError
from daybreak.types import Floats

log = logging.getLogger(__name__)


RETRY_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may go well."""
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


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
    max_response_bytes: int = 256 << 20
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
        if self.headers and parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
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
                return self._post_once(json.dumps(body).encode())
            except HTTPError as error:
                fault = self._transient_error(error)
            except (URLError, TimeoutError, HTTPException, ConnectionError) as error:
                reason = getattr(error, "reason", None) or error
                fault = NotFoundError(f"{self.url} does not answer: {reason}")
        raise fault or NotFoundError(f"{self.url} was not asked: tries is {self.tries}")

    def _post_once(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json", **self.headers}
        request = Request(self.url, data=body, headers=headers)  # noqa: S310 - checked above
        with self._opener().open(request, timeout=self.timeout_s) as answer:
            raw = answer.read(self.max_response_bytes + 1)
        if len(raw) > self.max_response_bytes:
            raise DataError(
                f"{self.url} answered with more than {self.max_response_bytes} bytes"
            )
        try:
            return json.loads(raw)
        except ValueError as error:
            raise DataError(f"{self.url} answered with something else than JSON") from error

    def _transient_error(self, error: HTTPError) -> NotFoundError:
        """Return what went wrong when another attempt may help; else raise it."""
        said = self._redact(error.read(300).decode("utf-8", "replace").strip())
        text = f"{self.url} answered {error.code} {error.reason}: {said}"
        error.close()
        if error.code in RETRY_STATUSES:
            return NotFoundError(text)
        if error.code == 404:
            raise NotFoundError(text) from None
        raise DataError(text) from None

    def _redact(self, said: str) -> str:
        """Take the key out of what a server says, should it repeat it."""
        for value in self.headers.values():
            said = said.replace(value.rpartition(" ")[2], "…")
        return said

    def _opener(self) -> OpenerDirector:
        """Return what sends: to this machine directly, whatever proxy the environment names."""
        local = urlsplit(self.url).hostname in LOCAL_HOSTS
        return build_opener(_NoRedirects(), *([ProxyHandler({})] if local else []))


DEFAULT_KEY_VARIABLE = "DAYBREAK_EMBEDDINGS_KEY"
"""Environment variable that holds the key, when the server wants one."""


@encoders.register("endpoint")
class EndpointEncoder(Encoder):
    """Ask a server for the vectors; texts leave this machine when the server is not on it.

    The key is read from an environment variable when a request is made; it is kept nowhere,
    logged nowhere, and sent over an unencrypted connection to this machine alone.

    Args:
        model: ``URL#MODEL``, as in ``http://127.0.0.1:8080/v1#bge-m3``; ``/embeddings`` is
            added when the path does not end with it.
        dimensions: Ask for vectors of this length, of models that can shorten theirs.
        key_variable: Environment variable with the key.
        prefix: Put before every text, for models that were trained with one.
        timeout_s: A request without any byte for so long is given up [s].
        tries: Attempts of one request while the server is busy or out of reach.
        wait_s: Pause before the second attempt, doubled each time [s].
        threads: Requests that run at the same time.

    Raises:
        ConfigError: The address is none, or lacks the model.

    Example:
        >>> EndpointEncoder("http://127.0.0.1:8080/v1#bge-m3").server
        JsonServer('http://127.0.0.1:8080/v1/embeddings')
    """

    batch_size = 64
    batch_chars = 64_000
    tolerance = 1e-3  # servers compute in whatever precision and company they like

    def __init__(  # noqa: PLR0913 - options, all by name
        self,
        model: str,
        *,
        dimensions: int | None = None,
        key_variable: str = DEFAULT_KEY_VARIABLE,
        prefix: str = "",
        timeout_s: float = 60.0,
        tries: int = 4,
        wait_s: float = 1.0,
        threads: int | None = None,
    ) -> None:
        url, _, name = model.partition("#")
        if not name:
            raise ConfigError(f"name the model after the address, as in {url}#MODEL")
        path = url.rstrip("/")
        self.model, self.dimensions, self.prefix = name, dimensions, prefix
        self.url = path if path.endswith("/embeddings") else f"{path}/embeddings"
        self.key_variable = key_variable
        self.workers = threads or 1
        self._retry_options = {"timeout_s": timeout_s, "tries": tries, "wait_s": wait_s}
        JsonServer(self.url, {})  # a bad address is told at once

    @property
    def server(self) -> JsonServer:
        """The address, with the key of the moment."""
        key = os.environ.get(self.key_variable)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return JsonServer(self.url, headers, **self._retry_options)  # type: ignore[arg-type]

    @cached_property
    def dim(self) -> int:  # asked for once, when it is needed
        """Length of a vector; the server is asked for one to find out."""
        return self.dimensions or int(self._request_vectors(["a"]).shape[1])

    @property
    def hash(self) -> str:
        """Id of the address, the model's name and the settings; a server tells no more."""
        known = f"endpoint-1\n{self.url}\n{self.model}\n{self.dimensions}\n{self.prefix!r}"
        return hashlib.blake2b(known.encode(), digest_size=16).hexdigest()

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        rows = self._request_vectors([self.prefix + text for text in texts])
        if rows.shape[1] != self.dim:
            raise DataError(
                f"{self.url} gave {rows.shape[1]} numbers a text, before {self.dim}"
            )
        return rows

    def _request_vectors(self, texts: list[str]) -> Floats:
        body: dict[str, Any] = {"model": self.model, "input": texts, "encoding_format": "float"}
        if self.dimensions is not None:
            body["dimensions"] = self.dimensions
        return parse_embeddings(self.server.post(body), len(texts), self.url)


def parse_embeddings(response: Any, n_texts: int, url: str) -> Floats:
    """Return the vectors of an answer in the order of the texts.

    Raises:
        DataError: The answer is not what the dialect promises; the message says where.

    Example:
        >>> rows = [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2]}]
        >>> parse_embeddings({"data": rows}, 2, "the server")
        array([[1., 2.],
               [3., 4.]], dtype=float32)
    """
    try:
        found = {int(row["index"]): row["embedding"] for row in response["data"]}
        rows = np.array([found[place] for place in range(n_texts)], np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{url} must answer with data[].index and data[].embedding for each of {n_texts} "
            f"texts: {type(error).__name__} {error}"
        ) from error
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise DataError(f"{url} gave vectors that are empty or not finite")
    return rows


def is_endpoint(name: str) -> bool:
    """Say whether a model's name is an address.

    Example:
        >>> is_endpoint("https://example.org/v1#bge-m3"), is_endpoint("all-MiniLM-L6-v2")
        (True, False)
    """
    return name.startswith(("http://", "https://"))
