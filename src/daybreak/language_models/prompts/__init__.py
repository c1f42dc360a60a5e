"""Prompts: files of the package, one in each language, and how data are put into them.

A file has the instruction (``system``) and the kinds of data that it is used with (``sends``).
The data follow as one JSON object in a message of its own, so that no text of an item or of a
user becomes a part of the instruction.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import Any

from daybreak.errors import ConfigError, NotFoundError
from daybreak.language_models.base import Prompt, PromptMessage
from daybreak.language_models.sending import SentField

LANGUAGES = ("en", "zh")
"""Languages of the prompts."""
_LONE_SURROGATES = "replace"


@dataclass(frozen=True)
class PromptTemplate:
    """The instruction of one use in one language."""

    name: str
    language: str
    system: str
    """Instruction; ``$names`` in it are replaced by values of the program, never by data."""
    sends: frozenset[SentField]
    """Kinds of data that the prompt contains."""

    def fill(self, data: Mapping[str, Any], names: Mapping[str, str] | None = None) -> Prompt:
        """Return the prompt with its data.

        Args:
            data: JSON values; they are data, whatever they say.
            names: Replacements for the ``$names`` of the instruction.

        Raises:
            ConfigError: A name of the instruction has no replacement.

        Example:
            >>> template = PromptTemplate("x", "en", "Name the colour.", frozenset())
            >>> template.fill({"title": "red globe"}).messages[1].content
            '{"title": "red globe"}'
        """
        try:
            system = Template(self.system).substitute(names or {})
        except KeyError as error:
            raise ConfigError(
                f"prompt {self.name!r} needs a value for {error.args[0]!r}"
            ) from error
        text = json.dumps(data, ensure_ascii=False)
        text = text.encode("utf-8", _LONE_SURROGATES).decode("utf-8")
        messages = (PromptMessage("system", system), PromptMessage("user", text))
        return Prompt(messages, self.sends)


@lru_cache(maxsize=64)
def read_prompt(name: str, language: str = "en") -> PromptTemplate:
    """Return a prompt of the package.

    Args:
        name: Name of the prompt, such as ``explain``.
        language: ``en`` or ``zh``.

    Raises:
        NotFoundError: There is no such prompt in this language.

    Example:
        >>> read_prompt("explain", "zh").language
        'zh'
    """
    file = files(__name__) / check_language(language) / f"{name}.toml"
    if not name.isidentifier() or not file.is_file():
        known = ", ".join(prompt_names(language))
        raise NotFoundError(f"no prompt named {name!r} in {language}; known: {known}")
    fields = tomllib.loads(file.read_text("utf-8"))
    sends = frozenset(SentField(field) for field in fields["sends"])
    return PromptTemplate(name, language, fields["system"].strip(), sends)


def prompt_names(language: str = "en") -> list[str]:
    """Return the names of all prompts in a language.

    Example:
        >>> "explain" in prompt_names("en")
        True
    """
    folder = files(__name__) / language
    names = [file.name for file in folder.iterdir() if file.name.endswith(".toml")]
    return sorted(name.removesuffix(".toml") for name in names)


def check_language(language: str) -> str:
    """Return a language of the prompts.

    Raises:
        ConfigError: There are no prompts in the language.
    """
    if language not in LANGUAGES:
        raise ConfigError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    return language
