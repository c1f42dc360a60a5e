"""Settings: from a flag, the environment, a file or the default, in this order."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from daybreak.deprecation import deprecated_names
from daybreak.errors import ConfigError
from daybreak.memory import parse_memory_size

CONFIG_FILE = "daybreak.toml"
"""Name of the settings file in the working directory; it is optional."""
UNKNOWN_ITEMS_VALUES = ("exclude", "recommend")
"""Values of the setting ``unknown_items``."""
MEDIA_URLS_VALUES = ("none", "public", "any")
"""Values of the setting ``media_urls``."""
CHOICES = {"unknown_items": UNKNOWN_ITEMS_VALUES, "media_urls": MEDIA_URLS_VALUES}
"""Values of the settings that have only some."""
ENVIRONMENT_PREFIX = "DAYBREAK_"
"""Prefix of the environment variables, such as ``DAYBREAK_STORE``."""


@dataclass(frozen=True)
class Settings:
    """The settings that apply to every command.

    Example:
        >>> Settings().k
        10
    """

    store: str = "sqlite:///daybreak.db"
    """Store of data and releases, as a URL."""
    encoder: str = "auto"
    """Text encoder: an id, a folder, `auto` (a packaged one) or `none` (words only)."""
    k: int = 10
    """Number of results per list."""
    seed: int = 0
    """Random seed."""
    threads: int = 0
    """Number of threads of the text encoder; 0: all cores."""
    cache: str = ""
    """Folder of the cache; empty: the cache folder of the system."""
    unknown_items: str = "exclude"
    """Whether items that only events know are recommended where there is a catalogue:
    `exclude` or `recommend`."""
    candidates_above: int = 200_000
    """Number of items of a catalogue from which lists are made of candidates; 0: never."""
    language_model: str = "none"
    """Language model: `URL#MODEL`, a `.gguf` file, the name of a packaged model, or `none`."""
    language_model_sends: str = "item_title,item_text,item_attributes"
    """Kinds of data that may be sent to a language model on another machine, separated by
    commas."""
    language_model_tokens: int = 200_000
    """Maximum number of tokens of one job with a language model."""
    language_model_price: str = ""
    """Price of a million tokens of prompts and of answers, as `0.15/0.6`; empty: none."""
    media_urls: str = "none"
    """Web addresses of pictures and sounds that imports fetch: `none`, `public` (not in
    private networks) or `any`."""
    picture_encoder: str = "auto"
    """Picture model: `auto` (EfficientNet-Lite0, if it is installed), `none`, or a folder with
    a converted model or with a CLIP model in ONNX."""
    memory: str = ""
    """Largest memory of the process of a training, such as `2GB`; empty: no bound."""
    releases: str = ""
    """Address in object storage to which trainings push releases, such as
    `s3://BUCKET/releases`; empty: they stay in the folder next to the store."""


@dataclass(frozen=True)
class EffectiveSetting:
    """The effective value of one setting."""

    name: str
    value: str | int
    origin: str
    """``flag``, ``environment NAME``, ``file NAME`` or ``default``."""


def resolve_settings(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> tuple[EffectiveSetting, ...]:
    """Return the effective value and the origin of every setting.

    Args:
        flags: Values by name; None: not given.
        environment: Environment variables; None: those of the process.
        file: TOML file; None: ``daybreak.toml`` in the working directory, if it exists.

    Raises:
        ConfigError: A setting is unknown or has an invalid value; the message names its origin.

    Example:
        >>> settings = resolve_settings({"k": 5}, {"DAYBREAK_SEED": "3"}, Path("no.toml"))
        >>> [(s.name, s.value, s.origin) for s in settings if s.origin != "default"]
        [('k', 5, 'flag'), ('seed', 3, 'environment DAYBREAK_SEED')]
    """
    environment = os.environ if environment is None else environment
    file = file or Path(CONFIG_FILE)
    from_flags = {name: value for name, value in (flags or {}).items() if value is not None}
    from_file = _read_file(file)
    resolved = []
    for setting in fields(Settings):
        name, variable = setting.name, ENVIRONMENT_PREFIX + setting.name.upper()
        candidates = (
            (from_flags.get(name), "flag"),
            (environment.get(variable) or None, f"environment {variable}"),
            (from_file.get(name), f"file {file.name}"),
            (setting.default, "default"),
        )
        value, origin = next(candidate for candidate in candidates if candidate[0] is not None)
        resolved.append(
            EffectiveSetting(name, _check_value(name, value, setting.type, origin), origin)
        )
    return tuple(resolved)


def build_settings(resolved: tuple[EffectiveSetting, ...]) -> Settings:
    """Return the values of resolved settings.

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
    """Return a valid value; whole numbers may be given as text."""
    if name in CHOICES and value not in CHOICES[name]:
        raise ConfigError(
            f"{name} must be one of {', '.join(CHOICES[name])}, got {value!r} ({origin})"
        )
    if kind is str and isinstance(value, str):
        if name == "memory" and value:
            parse_memory_size(value)
        return value
    try:
        number = int(value) if kind is int and not isinstance(value, bool | float) else -1
    except ValueError:
        number = -1
    if number < 0:
        expected = "text" if kind is str else "a whole number from 0"
        raise ConfigError(f"{name} must be {expected}, got {value!r} ({origin})")
    return number


__getattr__ = deprecated_names(
    __name__,
    {
        "Effective": "daybreak.config.EffectiveSetting",
        "effective": "daybreak.config.resolve_settings",
        "settings_of": "daybreak.config.build_settings",
    },
)
