"""A report as a small table with bars and the warm-up curve, for notebooks."""

import math
from collections.abc import Mapping, Sequence
from html import escape

import polars as pl

MAX_ROWS = 40
"""Maximum number of slices of the table."""
COLOURS = ("#b0410d", "#2f6f8f", "#7d6b1d", "#7a4f9a", "#2f7d63", "#8a8177")
"""Colours of the systems, in their order."""
WIDTH, HEIGHT, MARGIN = 360.0, 140.0, 18.0
"""Size of the curve, and the space around it [px]."""


def bar_table(
    labels: Mapping[str, str], values: Mapping[tuple[str, str], float], systems: Sequence[str]
) -> str:
    """Return an HTML table: one row for each slice, one bar for each system.

    Args:
        labels: Slices in words, by name.
        values: Values by slice and system; missing ones are left empty.
        systems: Names of the systems.

    Example:
        >>> "width:50%" in bar_table({"a": "new users"}, {("a", "x"): 1, ("a", "y"): 2}, "xy")
        True
    """
    longest = max((value for value in values.values() if value > 0), default=1.0)
    head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in systems)
    rows = []
    for name, label in list(labels.items())[:MAX_ROWS]:
        cells = "".join(
            _bar(values.get((name, system)), longest, COLOURS[n % len(COLOURS)])
            for n, system in enumerate(systems)
        )
        rows.append(f"<tr><td style='text-align:left'>{escape(label)}</td>{cells}</tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def curve_svg(curve: pl.DataFrame) -> str:
    """Return the warm-up curve as an SVG element; empty if it has fewer than two points.

    Args:
        curve: Columns ``system``, ``events``, ``value``.
    """
    points = curve.drop_nulls(["events", "value"]).filter(pl.col("value").is_finite())
    positions = {n: at for at, n in enumerate(sorted(points["events"].unique().to_list()))}
    if len(positions) < 2:
        return ""
    top = float(points["value"].max() or 0) or 1.0  # type: ignore[arg-type]
    step = (WIDTH - 2 * MARGIN) / (len(positions) - 1)
    lines = []
    for n, system in enumerate(points["system"].unique(maintain_order=True).to_list()):
        own = points.filter(pl.col("system") == system).sort("events")
        places = " ".join(
            f"{MARGIN + step * positions[events]:.1f},"
            f"{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * max(value, 0) / top:.1f}"
            for events, value in own.select("events", "value").iter_rows()
        )
        colour = COLOURS[n % len(COLOURS)]
        lines.append(f"<polyline points='{places}' fill='none' stroke='{colour}' />")
    ticks = "".join(
        f"<text x='{MARGIN + step * at:.1f}' y='{HEIGHT - 3}' font-size='9' "
        f"fill='currentColor' text-anchor='middle'>{events}</text>"
        for events, at in positions.items()
    )
    return (
        f"<svg width='{WIDTH:.0f}' height='{HEIGHT:.0f}' role='img' "
        f"aria-label='value by number of known events'>{''.join(lines)}{ticks}</svg>"
    )


def _bar(value: float | None, longest: float, colour: str) -> str:
    if value is None or math.isnan(value):
        return "<td></td>"
    share = 100 * max(value, 0) / longest
    return (
        f"<td style='text-align:left;min-width:7em'>{value:.3f}"
        f"<div style='background:{colour};height:4px;width:{share:.0f}%'></div></td>"
    )
