"""Totals and remarks below a table, which are no rows: ``Total``, ``Exported by admin``."""

import re
from collections.abc import Mapping, Sequence

import polars as pl

from daybreak.data.columns import KEY_COLUMNS, ColumnMapping
from daybreak.data.readers.source import RawTable

MAX_FOOTER_ROWS = 3
"""Largest number of rows at the end of a table that may be no rows."""
MIN_ROWS = 4
"""Smallest number of rows of a table whose last rows are looked at."""
_TOTAL = (
    r"(?i)(?:(?:grand|sub)?[ -]*totals?(?: (?:g[eé]n[eé]rale?|geral|generale|general))?"
    r"|totale?s?|sum(?:me|a|ma)?|sous[ -]total|(?:zwischen|gesamt)summe|gesamt|insgesamt"
    r"|totaal|totalt|razem|celkem|spolu|[oö]sszesen|toplam|yhteensä|итого|всего"
    r"|合计|合計|总计|總計|小计|小計|総計|합계|총계|소계)(?:\s*[:：=].*)?"
)
_REMARK = r"\S+(?:\s+\S+){2,}"


def drop_footers(raw: RawTable, mapping: ColumnMapping) -> tuple[RawTable, list[str]]:
    """Return a table without totals and remarks in its last rows, and a note of them.

    A total has a word for it as an id, and numbers beside it. A remark has at least three words
    where the other rows have an id, and nothing beside it.

    Args:
        raw: Rows as they came.
        mapping: Which columns are ids.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> sold = {"sku": ["a", "b", "c", "d", "Total"], "price": ["1", "2", "3", "4", "10"]}
        >>> table = RawTable("a.csv", pl.DataFrame(sold), pl.Series(range(2, 7)))
        >>> kept, notes = drop_footers(table, match_columns(["sku", "price"], "items"))
        >>> kept.frame.height, notes
        (4, ["a.csv: row 6 is a total or a remark and not used: 'Total'"])
    """
    sources = [s for key in KEY_COLUMNS[mapping.role] if (s := mapping.source_of(key))]
    frame = raw.frame
    texts = [name for name in sources if frame[name].dtype == pl.String]
    if not texts or frame.height < MIN_ROWS:
        return raw, []
    last = frame.tail(MAX_FOOTER_ROWS).rows(named=True)
    before = frame.head(frame.height - len(last))
    notes: list[str] = []
    for row in reversed(last):
        named = next((row[name] for name in texts if row[name]), None)
        if not _is_footer(row, texts) or any((before[name] == named).any() for name in texts):
            break
        place = raw.rows[-1 - len(notes)]
        notes.append(f"{raw.file}: row {place} is a total or a remark and not used: {named!r}")
    n = frame.height - len(notes)
    return RawTable(raw.file, frame.head(n), raw.rows.head(n)), notes[::-1]


def _is_footer(row: Mapping[str, object], ids: Sequence[str]) -> bool:
    """Return whether a row is a total, or only a remark."""
    named = [str(row[name]).strip() for name in ids if row[name]]
    others = [str(v).strip() for name, v in row.items() if name not in ids and v is not None]
    if len(named) == 1 and re.fullmatch(_REMARK, named[0]):
        return not any(others)
    texts = [one for one in others if any(map(str.isalpha, one))]
    return bool(named) and all(re.fullmatch(_TOTAL, one) for one in (*named, *texts))
