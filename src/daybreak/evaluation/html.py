"""A report as one self-contained page: no scripts, no links out, every text escaped."""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

import polars as pl

from daybreak.evaluation.baselines import BASELINES
from daybreak.evaluation.cells import METRICS, TITLES, Cell, SliceInfo
from daybreak.evaluation.intervals import Comparison, Interval
from daybreak.evaluation.markup import document, framed, table
from daybreak.evaluation.pictures import colour_of, slices_picture, warm_up_picture
from daybreak.evaluation.report import Report
from daybreak.evaluation.table import number

DEFINITIONS = {
    "NDCG": "Hits count 1/log2(place + 1); divided by the best sum there is. Judges order.",
    "recall": "Share of what the user went on to choose that is in the list.",
    "hit": "Share of users with at least one hit.",
    "MRR": "One over the place of the first hit.",
    "diversity": "How different the categories of two items of a list are, on average.",
    "novelty": "How surprising the items are, in bits: rare items are novel.",
    "cold share": "Share of recommended items that nobody had in training.",
    "popularity": "Popularity percentile of recommended items: .5 is a random list, 1 the top.",
    "coverage": "Share of candidates that are shown to anybody.",
    "Gini": "How unequally places go to items: 0 all alike, 1 all to one.",
}
_WORDS = {
    "warm": (
        "Warm-up curve",
        "How fast recommendations for a new user get better. Points with a number share users "
        "and targets; known users, on the right, are other users with other targets.",
    ),
    "slices": ("Every slice", "What to beat is popularity, the upright mark."),
}


def write_html(
    report: Report,
    path: Path | str,
    *,
    title: str = "Cold-start report",
    more: Mapping[str, pl.DataFrame] | None = None,
) -> Path:
    """Write :func:`page` to a file; return its path."""
    path = Path(path)
    path.write_text(page(report, title=title, more=more), encoding="utf-8")
    return path


def page(
    report: Report,
    *,
    title: str = "Cold-start report",
    more: Mapping[str, pl.DataFrame] | None = None,
) -> str:
    """Return the report as HTML.

    Args:
        report: What was measured.
        title: Of the page.
        more: Further tables by heading, such as answers to look at; shown before the details.

    Example:
        >>> page(Report(k=10, slices=(), cells=()), title="a < b").count("a &lt; b")
        2
    """
    body = [
        f'<p class="lead">{_lead(report)}</p>',
        *(f'<p class="card note">{escape(note)}</p>' for note in report.notes),
        _top(report),
        _overview(report),
        *(_more(heading, frame) for heading, frame in (more or {}).items()),
        _details(report),
        _definitions(report.k),
    ]
    return document(title, body)


def _lead(report: Report) -> str:
    return (
        "Users and items that the system knows were hidden, and it was asked about them as if "
        f"they were new. Lists of {report.k}, ranked among all candidates; 95 % intervals by "
        "bootstrap over users; a user without an answer counts 0."
    )


def _own(report: Report) -> list[str]:
    return [name for name in report.systems if name not in BASELINES]


def _top(report: Report) -> str:
    """Return the pictures, and beside the longer one who beats popularity where."""
    curve, bars = warm_up_picture(report), slices_picture(report)
    left = [] if curve is None else [framed(curve, *_WORDS["warm"])]
    left += _cards(report)
    right = "" if bars is None else framed(bars, *_WORDS["slices"])
    columns = [f'<div class="stack">{"".join(left)}</div>' if left else "", right]
    return f'<div class="pictures">{"".join(columns)}</div>' if any(columns) else ""


def _cards(report: Report) -> list[str]:
    """Say for each system on how many slices it beats popularity."""
    colours = colour_of(report)
    cards = []
    for name in _own(report):
        tags = [_tag(paired)[0] for paired in report.compare(name, "popular").values()]
        cards.append(
            f'<div class="card sum"><h2>{_system(name, colours)}</h2><p>beats popularity on '
            f"<strong>{tags.count('beats')} of {len(tags)}</strong> slices</p>"
            f'<p class="quiet">{tags.count("even")} without a sure difference, '
            f"{tags.count('worse')} worse</p></div>"
        )
    return cards


