"""The contract of language models: a prompt and a schema in, a checked answer out."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from daybreak.errors import ConfigError
from daybreak.language_models.sending import SentField
from daybreak.language_models.usage import TokenUsage
from daybreak.registry import Registry

if TYPE_CHECKING:
    from pydantic import BaseModel

AnswerT = TypeVar("AnswerT", bound="BaseModel")
"""Type of an answer: a model of pydantic, whose JSON schema the language model follows."""
JsonSchema: TypeAlias = Mapping[str, Any]
"""A JSON schema as plain values."""

DEFAULT_MAX_TOKENS = 256
"""Default of the maximum number of tokens of an answer."""
MESSAGE_OVERHEAD_TOKENS = 16
"""Upper bound of the tokens that a chat template adds to a message."""

language_models: Registry["LanguageModel"] = Registry("language model")
"""Classes by kind; :func:`daybreak.language_models.load_language_model` chooses one."""


class CompletionFault(StrEnum):
    """Why an answer was dropped."""

    REFUSAL = "refusal"
    """The model refused to answer."""
    CUT_OFF = "cut_off"
    """The answer was longer than allowed."""
    WRONG_FORMAT = "wrong_format"
    """The answer is not JSON, or does not follow the schema."""
    UNSUPPORTED = "unsupported"
    """The answer states what is not in the given texts."""
    CONTRADICTION = "contradiction"
    """Asked again in another order, the model answers otherwise."""


@dataclass(frozen=True)
class PromptMessage:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Prompt:
    """Messages for a model, and which kinds of data they contain.

    Example:
        >>> Prompt((PromptMessage("user", "hello"),), frozenset()).max_tokens
        21
    """

    messages: tuple[PromptMessage, ...]
    sends: frozenset[SentField]
    """Kinds of data in the messages; they may be sent to another machine only if allowed."""

    @property
    def max_tokens(self) -> int:
        """Upper bound of the number of tokens; tokenizers make at most one of a byte."""
        n_bytes = sum(len(message.content.encode()) for message in self.messages)
        return n_bytes + MESSAGE_OVERHEAD_TOKENS * len(self.messages)

    @property
    def is_personal(self) -> bool:
        """Whether the messages contain data of one user."""
        return any(field.is_personal for field in self.sends)

    def digest(self, schema: JsonSchema, max_tokens: int) -> str:
        """Return the hash of everything that an answer depends on, 32 hexadecimal digits.

        Args:
            schema: Schema of the answer.
            max_tokens: Maximum number of tokens of the answer.
        """
        messages = [[message.role, message.content] for message in self.messages]
        text = json.dumps([messages, schema, max_tokens], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Generation:
    """What a model generated, before it is checked."""

    text: str
    prompt_tokens: int
    """Tokens of the prompt, those of a chat template included."""
    completion_tokens: int
    is_refusal: bool = False
    """Whether the server marked the answer as refused."""
    is_cut_off: bool = False
    """Whether the answer was longer than allowed."""


@dataclass(frozen=True)
class Completion(Generic[AnswerT]):
    """A checked answer, or the reason why there is none."""

    value: AnswerT | None
    """The answer; None if it was dropped."""
    fault: CompletionFault | None = None
    """Why it was dropped; None: it was not."""
    prompt_tokens: int = 0
    """Tokens of the prompt; 0 for an answer from the cache."""
    completion_tokens: int = 0
    """Tokens of the answer; 0 for an answer from the cache."""
    is_cached: bool = False
    """Whether the answer is from the cache."""


class LanguageModel(ABC):
    """Answers prompts with JSON that follows a schema.

    A new kind implements :attr:`name`, :attr:`hash`, :attr:`is_local` and :meth:`_generate`,
    and registers itself in :data:`language_models`. This class parses and checks what was
    generated, and counts tokens and dropped answers.

    Example:
        >>> from pydantic import BaseModel
        >>> class Colour(BaseModel):
        ...     colour: str
        >>> class Parrot(LanguageModel):
        ...     name, hash, is_local = "parrot", "parrot-1", True
        ...     def _generate(self, prompt, schema, max_tokens):
        ...         return Generation('{"colour": "red"}', 5, 7)
        >>> prompt = Prompt((PromptMessage("user", "a red globe"),), frozenset())
        >>> Parrot().complete(prompt, Colour).value
        Colour(colour='red')
    """

    def __init__(self) -> None:
        self.usage = TokenUsage()
        """Counts of all answers of this object."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name for messages; it contains no secret."""

    @property
    @abstractmethod
    def hash(self) -> str:
        """Hash of the weights or the address, and of all settings that answers depend on."""

    @property
    @abstractmethod
    def is_local(self) -> bool:
        """Whether prompts stay on this machine."""

    @abstractmethod
    def _generate(self, prompt: Prompt, schema: JsonSchema, max_tokens: int) -> Generation:
        """Return what the model answers to a prompt."""

    def complete(
        self, prompt: Prompt, answer: type[AnswerT], *, max_tokens: int = DEFAULT_MAX_TOKENS
    ) -> Completion[AnswerT]:
        """Return the answer to a prompt; a refused or malformed one is counted and dropped.

        Args:
            prompt: Messages, see :func:`daybreak.language_models.read_prompt`.
            answer: Type of the answer.
            max_tokens: Maximum number of tokens of the answer.

        Raises:
            ConfigError: The prompt has no message, or ``max_tokens`` is below 1.
            NotFoundError: The server does not answer, or a file is missing.
            DataError: The server refuses the request, or the prompt is too long for the model.
        """
        if not prompt.messages or max_tokens < 1:
            raise ConfigError(
                f"a prompt needs a message and an answer a token, got "
                f"{len(prompt.messages)} messages and max_tokens={max_tokens}"
            )
        generation = self._generate(prompt, answer.model_json_schema(), max_tokens)
        self.usage.add(
            prompt_tokens=generation.prompt_tokens,
            completion_tokens=generation.completion_tokens,
        )
        value, fault = parse_answer(generation, answer)
        if fault is not None:
            self.usage.count_fault(fault)
        return Completion(value, fault, generation.prompt_tokens, generation.completion_tokens)

    def close(self) -> None:  # noqa: B027 - most kinds hold nothing
        """Release memory and connections; a second call has no effect."""


