"""Tables of the command line: columns that fit into a terminal, else one block for each row."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from daybreak.cli.language import (
    current_language,
    translate,
    translate_column,
    translate_interval,
    translate_value,
)
from daybreak.cli.output import create_console

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

MAX_UNBROKEN_CHARS = 24
"""Longest word of a text column that is never broken [characters]."""
PADDING_CHARS = 3
"""Blanks between two columns [characters]."""
TEXT_COLUMNS = ("title", "query")
"""Columns below whose text the reasons are shown where a table is narrow."""
NARROW_CHARS = 110
"""Width up to which a table is narrow [characters]."""
_TRANSLATIONS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(
        ("reasons", "text", "slice", "verdict", "against_popular", "sources", "part"),
        translate,
    ),
    **dict.fromkeys(("why", "interval", "moved", "gain [%]"), translate_interval),
    **dict.fromkeys(("item_temperature", "user_temperature"), translate_value),
    **dict.fromkeys(("used", "rank_before", "modality", "content"), translate_value),
}
"""How the values of columns of text are translated, by name of the column."""


def show_frame(frame: "pl.DataFrame", title: str | None = None) -> None:
    """Print a frame as a table; numbers are right-aligned, fractions have three digits.

    A table that does not fit into the width of the terminal, even with its texts wrapped, is
    printed as one block of lines for each row: no number is ever cut.
    """
    from rich.text import Text

    console = create_console()
    frame = _with_reasons_below(frame) if console.width < NARROW_CHARS else frame
    frame, title = _translated(frame), title if title is None else translate(title)
    rows = [[_format_cell(value) for value in row] for row in frame.iter_rows()]
    names = [translate_column(name) for name in frame.columns]
    numeric = [kind.is_numeric() for kind in frame.dtypes]
    widths = _least_widths(names, rows, numeric)
    if sum(widths) + PADDING_CHARS * len(widths) > console.width and rows:
        console.print(Text(title or "", style="bold"))
        for row in rows:
            console.print(Text("\n".join(row_lines(names, row))), end="\n\n")
        return
    table = _empty_table(names, numeric, widths, title)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def row_lines(names: Sequence[str], row: Sequence[str]) -> list[str]:
    """Return a row as one line for each column that has a value.

    Example:
        >>> row_lines(["item id", "rank", "rule"], ["tea", "1", ""])
        ['item id  tea', 'rank     1']
    """
    width = max(map(len, names))
    return [f"{name:<{width}}  {cell}" for name, cell in zip(names, row, strict=True) if cell]


def _least_widths(
    names: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> list[int]:
    """Return the smallest widths with which no number and no short word is broken."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return [
        max(
            _longest_word([name]),
            max(map(len, cells), default=0)
            if is_number
            else min(_longest_word(cells), MAX_UNBROKEN_CHARS),
        )
        for name, cells, is_number in zip(names, columns, numeric, strict=True)
    ]


def _longest_word(texts: Sequence[str]) -> int:
    return max((len(word) for text in texts for word in text.split()), default=0)


def _empty_table(
    names: Sequence[str], numeric: Sequence[bool], widths: Sequence[int], title: str | None
) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for name, is_number, width in zip(names, numeric, widths, strict=True):
        table.add_column(
            name,
            justify="right" if is_number else "left",
            min_width=width,
            overflow="fold",
        )
    return table


def _translated(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Return a frame whose reasons, verdicts and temperatures are in the current language."""
    import polars as pl

    if current_language() == "en":
        return frame
    return frame.with_columns(
        pl.col(name).map_elements(change, return_dtype=pl.String)
        for name, change in _TRANSLATIONS.items()
        if frame.schema.get(name) == pl.String
    )


def _with_reasons_below(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Return a frame whose reasons stand below the title, where there is one."""
    import polars as pl

    if "reasons" not in frame.columns or frame.schema["reasons"] != pl.String:
        return frame
    name = next((name for name in TEXT_COLUMNS if name in frame.columns), None)
    if name is None:
        return frame
    both = pl.concat_str(pl.col(name).fill_null(""), pl.col("reasons"), separator="\n")
    return frame.with_columns(both.alias(name)).drop("reasons")


def _format_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 10 else f"{value:.3f}"
    return (
        f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    )
