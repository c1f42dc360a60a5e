"""Settings: each one from a flag, the environment, a file or its default, in this order."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from daybreak.errors import ConfigError

CONFIG_FILE = "daybreak.toml"
"""Read from the working directory when it is there."""
ENVIRONMENT_PREFIX = "DAYBREAK_"
"""Of the environment variables: ``DAYBREAK_STORE`` and so on."""


@dataclass(frozen=True)
class Settings:
    """What a person may choose for every command.

    Example:
        >>> Settings().k
        10
    """

    store: str = "sqlite:///daybreak.db"
    """Where data and releases are kept, as a URL."""
    encoder: str = "auto"
    """Text model: an id, a folder, `auto` (a packaged one) or `none` (words only)."""
    k: int = 10
    """Length of lists."""
    seed: int = 0
    """Of everything that is drawn at random."""
    threads: int = 0
    """Threads of the text encoder; 0: all cores."""
    cache: str = ""
    """Folder of what can always be made again; empty: the system's place for caches."""


@dataclass(frozen=True)
class EffectiveSetting:
    """One setting as it is in force."""

    name: str
    value: str | int
    origin: str
    """``flag``, ``environment NAME``, ``file NAME`` or ``default``."""


def resolve_settings(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> tuple[EffectiveSetting, ...]:
    """Return every setting with the place it comes from.

    Args:
        flags: Given by the caller; None values count as not given.
        environment: None is the environment of the process.
        file: TOML file; None is ``daybreak.toml`` of the working directory, if it is there.

    Raises:
        ConfigError: An unknown setting, or a value of the wrong kind; the message says where.

    Example:
        >>> settings = resolve_settings({"k": 5}, {"DAYBREAK_SEED": "3"}, Path("no.toml"))
        >>> [(s.name, s.value, s.origin) for s in settings if s.origin != "default"]
        [('k', 5, 'flag'), ('seed', 3, 'environment DAYBREAK_SEED')]
    """
    environment = os.environ if environment is None else environment
    file = file or Path(CONFIG_FILE)
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    stored = _read_file(file)
    found = []
    for setting in fields(Settings):
        name, variable = setting.name, ENVIRONMENT_PREFIX + setting.name.upper()
        places = (
            (given.get(name), "flag"),
            (environment.get(variable) or None, f"environment {variable}"),
            (stored.get(name), f"file {file.name}"),
            (setting.default, "default"),
        )
        value, origin = next(place for place in places if place[0] is not None)
        found.append(
            EffectiveSetting(name, _check_value(name, value, setting.type, origin), origin)
        )
    return tuple(found)


def build_settings(resolved: tuple[EffectiveSetting, ...]) -> Settings:
    """Return the values alone.

    Example:
        >>> build_settings(resolve_settings({}, {}, Path("no.toml"))) == Settings()
        True
    """
    values: dict[str, Any] = {setting.name: setting.value for setting in resolved}
    return Settings(**values)


def _read_file(file: Path) -> dict[str, Any]:
    try:
        stored = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file.name} cannot be read: {error}") from error
    known = [setting.name for setting in fields(Settings)]
    for name in stored:
        if name not in known:
            raise ConfigError(
                f"{file.name} has an unknown setting {name!r}; known: {', '.join(known)}"
            )
    return stored


def _check_value(name: str, value: Any, kind: Any, origin: str) -> str | int:
    """Check one value; whole numbers may come as text."""
    if kind is str and isinstance(value, str):
        return value
    try:
        number = int(value) if kind is int and not isinstance(value, bool | float) else -1
    except ValueError:
        number = -1
    if number < 0:
        wanted = "text" if kind is str else "a whole number from 0"
        raise ConfigError(f"{name} must be {wanted}, got {value!r} ({origin})")
    return number