def _overview(report: Report) -> str:
    """Return slices down, systems across: NDCG, interval, verdict against popularity."""
    colours, own = colour_of(report), _own(report)
    paired = {name: report.compare(name, "popular") for name in own}
    rows = []
    for info in report.slices:
        cells = {name: report.cell(info.name, name).values["ndcg"] for name in report.systems}
        best = max((value.mean for value in cells.values()), default=0.0)
        row = [
            (_badge(paired[name][info.name]) if name in paired else "") + _value(value, best)
            for name, value in cells.items()
        ]
        rows.append([f"<code>{escape(info.name)}</code>", f"{info.counts['users']:,}", *row])
    heading = ["slice", "users", *(_system(name, colours) for name in report.systems)]
    shown = table(heading, rows, f"NDCG@{report.k} of every system on every slice")
    return f'<h2>NDCG@{report.k}</h2>\n<div class="card">{shown}</div>' if rows else ""


def _details(report: Report) -> str:
    sections = [
        _slice(info, [c for c in report.cells if c.slice == info.name], report)
        for info in report.slices
    ]
    return f'<h2>Slices</h2>\n<div class="stack">{"".join(sections)}</div>' if sections else ""


def _slice(info: SliceInfo, cells: list[Cell], report: Report) -> str:
    """Return one slice with its protocol and all metrics."""
    colours = colour_of(report)
    best = max(cell.values["ndcg"].mean for cell in cells)
    rows = [
        [
            _system(cell.system, colours),
            *(_value(cell.values[m], best if m == "ndcg" else None) for m in METRICS),
            f"{cell.fit_s:.1f}",
            f"{cell.answer_s:.2f}",
        ]
        for cell in sorted(cells, key=lambda cell: -cell.values["ndcg"].mean)
    ]
    counts = (
        f"{info.counts['users']:,} users · {info.counts['targets']:,} targets · "
        f"{info.counts['candidates']:,} candidates"
    )
    heading = ["system", *(TITLES[m] for m in METRICS), "fit s", "answer s"]
    return (
        f'<section class="card slice"><header><h3><code>{escape(info.name)}</code></h3>'
        f'<span class="quiet">{counts}</span></header>'
        f'<p class="quiet">{escape(info.protocol)}</p>'
        f"{table(heading, rows, f'All metrics on {info.name}')}{_dropped(cells)}</section>"
    )


def _dropped(cells: Iterable[Cell]) -> str:
    lines = [
        f"{escape(cell.system)}: rows not counted: "
        + ", ".join(f"{n:,} {why.replace('_', ' ')}" for why, n in cell.dropped.items() if n)
        for cell in cells
        if any(cell.dropped.values())
    ]
    return "".join(f'<p class="quiet">{line}</p>' for line in lines)


def _more(heading: str, frame: pl.DataFrame) -> str:
    rows = [
        [escape("" if value is None else str(value)) for value in row] for row in frame.rows()
    ]
    shown = table([escape(name) for name in frame.columns], rows, heading, kind="text")
    return f'<h2>{escape(heading)}</h2>\n<div class="card">{shown}</div>'


def _definitions(k: int) -> str:
    items = "".join(
        f"<dt>{escape(name)}@{k}</dt><dd>{escape(text)}</dd>"
        for name, text in DEFINITIONS.items()
    )
    return f'<h2>What the numbers mean</h2>\n<div class="card"><dl>{items}</dl></div>'


def _system(name: str, colours: Mapping[str, str]) -> str:
    dot = f'<span class="dot" style="background:{colours[name]}" aria-hidden="true"></span>'
    return f"{dot}{escape(name)}"


def _value(value: Interval, best: float | None = None) -> str:
    mark = ' class="best"' if best is not None and value.mean == best else ""
    text = f"<span{mark}>{number(value.mean)}</span>"
    if value.low != value.low:  # NaN: no mean over users
        return text
    return f'{text}<span class="range">{number(value.low)} to {number(value.high)}</span>'


def _tag(paired: Comparison) -> tuple[str, str]:
    if not paired.differs:
        return "even", "= popular"
    return ("beats", "▲ beats") if paired.difference > 0 else ("worse", "▼ worse")


def _badge(paired: Comparison) -> str:
    kind, words = _tag(paired)
    return f'<span class="tag {kind}">{words}</span> '
