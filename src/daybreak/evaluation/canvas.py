"""Where pictures are drawn: one style, SVG that takes its colours from the page.

Lines, text and grid are CSS variables with fallbacks, so that one picture reads well on light
and on dark paper. Text stays text.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

COLOURS = (
    "#2563eb",
    "#d97706",
    "#059669",
    "#db2777",
    "#7c3aed",
    "#0891b2",
    "#ca8a04",
    "#dc2626",
)
INK, MUTED, GRID, PAPER = "#1f2430", "#6b7280", "#d9dde4", "#fffffe"
VARIABLES = {
    **{colour: f"var(--c{n}, {colour})" for n, colour in enumerate(COLOURS)},
    INK: f"var(--ink, {INK})",
    MUTED: f"var(--muted, {MUTED})",
    GRID: f"var(--line, {GRID})",
    PAPER: f"var(--paper, {PAPER})",
}
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.size": 9.5,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.solid_capstyle": "round",
}


class Picture(NamedTuple):
    """An ``<svg>`` element, and the words for those who do not see it."""

    svg: str
    alt: str


def standalone(svg: str) -> str:
    r"""Return an ``<svg>`` element as a file of its own: no page gives it colours.

    Example:
        >>> standalone('<svg fill="var(--ink, #1f2430)"></svg>')
        '<svg style="background: #ffffff" fill="#1f2430"></svg>\n'
    """
    alone = re.sub(r"var\([^,]+, (#\w+)\)", r"\1", svg)
    return alone.replace("<svg ", '<svg style="background: #ffffff" ', 1) + "\n"


@contextmanager
def drawn(name: str, width: float, height: float) -> Iterator[tuple[Any, list[str]]]:
    """Give a figure to draw on, in inches; the SVG is in the list afterwards."""
    import matplotlib as mpl  # noqa: PLC0415  (slow to import, needed for pictures only)
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    out: list[str] = []
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # The browser draws the text, so a letter that the measuring font lacks does no harm.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, out
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    out.append(_inline(file.getvalue(), name))


def _inline(svg: str, name: str) -> str:
    """Cut the element out of the file, make ids its own and colours the page's."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, variable)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
