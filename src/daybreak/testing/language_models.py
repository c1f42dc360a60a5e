"""Checks that every language model must pass, and a scripted model for tests.

Each check takes a language model and raises ``AssertionError``.

Example:
    >>> for check in LANGUAGE_MODEL_CHECKS:
    ...     check(ScriptedLanguageModel(answer_colour))
"""

import json
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel

from daybreak.errors import ConfigError
from daybreak.language_models.base import (
    Generation,
    JsonSchema,
    LanguageModel,
    Prompt,
    PromptMessage,
)

Script = Sequence[str | Exception] | Callable[[Prompt], str]
"""Texts, one an answer, the last one for all others; or a function from a prompt to a text."""


class ScriptedLanguageModel(LanguageModel):
    """A model that answers from a script and keeps the prompts.

    Args:
        script: The answers; an exception is raised.
        is_local: Whether the model counts as one on this machine.

    Example:
        >>> class Colour(BaseModel):
        ...     colour: str
        >>> model = ScriptedLanguageModel(['{"colour": "red"}'])
        >>> model.complete(Prompt((PromptMessage("user", "globe"),), frozenset()), Colour).value
        Colour(colour='red')
    """

    def __init__(self, script: Script, *, is_local: bool = True) -> None:
        super().__init__()
        self.prompts: list[Prompt] = []
        """Prompts in the order in which they were answered."""
        self._script = script
        self._is_local = is_local

    @property
    def name(self) -> str:
        """A fixed name."""
        return "scripted"

    @property
    def hash(self) -> str:
        """A fixed hash."""
        return "scripted-1"

    @property
    def is_local(self) -> bool:
        """As given."""
        return self._is_local

    def _generate(self, prompt: Prompt, schema: JsonSchema, max_tokens: int) -> Generation:
        self.prompts.append(prompt)
        if callable(self._script):
            answer: str | Exception = self._script(prompt)
        else:
            answer = self._script[min(len(self.prompts), len(self._script)) - 1]
        if isinstance(answer, Exception):
            raise answer
        n_words = sum(len(message.content.split()) for message in prompt.messages)
        return Generation(answer, n_words, len(answer.split()))


class CheckedColour(BaseModel):
    """Answer of the checks."""

    colour: Literal["red", "blue", "green"]


def answer_colour(prompt: Prompt) -> str:
    """Return the answer of a perfect model to the prompts of the checks."""
    title = str(json.loads(prompt.messages[-1].content)["title"])
    return json.dumps({"colour": title.split(maxsplit=1)[0]})


def _colour_prompt(title: str) -> Prompt:
    system = 'Name the colour of the item. Answer with JSON: {"colour": "..."}'
    data = json.dumps({"title": title}, ensure_ascii=False)
    messages = (PromptMessage("system", system), PromptMessage("user", data))
    return Prompt(messages, frozenset())


def check_answer_follows_schema(model: LanguageModel) -> None:
    """An answer is an object of the given type."""
    completion = model.complete(_colour_prompt("red globe"), CheckedColour, max_tokens=40)
    assert isinstance(completion.value, CheckedColour), f"no answer: {completion.fault}"
    assert completion.fault is None, f"an answer with the fault {completion.fault}"


def check_tokens_are_counted(model: LanguageModel) -> None:
    """Tokens of a completion are above 0, within the bound, and part of the usage."""
    prompt, before = _colour_prompt("blue lamp"), model.usage.tokens
    completion = model.complete(prompt, CheckedColour, max_tokens=40)
    assert 0 < completion.prompt_tokens <= prompt.max_tokens, f"{completion.prompt_tokens}"
    assert 0 < completion.completion_tokens <= 40, f"{completion.completion_tokens} tokens"
    used = completion.prompt_tokens + completion.completion_tokens
    assert model.usage.tokens - before == used, "the usage lacks tokens"


def check_same_prompt_same_answer(model: LanguageModel) -> None:
    """The same prompt has the same answer."""
    prompt = _colour_prompt("green cup")
    first, second = (
        model.complete(prompt, CheckedColour, max_tokens=40).value for _ in range(2)
    )
    assert first == second, f"{first} and {second}"


def check_names_are_stable(model: LanguageModel) -> None:
    """Name and hash do not change with use; the hash is a valid file name."""
    before = (model.name, model.hash)
    model.complete(_colour_prompt("red cup"), CheckedColour, max_tokens=40)
    assert (model.name, model.hash) == before, "name or hash changed with use"
    assert model.hash.replace("-", "").isalnum(), f"hash {model.hash!r} cannot name a file"


def check_empty_prompt_raises(model: LanguageModel) -> None:
    """A prompt without messages raises a ConfigError."""
    try:
        model.complete(Prompt((), frozenset()), CheckedColour)
    except ConfigError:
        return
    raise AssertionError("a prompt without messages was accepted")


def check_close_can_be_repeated(model: LanguageModel) -> None:
    """Closing twice has no effect."""
    model.close()
    model.close()


LanguageModelCheck = Callable[[LanguageModel], None]

LANGUAGE_MODEL_CHECKS: tuple[LanguageModelCheck, ...] = (
    check_answer_follows_schema,
    check_tokens_are_counted,
    check_same_prompt_same_answer,
    check_names_are_stable,
    check_empty_prompt_raises,
    check_close_can_be_repeated,
)
"""All checks of a language model."""
