"""Plots of interests that move, as SVG: shares of topics over time, and moves between them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from daybreak.evaluation.plots import (
    GRID_COLOUR,
    MUTED_COLOUR,
    SERIES_COLOURS,
    TEXT_COLOUR,
    Picture,
    svg_figure,
)

WIDTH_IN, TIME_HEIGHT_IN = 7.2, 3.2
"""Width of the plots and height of that of shares over time [inches]."""
ROW_HEIGHT_IN, FRAME_HEIGHT_IN = 0.34, 0.9
"""Height of a topic, and of everything else, in the plot of moves [inches]."""
MAX_LABEL_CHARS = 40
"""Longest name of a topic that is drawn [characters]."""


def draw_shares(
    names: Sequence[str], times: Sequence[float | None], shares: Sequence[Sequence[float]]
) -> Picture:
    """Draw the shares of topics over time as stacked areas.

    Args:
        names: Names of the topics.
        times: Epoch seconds of the points; None: unknown, and then points are numbered.
        shares: (n_points, n_topics) shares, rows sum to 1.

    Example:
        >>> picture = draw_shares(["tea", "rum"], [0.0, 86_400.0], [[0.5, 0.5], [0.9, 0.1]])
        >>> picture.alt
        'Shares of topics over time. At the end: tea 90 %, rum 10 %.'
    """
    dates = [None if at is None else datetime.fromtimestamp(at, UTC) for at in times]
    is_dated = len(dates) > 0 and None not in dates
    positions = list(range(len(shares)))
    with svg_figure("interests", WIDTH_IN, TIME_HEIGHT_IN) as (figure, out):
        axes = figure.add_subplot()
        columns = [[row[topic] for row in shares] for topic in range(len(names))]
        colours = [SERIES_COLOURS[n % len(SERIES_COLOURS)] for n in range(len(names))]
        labels = [_short(name) for name in names]
        axes.stackplot(positions, *columns, labels=labels, colors=colours, alpha=0.85)
        if is_dated:
            texts = [date.strftime("%Y-%m-%d") for date in dates if date is not None]
            axes.set_xticks(positions, texts, rotation=30, ha="right")
        axes.set_ylim(0, 1)
        axes.set_xlim(0, max(len(shares) - 1, 1))
        axes.set_ylabel("share")
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside right center", frameon=False
        )
    last = [] if not shares else list(zip(names, shares[-1], strict=True))
    listed = ", ".join(f"{name} {share:.0%}".replace("%", " %") for name, share in last)
    return Picture(out[0], f"Shares of topics over time. At the end: {listed}.")


def draw_moves(
    names: Sequence[str], current: Sequence[float], expected: Sequence[float]
) -> Picture:
    """Draw for each topic its share now, and an arrow to the share that is expected next.

    Args:
        names: Names of the topics.
        current: Shares now.
        expected: Shares that are expected next.

    Example:
        >>> draw_moves(["tea", "rum"], [0.5, 0.5], [0.6, 0.4]).alt
        'Share of each topic now and next: tea 50 % to 60 %, rum 50 % to 40 %.'
    """
    height = FRAME_HEIGHT_IN + ROW_HEIGHT_IN * len(names)
    with svg_figure("moves", WIDTH_IN, height) as (figure, out):
        axes = figure.add_subplot()
        for row, (now, then) in enumerate(zip(current, expected, strict=True)):
            colour = SERIES_COLOURS[2] if then >= now else SERIES_COLOURS[7]
            axes.plot([now], [row], marker="o", color=MUTED_COLOUR, markersize=5)
            axes.annotate(
                "",
                xy=(then, row),
                xytext=(now, row),
                arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 2},
            )
            axes.plot([then], [row], marker="|", color=colour, markersize=9)
        axes.set_yticks(range(len(names)), [_short(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0, labelcolor=TEXT_COLOUR)
        axes.grid(axis="x", color=GRID_COLOUR)
        axes.set_axisbelow(True)
        axes.set_xlabel("share of the audience's interest, now → expected next")
    rows = zip(names, current, expected, strict=True)
    listed = ", ".join(f"{name} {now:.0%} to {then:.0%}" for name, now, then in rows)
    return Picture(out[0], f"Share of each topic now and next: {listed.replace('%', ' %')}.")


def _short(name: str) -> str:
    return name if len(name) <= MAX_LABEL_CHARS else f"{name[: MAX_LABEL_CHARS - 1]}…"
