"""Reports as self-contained HTML pages: no scripts, no external links, every text escaped."""

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path

import polars as pl

from daybreak.estimates import Estimate, PairedDifference
from daybreak.evaluation.baselines import BASELINES
from daybreak.evaluation.plots import (
    Picture,
    draw_shop_curve,
    draw_slices,
    draw_warm_up_curve,
    system_css_colours,
)
from daybreak.evaluation.report import (
    METRIC_TITLES,
    METRICS,
    Report,
    SliceInfo,
    SliceResult,
    format_number,
)


def html_document(title: str, body: Iterable[str]) -> str:
    """Return a page made of HTML parts; empty parts are left out.

    Example:
        >>> html_document("a < b", ["", "<p>c</p>"]).count("a &lt; b")
        2
    """
    style = files("daybreak.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    parts = [f"<h1>{escape(title)}</h1>", *body]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def html_figure(picture: Picture, heading: str, caption: str) -> str:
    """Return a plot with its heading and caption."""
    return (
        f'<figure class="card"><h2>{escape(heading)}</h2>'
        f'<div role="img" aria-label="{escape(picture.alt)}">{picture.svg}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def html_table(
    heading: Iterable[str], rows: Iterable[Iterable[str]], label: str, kind: str = "numbers"
) -> str:
    """Return a table of HTML cells in a box that scrolls.

    Args:
        heading: HTML of the column headings.
        rows: HTML of the cells.
        label: Name of the table for assistive technology.
        kind: Class of the table: ``numbers`` or ``text``.
    """
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heading)
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{cell}</th>' if n == 0 else f"<td>{cell}</td>"
            for n, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">'
        f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )


METRIC_DEFINITIONS = {
    "NDCG": "Sum of 1/log2(position + 1) over hits, divided by the best possible sum.",
    "recall": "Share of the relevant items that are in the list.",
    "hit": "Share of users with at least one hit.",
    "MRR": "One divided by the position of the first hit.",
    "diversity": "Mean difference between the categories of two items of a list.",
    "novelty": "Mean self-information of the items, in bits: rare items are novel.",
    "cold share": "Share of recommended items that no user had in training.",
    "popularity": "Mean popularity percentile of the items; .5 for random lists.",
    "coverage": "Share of candidates that are in at least one list.",
    "Gini": "Inequality of exposure: 0 all items alike, 1 all positions to one item.",
}
_PICTURE_TEXTS = {
    "warm": (
        "Warm-up curve",
        "Quality by number of known events. Points with a number have the same users and "
        "targets; known users, on the right, are other users with other targets.",
    ),
    "shop": (
        "Warm-up curve of the shop",
        "Quality of a young shop by the number of users from whom it has learned, for later "
        "users with few known events. Shops of different size are asked about different users.",
    ),
    "slices": ("Every slice", "The vertical mark is popularity, the baseline to beat."),
}


def write_html(
    report: Report,
    path: Path | str,
    *,
    title: str = "Cold-start report",
    more: Mapping[str, pl.DataFrame] | None = None,
) -> Path:
    """Write a report as an HTML page.

    Args:
        report: Report to show.
        path: Path of the file.
        title: Title of the page.
        more: Further tables by heading, shown before the details.

    Returns:
        Path of the file.
    """
    path = Path(path)
    path.write_text(render_html(report, title=title, more=more), encoding="utf-8")
    return path


def render_html(
    report: Report,
    *,
    title: str = "Cold-start report",
    more: Mapping[str, pl.DataFrame] | None = None,
) -> str:
    """Return a report as HTML.

    Args:
        report: Report to show.
        title: Title of the page.
        more: Further tables by heading, such as example lists; shown before the details.

    Example:
        >>> render_html(Report(k=10, slices=(), cells=()), title="a < b").count("a &lt; b")
        2
    """
    body = [
        f'<p class="lead">{_describe_protocol(report)}</p>',
        *(f'<p class="card note">{escape(note)}</p>' for note in report.notes),
        _render_pictures(report),
        _render_overview(report),
        *(_render_table(heading, frame) for heading, frame in (more or {}).items()),
        _render_details(report),
        _render_definitions(report.k),
    ]
    return html_document(title, body)


def _describe_protocol(report: Report) -> str:
    return (
        "Known users and items were held out, and every system recommended for them as if they "
        f"were new. Lists of {report.k}, ranked among all candidates; 95 % intervals by "
        "bootstrap over users; a user without a list counts 0."
    )


def _evaluated_systems(report: Report) -> list[str]:
    return [name for name in report.systems if name not in BASELINES]


def _render_pictures(report: Report) -> str:
    """Return the plots, and on how many slices each system beats popularity."""
    curves = {"warm": draw_warm_up_curve(report), "shop": draw_shop_curve(report)}
    bars = draw_slices(report)
    left = [
        html_figure(curve, *_PICTURE_TEXTS[name])
        for name, curve in curves.items()
        if curve is not None
    ]
    left += _render_cards(report)
    right = "" if bars is None else html_figure(bars, *_PICTURE_TEXTS["slices"])
    columns = [f'<div class="stack">{"".join(left)}</div>' if left else "", right]
    return f'<div class="pictures">{"".join(columns)}</div>' if any(columns) else ""


