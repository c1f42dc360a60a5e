"""Texts without what surrounds their words: HTML, BBCode, Markdown, shortcodes, addresses."""

import re
from html import unescape
from html.parser import HTMLParser

import polars as pl

MARKUP_PATTERN = (
    r"</?[a-zA-Z!]|&#?[a-zA-Z0-9]+;|\[/?[a-zA-Z*][^\[\]]*\]|\]\(|https?://|www\.|\{\{|\{%"
    r"|\*\*|__|(?m:^#{1,6} )"
)
"""Texts without a match have no markup."""
MAX_ESCAPES = 2
"""Times that a text may have been escaped: ``&amp;lt;p&amp;gt;`` was escaped twice."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SKIPPED_TAGS = _names("script style template noscript")
"""Elements whose content is not text."""
INLINE_TAGS = _names(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark nobr q ruby "
    "s samp small span strike strong sub sup time tt u var wbr"
)
"""Elements inside words; all others separate words."""
BLOCK_TAGS = _names(
    "address applet area article aside audio base body br button canvas caption center col "
    "colgroup dd details dialog dir div dl dt embed fieldset figcaption figure footer form "
    "frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe img input label "
    "legend li link main map menu meta meter nav object ol optgroup option output p param "
    "path picture portal pre progress rp rt section select source summary svg table tbody "
    "td textarea tfoot th thead title tr track ul video"
)
FLAGS = _names(
    "allowfullscreen async autofocus autoplay checked compact controls default defer "
    "disabled download hidden ismap itemscope loop multiple muted nohref noresize noshade "
    "novalidate nowrap open playsinline readonly required reversed selected"
)
"""Attributes of elements that have no value."""

_BBCODE_NAMES = (
    r"b|i|u|s|url|img|quote|code|list|\*|size|color|colour|font|center|left|right|justify|spoiler"
    r"|youtube|video|email|table|tr|td|th|h[1-6]|hr|sub|sup|indent|highlight|align"
)
_BBCODE_ADDRESS = re.compile(r"(?is)\[(img|youtube|video)[^\]]*\].*?\[/\1\]")
_BBCODE = re.compile(rf"(?i)\[/?(?:{_BBCODE_NAMES})(?:=[^\[\]]*|\s+[\w-]+=[^\[\]]*)?\s*/?\]")
_SHORTCODE = re.compile(
    r"""\[[a-zA-Z][\w-]*(?:\s+[\w-]+=(?:"[^"]*"|'[^']*'|[^\s\]]+))+\s*/?\]|\[/[a-zA-Z][\w-]*\]"""
)
_PAIRED_SHORTCODE = re.compile(r"(?s)\[([a-zA-Z][\w-]*)\](.*?)\[/\1\]")
_TEMPLATE = re.compile(r"(?s)\{\{.*?\}\}|\{%.*?%\}")
_MARKDOWN_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_MARKDOWN_LINK = re.compile(r"\[([^\[\]]+)\]\((?:https?:|/|\.|#|mailto:|www\.)[^()]*\)")
_MARKDOWN_MARKS = re.compile(r"(?m)^#{1,6} +|\*\*|(?<!\w)__|__(?!\w)|```")
_ADDRESS = re.compile(r"(?i)\b(?:https?://|www\.)[^\s<>\"'，。、）)\]]+")
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")


def strip_markup(text: str) -> str:
    """Return the words of a text without markup, entities, scripts, styles and web addresses.

    Text that only resembles markup stays: ``<3``, ``a < b``, ``AT&T``, unknown elements.

    Example:
        >>> strip_markup('<p style="color:red">Green&nbsp;<b>tea</b></p><script>f()</script>')
        'Green tea'
        >>> strip_markup("[b]Tea[/b] & [milk](https://x.example) <3, 1 < 2")
        'Tea & milk <3, 1 < 2'
    """
    if not re.search(MARKUP_PATTERN, text):
        return text
    for _ in range(MAX_ESCAPES):
        stripped = _strip_html(text)
        if stripped == text:
            break
        text = stripped
    for pattern, replacement in (
        (_BBCODE_ADDRESS, " "),
        (_MARKDOWN_IMAGE, r"\1"),
        (_MARKDOWN_LINK, r"\1"),
        (_PAIRED_SHORTCODE, r"\2"),
        (_BBCODE, " "),
        (_SHORTCODE, " "),
        (_TEMPLATE, " "),
        (_ADDRESS, " "),
        (_MARKDOWN_MARKS, ""),
    ):
        text = pattern.sub(replacement, text)
    return _BLANKS.sub(" ", text).strip()


def strip_markup_of(column: pl.Series) -> pl.Series:
    """Return a column of text without markup; texts of nothing but markup become null."""
    has_markup = column.str.contains(MARKUP_PATTERN).fill_null(value=False)
    if not has_markup.any():
        return column
    values = [
        strip_markup(value) or None if marked else value
        for value, marked in zip(column, has_markup, strict=True)
    ]
    return pl.Series(column.name, values, dtype=pl.String)


def _strip_html(text: str) -> str:
    if "<" not in text:
        return unescape(text) if "&" in text else text
    parser = _TextParser()
    parser.feed(text)
    parser.close()
    return parser.text()


class _TextParser(HTMLParser):
    """Collects the text of HTML; unknown elements are text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._skipped = ""

    def text(self) -> str:
        """Return the text that was read."""
        return _BLANKS.sub(" ", "".join(self._parts)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped:
            return
        if tag in SKIPPED_TAGS:
            self._skipped = tag
        elif not _is_element(tag, attrs):
            self._parts.append(self.get_starttag_text() or "")
        elif tag not in INLINE_TAGS:
            self._parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in SKIPPED_TAGS:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._skipped:
            self._skipped = ""
        if tag not in INLINE_TAGS:
            self._parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._parts.append(data)

    def unknown_decl(self, data: str) -> None:
        if data.startswith("CDATA["):
            self.handle_data(data.removeprefix("CDATA["))


def _is_element(tag: str, attrs: list[tuple[str, str | None]]) -> bool:
    """Return whether a tag is an element of HTML or XML, and no text in angle brackets."""
    has_only_attributes = all(value is not None or name in FLAGS for name, value in attrs)
    if tag in INLINE_TAGS or tag in BLOCK_TAGS:
        return has_only_attributes
    return has_only_attributes and bool(attrs or ":" in tag or "-" in tag)
