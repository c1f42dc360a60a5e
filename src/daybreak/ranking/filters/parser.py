"""Parsing of filters: an SQL parser restricted to a small grammar.

The SQL parser never sees a keyword that filters do not support (``SELECT``, ``CASE``,
``EXISTS``): such words are turned into plain names first. Sizes are checked before any
recursion.
"""

from functools import lru_cache
from typing import Any, NoReturn, cast

from sqlglot import Dialect, Token, TokenType, exp
from sqlglot.errors import ParseError, SqlglotError

from daybreak.errors import FilterError

MAX_FILTER_CHARACTERS = 8_000
MAX_FILTER_TOKENS = 2_000
"""Maximum number of names, literals and symbols of one filter."""
MAX_NESTING_DEPTH = 40
"""Maximum depth of nested parentheses and of nested operators."""
MAX_CACHED_TREES = 256
"""Maximum number of cached parse results."""
MAX_EXCERPT_CHARACTERS = 60
"""Maximum number of characters of a filter in a message."""

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
"""Exceptions that sqlglot may raise for invalid input."""


class FilterSource:
    """Text of a filter, for error messages with positions."""

    def __init__(self, text: str) -> None:
        self.text = text

    def fail(self, message: str, node: exp.Expression | None = None) -> NoReturn:
        """Raise a :class:`FilterError` with a message, at a node of the parse tree."""
        position = None if node is None else _node_position(node)
        raise FilterError(self._message(message, position))

    def fail_at(self, message: str, start: int) -> NoReturn:
        """Raise a :class:`FilterError` with a message, at a character counted from 0."""
        raise FilterError(self._message(message, start))

    def _message(self, message: str, position: int | None) -> str:
        if position is None:
            return f"filter {_truncate(self.text)!r}: {message}"
        start = max(0, position - MAX_EXCERPT_CHARACTERS // 2)
        excerpt = self.text[start : start + MAX_EXCERPT_CHARACTERS]
        return f"filter, at character {position + 1} ({_truncate(excerpt)!r}): {message}"


@lru_cache(maxsize=MAX_CACHED_TREES)
def parse_filter(text: str) -> exp.Expression:
    """Return the parse tree of a filter; results are cached and must not be modified.

    Args:
        text: Filter expression.

    Raises:
        FilterError: The text is no expression, or too large; the message names the position.

    Example:
        >>> parse_filter("price < 10 AND has(tags, 'tea')").sql()
        "price < 10 AND HAS(tags, 'tea')"
        >>> parse_filter("price < 10 or")
        Traceback (most recent call last):
        daybreak.errors.FilterError: filter, at character 12 ('price < 10 or'): invalid \
syntax; write conditions such as price < 10 AND has(categories, 'tea')
    """
    source = FilterSource(text)
    if len(text) > MAX_FILTER_CHARACTERS:
        raise FilterError(
            f"the filter has {len(text):,} characters, the maximum is "
            f"{MAX_FILTER_CHARACTERS:,}; use items or exclude for long lists of items"
        )
    tokens = _tokenize(source)
    try:
        trees = _DIALECT.parser().parse_into(exp.Condition, tokens, text)
    except ParseError as error:
        source.fail_at(_SYNTAX_HINT, _error_position(error, tokens))
    except _PARSER_ERRORS:
        source.fail(_SYNTAX_HINT)
    if len(trees) != 1 or not isinstance(trees[0], exp.Expression):
        source.fail(_SYNTAX_HINT)
    _check_depth(trees[0], source)
    return trees[0]


_SYNTAX_HINT = "invalid syntax; write conditions such as price < 10 AND has(categories, 'tea')"


def _tokenize(source: FilterSource) -> list[Token]:
    try:
        source.text.encode("utf-8")  # unpaired surrogates cannot be compared
        tokens = _DIALECT.tokenize(source.text)
    except _PARSER_ERRORS as error:
        source.fail(
            "a text or a name is not terminated, or contains an unpaired surrogate; 'texts' "
            'and "names" need two quotes'
        )
        raise AssertionError from error
    if not tokens:
        source.fail("the filter is empty")
    if len(tokens) > MAX_FILTER_TOKENS:
        source.fail(f"{len(tokens):,} tokens, the maximum is {MAX_FILTER_TOKENS:,}")
    depth = 0
    for token in tokens:
        _check_token(token, source)
        depth += token.token_type == TokenType.L_PAREN
        depth -= token.token_type == TokenType.R_PAREN
        if depth > MAX_NESTING_DEPTH:
            source.fail_at(f"more than {MAX_NESTING_DEPTH} nested parentheses", token.start)
    return tokens


def _check_token(token: Token, source: FilterSource) -> None:
    """Reject unsupported symbols; turn unsupported keywords into plain names."""
    kind, text = token.token_type, token.text
    if kind in _SYMBOL_TOKENS or _KEYWORD_TOKENS.get(text.upper()) == kind:
        return
    if kind == TokenType.NULLSAFE_EQ or not text.replace("_", "a").isalnum():
        source.fail_at(f"filters do not support {text!r}", token.start)
    token.token_type = TokenType.VAR


def _check_depth(tree: exp.Expression, source: FilterSource) -> None:
    """Reject a tree that is too deep; ``a AND b AND c`` is one level."""
    pending: list[tuple[exp.Expression, int]] = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_NESTING_DEPTH:
            source.fail(f"more than {MAX_NESTING_DEPTH} nested operators", node)
        for child in node.iter_expressions():
            is_chain = isinstance(node, exp.Connector) and isinstance(child, type(node))
            pending.append((child, depth + (not is_chain)))


def flatten_operands(node: exp.Expression) -> list[exp.Expression]:
    """Return the operands of ``a AND b AND c``, or of a chain of ``OR``, in their order."""
    operands: list[exp.Expression] = []
    pending = [node]
    while pending:
        top = pending.pop()
        if type(top) is type(node):
            right = cast("exp.Expression", top.expression)
            left = cast("exp.Expression", top.this)
            pending += [right, left]
        else:
            operands.append(top)
    return operands


def _error_position(error: ParseError, tokens: list[Token]) -> int:
    """Return the position of the token at which the parser stopped."""
    first: dict[str, Any] = error.errors[0] if error.errors else {}
    for token in tokens:
        if (token.line, token.col) == (first.get("line"), first.get("col")):
            return token.start
    return tokens[-1].start


def _node_position(node: exp.Expression) -> int | None:
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts) if starts else None


def _truncate(text: str) -> str:
    if len(text) <= MAX_EXCERPT_CHARACTERS:
        return text
    return text[: MAX_EXCERPT_CHARACTERS - 3] + "..."