def _render_cards(report: Report) -> list[str]:
    """Return a card for each system: on how many slices does it beat popularity?"""
    colours = system_css_colours(report)
    cards = []
    for name in _evaluated_systems(report):
        tags = [
            _classify_difference(paired)[0]
            for paired in report.compare(name, "popular").values()
        ]
        cards.append(
            f'<div class="card sum"><h2>{_render_system_name(name, colours)}</h2>'
            "<p>beats popularity on "
            f"<strong>{tags.count('beats')} of {len(tags)}</strong> slices</p>"
            f'<p class="quiet">{tags.count("even")} without a significant difference, '
            f"{tags.count('worse')} worse</p></div>"
        )
    return cards


def _render_overview(report: Report) -> str:
    """Return a table of NDCG with intervals: a row for each slice, a column for each system."""
    colours = system_css_colours(report)
    systems = _evaluated_systems(report)
    paired = {name: report.compare(name, "popular") for name in systems}
    rows = []
    for info in report.slices:
        cells = {name: report.cell(info.name, name).values["ndcg"] for name in report.systems}
        best = max((value.mean for value in cells.values()), default=0.0)
        row = [
            (_render_badge(paired[name][info.name]) if name in paired else "")
            + _render_estimate(value, best)
            for name, value in cells.items()
        ]
        rows.append([f"<code>{escape(info.name)}</code>", f"{info.counts['users']:,}", *row])
    heading = [
        "slice",
        "users",
        *(_render_system_name(name, colours) for name in report.systems),
    ]
    table = html_table(heading, rows, f"NDCG@{report.k} of every system on every slice")
    return f'<h2>NDCG@{report.k}</h2>\n<div class="card">{table}</div>' if rows else ""


def _render_details(report: Report) -> str:
    sections = [
        _render_slice(info, [c for c in report.cells if c.slice == info.name], report)
        for info in report.slices
    ]
    return f'<h2>Slices</h2>\n<div class="stack">{"".join(sections)}</div>' if sections else ""


def _render_slice(info: SliceInfo, cells: list[SliceResult], report: Report) -> str:
    """Return one slice: its protocol, and all metrics of all systems."""
    colours = system_css_colours(report)
    best = max(cell.values["ndcg"].mean for cell in cells)
    rows = [
        [
            _render_system_name(cell.system, colours),
            *(_render_estimate(cell.values[m], best if m == "ndcg" else None) for m in METRICS),
            f"{cell.fit_s:.1f}",
            f"{cell.answer_s:.2f}",
        ]
        for cell in sorted(cells, key=lambda cell: -cell.values["ndcg"].mean)
    ]
    counts = (
        f"{info.counts['users']:,} users · {info.counts['targets']:,} targets · "
        f"{info.counts['candidates']:,} candidates"
    )
    heading = ["system", *(METRIC_TITLES[m] for m in METRICS), "fit s", "answer s"]
    return (
        f'<section class="card slice"><header><h3><code>{escape(info.name)}</code></h3>'
        f'<span class="quiet">{counts}</span></header>'
        f'<p class="quiet">{escape(info.protocol)}</p>'
        f"{html_table(heading, rows, f'All metrics on {info.name}')}"
        f"{_render_dropped(cells)}</section>"
    )


def _render_dropped(cells: Iterable[SliceResult]) -> str:
    lines = [
        f"{escape(cell.system)}: rows not counted: "
        + ", ".join(f"{n:,} {why.replace('_', ' ')}" for why, n in cell.dropped.items() if n)
        for cell in cells
        if any(cell.dropped.values())
    ]
    return "".join(f'<p class="quiet">{line}</p>' for line in lines)


def _render_table(heading: str, frame: pl.DataFrame) -> str:
    rows = [
        [escape("" if value is None else str(value)) for value in row] for row in frame.rows()
    ]
    table = html_table([escape(name) for name in frame.columns], rows, heading, kind="text")
    return f'<h2>{escape(heading)}</h2>\n<div class="card">{table}</div>'


def _render_definitions(k: int) -> str:
    items = "".join(
        f"<dt>{escape(name)}@{k}</dt><dd>{escape(text)}</dd>"
        for name, text in METRIC_DEFINITIONS.items()
    )
    return f'<h2>Metrics</h2>\n<div class="card"><dl>{items}</dl></div>'


def _render_system_name(name: str, colours: Mapping[str, str]) -> str:
    dot = f'<span class="dot" style="background:{colours[name]}" aria-hidden="true"></span>'
    return f"{dot}{escape(name)}"


def _render_estimate(value: Estimate, best: float | None = None) -> str:
    css = ' class="best"' if best is not None and value.mean == best else ""
    text = f"<span{css}>{format_number(value.mean)}</span>"
    if value.low != value.low:  # NaN: no mean over users
        return text
    low, high = format_number(value.low), format_number(value.high)
    return f'{text}<span class="range">{low} to {high}</span>'


def _classify_difference(difference: PairedDifference) -> tuple[str, str]:
    """Return the CSS class and the text of a comparison with popularity."""
    if not difference.differs:
        return "even", "= popular"
    return ("beats", "▲ beats") if difference.is_better else ("worse", "▼ worse")


def _render_badge(difference: PairedDifference) -> str:
    kind, text = _classify_difference(difference)
    return f'<span class="tag {kind}">{text}</span> '
