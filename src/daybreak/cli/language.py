"""Language of the messages: English or Chinese, by option, environment or the system."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from daybreak.messages import LANGUAGES, translate_text

LANGUAGE_VARIABLE = "DAYBREAK_LANG"
"""Environment variable that comes before those of the system."""
SYSTEM_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
LANGUAGE_OPTION = "--lang"
COMMANDS_WITH_OPTION = ("demo",)
"""Commands that accept the option themselves."""

_chosen: list[str] = []
"""Language that an option has chosen, if any."""


def choose_language(language: str | None) -> None:
    """Set the language of the messages of this process; None: by the environment.

    Raises:
        ConfigError: There are no messages in the language.
    """
    _chosen.clear()
    if language is None:
        return
    if language not in LANGUAGES:
        from daybreak.errors import ConfigError

        raise ConfigError(f"the language must be {' or '.join(LANGUAGES)}, got {language!r}")
    _chosen.append(language)


def find_language_option(arguments: Sequence[str]) -> str | None:
    """Return the language that the arguments name, so that their errors are told in it.

    The option stands before the command, or after a command that accepts it as well.

    Args:
        arguments: Arguments of the command line.

    Returns:
        Value of the last such option; None: there is none.

    Example:
        >>> find_language_option(["--lang", "zh", "no-such"])
        'zh'
        >>> find_language_option(["interview", "--lang", "zh"]) is None
        True
    """
    found: str | None = None
    words = iter(arguments)
    for word in words:
        name, is_joined, value = word.partition("=")
        if name == LANGUAGE_OPTION:
            found = value if is_joined else next(words, found)
        elif not word.startswith("-") and word not in COMMANDS_WITH_OPTION:
            break
    return found


def current_language() -> str:
    """Return the language of the messages, ``en`` or ``zh``."""
    if _chosen:
        return _chosen[0]
    return language_of(os.environ)


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that an environment asks for.

    Example:
        >>> language_of({"LANG": "zh_CN.UTF-8"}), language_of({"LANG": "C.UTF-8"})
        ('zh', 'en')
        >>> language_of({"LANG": "zh_TW", "LC_ALL": "en_GB"})
        'en'
    """
    given = [environment.get(name, "") for name in (LANGUAGE_VARIABLE, *SYSTEM_VARIABLES)]
    first = next((value for value in given if value), "")
    return "zh" if first.lower().startswith("zh") else "en"


@cache
def read_messages(language: str) -> Mapping[str, Mapping[str, str]]:
    """Return the messages of a language, by section and key."""
    text = files("daybreak.cli").joinpath(f"messages/{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def message(key: str, **values: Any) -> str:
    """Return a message in the current language.

    Args:
        key: Key in the section ``messages``.
        **values: Values of its braces.

    Example:
        >>> message("wrote", path="report.html")
        'wrote report.html'
    """
    return read_messages(current_language())["messages"][key].format(**values)


def translate(text: str) -> str:
    """Return a text of the service in the current language, as far as it is known.

    Several reasons in one text, separated by commas with their values, are translated one by
    one.
    """
    parts = re.split(r"( [+-]\d+\.\d\d(?:, |$))", text)
    return "".join(translate_text(part, current_language()) for part in parts)


def translate_interval(text: str) -> str:
    """Return a text whose intervals, as ``+0.1 to +0.2``, are in the current language.

    Parts that semicolons separate are translated one by one.
    """
    separator = read_messages(current_language())["values"].get("to")
    if separator is None:
        return text
    translated = "；".join(map(translate, text.split("; ")))
    return re.sub(r"(?<=\d) to (?=[+-]?\d)", f" {separator} ", translated)


def translate_column(name: str) -> str:
    """Return the heading of a column of a table in the current language."""
    heading = read_messages(current_language())["columns"].get(name)
    return name.replace("_", " ") if heading is None else heading


def translate_value(value: str) -> str:
    """Return a value that stands for something in the current language."""
    return read_messages(current_language())["values"].get(value, value)
