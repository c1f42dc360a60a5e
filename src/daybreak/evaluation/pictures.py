"""The warm-up curve and the slices."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from daybreak.evaluation.baselines import BASELINES
from daybreak.evaluation.canvas import (
    COLOURS,
    GRID,
    INK,
    MUTED,
    PAPER,
    VARIABLES,
    Picture,
    drawn,
)
from daybreak.evaluation.cells import TITLES
from daybreak.evaluation.intervals import Interval
from daybreak.evaluation.report import WARM, Report
from daybreak.evaluation.slices import SHOTS
from daybreak.evaluation.table import number

WIDTH = 4.6
"""Of a picture [inches]: narrow, so that text stays readable on a phone."""
GAP = 0.11
"""Between two systems of one slice [inches]."""


def warm_up_picture(report: Report, metric: str = "ndcg") -> Picture | None:
    """Draw quality against known events, one line a system; None without few-shot slices."""
    names = {info.name for info in report.slices}
    shots = [n for n in SHOTS if f"events_{n}" in names]
    warm = [name for name in WARM if name in names]
    if not shots:
        return None
    with _figure("warm-up", 3.9) as (figure, axes, out):
        for system, colour in _colours(report).items():
            values = [report.cell(f"events_{n}", system).values[metric] for n in shots]
            _line(axes, values, system, colour)
            known = [report.cell(name, system).values[metric] for name in warm]
            _points(axes, known, len(shots) + 0.2, system, colour)
        labels = [*map(str, shots), *(name.replace("_", "\n") for name in warm)]
        places = [*range(len(shots)), *(len(shots) + 0.2 + n for n in range(len(warm)))]
        axes.set_xticks(places, labels)
        if warm:
            axes.axvline(len(shots) - 0.4, color=GRID, linewidth=1, linestyle=(0, (3, 3)))
        axes.set_xlabel("events known of a new user" + (" | known users" if warm else ""))
        axes.set_ylabel(f"{TITLES[metric]}@{report.k}")
        axes.set_ylim(bottom=-0.02 * axes.get_ylim()[1])
        axes.grid(axis="y")
        _legend(figure, axes)
    return Picture(out[0], _warm_up_alt(report, shots, metric))


def slices_picture(report: Report, metric: str = "ndcg") -> Picture | None:
    """Draw every system on every slice with its interval, popularity as the mark to beat."""
    if not report.slices:
        return None
    systems = list(_colours(report).items())
    step = GAP * len(systems) + 0.16
    with _figure("slices", 1.1 + step * len(report.slices)) as (figure, axes, out):
        for row, info in enumerate(report.slices):
            for n, (system, colour) in enumerate(systems):
                place = row + (n - (len(systems) - 1) / 2) * GAP / step
                value = report.cell(info.name, system).values[metric]
                label = system if row == 0 else None
                _bar(axes, value, place, label, colour)
            if row:
                axes.axhline(row - 0.5, color=GRID, linewidth=0.6)
        axes.set_yticks(range(len(report.slices)), [info.name for info in report.slices])
        axes.set_ylim(len(report.slices) - 0.5, -0.5)
        axes.set_xlim(left=-0.015 * axes.get_xlim()[1])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{TITLES[metric]}@{report.k}, 95 % interval")
        _legend(figure, axes)
    return Picture(out[0], _slices_alt(report, metric))


def colour_of(report: Report) -> dict[str, str]:
    """Return the CSS colour of each system, the same as in the pictures."""
    return {name: VARIABLES[colour] for name, colour in _colours(report).items()}


def _colours(report: Report) -> dict[str, str]:
    own = [name for name in report.systems if name not in BASELINES]
    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(own)}
    return colours | {name: INK if name == "popular" else MUTED for name in BASELINES}


def _line(axes: Any, values: Sequence[Interval], system: str, colour: str) -> None:
    """Draw one line with its band; baselines are dashed."""
    places = range(len(values))
    means, lows, highs = zip(*values, strict=True)
    style = (0, (4, 2)) if system in BASELINES else "solid"
    axes.fill_between(places, lows, highs, color=colour, alpha=0.13, linewidth=0)
    axes.plot(
        places,
        means,
        color=colour,
        linestyle=style,
        linewidth=1.4 if system in BASELINES else 2.2,
        marker="o",
        markersize=3 if system in BASELINES else 5,
        label=system,
    )


def _points(
    axes: Any, values: Sequence[Interval], start: float, system: str, colour: str
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


def _bar(axes: Any, value: Interval, place: float, label: str | None, colour: str) -> None:
    """Draw one value of the slices picture; popularity is a bar across, not a dot."""
    marker = {INK: "|", MUTED: "o"}.get(colour, "o")
    axes.errorbar(
        value.mean,
        place,
        xerr=[[value.mean - value.low], [value.high - value.mean]],
        color=colour,
        marker=marker,
        markersize=9 if marker == "|" else 5,
        markeredgewidth=2 if marker == "|" else 1,
        markerfacecolor=PAPER if colour == MUTED else colour,
        linewidth=1.5,
        label=label,
        linestyle="none",
    )


def _legend(figure: Any, axes: Any) -> None:
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
def _figure(name: str, height: float) -> Iterator[tuple[Any, Any, list[str]]]:
    """Give a figure with one pair of axes."""
    with drawn(name, WIDTH, height) as (figure, out):
        yield figure, figure.add_subplot(), out


def _warm_up_alt(report: Report, shots: Sequence[int], metric: str) -> str:
    parts = [
        f"{system}: "
        + ", ".join(
            f"{number(report.cell(f'events_{n}', system).values[metric].mean)} with {n}"
            for n in shots
        )
        for system in report.systems
    ]
    return f"{TITLES[metric]}@{report.k} by number of known events. " + "; ".join(parts) + "."


def _slices_alt(report: Report, metric: str) -> str:
    parts = [
        f"{info.name}: "
        + ", ".join(
            f"{system} {number(report.cell(info.name, system).values[metric].mean)}"
            for system in report.systems
        )
        for info in report.slices
    ]
    return (
        f"{TITLES[metric]}@{report.k} of every system on every slice. " + "; ".join(parts) + "."
    )
