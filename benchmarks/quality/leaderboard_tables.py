"""A leaderboard as a Markdown page, a CSV file and pictures."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common.tables import machine
from daybreak.estimates import paired_bootstrap
from daybreak.evaluation.report import format_number
from daybreak.service.benchmarking.leaderboard import COST_COLUMNS, SLICE_GROUPS, Leaderboard
from daybreak.service.benchmarking.leaderboard_report import (
    describe_metadata,
    describe_protocol,
    write_leaderboard_pictures,
)

NOTES = """**Bold** in the first table: the best of the column. In the second: the best, and all
that do not differ significantly from it (paired bootstrap over queries, 95 %). Empty: the
strategy cannot serve the slice. A user who is held out in two draws counts as two. `auto` is
the blend of the default strategies, fitted on the visible part alone.
[The page](../../docs/leaderboard.md) explains slices and columns."""


def write(board: Leaderboard, out: Path, images: Path) -> None:
    """Write ``leaderboard_NAME.md``, ``.csv`` and the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    stem = f"leaderboard_{board.name}"
    costs = board.table().select("strategy", *COST_COLUMNS, "note")
    board.slice_table().join(costs, on="strategy", how="left", maintain_order="left").write_csv(
        out / f"{stem}.csv", float_precision=5
    )
    pictures = write_leaderboard_pictures(board, images, prefix=f"{stem}_")
    (out / f"{stem}.md").write_text(
        "\n".join(_page(board, pictures, out)) + "\n", encoding="utf-8"
    )


def _page(board: Leaderboard, pictures: Sequence[Path], out: Path) -> Iterable[str]:
    yield f"# Leaderboard: {board.name}"
    yield f"\n{describe_protocol(board)}\n\n{NOTES}\n"
    yield f"- data: {'; '.join(describe_metadata(board))}"
    yield f"- processor: {machine()['machine']}\n"
    yield from _groups(board)
    for picture in pictures:
        link = Path(os.path.relpath(picture, out)).as_posix()
        kind = "warm-up curves" if "curves" in picture.name else "cold, few-shot and warm"
        yield f"\n![{board.name}: {kind}]({link})"
    yield "\n## Every slice\n"
    yield from _slices(board)


def _groups(board: Leaderboard) -> Iterable[str]:
    table = board.table()
    best = {name: table[name].max() for name in SLICE_GROUPS}
    lines = []
    for row in table.to_dicts():
        cells = [_cell(row[name], bold=row[name] == best[name]) for name in SLICE_GROUPS]
        costs = ["" if row[name] is None else f"{row[name]:,.6g}" for name in COST_COLUMNS]
        lines.append([row["strategy"], *cells, *costs, row["note"]])
    return _markdown_table(["strategy", *SLICE_GROUPS, *COST_COLUMNS, "note"], lines)


def _slices(board: Leaderboard) -> Iterable[str]:
    names = list(board.results.n_queries)
    marked = {name: _best_strategies(board, name) for name in names}
    lines = [["*queries*", *(f"{board.results.n_queries[name]:,}" for name in names)]]
    for name in board.table()["strategy"]:
        row = board.results[name]
        if row.error is None:
            found = [row.mean(name) for name in names]
            cells = (
                _cell(v, bold=row.name in marked[n]) for v, n in zip(found, names, strict=True)
            )
            lines.append([row.name, *cells])
    return _markdown_table(["strategy", *names], lines)


def _best_strategies(board: Leaderboard, name: str) -> set[str]:
    """Return the best strategy of a slice and all that are not significantly worse."""
    rows = [row for row in board.results.results if name in row.values]
    if not rows:
        return set()
    best = max(rows, key=lambda row: row.mean(name))
    return {
        row.name
        for row in rows
        if row is best or not paired_bootstrap(best.values[name], row.values[name]).differs
    }


def _cell(value: float | None, *, bold: bool) -> str:
    if value is None or np.isnan(value):
        return ""
    return f"**{format_number(value)}**" if bold else format_number(value)


def _markdown_table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    body = ["| " + " | ".join(line) + " |" for line in lines]
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *body]
