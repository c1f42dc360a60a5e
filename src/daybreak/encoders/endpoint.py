"""Text vectors of a server with the embeddings API of OpenAI, ``/v1/embeddings``."""

import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from daybreak.encoders.base import Encoder, encoders
from daybreak.errors import ConfigError, DataError, NotFoundError
from daybreak.types import Floats

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

RETRY_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed; embedding a text changes nothing."""
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_RETRY_WAIT_S = 60.0
"""Longest wait before a retry; after a longer ``Retry-After`` there is none."""
MAX_ERROR_BYTES = 300
"""Length of the part of an error response that messages quote."""

DEFAULT_KEY_VARIABLE = "DAYBREAK_EMBEDDINGS_KEY"
"""Environment variable with the API key, for servers that need one."""


@encoders.register("endpoint")
class EndpointEncoder(Encoder):
    """Encode texts on a server; unless it runs on this machine, the texts leave it.

    The key is read from an environment variable for each request. It is neither stored nor
    logged, and sent without encryption to this machine only.

    Args:
        model: ``URL#MODEL``, as in ``http://127.0.0.1:8080/v1#bge-m3``; ``/embeddings`` is
            appended to a path without it.
        dimensions: Requested length of the vectors, for models that support it; default: the
            length of the model.
        key_variable: Environment variable with the API key.
        prefix: Text put before every text, for models that were trained with one.
        timeout_s: Longest wait for any byte of a response [s].
        tries: Number of attempts of one request, the first included.
        wait_s: Upper bound of the wait before the second attempt [s]; it doubles with each
            attempt.
        threads: Number of concurrent requests; default: 1.

    Raises:
        ConfigError: The URL is not usable, or the model is missing.

    Example:
        >>> EndpointEncoder("http://127.0.0.1:8080/v1#bge-m3").server
        JsonServer('http://127.0.0.1:8080/v1/embeddings')
    """

    batch_size = 64
    batch_chars = 64_000
    tolerance = 1e-3  # precision and batches are up to the server

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
        JsonServer(self.url, {})  # raises for a bad URL

    @property
    def server(self) -> "JsonServer":
        """The server, with the present key."""
        key = os.environ.get(self.key_variable)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return JsonServer(self.url, headers, **self._retry_options)  # type: ignore[arg-type]

    @cached_property
    def dim(self) -> int:
        """Length of a vector; unless ``dimensions`` is set, it is determined by one request."""
        return self.dimensions or int(self._request_vectors(["a"]).shape[1])

    @property
    def hash(self) -> str:
        """Hash of the URL, the name of the model and the settings; the weights are unknown."""
        known = f"endpoint-1\n{self.url}\n{self.model}\n{self.dimensions}\n{self.prefix!r}"
        return hashlib.blake2b(known.encode(), digest_size=16).hexdigest()

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        rows = self._request_vectors([self.prefix + text for text in texts])
        if rows.shape[1] != self.dim:
            raise DataError(
                f"{self.url} returned vectors of length {rows.shape[1]}, expected {self.dim}"
            )
        return rows

    def _request_vectors(self, texts: list[str]) -> Floats:
        body: dict[str, Any] = {"model": self.model, "input": texts, "encoding_format": "float"}
        if self.dimensions is not None:
            body["dimensions"] = self.dimensions
        return parse_embeddings(self.server.post(body), len(texts), self.url)


def parse_embeddings(response: Any, n_texts: int, url: str) -> Floats:
    """Return the vectors of a response in the order of the texts.

    Args:
        response: Parsed JSON of the server.
        n_texts: Number of texts in the request.
        url: URL of the server, for messages.

    Returns:
        (n_texts, dim) float32.

    Raises:
        DataError: The response does not follow the API.

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
        raise DataError(f"{url} returned vectors that are empty or not finite")
    return rows


def is_endpoint(name: str) -> bool:
    """Return whether the name of a model is a URL.

    Example:
        >>> is_endpoint("https://example.org/v1#bge-m3"), is_endpoint("all-MiniLM-L6-v2")
        (True, False)
    """
    return name.startswith(("http://", "https://"))


