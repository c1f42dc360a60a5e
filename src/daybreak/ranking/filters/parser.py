"""Filters as text: read by a parser of SQL, after everything but a small grammar is taken out.

The parser never sees a keyword that filters do not have (``SELECT``, ``CASE``, ``EXISTS``):
before it starts, such a word becomes a plain name. Sizes are checked before anything recurs.
"""

from functools import lru_cache
from typing import Any, NoReturn, cast

from sqlglot import Dialect, Token, TokenType, exp
from sqlglot.errors import ParseError, SqlglotError

from daybreak.errors import FilterError

MAX_FILTER_CHARACTERS = 8_000
MAX_FILTER_TOKENS = 2_000
"""Names, numbers, texts and signs of one filter."""
MAX_NESTING_DEPTH = 40
"""Brackets within brackets, and operators within operators."""
MAX_CACHED_TREES = 256
"""Filters whose reading is kept."""
MAX_EXCERPT_CHARACTERS = 60
"""Characters of a filter that a message shows."""

_SYMBOL_TOKENS = frozenset(
    {
        *(TokenType.L_PAREN, TokenType.R_PAREN, TokenType.COMMA, TokenType.PLUS),
        *(TokenType.DASH, TokenType.STAR, TokenType.SLASH, TokenType.LT, TokenType.LTE),
        *(TokenType.GT, TokenType.GTE, TokenType.EQ, TokenType.NEQ),
        *(TokenType.NUMBER, TokenType.STRING, TokenType.VAR, TokenType.IDENTIFIER),
    }
)
_KEYWORD_TOKENS = {
    **{t.name: t for t in (TokenType.AND, TokenType.OR, TokenType.NOT, TokenType.IN)},
    **{t.name: t for t in (TokenType.IS, TokenType.NULL, TokenType.TRUE, TokenType.FALSE)},
    **{t.name: t for t in (TokenType.LIKE, TokenType.ILIKE, TokenType.BETWEEN)},
    **{t.name: t for t in (TokenType.DISTINCT, TokenType.FROM, TokenType.INTERVAL)},
    **{t.name: t for t in (TokenType.DATE, TokenType.TIMESTAMP)},
    **{t.name: t for t in (TokenType.CURRENT_DATE, TokenType.CURRENT_TIMESTAMP)},
}
_DIALECT = Dialect.get_or_raise(None)
_PARSER_ERRORS = (
    SqlglotError,
    RecursionError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
)
"""What a parser of somebody else may raise when it is given nonsense."""


class FilterSource:
    """A filter as it was written, to point at places in it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def fail(self, message: str, node: exp.Expression | None = None) -> NoReturn:
        """Raise the error that shows why, and where, a filter cannot be read."""
        place = None if node is None else _node_position(node)
        raise FilterError(self._message(message, place))

    def fail_at(self, message: str, start: int) -> NoReturn:
        """Raise the error for a place counted in characters from 0."""
        raise FilterError(self._message(message, start))

    def _message(self, why: str, place: int | None) -> str:
        if place is None:
            return f"filter {_truncate(self.text)!r}: {why}"
        before = max(0, place - MAX_EXCERPT_CHARACTERS // 2)
        part = self.text[before : before + MAX_EXCERPT_CHARACTERS]
        return f"filter, at character {place + 1} ({_truncate(part)!r}): {why}"


@lru_cache(maxsize=MAX_CACHED_TREES)
def parse_filter(text: str) -> exp.Expression:
    """Return the tree of a filter; the same text gives the same tree, which nobody changes.

    Raises:
        FilterError: It is no expression, or too large; the message shows the place.

    Example:
        >>> parse_filter("price < 10 AND has(tags, 'tea')").sql()
        "price < 10 AND HAS(tags, 'tea')"
        >>> parse_filter("price < 10 or")
        Traceback (most recent call last):
        daybreak.errors.FilterError: filter, at character 12 ('price < 10 or'): this does not \