def parse_answer(
    generation: Generation, answer: type[AnswerT]
) -> tuple[AnswerT | None, CompletionFault | None]:
    r"""Return the answer in a generated text, or the reason why there is none.

    A text around the JSON object, such as a code fence, is ignored.

    Args:
        generation: What a model generated.
        answer: Type of the answer.

    Example:
        >>> from pydantic import BaseModel
        >>> class Colour(BaseModel):
        ...     colour: str
        >>> parse_answer(Generation('```json\n{"colour": "red"}\n```', 1, 1), Colour)
        (Colour(colour='red'), None)
        >>> parse_answer(Generation("I am sorry", 1, 1), Colour)
        (None, <CompletionFault.WRONG_FORMAT: 'wrong_format'>)
    """
    from pydantic import ValidationError  # noqa: PLC0415 - the caller has imported it

    if generation.is_refusal:
        return None, CompletionFault.REFUSAL
    if generation.is_cut_off:
        return None, CompletionFault.CUT_OFF
    start, end = generation.text.find("{"), generation.text.rfind("}")
    try:
        return answer.model_validate_json(generation.text[start : end + 1]), None
    except ValidationError:
        return None, CompletionFault.WRONG_FORMAT


def strict_schema(schema: JsonSchema) -> dict[str, Any]:
    """Return a schema in which every object has all its fields and no others.

    Servers that generate strictly by a schema accept only such schemas, without defaults.

    Args:
        schema: Schema of an answer.

    Example:
        >>> number = {"type": "integer", "default": 1}
        >>> strict_schema({"type": "object", "properties": {"n": number}})["properties"]
        {'n': {'type': 'integer'}}
    """
    strict = {
        name: _strict_part(name, part) for name, part in schema.items() if name != "default"
    }
    if strict.get("type") == "object":
        strict["required"] = list(strict.get("properties", {}))
        strict["additionalProperties"] = False
    return strict


def _strict_part(name: str, part: Any) -> Any:
    """Return one value of a schema; the names of properties are no keywords."""
    if name in {"properties", "$defs"}:
        return {key: strict_schema(value) for key, value in part.items()}
    if isinstance(part, dict):
        return strict_schema(part)
    if isinstance(part, list):
        return [strict_schema(one) if isinstance(one, dict) else one for one in part]
    return part


def messages_to_dicts(messages: Sequence[PromptMessage]) -> list[dict[str, str]]:
    """Return messages as the API of OpenAI expects them."""
    return [{"role": message.role, "content": message.content} for message in messages]
