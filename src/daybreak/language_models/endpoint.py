"""Language models behind the API of OpenAI, ``/v1/chat/completions``."""

import hashlib
import json
import os
from typing import Any
from urllib.parse import urlsplit

from daybreak.encoders.endpoint import LOCAL_HOSTS, JsonServer
from daybreak.errors import ConfigError, DataError
from daybreak.language_models.base import (
    Generation,
    JsonSchema,
    LanguageModel,
    Prompt,
    PromptMessage,
    language_models,
    messages_to_dicts,
    strict_schema,
)

DEFAULT_KEY_VARIABLE = "DAYBREAK_LANGUAGE_MODEL_KEY"
"""Environment variable with the API key, for servers that need one."""
MAX_RESPONSE_BYTES = 4 << 20
"""Longest accepted response [bytes]."""
RESPONSE_FORMATS = ("json_schema", "json_object")
"""How a server is asked for JSON."""


@language_models.register("endpoint")
class EndpointLanguageModel(LanguageModel):
    """Ask a model on a server; unless it runs on this machine, the prompts leave it.

    The key is read from an environment variable for each request. It is neither stored nor
    logged, and sent without encryption to this machine only.

    Args:
        model: ``URL#MODEL``, as in ``http://127.0.0.1:8080/v1#qwen2.5``; ``/chat/completions``
            is appended to a path without it.
        response_format: ``json_schema``: the server keeps answers to the schema;
            ``json_object``, for servers without schemas: the schema is a part of the prompt.
        key_variable: Environment variable with the API key.
        timeout_s: Longest wait for any byte of a response [s].
        tries: Number of attempts of one request, the first included.
        wait_s: Upper bound of the wait before the second attempt [s]; it doubles with each
            attempt.

    Raises:
        ConfigError: The URL is not usable, or the model is missing.

    Example:
        >>> EndpointLanguageModel("http://127.0.0.1:8080/v1#qwen2.5").name
        'qwen2.5 at http://127.0.0.1:8080/v1/chat/completions'
    """

    def __init__(
        self,
        model: str,
        *,
        response_format: str = "json_schema",
        key_variable: str = DEFAULT_KEY_VARIABLE,
        timeout_s: float = 120.0,
        tries: int = 3,
        wait_s: float = 1.0,
    ) -> None:
        super().__init__()
        url, _, name = model.partition("#")
        if not name:
            raise ConfigError(f"name the model after the address, as in {url}#MODEL")
        if response_format not in RESPONSE_FORMATS:
            raise ConfigError(
                f"response_format must be one of {', '.join(RESPONSE_FORMATS)}, "
                f"got {response_format!r}"
            )
        if "?" in url:
            raise ConfigError(f"an address must have no query; put the key into {key_variable}")
        path = url.rstrip("/")
        self.model, self.response_format = name, response_format
        self.url = path if path.endswith("/completions") else f"{path}/chat/completions"
        self.key_variable = key_variable
        self._timeout_s, self._tries, self._wait_s = timeout_s, tries, wait_s
        JsonServer(self.url, {})  # raises for a bad URL

    @property
    def server(self) -> JsonServer:
        """The server, with the present key."""
        key = os.environ.get(self.key_variable)
        return JsonServer(
            self.url,
            {"Authorization": f"Bearer {key}"} if key else {},
            timeout_s=self._timeout_s,
            tries=self._tries,
            wait_s=self._wait_s,
            max_response_bytes=MAX_RESPONSE_BYTES,
        )

    @property
    def name(self) -> str:
        """Name of the model and its address."""
        return f"{self.model} at {self.url}"

    @property
    def hash(self) -> str:
        """Hash of the address and the name of the model; the weights are unknown."""
        known = f"endpoint-1\n{self.url}\n{self.model}\n{self.response_format}"
        return hashlib.blake2b(known.encode(), digest_size=16).hexdigest()

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine."""
        return urlsplit(self.url).hostname in LOCAL_HOSTS

    def _generate(self, prompt: Prompt, schema: JsonSchema, max_tokens: int) -> Generation:
        body = {
            "model": self.model,
            "messages": messages_to_dicts(self._messages(prompt, schema)),
            "response_format": self._format(schema),
            "temperature": 0,
            "seed": 0,
            "max_tokens": max_tokens,
        }
        return parse_chat_response(
            self.server.post(body), self.url, max_tokens=prompt.max_tokens + max_tokens
        )

    def _messages(self, prompt: Prompt, schema: JsonSchema) -> tuple[PromptMessage, ...]:
        if self.response_format == "json_schema":
            return prompt.messages
        text = f"JSON schema of the answer: {json.dumps(schema, ensure_ascii=False)}"
        return (PromptMessage("system", text), *prompt.messages)

    def _format(self, schema: JsonSchema) -> dict[str, Any]:
        if self.response_format == "json_object":
            return {"type": "json_object"}
        answer = {"name": "answer", "strict": True, "schema": strict_schema(schema)}
        return {"type": "json_schema", "json_schema": answer}


def parse_chat_response(response: Any, url: str, *, max_tokens: int) -> Generation:
    """Return what a response of the API says.

    Args:
        response: Parsed JSON of the server.
        url: Address of the server, for messages.
        max_tokens: Number of tokens that are counted if the server does not report any.

    Raises:
        DataError: The response does not follow the API.

    Example:
        >>> choice = {"message": {"content": "{}"}, "finish_reason": "stop"}
        >>> usage = {"prompt_tokens": 9, "completion_tokens": 2}
        >>> parse_chat_response({"choices": [choice], "usage": usage}, "here", max_tokens=99)
        Generation(text='{}', prompt_tokens=9, completion_tokens=2, is_refusal=False, \
is_cut_off=False)
    """
    try:
        choice = response["choices"][0]
        message = choice["message"]
        reason = choice.get("finish_reason")
        usage = response.get("usage") or {"prompt_tokens": max_tokens, "completion_tokens": 0}
        return Generation(
            text=str(message.get("content") or ""),
            prompt_tokens=int(usage["prompt_tokens"]),
            completion_tokens=int(usage["completion_tokens"]),
            is_refusal=bool(message.get("refusal")) or reason == "content_filter",
            is_cut_off=reason == "length",
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{url} must answer with choices[0].message.content and usage: "
            f"{type(error).__name__} {error}"
        ) from error
