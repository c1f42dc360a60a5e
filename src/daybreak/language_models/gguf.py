"""Language models in GGUF files, run by llama.cpp in this process."""

import hashlib
import secrets
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from daybreak.cores import thread_count
from daybreak.encoders.packages import file_sha256
from daybreak.errors import DataError, MissingExtraError, NotFoundError
from daybreak.language_models.base import (
    Generation,
    JsonSchema,
    LanguageModel,
    Prompt,
    language_models,
    messages_to_dicts,
    strict_schema,
)
from daybreak.language_models.endpoint import parse_chat_response

DEFAULT_CONTEXT_TOKENS = 4096
"""Default of the maximum number of tokens of a prompt and its answer together."""
_SILENT = -1


@language_models.register("gguf")
class GgufLanguageModel(LanguageModel):
    """Run a GGUF file with a chat template; nothing leaves the machine.

    The weights are loaded with the first prompt. Answers are greedy, so that the same prompt
    has the same answer.

    Args:
        file: File with the weights, ``.gguf``.
        context_tokens: Maximum number of tokens of a prompt and its answer together.
        threads: Number of threads; default: see :func:`daybreak.cores.thread_count`.
        sha256: SHA-256 of the file, if it was verified; default: it is computed when needed.
        name: Name for messages; default: name of the file.

    Raises:
        NotFoundError: There is no such file.
    """

    def __init__(
        self,
        file: str | Path,
        *,
        context_tokens: int = DEFAULT_CONTEXT_TOKENS,
        threads: int | None = None,
        sha256: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__()
        self.file = Path(file)
        if not self.file.is_file():
            raise NotFoundError(f"there is no file with weights at {str(file)!r}")
        self.context_tokens = context_tokens
        self._threads = threads
        self._sha256 = sha256
        self._name = name or self.file.name
        self._server: Any = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._name

    @cached_property
    def hash(self) -> str:
        """Hash of the weights and the length of the context."""
        known = f"gguf-1\n{self._sha256 or file_sha256(self.file)}\n{self.context_tokens}"
        return hashlib.blake2b(known.encode(), digest_size=16).hexdigest()

    @property
    def is_local(self) -> bool:
        """True: the model runs in this process."""
        return True

    def _generate(self, prompt: Prompt, schema: JsonSchema, max_tokens: int) -> Generation:
        body = {
            "messages": messages_to_dicts(prompt.messages),
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": strict_schema(schema)},
            },
            "temperature": 0,
            "seed": 0,
            "max_tokens": max_tokens,
        }
        with self._lock:
            response = self._loaded_server().handle_chat_completions(body)
        if "error" in response:
            raise DataError(f"{self.name}: {response['error'].get('message', response)}")
        return parse_chat_response(
            response, self.name, max_tokens=prompt.max_tokens + max_tokens
        )

    def _loaded_server(self) -> Any:
        """Return the server of llama.cpp; it is called directly, not over the network."""
        if self._server is None:
            try:
                import xllamacpp  # noqa: PLC0415 - part of an extra
            except ImportError as error:
                raise MissingExtraError(
                    "a language model in this process", "daybreak[llm]"
                ) from error
            self._server = xllamacpp.Server(self._parameters(xllamacpp.CommonParams()))
        return self._server

    def _parameters(self, parameters: Any) -> Any:
        threads = thread_count(self._threads)
        parameters.model.path = str(self.file)
        parameters.n_ctx = self.context_tokens
        parameters.n_parallel = 1
        parameters.warmup = False
        parameters.verbosity = _SILENT
        parameters.ui = parameters.endpoint_slots = False
        # llama.cpp also listens on the loopback interface; nobody else knows its key.
        parameters.api_keys = [secrets.token_urlsafe(32)]
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        return parameters

    def close(self) -> None:
        """Release the weights."""
        with self._lock:
            self._server = None
