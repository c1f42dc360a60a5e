"""The leaderboard drawn: a warm-up curve for each strategy, and bars for each group."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from daybreak.evaluation.canvas import COLOURS, GRID, INK, MUTED, PAPER, Picture, drawn
from daybreak.evaluation.intervals import Interval
from daybreak.evaluation.table import number
from daybreak.service.leaderboard import GROUPS, Leaderboard
from daybreak.types import Doubles

WIDTH = 8.6
"""Of a picture [inches]."""
ACROSS = 4
"""Curves side by side."""
REFERENCE = "popular"
TITLES = {
    "cold_user": "new user,\nno event",
    "few_shot": "new user,\n1 to 10 events",
    "warm": "known user",
    "cold_item": "new items\namong new ones",
    "cold_item_all": "new and old items\nin one list",
}


def curves_picture(board: Leaderboard) -> Picture | None:
    """Draw the warm-up curve of each strategy, the best first; None without any.

    Popularity and the best that any strategy reaches are in every panel.
    """
    curves = {row.name: board.curve(row.name) for row in board.standings.rows}
    curves = {name: curve for name, curve in curves.items() if curve}
    if not curves:
        return None
    order = sorted(curves, key=lambda name: -np.mean([v.mean for v in curves[name].values()]))
    single = [name for name in order if name != "auto"] or order
    best = np.max([[v.mean for v in curves[name].values()] for name in single], axis=0)
    down = -(-len(order) // ACROSS)
    with drawn("curves", WIDTH, 0.75 + 1.5 * down) as (figure, out):
        grid = figure.subplots(down, ACROSS, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, name in zip(grid, order, strict=False):
            _curve(axes, name, curves, best)
        for axes in grid[len(order) :]:
            axes.set_visible(False)
        _label(grid, len(order), curves[order[0]])
        figure.legend(
            *grid[0].get_legend_handles_labels(),
            loc="outside upper left",
            ncols=3,
            frameon=False,
        )
        figure.supxlabel("events known of a new user", fontsize=9, color=MUTED)
        figure.supylabel("NDCG@10", fontsize=9, color=MUTED)
    return Picture(out[0], _words("NDCG@10 by number of known events", curves))


def _curve(axes: Any, name: str, curves: dict[str, dict[int, Interval]], best: Doubles) -> None:
    means, lows, highs = zip(*curves[name].values(), strict=True)
    places = range(len(means))
    axes.fill_between(places, lows, highs, color=COLOURS[0], alpha=0.18, linewidth=0)
    axes.plot(
        places, means, color=COLOURS[0], linewidth=2, marker="o", markersize=3.5, zorder=3,
        label="this strategy, 95 % interval",
    )  # fmt: skip
    if REFERENCE in curves:
        marks = [value.mean for value in curves[REFERENCE].values()]
        axes.plot(
            range(len(marks)), marks, color=INK, linewidth=1, linestyle=(0, (4, 2)),
            label="popular",
        )  # fmt: skip
    axes.plot(
        range(len(best)), best, color=MUTED, linewidth=1, label="best single strategy there"
    )
    axes.set_title(name, fontsize=9, loc="left", color=INK, pad=3)
    axes.grid(axis="y")


def _label(grid: Any, shown: int, curve: dict[int, Interval]) -> None:
    for place, axes in enumerate(grid[:shown]):
        axes.set_xticks(range(len(curve)), [str(shots) for shots in curve])
        axes.tick_params(labelsize=8, labelbottom=place + ACROSS >= shown)
    grid[0].set_ylim(bottom=0)


def bars_picture(board: Leaderboard) -> Picture | None:
    """Draw every strategy on every group that the data allow; None without any."""
    names = [row.name for row in board.standings.rows]
    values = {g: {name: board.group(name, g) for name in names} for g in GROUPS}
    shown = {g: v for g, v in values.items() if any(not np.isnan(x.mean) for x in v.values())}
    if not shown:
        return None
    order = sorted(names, key=lambda name: _worth([shown[g][name].mean for g in shown]))
    failed = [row.name for row in board.standings.rows if row.fault is not None]
    with drawn("bars", WIDTH, 0.9 + 0.19 * len(names)) as (figure, out):
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, (group, found) in zip(panels, shown.items(), strict=True):
            _bars(axes, [found[name] for name in order], found.get(REFERENCE))
            axes.set_title(TITLES[group], fontsize=9, loc="left", color=INK)
        for name in failed:
            panels[0].text(0, order.index(name), " failed", va="center", color=MUTED, size=8)
        panels[0].set_yticks(range(len(order)), order)
        panels[0].set_ylim(len(order) - 0.4, -0.6)
        figure.supxlabel(
            "NDCG@10 with 95 % intervals; dashed: popular; dark: the best",
            fontsize=9, color=MUTED,
        )  # fmt: skip
    curves = {name: {g: shown[g][name] for g in shown} for name in order}
    return Picture(out[0], _words("NDCG@10 by group", curves))


def _bars(axes: Any, values: Sequence[Interval], mark: Interval | None) -> None:
    means = np.array([value.mean for value in values])
    best = np.nanmax(means)
    for place, value in enumerate(values):
        if np.isnan(value.mean):
            continue
        alpha = 1.0 if value.mean == best else 0.45
        axes.barh(place, value.mean, height=0.72, color=COLOURS[0], alpha=alpha, linewidth=0)
        axes.plot([value.low, value.high], [place, place], color=INK, linewidth=1)
    if mark is not None and not np.isnan(mark.mean):
        axes.axvline(mark.mean, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    axes.set_facecolor(PAPER)


def _worth(means: Sequence[float]) -> tuple[int, float]:
    """Return by what rows are sorted: those that serve most groups first, then the best."""
    known = [mean for mean in means if not np.isnan(mean)]
    return -len(known), -float(np.mean(known or [0.0]))


def _words(what: str, curves: Any) -> str:
    parts = (
        f"{name}: " + ", ".join(f"{number(v.mean)} ({k})" for k, v in curve.items())
        for name, curve in curves.items()
    )
    return f"{what}. " + "; ".join(parts) + "."