@dataclass(frozen=True)
class JsonServer:
    """A URL that accepts JSON by POST and responds with JSON.

    Raises:
        ConfigError: The URL is not usable, or a key would be sent unencrypted.
    """

    url: str
    """``https://…``; ``http://`` too if no key is sent or the host is this machine."""
    headers: Mapping[str, str]
    """Headers of every request; they are neither logged nor part of an error."""
    timeout_s: float = 60.0
    """Longest wait for any byte of a response [s]."""
    tries: int = 4
    """Number of attempts, the first included."""
    wait_s: float = 1.0
    """Upper bound of the wait before the second attempt [s]; it doubles with each attempt."""
    max_response_bytes: int = 256 << 20
    """Longest accepted response [bytes]."""

    def __repr__(self) -> str:
        return f"JsonServer({self.url!r})"

    def __post_init__(self) -> None:
        """Check the URL."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"an address must start with http:// or https://, got {self.url!r}"
            )
        if parts.username or parts.password:
            raise ConfigError("an address must not hold a name or a password; use a key")
        if self.headers and parts.scheme == "http" and not self._is_local:
            raise ConfigError(
                f"a key is not sent to {parts.hostname} without encryption; use https://"
            )

    def post(self, body: Mapping[str, Any]) -> Any:
        """Send a JSON object and return the response; temporary faults are retried.

        Raises:
            NotFoundError: The server does not respond, or has nothing at the URL.
            DataError: The server refused the request, or its response is not JSON or too long.
        """
        import httpx  # noqa: PLC0415 - slow, and used by this encoder only

        from daybreak.http_retry import Retries  # noqa: PLC0415 - imports httpx

        retries = Retries(
            self.tries - 1, self.wait_s, MAX_RETRY_WAIT_S, transient_status=RETRY_STATUSES
        )
        content = json.dumps(body).encode()
        # A proxy of the environment must not see requests to this machine.
        with httpx.Client(timeout=self.timeout_s, trust_env=not self._is_local) as http:
            attempt = 0
            while True:
                outcome, raw = self._send(http, content)
                wait_s = retries.wait_s(outcome, attempt=attempt, repeatable=True)
                if wait_s is None:
                    return self._parse(outcome, raw)
                log.info("%s; next attempt in %.1f s", self._describe(outcome, raw), wait_s)
                time.sleep(wait_s)
                attempt += 1

    def _send(
        self, http: "httpx.Client", content: bytes
    ) -> "tuple[httpx.Response | httpx.TransportError, bytes]":
        """Return the response, or the error, and the first bytes of the body."""
        import httpx  # noqa: PLC0415 - see post

        headers = {"Content-Type": "application/json", **self.headers}
        raw = bytearray()
        try:
            with http.stream("POST", self.url, content=content, headers=headers) as response:
                for part in response.iter_bytes():
                    raw += part
                    if len(raw) > self.max_response_bytes:
                        raise DataError(
                            f"{self.url} answered with more than {self.max_response_bytes} "
                            "bytes"
                        )
        except httpx.TransportError as error:
            return error, b""
        except httpx.DecodingError as error:
            raise DataError(f"{self.url} answered with a damaged body: {error}") from error
        return response, bytes(raw)

    def _parse(self, outcome: "httpx.Response | httpx.TransportError", raw: bytes) -> Any:
        if isinstance(outcome, Exception):
            raise NotFoundError(self._describe(outcome, raw)) from outcome
        if outcome.is_success:
            try:
                return json.loads(raw)
            except ValueError as error:
                raise DataError(f"{self.url} answered with a body that is not JSON") from error
        text = self._describe(outcome, raw)
        if outcome.status_code == 404 or outcome.status_code in RETRY_STATUSES:
            raise NotFoundError(text)
        raise DataError(text)

    def _describe(self, outcome: "httpx.Response | httpx.TransportError", raw: bytes) -> str:
        if isinstance(outcome, Exception):
            return f"{self.url} does not answer: {outcome or type(outcome).__name__}"
        quoted = self._redact(raw[:MAX_ERROR_BYTES].decode("utf-8", "replace").strip())
        return f"{self.url} answered {outcome.status_code} {outcome.reason_phrase}: {quoted}"

    def _redact(self, text: str) -> str:
        """Remove the key from a text of the server."""
        for value in self.headers.values():
            text = text.replace(value.rpartition(" ")[2], "…")
        return text

    @property
    def _is_local(self) -> bool:
        return urlsplit(self.url).hostname in LOCAL_HOSTS
