"""What programs leave in text files beside the rows: rules, counts of rows, guards of cells.

Spreadsheets keep zeros and dates with ``="0012"`` or an apostrophe before the value; databases
draw lines between header and rows and count the rows below them.
"""

import re

import polars as pl

_RULE = r"[ \t]*[+|:=_-][+|:=_ \t-]*[-=_]{2,}[+|:=_ \t-]*"
_ROW_COUNT = (
    r"[ \t]*\(?\d+ (?:rows?|records?|Zeilen?|lignes?|filas?|registros?|righe|行)"
    r"(?: (?:in set|affected|selected)[^\n]*)?\)?[,;|\t ]*"
)
_NO_ROW = re.compile(rf"(?m)^(?:{_RULE}|{_ROW_COUNT}|\x1a)$")
_GUARD = '="'
_FORMULA = r'^=\s*"(?s:(.*))"$'
_APOSTROPHE = r"^'[^']*$"
MIN_APOSTROPHES = 0.5
"""Smallest share of the values of a column that begin with an apostrophe, as a spreadsheet
writes before numbers that are text; fewer are titles such as *'Tis the season*."""


def blank_lines_of_programs(text: str) -> str:
    r"""Return a text in which lines of databases that are no rows are empty.

    Example:
        >>> blank_lines_of_programs("a | b\n---+---\n1 | 2\n(1 row)\n")
        'a | b\n\n1 | 2\n\n'
    """
    return _NO_ROW.sub("", text)


def unguard_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Return texts without what spreadsheets write around them to keep them as they are.

    Example:
        >>> frame = pl.DataFrame({"sku": ['="0012"', "7"], "zip": ["'01067", "'04109"]})
        >>> unguard_cells(frame).rows()
        [('0012', '01067'), ('7', '04109')]
    """
    changed = [new for column in frame if (new := _unguarded(column)) is not None]
    return frame.with_columns(changed) if changed else frame


def _unguarded(column: pl.Series) -> pl.Series | None:
    """Return a column without guards, None if it has none."""
    if column.dtype != pl.String:
        return None
    if column.str.starts_with(_GUARD).any():
        inner = column.str.extract(_FORMULA, 1).str.replace_all('""', '"', literal=True)
        return inner.fill_null(column)
    begins = column.str.starts_with("'")
    if not begins.any():
        return None
    guarded = column.str.contains(_APOSTROPHE).fill_null(value=False)
    n_given = len(column.filter(column.str.len_bytes() > 0))
    if len(column.filter(guarded)) < MIN_APOSTROPHES * n_given:
        return None
    return column.str.strip_prefix("'").zip_with(guarded, column)
