"""Paths of categories in one text, such as *Home > Kitchen > Pots*, and lists of them.

A path names the categories from the widest to the narrowest, and an item is in each of them.
Start at :func:`find_path_separator` and :func:`split_values`.
"""

import re
from collections import Counter, defaultdict
from typing import TypeVar

import polars as pl

Texts = TypeVar("Texts", pl.Series, pl.Expr)
PATH_SEPARATORS = ("->", "=>", "→", "»", "›", ">", "::", "^", "~", "\\")
"""Signs that are hardly anything but separators, longer ones first."""
UNSURE_SEPARATORS = ("//", "/", " - ", ":")
"""Signs that separate categories only where the column looks like a tree or like lists."""
MIN_PATH_SHARE = 0.3
"""Smallest share of the values of a column that have the separator."""
MIN_UNSURE_SHARE = 0.5
"""The same for signs that may mean something else."""
MAX_NAME_CHARS = 40
"""Largest mean length of the names in a path [characters]."""
MAX_DISTINCT_SHARE = 0.7
"""Largest share of distinct names among all names of a column that is not known to hold
categories."""
MAX_STRAY_SHARE = 0.1
"""Largest share of names that may be at two places of a tree."""
MAX_ROOT_SHARE = 2 / 3
"""Largest number of roots of a tree for each of their children."""
MAX_LIST_NAMES = 0.75
"""Largest number of names in lists for each of the different lists."""
_OF_LISTS = "\t"
"""Between the separator of paths and that of a list of paths."""
_ANY_SIGN = "|".join(map(re.escape, PATH_SEPARATORS))
_NO_NAMES = re.compile(r"^[\d.,:\s]*$")


def find_path_separator(values: pl.Series, *, trusted: bool) -> str | None:
    """Return the separator of the names in the paths of a column; None: it has no paths.

    Signs such as ``/`` count only in columns of categories, and only if each name has one
    parent, as in a tree, or if few names make many different texts, as in lists.

    Args:
        values: (n,) texts without nulls.
        trusted: Whether the column is known to hold categories.

    Example:
        >>> find_path_separator(pl.Series(["Home > Kitchen", "Home > Garden"]), trusted=True)
        '>'
        >>> find_path_separator(pl.Series(["CD/DVD", "Black/White"]), trusted=True) is None
        True
    """
    if not trusted and values.str.contains(_ANY_SIGN).sum() < MIN_PATH_SHARE * len(values):
        return None  # by far the cheapest check, and most columns have no paths
    signs: tuple[str, ...] = PATH_SEPARATORS + (UNSURE_SEPARATORS if trusted else ())
    for separator in signs:
        is_unsure = separator in UNSURE_SEPARATORS
        least = (MIN_UNSURE_SHARE if is_unsure else MIN_PATH_SHARE) * len(values)
        if not len(values) or values.str.contains(separator, literal=True).sum() < least:
            continue
        counts = Counter[str](values.to_list())
        read = {text: split_text(text, separator) for text in counts}
        if sum(n for text, n in counts.items() if len(read[text]) > 1) < least:
            continue
        paths = list(read.values())
        names = [name for path in paths for name in path]
        if sum(map(len, names)) > MAX_NAME_CHARS * len(names) or _is_telling_nothing(names):
            continue
        if is_unsure and not (_is_tree(paths) or _are_lists(paths)):
            continue
        if trusted or len(set(names)) < MAX_DISTINCT_SHARE * len(names):
            return separator
    return None


def separator_in_lists(path: str, in_list: str) -> str:
    """Return the separator of a column with lists of paths: *Home > Kitchen, Sale*."""
    return f"{path}{_OF_LISTS}{in_list}"


def is_path_separator(separator: str) -> bool:
    """Return whether values with a separator are paths or lists of paths.

    Example:
        >>> is_path_separator(">"), is_path_separator(separator_in_lists(">", ","))
        (True, True)
        >>> is_path_separator(",")
        False
    """
    return separator.partition(_OF_LISTS)[0] in (*PATH_SEPARATORS, *UNSURE_SEPARATORS)


def with_one_separator(text: Texts, separator: str) -> tuple[Texts, str]:
    """Return texts in which one sign separates all values, and this sign.

    Args:
        text: Column or expression of texts; ``&gt;`` stands for ``>`` in paths.
        separator: As :func:`find_path_separator` or :func:`separator_in_lists` return it.
    """
    replaced, sign = _replacements(separator)
    for old, new in replaced:
        text = text.str.replace_all(old, new, literal=True)
    return text, sign


def split_values(text: pl.Expr, separator: str) -> pl.Expr:
    """Return the values of texts as lists, without blanks and empty values.

    Example:
        >>> one = pl.Series("x", ["Home > Kitchen, Sale"]).to_frame()
        >>> one.select(split_values(pl.col("x"), separator_in_lists(">", ",")))["x"].to_list()
        [['Home', 'Kitchen', 'Sale']]
    """
    text, separator = with_one_separator(text, separator)
    each = pl.element().str.strip_chars()
    return text.str.split(separator).list.eval(each.filter(each != ""))


def split_text(text: str, separator: str) -> list[str]:
    """Return the values of one text; see :func:`split_values`."""
    replaced, sign = _replacements(separator)
    for old, new in replaced:
        text = text.replace(old, new)
    return [part.strip() for part in text.split(sign) if part.strip()]


def _replacements(separator: str) -> tuple[list[tuple[str, str]], str]:
    """Return what is replaced in texts, in this order, and the sign that then separates all.

    ``&gt;`` stands for ``>`` in paths, and in lists of paths one sign is enough for both.
    """
    path, _, in_list = separator.partition(_OF_LISTS)
    replaced = [("&gt;", path)] if path == ">" else []
    if in_list:
        replaced.append((path, in_list))
    return replaced, in_list or path


def _is_telling_nothing(names: list[str]) -> bool:
    """Return whether most names are numbers or web addresses, as in dates and links."""
    n_odd = sum(_NO_NAMES.match(name) is not None for name in names)
    n_odd += sum(name.lower() in {"http:", "https:", "http", "https"} for name in names)
    return 2 * n_odd >= len(names)


def _is_tree(paths: list[list[str]]) -> bool:
    """Return whether each second name comes after one first name, and is no first name."""
    parents: defaultdict[str, set[str]] = defaultdict(set)
    for path in paths:
        if len(path) > 1:
            parents[path[1]].add(path[0])
    if not parents:
        return False
    roots = set.union(*parents.values())
    n_stray = sum(len(found) > 1 or name in roots for name, found in parents.items())
    return n_stray <= MAX_STRAY_SHARE * len(parents) and len(roots) <= MAX_ROOT_SHARE * len(
        parents
    )


def _are_lists(paths: list[list[str]]) -> bool:
    """Return whether few names make many different texts."""
    joined = [path for path in paths if len(path) > 1]
    names = {name for path in joined for name in path}
    return len(names) <= MAX_LIST_NAMES * len(joined)
