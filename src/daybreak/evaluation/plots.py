"""Plots of a report as SVG: the warm-up curves of a user and of the shop, and all slices.

Colours are CSS variables with fallbacks, so that a plot is readable on light and dark pages.
Text stays text.
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import polars as pl

from daybreak.estimates import Estimate
from daybreak.evaluation.baselines import BASELINES
from daybreak.evaluation.report import METRIC_TITLES, Report, SliceInfo, format_number
from daybreak.simulation.slices import REPORT_WARM_SLICES, SHOT_COUNTS, YOUNG_SLICES

SERIES_COLOURS = (
    "#2563eb",
    "#d97706",
    "#059669",
    "#db2777",
    "#7c3aed",
    "#0891b2",
    "#ca8a04",
    "#dc2626",
)
TEXT_COLOUR, MUTED_COLOUR, GRID_COLOUR, BACKGROUND_COLOUR = (
    "#1f2430",
    "#6b7280",
    "#d9dde4",
    "#fffffe",
)
CSS_VARIABLES = {
    **{colour: f"var(--c{n}, {colour})" for n, colour in enumerate(SERIES_COLOURS)},
    TEXT_COLOUR: f"var(--ink, {TEXT_COLOUR})",
    MUTED_COLOUR: f"var(--muted, {MUTED_COLOUR})",
    GRID_COLOUR: f"var(--line, {GRID_COLOUR})",
    BACKGROUND_COLOUR: f"var(--paper, {BACKGROUND_COLOUR})",
}
_MATPLOTLIB_STYLE: Any = {
    "svg.fonttype": "none",
    "font.size": 9.5,
    "font.family": "DejaVu Sans",
    "text.color": TEXT_COLOUR,
    "axes.edgecolor": GRID_COLOUR,
    "axes.labelcolor": MUTED_COLOUR,
    "xtick.color": MUTED_COLOUR,
    "ytick.color": MUTED_COLOUR,
    "xtick.labelcolor": TEXT_COLOUR,
    "ytick.labelcolor": TEXT_COLOUR,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID_COLOUR,
    "grid.linewidth": 0.8,
    "lines.solid_capstyle": "round",
}


class Picture(NamedTuple):
    """An ``<svg>`` element and its text alternative."""

    svg: str
    alt: str


def to_standalone_svg(svg: str) -> str:
    r"""Return an ``<svg>`` element as the content of a file, with fixed colours.

    Example:
        >>> to_standalone_svg('<svg fill="var(--ink, #1f2430)"></svg>')
        '<svg style="background: #ffffff" fill="#1f2430"></svg>\n'
    """
    fixed = re.sub(r"var\([^,]+, (#\w+)\)", r"\1", svg)
    return fixed.replace("<svg ", '<svg style="background: #ffffff" ', 1) + "\n"


@contextmanager
def svg_figure(name: str, width: float, height: float) -> Iterator[tuple[Any, list[str]]]:
    """Provide a figure to draw on; after the block the list holds its SVG.

    Args:
        name: Prefix of the ids in the SVG; unique within a page.
        width: Width of the figure [inches].
        height: Height of the figure [inches].
    """
    import matplotlib as mpl  # noqa: PLC0415  (slow to import, needed for plots only)
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    out: list[str] = []
    with mpl.rc_context({**_MATPLOTLIB_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # The browser draws the text; glyphs that the measuring font lacks can be ignored.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, out
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    out.append(_to_inline_svg(file.getvalue(), name))


def _to_inline_svg(svg: str, name: str) -> str:
    """Extract the element, make its ids unique and its colours CSS variables."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    for colour, variable in CSS_VARIABLES.items():
        svg = svg.replace(colour, variable)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


FIGURE_WIDTH_IN = 4.6
"""Width of a plot [inches]; narrow, so that text stays readable on a phone."""
SYSTEM_GAP_IN = 0.11
"""Distance between two systems of one slice [inches]."""


