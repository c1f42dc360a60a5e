"""The leaderboard as an HTML page and as plots: warm-up curves, and bars for each group."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.estimates import Estimate
from daybreak.evaluation.html import html_document, html_figure, html_table
from daybreak.evaluation.plots import (
    BACKGROUND_COLOUR,
    GRID_COLOUR,
    MUTED_COLOUR,
    SERIES_COLOURS,
    TEXT_COLOUR,
    Picture,
    svg_figure,
    to_standalone_svg,
)
from daybreak.evaluation.report import format_number
from daybreak.service.benchmarking.leaderboard import COST_COLUMNS, SLICE_GROUPS, Leaderboard
from daybreak.types import Doubles

FIGURE_WIDTH_IN = 8.6
"""Width of a plot [inches]."""
PANELS_PER_ROW = 4
"""Number of warm-up curves in one row."""
REFERENCE_STRATEGY = "popular"
GROUP_TITLES = {
    "cold_user": "new user,\nno event",
    "few_shot": "new user,\n1 to 10 events",
    "warm": "known user",
    "cold_item": "new items\namong new ones",
    "cold_item_all": "new and old items\nin one list",
}


def draw_curves(board: Leaderboard) -> Picture | None:
    """Draw the warm-up curve of each strategy, the best first; None without any.

    Every panel also shows popularity and the best single strategy at each point.
    """
    curves = {row.name: board.warm_up_curve(row.name) for row in board.results.results}
    curves = {name: curve for name, curve in curves.items() if curve}
    if not curves:
        return None
    order = sorted(curves, key=lambda name: -np.mean([v.mean for v in curves[name].values()]))
    single = [name for name in order if name != "auto"] or order
    best = np.max([[v.mean for v in curves[name].values()] for name in single], axis=0)
    down = -(-len(order) // PANELS_PER_ROW)
    with svg_figure("curves", FIGURE_WIDTH_IN, 0.75 + 1.5 * down) as (figure, out):
        grid = figure.subplots(
            down, PANELS_PER_ROW, sharex=True, sharey=True, squeeze=False
        ).ravel()
        for axes, name in zip(grid, order, strict=False):
            _draw_curve(axes, name, curves, best)
        for axes in grid[len(order) :]:
            axes.set_visible(False)
        _label_axes(grid, len(order), curves[order[0]])
        figure.legend(
            *grid[0].get_legend_handles_labels(),
            loc="outside upper left",
            ncols=3,
            frameon=False,
        )
        figure.supxlabel("events known of a new user", fontsize=9, color=MUTED_COLOUR)
        figure.supylabel("NDCG@10", fontsize=9, color=MUTED_COLOUR)
    return Picture(out[0], _describe_values("NDCG@10 by number of known events", curves))


def _draw_curve(
    axes: Any, name: str, curves: dict[str, dict[int, Estimate]], best: Doubles
) -> None:
    means, lows, highs = zip(*curves[name].values(), strict=True)
    positions = range(len(means))
    axes.fill_between(positions, lows, highs, color=SERIES_COLOURS[0], alpha=0.18, linewidth=0)
    axes.plot(
        positions, means, color=SERIES_COLOURS[0], linewidth=2, marker="o", markersize=3.5,
        zorder=3, label="this strategy, 95 % interval",
    )  # fmt: skip
    if REFERENCE_STRATEGY in curves:
        popular = [value.mean for value in curves[REFERENCE_STRATEGY].values()]
        axes.plot(
            range(len(popular)), popular, color=TEXT_COLOUR, linewidth=1, linestyle=(0, (4, 2)),
            label="popular",
        )  # fmt: skip
    axes.plot(
        range(len(best)),
        best,
        color=MUTED_COLOUR,
        linewidth=1,
        label="best single strategy there",
    )
    axes.set_title(name, fontsize=9, loc="left", color=TEXT_COLOUR, pad=3)
    axes.grid(axis="y")


def _label_axes(grid: Any, n_panels: int, curve: dict[int, Estimate]) -> None:
    for number, axes in enumerate(grid[:n_panels]):
        axes.set_xticks(range(len(curve)), [str(shots) for shots in curve])
        axes.tick_params(labelsize=8, labelbottom=number + PANELS_PER_ROW >= n_panels)
    grid[0].set_ylim(bottom=0)


def draw_bars(board: Leaderboard) -> Picture | None:
    """Draw every strategy on every group that the data allow; None without any."""
    names = [row.name for row in board.results.results]
    values = {g: {name: board.group_estimate(name, g) for name in names} for g in SLICE_GROUPS}
    groups = {g: v for g, v in values.items() if any(not np.isnan(x.mean) for x in v.values())}
    if not groups:
        return None
    order = sorted(names, key=lambda name: _sort_key([groups[g][name].mean for g in groups]))
    failed = [row.name for row in board.results.results if row.error is not None]
    with svg_figure("bars", FIGURE_WIDTH_IN, 0.9 + 0.19 * len(names)) as (figure, out):
        panels = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
        for axes, (group, measurements) in zip(panels, groups.items(), strict=True):
            _draw_bar_panel(
                axes,
                [measurements[name] for name in order],
                measurements.get(REFERENCE_STRATEGY),
            )
            axes.set_title(GROUP_TITLES[group], fontsize=9, loc="left", color=TEXT_COLOUR)
        for name in failed:
            panels[0].text(
                0, order.index(name), " failed", va="center", color=MUTED_COLOUR, size=8
            )
        panels[0].set_yticks(range(len(order)), order)
        panels[0].set_ylim(len(order) - 0.4, -0.6)
        figure.supxlabel(
            "NDCG@10 with 95 % intervals; dashed: popular; dark: the best",
            fontsize=9, color=MUTED_COLOUR,
        )  # fmt: skip
    curves = {name: {g: groups[g][name] for g in groups} for name in order}
    return Picture(out[0], _describe_values("NDCG@10 by group", curves))


def _draw_bar_panel(axes: Any, values: Sequence[Estimate], reference: Estimate | None) -> None:
    means = np.array([value.mean for value in values])
    best = np.nanmax(means)
    for row, value in enumerate(values):
        if np.isnan(value.mean):
            continue
        alpha = 1.0 if value.mean == best else 0.45
        axes.barh(
            row, value.mean, height=0.72, color=SERIES_COLOURS[0], alpha=alpha, linewidth=0
        )
        axes.plot([value.low, value.high], [row, row], color=TEXT_COLOUR, linewidth=1)
    if reference is not None and not np.isnan(reference.mean):
        axes.axvline(reference.mean, color=TEXT_COLOUR, linewidth=1, linestyle=(0, (4, 2)))
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color=GRID_COLOUR)
    axes.set_axisbelow(True)
    axes.set_facecolor(BACKGROUND_COLOUR)


def _sort_key(means: Sequence[float]) -> tuple[int, float]:
    """Return the sort key of a strategy: most groups served first, then the best mean."""
    known = [mean for mean in means if not np.isnan(mean)]
    return -len(known), -float(np.mean(known or [0.0]))


def _describe_values(what: str, curves: Any) -> str:
    sentences = (
        f"{name}: " + ", ".join(f"{format_number(v.mean)} ({k})" for k, v in curve.items())
        for name, curve in curves.items()
    )
    return f"{what}. " + "; ".join(sentences) + "."


_CURVES_CAPTION = (
    "NDCG@10 by number of known events; the strategy with the highest curve first."
)
_BARS_CAPTION = "Mean over the slices of a group; no bar where a strategy cannot serve a slice."


def render_leaderboard(board: Leaderboard) -> str:
    """Return a leaderboard as an HTML page: plots, groups with costs, every slice."""
    curves, bars = draw_curves(board), draw_bars(board)
    body = [
        f'<p class="lead">{escape(describe_protocol(board))}</p>',
        f'<p class="quiet">{escape("; ".join(describe_metadata(board)))}</p>',
        '<div class="stack">',
        "" if bars is None else html_figure(bars, "Cold, few-shot, warm", _BARS_CAPTION),
        "" if curves is None else html_figure(curves, "Warm-up curves", _CURVES_CAPTION),
        "</div>",
        f'<h2>Strategies</h2><div class="card">{_render_groups(board)}</div>',
        f'<h2>Every slice</h2><div class="card">{_render_slices(board)}</div>',
    ]
    return html_document(f"Leaderboard: {board.name}", body)


def describe_protocol(board: Leaderboard) -> str:
    """Return the protocol of a leaderboard in words."""
    repeats = board.metadata.get("repeats")
    times = f", {repeats} times" if repeats and repeats > 1 else ""
    return (
        f"A fifth of users and items were held out at random{times}, then the newest items, "
        "then everything after a moment. Each strategy was trained alone on the rest and "
        "ranked all candidates for every query; nothing is sampled, and equal scores have the "
        "value of a random order. NDCG@10 with 95 % intervals by bootstrap over queries. "
        "Seconds and memory are those of the longest training, with one thread."
    )


def describe_metadata(board: Leaderboard) -> Iterator[str]:
    """Yield data set, encoder, machine and versions in words."""
    metadata = board.metadata
    for name in ("users", "items", "events"):
        if name in metadata:
            yield f"{metadata[name]:,} {name}"
    if "rules" in metadata:
        yield metadata["rules"].rstrip(".")
    if "encoder" in metadata:
        speed, threads = metadata["texts_per_s"], metadata["encoder_threads"]
        details = f" ({speed:,.0f} texts/s, threads: {threads})" if speed else ""
        yield f"encoder {metadata['encoder']}{details}"
    for name in ("seed", "date", "machine"):
        if name in metadata:
            yield f"{name} {metadata[name]}" if name == "seed" else str(metadata[name])
    if "versions" in metadata:
        yield ", ".join(f"{name} {version}" for name, version in metadata["versions"].items())


def _render_groups(board: Leaderboard) -> str:
    best = {
        name: _best_mean(board.group_estimate(row, name) for row in board.estimates)
        for name in SLICE_GROUPS
    }
    rows = [
        [
            escape(row["strategy"]),
            *(
                _render_estimate(board.group_estimate(row["strategy"], name), best[name])
                for name in SLICE_GROUPS
            ),
            *("" if row[name] is None else f"{row[name]:,.6g}" for name in COST_COLUMNS),
            escape(row["note"]),
        ]
        for row in board.table().to_dicts()
    ]
    return html_table(
        _header_cells("strategy", *SLICE_GROUPS, *COST_COLUMNS, "note"),
        rows,
        "Strategies by group",
    )


def _render_slices(board: Leaderboard) -> str:
    names = list(board.results.n_queries)
    estimates: dict[str, Any] = {
        name: [values.get(name) for values in board.estimates.values()] for name in names
    }
    best = {name: _best_mean(v for v in estimates[name] if v is not None) for name in names}
    rows = [
        ["queries", *(f"{board.results.n_queries[name]:,}" for name in names)],
        *(
            [escape(row), *(_render_estimate(v[n], best[n]) if n in v else "" for n in names)]
            for row, v in board.estimates.items()
        ),
    ]
    return html_table(_header_cells("strategy", *names), rows, "NDCG@10 by slice")


def _header_cells(*names: str) -> list[str]:
    return [escape(name.replace("_", " ")) for name in names]


def _best_mean(values: Any) -> float:
    means = [value.mean for value in values if not np.isnan(value.mean)]
    return max(means, default=float("nan"))


def _render_estimate(value: Estimate, best: float) -> str:
    if np.isnan(value.mean):
        return ""
    css = ' class="best"' if value.mean == best else ""
    ends = (
        f'<span class="range">{format_number(value.low)} to {format_number(value.high)}</span>'
    )
    return f"<span{css}>{format_number(value.mean)}</span>{ends}"


def write_leaderboard_page(board: Leaderboard, path: Path) -> list[Path]:
    """Write a leaderboard as an HTML page; return the paths that were written."""
    path.write_text(render_leaderboard(board), encoding="utf-8")
    return [path]


def write_leaderboard_pictures(
    board: Leaderboard, folder: Path, prefix: str = ""
) -> list[Path]:
    """Write the plots ``curves.svg`` and ``bars.svg``, if the results allow them.

    Args:
        board: Leaderboard to draw.
        folder: Folder of the files; it is created if it does not exist.
        prefix: Start of the names of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, picture in (("curves", draw_curves(board)), ("bars", draw_bars(board))):
        if picture is not None:
            path = folder / f"{prefix}{name}.svg"
            path.write_text(to_standalone_svg(picture.svg), encoding="utf-8")
            written.append(path)
    return written
