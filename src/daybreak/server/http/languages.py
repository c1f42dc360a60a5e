"""The language of a response: what people read is in the one that the request prefers.

Codes, names of fields and values of the data are the same in all languages.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from daybreak.messages import LANGUAGES, choose_by_header, translate_text

response_language: ContextVar[str] = ContextVar("response_language", default=LANGUAGES[0])
"""Language of the response to the current request."""


def language_of_headers(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the language that the headers of a request prefer.

    Example:
        >>> language_of_headers([(b"accept-language", b"zh-CN, en;q=0.5")])
        'zh'
    """
    for name, value in headers:
        if name == b"accept-language":
            return choose_by_header(value.decode("latin-1"))
    return LANGUAGES[0]


def in_language(text: str) -> str:
    """Return a message in the language of the response, as far as it is known."""
    return translate_text(text, response_language.get())


def all_in_language(texts: Iterable[str]) -> list[str]:
    """Return messages in the language of the response."""
    return [in_language(text) for text in texts]


def rows_in_language(rows: Iterable[Mapping[str, Any]], *fields: str) -> list[dict[str, Any]]:
    """Return rows whose messages are in the language of the response.

    Args:
        rows: Rows of the response.
        *fields: Fields that hold messages; others are data and stay as they are.
    """
    return [
        {**row, **{name: in_language(row[name]) for name in fields if row.get(name)}}
        for row in rows
    ]
