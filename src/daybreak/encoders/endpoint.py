"""Text vectors of a server that speaks the ``/v1/embeddings`` dialect of the OpenAI API."""

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from daybreak.encoders.base import Encoder, encoders
from daybreak.encoders.http_json import JsonServer
from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats

KEY = "DAYBREAK_EMBEDDINGS_KEY"
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
        key_variable: str = KEY,
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
        self._patience = {"timeout_s": timeout_s, "tries": tries, "wait_s": wait_s}
        JsonServer(self.url, {})  # a bad address is told at once

    @property
    def server(self) -> JsonServer:
        """The address, with the key of the moment."""
        key = os.environ.get(self.key_variable)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return JsonServer(self.url, headers, **self._patience)  # type: ignore[arg-type]

    @cached_property
    def dim(self) -> int:  # asked for once, when it is needed
        """Length of a vector; the server is asked for one to find out."""
        return self.dimensions or int(self._ask(["a"]).shape[1])

    @property
    def hash(self) -> str:
        """Id of the address, the model's name and the settings; a server tells no more."""
        known = f"endpoint-1\n{self.url}\n{self.model}\n{self.dimensions}\n{self.prefix!r}"
        return hashlib.blake2b(known.encode(), digest_size=16).hexdigest()

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        rows = self._ask([self.prefix + text for text in texts])
        if rows.shape[1] != self.dim:
            raise DataError(
                f"{self.url} gave {rows.shape[1]} numbers a text, before {self.dim}"
            )
        return rows

    def _ask(self, texts: list[str]) -> Floats:
        body: dict[str, Any] = {"model": self.model, "input": texts, "encoding_format": "float"}
        if self.dimensions is not None:
            body["dimensions"] = self.dimensions
        return vectors_of(self.server.post(body), len(texts), self.url)


def vectors_of(answer: Any, n_texts: int, url: str) -> Floats:
    """Return the vectors of an answer in the order of the texts.

    Raises:
        DataError: The answer is not what the dialect promises; the message says where.

    Example:
        >>> rows = [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2]}]
        >>> vectors_of({"data": rows}, 2, "the server")
        array([[1., 2.],
               [3., 4.]], dtype=float32)
    """
    try:
        found = {int(row["index"]): row["embedding"] for row in answer["data"]}
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
