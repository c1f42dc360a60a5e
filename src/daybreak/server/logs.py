"""Logs as JSON, one object a line, on stderr; no secrets, no bodies, no ids of users."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from daybreak.errors import ConfigError

LEVELS = ("debug", "info", "warning", "error")

Said = MutableMapping[str, Any]
_SECRETS = (
    (re.compile(r"dbk_([0-9a-f]{1,16})_[\w-]+"), r"dbk_\1_…"),
    (re.compile(r"(://[^:/@\s]*):[^@/\s]+@"), r"\1:…@"),
)


def without_secrets(_: Any, __: str, said: Said) -> Said:
    """Hide keys and passwords, should one get into a message.

    Example:
        >>> without_secrets(None, "", {"event": "key dbk_1f_Zm9v at postgresql://a:b@db"})
        {'event': 'key dbk_1f_… at postgresql://a:…@db'}
    """
    said.pop("color_message", None)  # of uvicorn, for terminals
    for name, value in said.items():
        if isinstance(value, str):
            said[name] = hidden(value)
    return said


def hidden(text: str) -> str:
    """Return a text without the keys and passwords in it."""
    for secret, mark in _SECRETS:
        text = secret.sub(mark, text)
    return text


def log_as_json(*, stream: TextIO | None = None, level: str = "info") -> None:
    """Send everything that is logged, also by libraries, to one stream as JSON.

    Raises:
        ConfigError: There is no such level.
    """
    if level not in LEVELS:
        raise ConfigError(f"log level must be one of {', '.join(LEVELS)}, got {level!r:.40}")
    before: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    after: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=after)
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("httpx", "httpcore", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