def draw_warm_up_curve(report: Report, metric: str = "ndcg") -> Picture | None:
    """Draw the metric against the number of known events, one line for each system.

    Args:
        report: Report to draw.
        metric: Name of the metric.

    Returns:
        The plot; None when the report has no few-shot slices.
    """
    names = {info.name for info in report.slices}
    shots = [n for n in SHOT_COUNTS if f"events_{n}" in names]
    warm = [name for name in REPORT_WARM_SLICES if name in names]
    if not shots:
        return None
    with _single_axes("warm-up", 3.9) as (figure, axes, out):
        for system, colour in _system_colours(report).items():
            values = [report.cell(f"events_{n}", system).values[metric] for n in shots]
            _draw_line(axes, values, system, colour)
            warm_values = [report.cell(name, system).values[metric] for name in warm]
            _draw_points(axes, warm_values, len(shots) + 0.2, system, colour)
        labels = [*map(str, shots), *(name.replace("_", "\n") for name in warm)]
        positions = [*range(len(shots)), *(len(shots) + 0.2 + n for n in range(len(warm)))]
        axes.set_xticks(positions, labels)
        if warm:
            axes.axvline(
                len(shots) - 0.4, color=GRID_COLOUR, linewidth=1, linestyle=(0, (3, 3))
            )
        axes.set_xlabel("events known of a new user" + (" | known users" if warm else ""))
        axes.set_ylabel(f"{METRIC_TITLES[metric]}@{report.k}")
        axes.set_ylim(bottom=-0.02 * axes.get_ylim()[1])
        axes.grid(axis="y")
        _add_legend(figure, axes)
    return Picture(out[0], _warm_up_alt(report, shots, metric))


def draw_shop_curve(report: Report, metric: str = "ndcg") -> Picture | None:
    """Draw the metric against the number of users of a young shop.

    There is a panel for each number of known events of a later user, a line for each system.

    Args:
        report: Report to draw.
        metric: Name of the metric.

    Returns:
        The plot; None when the report has no slices of young shops.
    """
    curve = report.shop_curve(metric)
    if not curve.height:
        return None
    shots = curve["events"].unique().sort().to_list()
    with svg_figure("shop", FIGURE_WIDTH_IN, 3.3) as (figure, out):
        panels = figure.subplots(1, len(shots), sharey=True, squeeze=False)[0]
        for axes, n_events in zip(panels, shots, strict=True):
            _draw_shop_panel(axes, curve.filter(events=n_events), _system_colours(report))
            axes.set_title(_describe_shots(n_events), fontsize=9.5)
        panels[0].set_ylabel(f"{METRIC_TITLES[metric]}@{report.k}")
        panels[0].set_ylim(bottom=-0.02 * panels[0].get_ylim()[1])
        panels[len(shots) // 2].set_xlabel("users from whom the shop has learned")
        _add_legend(figure, panels[0])
    return Picture(out[0], _shop_alt(report, curve, metric))


def _draw_shop_panel(axes: Any, curve: pl.DataFrame, colours: Mapping[str, str]) -> None:
    for system, colour in colours.items():
        line = curve.filter(system=system).sort("users")
        values = [Estimate(*row) for row in line.select("value", "low", "high").rows()]
        _draw_line(axes, values, system, colour)
        axes.set_xticks(range(line.height), [str(n) for n in line["users"]])
    axes.grid(axis="y")


def _describe_shots(n_events: int) -> str:
    return f"{n_events} event{'' if n_events == 1 else 's'}"


def draw_slices(report: Report, metric: str = "ndcg") -> Picture | None:
    """Draw every system on every slice with its interval; a vertical mark shows popularity.

    The slices of young shops have a plot of their own.

    Args:
        report: Report to draw.
        metric: Name of the metric.

    Returns:
        The plot; None when the report has no slices.
    """
    slices = [info for info in report.slices if info.name not in YOUNG_SLICES]
    if not slices:
        return None
    systems = list(_system_colours(report).items())
    step = SYSTEM_GAP_IN * len(systems) + 0.16
    with _single_axes("slices", 1.1 + step * len(slices)) as (figure, axes, out):
        for row, info in enumerate(slices):
            for n, (system, colour) in enumerate(systems):
                position = row + (n - (len(systems) - 1) / 2) * SYSTEM_GAP_IN / step
                value = report.cell(info.name, system).values[metric]
                label = system if row == 0 else None
                _draw_interval(axes, value, position, label, colour)
            if row:
                axes.axhline(row - 0.5, color=GRID_COLOUR, linewidth=0.6)
        axes.set_yticks(range(len(slices)), [info.name for info in slices])
        axes.set_ylim(len(slices) - 0.5, -0.5)
        axes.set_xlim(left=-0.015 * axes.get_xlim()[1])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{METRIC_TITLES[metric]}@{report.k}, 95 % interval")
        _add_legend(figure, axes)
    return Picture(out[0], _slices_alt(report, slices, metric))


def system_css_colours(report: Report) -> dict[str, str]:
    """Return the CSS colour of each system, the same as in the plots."""
    return {name: CSS_VARIABLES[colour] for name, colour in _system_colours(report).items()}


def _system_colours(report: Report) -> dict[str, str]:
    evaluated = [name for name in report.systems if name not in BASELINES]
    colours = {
        name: SERIES_COLOURS[n % len(SERIES_COLOURS)] for n, name in enumerate(evaluated)
    }
    return colours | {
        name: TEXT_COLOUR if name == "popular" else MUTED_COLOUR for name in BASELINES
    }


def _draw_line(axes: Any, values: Sequence[Estimate], system: str, colour: str) -> None:
    """Draw one line with its interval; baselines are dashed."""
    positions = range(len(values))
    means, lows, highs = zip(*values, strict=True)
    style = (0, (4, 2)) if system in BASELINES else "solid"
    axes.fill_between(positions, lows, highs, color=colour, alpha=0.13, linewidth=0)
    axes.plot(
        positions,
        means,
        color=colour,
        linestyle=style,
        linewidth=1.4 if system in BASELINES else 2.2,
        marker="o",
        markersize=3 if system in BASELINES else 5,
        label=system,
    )


def _draw_points(
    axes: Any, values: Sequence[Estimate], start: float, system: str, colour: str
) -> None:
    for n, value in enumerate(values):
        axes.errorbar(
            start + n,
            value.mean,
            yerr=[[value.mean - value.low], [value.high - value.mean]],
            color=colour,
            marker="o",
            markersize=3 if system in BASELINES else 5,
            linewidth=1.4,
        )


def _draw_interval(
    axes: Any, value: Estimate, position: float, label: str | None, colour: str
) -> None:
    """Draw one value of the slices plot; popularity is a vertical bar, not a dot."""
    marker = {TEXT_COLOUR: "|", MUTED_COLOUR: "o"}.get(colour, "o")
    axes.errorbar(
        value.mean,
        position,
        xerr=[[value.mean - value.low], [value.high - value.mean]],
        color=colour,
        marker=marker,
        markersize=9 if marker == "|" else 5,
        markeredgewidth=2 if marker == "|" else 1,
        markerfacecolor=BACKGROUND_COLOUR if colour == MUTED_COLOUR else colour,
        linewidth=1.5,
        label=label,
        linestyle="none",
    )


def _add_legend(figure: Any, axes: Any) -> None:
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper left",
        ncols=3,
        frameon=False,
        handlelength=1.6,
        columnspacing=1.4,
        borderaxespad=0.2,
    )


