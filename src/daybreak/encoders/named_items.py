"""Items that a sentence names by their titles: "something like Emma" asks for such books.

:func:`named_phrases` returns what may be a title, :func:`fold_title` the form in which titles
are compared, and :func:`add_named_items` a wish that has the content of the items as well.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.encoders.clause_words import LIKENESS_AFTER, LIKENESS_AROUND
from daybreak.encoders.clauses import drop_small_talk, split_clauses
from daybreak.encoders.conjunctions import ADDITIONS, ALTERNATIVES
from daybreak.encoders.title_years import YEAR_IN_BRACKETS
from daybreak.types import Floats, Rows, Sparse

MAX_NAMED_PHRASES = 8
"""Parts of a sentence that are compared with titles, at most."""
MAX_PHRASE_CHARS = 100
"""Longest phrase that is compared with titles [characters]."""

_YEAR = re.compile(YEAR_IN_BRACKETS)
_BY = re.compile(r"^by\s+(?=\w)", re.IGNORECASE)
_GOES_ON = re.compile(r"\s+(?=(?:i|we|what|which|can|so)(?!\w))", re.IGNORECASE)
_ARTICLES = "the|a|an|le|la|les|der|die|das|el|los|il"
_ARTICLE_AT_END = re.compile(rf"^(.*),\s+({_ARTICLES})$")
_ARTICLE = re.compile(rf"^(?:{_ARTICLES})\s+")


def named_phrases(text: str) -> list[str]:
    """Return the parts of a sentence that may be titles, folded by :func:`fold_title`.

    They are all of it with and without the words that only ask, what follows "by", and what
    follows (or, in some languages, stands before) a word such as "like".

    Example:
        >>> named_phrases("a film like The Matrix or Heat, but no horror")
        ['matrix heat', 'matrix or heat', 'matrix', 'heat', 'film like the matrix or heat']
        >>> named_phrases("anything by ABBA")
        ['by abba', 'abba', 'anything by abba']
        >>> named_phrases("Emmaみたいな本")
        ['emmaみたいな本', 'emma']
    """
    clauses = split_clauses(text)
    short = drop_small_talk(clauses.wanted) or clauses.wanted
    found = [short, _BY.sub("", short)]
    is_list = False
    for piece in clauses.pieces:
        matches = [match for match in (one.search(piece.text) for one in _likeness()) if match]
        names = [match["name"] for match in matches] or [piece.text] * is_list
        for named in names:
            found += [named, *_alternatives().split(named), _GOES_ON.split(named)[0]]
        is_list = bool(names)  # "like Heat, Alien and Fargo"
    found.append(clauses.wanted)
    kept = [phrase for phrase in found if len(phrase) <= MAX_PHRASE_CHARS]
    folded = dict.fromkeys(fold_title(phrase) for phrase in kept)
    return [phrase for phrase in folded if phrase][:MAX_NAMED_PHRASES]


def says_like(text: str) -> bool:
    """Return whether a text asks for what is like something.

    Example:
        >>> says_like("something like War"), says_like("a war film")
        (True, False)
    """
    pieces = split_clauses(text).pieces
    return any(one.search(piece.text) for one in _likeness() for piece in pieces)


def fold_title(title: str) -> str:
    """Return a title without case, accents, punctuation and leading article.

    Example:
        >>> fold_title("Matrix, The"), fold_title("Amélie!"), fold_title("The")
        ('matrix', 'amelie', 'the')
    """
    folded = fold_text(title)
    moved = _ARTICLE_AT_END.match(folded)
    folded = moved.group(1) if moved else folded
    words = " ".join(re.sub(r"[\W_]+", " ", folded.replace("&", " and ")).split())
    return _ARTICLE.sub("", words) or words or folded


def fold_text(text: str) -> str:
    """Return a text without case, accents and blanks around it.

    Example:
        >>> fold_text(" Amélie! ")
        'amelie!'
    """
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def split_year(title: str) -> tuple[str, int | None]:
    """Return a title without a year in brackets, and the year.

    Example:
        >>> split_year("Heat (1995)"), split_year("霸王别姬（1993）"), split_year("1917")
        (('Heat', 1995), ('霸王别姬', 1993), ('1917', None))
    """
    found = _YEAR.search(title)
    return strip_year(title), int(found[1]) if found else None


def strip_year(title: str) -> str:
    """Return a title without a year in brackets.

    Example:
        >>> strip_year("Heat (1995)"), strip_year("(2010)")
        ('Heat', '(2010)')
    """
    return _YEAR.sub(" ", title).strip() or title


def add_named_items(
    vectors: Sequence[Sparse | Floats], wish: int, blocks: Sequence[ContentBlock], rows: Rows
) -> tuple[Sparse | Floats, ...]:
    """Return wishes of which one has the mean content of items as well.

    Args:
        vectors: One (n_wishes, dim) matrix per content block.
        wish: Row of the wish that names the items.
        blocks: Content of the catalogue.
        rows: (n,) rows of the named items.
    """
    shape = (int(vectors[0].shape[0]), len(rows))
    share = np.full(len(rows), 1 / len(rows), dtype=np.float32)
    mean = sp.csr_array((share, (np.full(len(rows), wish), np.arange(len(rows)))), shape)
    return tuple(
        _add(own, mean @ block.take(rows).matrix)
        for own, block in zip(vectors, blocks, strict=True)
    )


def _add(first: Any, second: Any) -> Any:
    if sp.issparse(first):
        return sp.csr_array(first + second)
    return np.asarray(first + second, dtype=np.float32)


@cache
def _likeness() -> tuple[re.Pattern[str], ...]:
    after = rf"(?<!\w)(?:{LIKENESS_AFTER})\s+(?P<name>\S.*)"
    return tuple(re.compile(one, re.IGNORECASE) for one in (after, *LIKENESS_AROUND))


@cache
def _alternatives() -> re.Pattern[str]:
    return re.compile(rf"(?:{ALTERNATIVES}|{ADDITIONS})", re.IGNORECASE)
