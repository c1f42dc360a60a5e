"""A report as aligned plain text, protocol beside every table."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from textwrap import wrap

from daybreak.evaluation.cells import TITLES, Cell, SliceInfo
from daybreak.evaluation.intervals import Interval

WIDTH = 96
"""Of the text [columns]."""


def tables(
    slices: Iterable[SliceInfo], cells: Iterable[Cell], k: int, metrics: Sequence[str]
) -> str:
    """Return one table for each slice: systems down, metrics across, best NDCG first."""
    cells = list(cells)
    return "\n\n".join(
        _slice(info, [cell for cell in cells if cell.slice == info.name], k, metrics)
        for info in slices
    )


def number(value: float) -> str:
    """Return three digits as people write a share: ``.305``; ``-`` for NaN.

    Example:
        >>> number(0.3049), number(12.25), number(float("nan")), number(-0.02)
        ('.305', '12.2', '-', '-.020')
    """
    if math.isnan(value):
        return "-"
    text = f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text


def interval(value: Interval) -> str:
    """Return a value with its interval, where it has one.

    Example:
        >>> interval(Interval(0.31, 0.29, 0.33)), interval(Interval(0.5, math.nan, math.nan))
        ('.310 [.290, .330]', '.500')
    """
    if math.isnan(value.low):
        return number(value.mean)
    return f"{number(value.mean)} [{number(value.low)}, {number(value.high)}]"


def align(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns, the first one as a heading; wide letters count two.

    Example:
        >>> print(align([["name", "k"], ["日出", "10"]]))
        name  k
        日出  10
    """
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _slice(info: SliceInfo, cells: list[Cell], k: int, metrics: Sequence[str]) -> str:
    heading = ["system", *(f"{TITLES[name]}@{k}" for name in metrics), "fit s", "answer s"]
    cells = sorted(cells, key=lambda cell: -cell.values["ndcg"].mean)
    rows = [
        [
            cell.system,
            *(interval(cell.values[name]) for name in metrics),
            f"{cell.fit_s:.1f}",
            f"{cell.answer_s:.2f}",
        ]
        for cell in cells
    ]
    counts = (
        f"{info.counts['users']:,} users, {info.counts['targets']:,} targets, "
        f"{info.counts['candidates']:,} candidates, full ranking"
    )
    protocol = "\n".join(
        wrap(info.protocol, WIDTH, initial_indent="  ", subsequent_indent="  ")
    )
    return "\n".join(
        [f"{info.name}: {counts}", protocol, align([heading, *rows]), *_dropped(cells)]
    )


def _dropped(cells: list[Cell]) -> list[str]:
    """Say which answers had rows that did not count."""
    return [
        f"  {cell.system}: rows not counted: "
        + ", ".join(f"{n:,} {why.replace('_', ' ')}" for why, n in cell.dropped.items() if n)
        for cell in cells
        if any(cell.dropped.values())
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