@contextmanager
def _single_axes(name: str, height: float) -> Iterator[tuple[Any, Any, list[str]]]:
    """Provide a figure with one pair of axes; see :func:`svg_figure`."""
    with svg_figure(name, FIGURE_WIDTH_IN, height) as (figure, out):
        yield figure, figure.add_subplot(), out


def _warm_up_alt(report: Report, shots: Sequence[int], metric: str) -> str:
    parts = [
        f"{system}: "
        + ", ".join(
            f"{format_number(report.cell(f'events_{n}', system).values[metric].mean)} with {n}"
            for n in shots
        )
        for system in report.systems
    ]
    return (
        f"{METRIC_TITLES[metric]}@{report.k} by number of known events. "
        + "; ".join(parts)
        + "."
    )


def _shop_alt(report: Report, curve: pl.DataFrame, metric: str) -> str:
    parts = [
        f"{system} with {_describe_shots(events)}: "
        + ", ".join(f"{format_number(value)} from {users} users" for users, value in points)
        for system in report.systems
        for events in curve["events"].unique().sort()
        if (
            points := curve.filter(system=system, events=events)
            .sort("users")
            .select("users", "value")
            .rows()
        )
    ]
    title = f"{METRIC_TITLES[metric]}@{report.k}"
    return f"{title} by number of users of a young shop. " + "; ".join(parts) + "."


def _slices_alt(report: Report, slices: Sequence[SliceInfo], metric: str) -> str:
    parts = [
        f"{info.name}: "
        + ", ".join(
            f"{system} {format_number(report.cell(info.name, system).values[metric].mean)}"
            for system in report.systems
        )
        for info in slices
    ]
    return (
        f"{METRIC_TITLES[metric]}@{report.k} of every system on every slice. "
        + "; ".join(parts)
        + "."
    )