fit here; write conditions such as price < 10 AND has(categories, 'tea')
    """
    source = FilterSource(text)
    if len(text) > MAX_FILTER_CHARACTERS:
        raise FilterError(
            f"a filter may have {MAX_FILTER_CHARACTERS:,} characters, this one has {len(text):,}; "
            "long lists of items go into items or exclude"
        )
    words = _tokenize(source)
    try:
        trees = _DIALECT.parser().parse_into(exp.Condition, words, text)
    except ParseError as error:
        source.fail_at(_SYNTAX_HINT, _error_position(error, words))
    except _PARSER_ERRORS:
        source.fail(_SYNTAX_HINT)
    if len(trees) != 1 or not isinstance(trees[0], exp.Expression):
        source.fail(_SYNTAX_HINT)
    _check_depth(trees[0], source)
    return trees[0]


_SYNTAX_HINT = (
    "this does not fit here; write conditions such as price < 10 AND has(categories, 'tea')"
)


def _tokenize(source: FilterSource) -> list[Token]:
    try:
        source.text.encode("utf-8")  # halves of characters cannot be compared
        words = _DIALECT.tokenize(source.text)
    except _PARSER_ERRORS as error:
        source.fail(
            "a text or a name has no end, or half a character is in it; 'texts' and "
            '"names" need two quotes'
        )
        raise AssertionError from error
    if not words:
        source.fail("it is empty")
    if len(words) > MAX_FILTER_TOKENS:
        source.fail(f"it has {len(words):,} words and signs; at most {MAX_FILTER_TOKENS:,}")
    depth = 0
    for word in words:
        _check_token(word, source)
        depth += (word.token_type == TokenType.L_PAREN) - (word.token_type == TokenType.R_PAREN)
        if depth > MAX_NESTING_DEPTH:
            source.fail_at(
                f"more than {MAX_NESTING_DEPTH} brackets within brackets", word.start
            )
    return words


def _check_token(word: Token, source: FilterSource) -> None:
    """Refuse a sign that filters do not have; let an unknown keyword be a plain name."""
    kind, spelt = word.token_type, word.text
    if kind in _SYMBOL_TOKENS or _KEYWORD_TOKENS.get(spelt.upper()) == kind:
        return
    if kind == TokenType.NULLSAFE_EQ or not spelt.replace("_", "a").isalnum():
        source.fail_at(f"filters have no {spelt!r}", word.start)
    word.token_type = TokenType.VAR


def _check_depth(tree: exp.Expression, source: FilterSource) -> None:
    """Refuse a tree that is too deep; ``a AND b AND c`` is one level."""
    waiting: list[tuple[exp.Expression, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_NESTING_DEPTH:
            source.fail(f"more than {MAX_NESTING_DEPTH} operators within operators", node)
        for child in node.iter_expressions():
            chained = isinstance(node, exp.Connector) and isinstance(child, type(node))
            waiting.append((child, depth + (not chained)))


def flatten_operands(node: exp.Expression) -> list[exp.Expression]:
    """Return the members of ``a AND b AND c``, or of a chain of ``OR``, in their order."""
    found: list[exp.Expression] = []
    waiting = [node]
    while waiting:
        top = waiting.pop()
        if type(top) is type(node):
            waiting += [
                cast("exp.Expression", top.expression),
                cast("exp.Expression", top.this),
            ]
        else:
            found.append(top)
    return found


def _error_position(error: ParseError, words: list[Token]) -> int:
    """Return where the parser stopped: it tells line and end of a word."""
    first: dict[str, Any] = error.errors[0] if error.errors else {}
    for word in words:
        if (word.line, word.col) == (first.get("line"), first.get("col")):
            return word.start
    return words[-1].start


def _node_position(node: exp.Expression) -> int | None:
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts) if starts else None


def _truncate(text: str) -> str:
    return (
        text
        if len(text) <= MAX_EXCERPT_CHARACTERS
        else text[: MAX_EXCERPT_CHARACTERS - 3] + "..."
    )
