"""Translation of messages by templates: ``{}`` stands for a value of the English text."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files

LANGUAGES = ("en", "zh")
"""Languages of messages; the first is that of the service."""
MAX_TRANSLATED_CHARS = 2_000
"""Longest text that is translated [characters]; a longer one stays as it is."""
MAX_PARTS = 12
"""Largest number of parts of a text, separated by semicolons, that are translated alone."""
MAX_DEPTH = 6
"""Largest nesting of messages within messages."""
MAX_TRIES = 200
"""Largest number of parts of one text that are compared with all phrases: texts of strangers
must not cost more time than that."""
CACHED_TEXTS = 4_096
"""Number of texts whose translation is kept."""
_SEPARATOR = "; "


@dataclass(frozen=True)
class Phrase:
    """One English template and its translation.

    Example:
        >>> phrase = Phrase.parse("no file {}; known: {}", "没有文件 {0}；现有：{1}")
        >>> phrase.match("no file a.csv; known: b.csv")
        ('a.csv', 'b.csv')
        >>> phrase.match("no folder a") is None
        True
    """

    literals: tuple[str, ...]
    """Texts between the values, with those before the first and after the last one."""
    translation: str
    """Format string; ``{0:t}`` is a value that is translated as well."""

    @classmethod
    def parse(cls, template: str, translation: str) -> "Phrase":
        """Return the phrase of an entry of the catalogue.

        Args:
            template: English text with ``{}`` for each value.
            translation: Text with ``{0}``, ``{1}``, … for the values.
        """
        return cls(tuple(template.split("{}")), translation)

    @cached_property
    def nested(self) -> tuple[bool, ...]:
        """Whether each value is itself a message, by its number."""
        n_values = len(self.literals) - 1
        return tuple(f"{{{number}:t}}" in self.translation for number in range(n_values))

    @property
    def n_fixed_chars(self) -> int:
        """Number of characters that a text must have [characters]."""
        return sum(map(len, self.literals))

    @cached_property
    def has_words(self) -> bool:
        """Whether the template has letters besides its values."""
        return any(char.isalpha() for literal in self.literals for char in literal)

    def match(self, text: str) -> tuple[str, ...] | None:
        """Return the values in a text; None: it is no text of this template.

        A value ends where the next literal comes first, so that the time is linear in the
        length of the text. No value is empty. A semicolon ends a message, and a colon the name
        of a file before one, so they are in values only that are messages, or in quotes.
        """
        first, *others = self.literals
        if not text.startswith(first):
            return None
        if not others:
            return () if text == first else None
        end_of_last = len(text) - len(others[-1])
        values, at = [], len(first)
        for literal in others[:-1]:
            end = text.find(literal, at + 1, end_of_last)
            if end < 0:
                return None
            values.append(text[at:end])
            at = end + len(literal)
        if at >= end_of_last or not text.endswith(others[-1]):
            return None
        values.append(text[at:end_of_last])
        is_prefixed = not first and not self.nested[0] and ": " in values[0]
        return None if is_prefixed or self._spans_messages(values) else tuple(values)

    def _spans_messages(self, values: Sequence[str]) -> bool:
        """Return whether a value that is no message holds the end of one."""
        plain = (v for v, nested in zip(values, self.nested, strict=True) if not nested)
        spanning = any(_SEPARATOR in v and not _is_quoted(v) for v in plain)
        return spanning or any(v.endswith(";") for v in values)


def _is_quoted(value: str) -> bool:
    """Return whether a value is one text in quotes, in which a semicolon ends no message.

    Example:
        >>> _is_quoted("'tea &amp; cake'"), _is_quoted("'tea'; no item 'cake'")
        (True, False)
    """
    quote, inner = value[:1], value[1:-1]
    return quote in ("'", '"') and value[-1] == quote and len(value) > 1 and quote not in inner


def translate_text(text: str, language: str) -> str:
    """Return a message of the service in a language, as far as it is known.

    Args:
        text: English message; several may be joined by semicolons.
        language: One of :data:`LANGUAGES`.

    Example:
        >>> translate_text("no item 'cup'", "zh")
        "没有物品 'cup'"
        >>> translate_text("a title of the shop", "zh")
        'a title of the shop'
    """
    if language == LANGUAGES[0] or not text or len(text) > MAX_TRANSLATED_CHARS:
        return text
    return _translate_cached(text, language)


def choose_by_header(accepted: str) -> str:
    """Return the language that the value of ``Accept-Language`` prefers.

    Source:
        RFC 9110 (2022), section 12.5.4.

    Example:
        >>> choose_by_header("zh-CN,zh;q=0.9,en;q=0.8"), choose_by_header("de, en;q=0.5")
        ('zh', 'en')
    """
    best, best_quality = LANGUAGES[0], 0.0
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    """Return the value of ``q=0.8``; 1 without it, 0 if it is invalid."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0


@cache
def read_phrases(language: str) -> tuple[Phrase, ...]:
    """Return the phrases of a language, those with the most fixed characters first."""
    raw = tomllib.loads(files(__package__).joinpath(f"{language}.toml").read_text("utf-8"))
    phrases = [Phrase.parse(*entry) for part in raw.values() for entry in part.items()]
    return tuple(sorted(phrases, key=lambda phrase: -phrase.n_fixed_chars))


@lru_cache(CACHED_TEXTS)
def _translate_cached(text: str, language: str) -> str:
    return _Translator(language).translate(text, MAX_DEPTH)


class _Value(str):
    """A value of a phrase; the format ``t`` gives its translation."""

    translated: str

    def __new__(cls, text: str, translated: str) -> "_Value":
        """Return a value and its translation."""
        value = super().__new__(cls, text)
        value.translated = translated
        return value

    def __format__(self, spec: str) -> str:
        return self.translated if spec == "t" else str(self)


class _Translator:
    """Translates one text: the whole, the parts of a joined one, and messages within messages.

    Args:
        language: One of :data:`LANGUAGES`, but not the first.
    """

    def __init__(self, language: str) -> None:
        self._phrases = read_phrases(language)
        self.n_tries = 0
        """Number of parts that were compared with all phrases."""

    def translate(self, text: str, depth: int) -> str:
        """Return a text in the language, as far as it is known.

        Args:
            text: English message.
            depth: Largest nesting of messages within it.
        """
        if depth < 1 or self.n_tries >= MAX_TRIES:
            return text
        whole = self._translate_whole(text, depth)
        if whole is not None:
            return whole
        if not 1 < len(text.split(_SEPARATOR)) <= MAX_PARTS:
            return text
        for head, tail in _iter_cuts(text):
            translated = self._translate_whole(head, depth)
            if translated is not None:
                return f"{translated}；{self.translate(tail, depth)}"
        head, _, tail = text.partition(_SEPARATOR)
        translated = self.translate(tail, depth)
        return text if translated == tail else f"{head}；{translated}"

    def _translate_whole(self, text: str, depth: int) -> str | None:
        if self.n_tries >= MAX_TRIES:
            return None
        self.n_tries += 1
        for phrase in self._phrases:
            values = phrase.match(text)
            if values is None:
                continue
            filled = [
                _Value(value, self.translate(value, depth - 1) if nested else value)
                for value, nested in zip(values, phrase.nested, strict=True)
            ]
            if phrase.has_words or any(one.translated != one for one in filled):
                return phrase.translation.format(*filled)
        return None


def _iter_cuts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the two parts of a text at each semicolon, the longest first part first."""
    at = len(text)
    while (at := text.rfind(_SEPARATOR, 0, at)) > 0:
        yield text[:at], text[at + len(_SEPARATOR) :]
