"""The leaderboard as one self-contained page."""

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from daybreak.evaluation.intervals import Interval
from daybreak.evaluation.markup import document, framed, table
from daybreak.evaluation.table import number
from daybreak.service.leaderboard import COSTS, GROUPS, Leaderboard
from daybreak.service.leaderboard_pictures import bars_picture, curves_picture

_CURVES = "How fast a new user is served better; the strategy with the highest curve first."
_BARS = "Mean over the slices of a group. What a strategy cannot serve has no bar."


def leaderboard_page(board: Leaderboard) -> str:
    """Return the board as HTML: pictures, groups with costs, every slice."""
    curves, bars = curves_picture(board), bars_picture(board)
    body = [
        f'<p class="lead">{escape(protocol(board))}</p>',
        f'<p class="quiet">{escape("; ".join(facts_in_words(board)))}</p>',
        '<div class="stack">',
        "" if bars is None else framed(bars, "Cold, few-shot, warm", _BARS),
        "" if curves is None else framed(curves, "Warm-up curves", _CURVES),
        "</div>",
        f'<h2>Strategies</h2><div class="card">{_groups(board)}</div>',
        f'<h2>Every slice</h2><div class="card">{_slices(board)}</div>',
    ]
    return document(f"Leaderboard: {board.name}", body)


def protocol(board: Leaderboard) -> str:
    """Return how the numbers were made."""
    rounds = board.facts.get("repeats")
    times = f", {rounds} times" if rounds and rounds > 1 else ""
    return (
        f"Hidden were a fifth of users and items at random{times}, the newest items, and what "
        "came after a moment. Each strategy alone learned from the rest and ranked all "
        "candidates for every query; nothing is sampled, ties count as a random order would. "
        "NDCG@10 with 95 % intervals by bootstrap over queries. Seconds and memory are those "
        "of the longest training, with one thread."
    )


def facts_in_words(board: Leaderboard) -> Iterator[str]:
    """Yield what was measured, with what, where."""
    facts = board.facts
    for name in ("users", "items", "events"):
        if name in facts:
            yield f"{facts[name]:,} {name}"
    if "rules" in facts:
        yield facts["rules"].rstrip(".")
    if "encoder" in facts:
        speed, threads = facts["texts_per_s"], facts["encoder_threads"]
        said = f" ({speed:,.0f} texts/s, threads: {threads})" if speed else ""
        yield f"encoder {facts['encoder']}{said}"
    for name in ("seed", "date", "machine"):
        if name in facts:
            yield f"{name} {facts[name]}" if name == "seed" else str(facts[name])
    if "versions" in facts:
        yield ", ".join(f"{name} {found}" for name, found in facts["versions"].items())


def _groups(board: Leaderboard) -> str:
    best = {name: _best(board.group(row, name) for row in board.intervals) for name in GROUPS}
    rows = [
        [
            escape(row["strategy"]),
            *(_value(board.group(row["strategy"], name), best[name]) for name in GROUPS),
            *("" if row[name] is None else f"{row[name]:,.6g}" for name in COSTS),
            escape(row["note"]),
        ]
        for row in board.table().to_dicts()
    ]
    return table(_heading("strategy", *GROUPS, *COSTS, "note"), rows, "Strategies by group")


def _slices(board: Leaderboard) -> str:
    names = list(board.standings.queries)
    found: dict[str, Any] = {
        name: [values.get(name) for values in board.intervals.values()] for name in names
    }
    best = {name: _best(v for v in found[name] if v is not None) for name in names}
    rows = [
        ["queries", *(f"{board.standings.queries[name]:,}" for name in names)],
        *(
            [escape(row), *(_value(v[n], best[n]) if n in v else "" for n in names)]
            for row, v in board.intervals.items()
        ),
    ]
    return table(_heading("strategy", *names), rows, "NDCG@10 by slice")


def _heading(*names: str) -> list[str]:
    return [escape(name.replace("_", " ")) for name in names]


def _best(values: Any) -> float:
    means = [value.mean for value in values if not np.isnan(value.mean)]
    return max(means, default=float("nan"))


def _value(value: Interval, best: float) -> str:
    if np.isnan(value.mean):
        return ""
    mark = ' class="best"' if value.mean == best else ""
    ends = f'<span class="range">{number(value.low)} to {number(value.high)}</span>'
    return f"<span{mark}>{number(value.mean)}</span>{ends}"
