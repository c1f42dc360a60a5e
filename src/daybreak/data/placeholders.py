"""Titles and descriptions that stand for none, as broken exports have them.

Some stand for none wherever they are: marks without a letter, zeros, errors of spreadsheets,
and words that only programs write. Others may be a title (one film is called "None") and stand
for none if several items have them.
"""

import polars as pl

from daybreak.data.times import EMPTY_VALUES

NEVER_TEXT_PATTERN = (
    r"^(?:[\p{P}\p{Z}\p{C}\s$+<=>^`|~¦§°´¨]*"
    r"|[0\s]+(?:[.,]0*)?"
    r"|#\S{1,12}[!?]|#n/?[avd]|#н/д|#spill|#calc|#getting_data"
    r"|n\.?/a\.?|<na>|\(null\)|<null>|\[null\]|\[?object object\]?|\\n|undefined|%s|\{\}|\[\])$"
)
"""Texts, in lower case, that are no title and no description: "-", "???", "0", "#REF!"."""
PROGRAM_WORDS = ("null", "NULL", "nan", "NaN", "NAN", "NaT")
"""Words that stand for none in exactly this spelling; "Null" may be a name."""
TEXT_PLACEHOLDERS = (
    *EMPTY_VALUES,
    *("untitled", "unnamed", "no title", "no name", "no description", "unknown"),
    *("tbd", "todo", "ohne titel", "kein titel"),
    *("sans titre", "sin título", "sin titulo", "senza titolo", "sem título", "без названия"),
    *("无标题", "未命名", "暂无", "无", "無題", "제목 없음"),
)
"""Texts that stand for none if several items have them, in lower case."""


def is_no_text(text: pl.Series) -> pl.Series:
    """Return which texts are no title and no description, wherever they are.

    Args:
        text: (n,) texts; nulls are none as well, and give false.

    Example:
        >>> is_no_text(pl.Series(["???", "0", "#REF!", "1917", "None", None])).to_list()
        [True, True, True, False, False, False]
    """
    found = text.str.strip_chars().str.to_lowercase().str.contains(NEVER_TEXT_PATTERN)
    return (found | text.str.strip_chars().is_in(PROGRAM_WORDS)).fill_null(value=False)


def is_placeholder(text: pl.Series) -> pl.Series:
    """Return which texts of a column stand for none.

    Args:
        text: (n,) titles or descriptions.

    Example:
        >>> is_placeholder(pl.Series(["Tea", "Untitled", "untitled", "Untitled"])).to_list()
        [False, True, False, True]
    """
    repeated = text.str.to_lowercase().is_in(TEXT_PLACEHOLDERS).fill_null(value=False)
    return is_no_text(text) | (repeated & text.is_duplicated())
