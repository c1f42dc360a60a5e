"""Logs as JSON, one object in each line, on stderr; without secrets, bodies and user ids."""

import json
import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from daybreak.errors import ConfigError

LOG_LEVELS = ("debug", "info", "warning", "error")
NOISY_LOGGERS = ("httpx", "httpcore", "alembic", "asyncio")
"""Loggers of libraries of which only warnings are logged."""

_NOTES_OF_LIBRARIES = ("color_message", "_ray_timestamp_ns")
"""Facts that uvicorn (its message for terminals) and Ray add to records."""
LogEvent = MutableMapping[str, Any]
_SECRET_MARK, _URL_MARK = "dbk_", "://"
"""Each secret has one of them before it."""
_SECRET_PATTERNS = (
    (re.compile(rf"{_SECRET_MARK}([0-9a-f]{{1,16}})_[\w-]+"), rf"{_SECRET_MARK}\1_…"),
    (re.compile(rf"({_URL_MARK}[^:/@\s]*):[^@/\s]+@"), r"\1:…@"),
)


def redact_event(_: Any, __: str, event: LogEvent) -> LogEvent:
    """Hide the API keys and passwords in the texts of a log event, and what libraries note.

    Ray adds a time of its own to the records of all loggers of a process.

    Example:
        >>> redact_event(None, "", {"event": "key dbk_1f_Zm9v at postgresql://a:b@db"})
        {'event': 'key dbk_1f_… at postgresql://a:…@db'}
    """
    for name in _NOTES_OF_LIBRARIES:
        event.pop(name, None)
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = redact_text(value)
    return event


def redact_text(text: str) -> str:
    """Return a text in which API keys and passwords are hidden."""
    if _SECRET_MARK not in text and _URL_MARK not in text:
        return text
    for pattern, replacement in _SECRET_PATTERNS:
        text = pattern.sub(replacement, text)
    return text


@contextmanager
def log_as_json(*, stream: TextIO | None = None, level: str = "info") -> Iterator[None]:
    """Write all logs, also those of libraries, to a stream as JSON until the context ends.

    The previous handlers and levels are restored then, because the stream may be closed.

    Args:
        stream: Stream to write to; default: stderr.
        level: Lowest level to log, one of :data:`LOG_LEVELS`.

    Raises:
        ConfigError: The level is unknown.
    """
    if level not in LOG_LEVELS:
        raise ConfigError(
            f"log level must be one of {', '.join(LOG_LEVELS)}, got {level!r:.40}"
        )
    handler = _handler(stream or sys.stderr)
    root, noisy = logging.getLogger(), [logging.getLogger(name) for name in NOISY_LOGGERS]
    handlers, levels = root.handlers[:], [logger.level for logger in (root, *noisy)]
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for logger in noisy:
        logger.setLevel(logging.WARNING)
    try:
        with _without_unused_facts():
            yield
    finally:
        root.handlers[:] = handlers
        for logger, level_before in zip((root, *noisy), levels, strict=True):
            logger.setLevel(level_before)
        handler.close()


@contextmanager
def _without_unused_facts() -> Iterator[None]:
    """Let the facts of a record be unknown that no line has: its caller, thread and process.

    Source:
        Python 3 documentation, "Logging HOWTO", section "Optimization".
    """
    before = {name: getattr(logging, name) for name in _UNUSED_FACTS}
    for name in _UNUSED_FACTS:
        setattr(logging, name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(logging, name, value)


_UNUSED_FACTS = ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing")
"""Settings of the logging package that cost time in each record."""


def _handler(stream: TextIO) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    return handler


class JsonFormatter(logging.Formatter):
    """Writes a record as JSON.

    A record without an exception, such as that of a request, is written without the chain of
    processors of structlog, which takes several times as long as the rest of a short request.
    """

    def __init__(self) -> None:
        super().__init__()
        self._structured = _structured_formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        if record.exc_info or record.stack_info or not isinstance(record.msg, str):
            return self._structured.format(record)
        added = {n: value for n, value in vars(record).items() if n not in _RECORD_FIELDS}
        about = {"level": record.levelname.lower(), "logger": record.name}
        event: dict[str, Any] = {"event": record.getMessage(), **about, **added}
        at = datetime.fromtimestamp(record.created, UTC)
        event["timestamp"] = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return _to_line(redact_event(None, "", event))


_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""Attributes of every record; others are facts that a caller of the logger adds."""
_to_line = json.JSONEncoder(ensure_ascii=False, default=repr).encode


def _structured_formatter() -> logging.Formatter:
    pre_chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    processors: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=pre_chain, processors=processors
    )
