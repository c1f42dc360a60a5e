"""Short tables of reports, gate results and recommendations."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from daybreak.estimates import Estimate
from daybreak.evaluation import Report
from daybreak.evaluation.report import format_estimate, format_number
from daybreak.service.benchmarking.shop_curve import ShopCurve, ShopCurvePoint
from daybreak.service.benchmarking.slice_results import BaselineComparison
from daybreak.simulation.slices import DEFINITIONS

MAX_REASONS = 4
"""Largest number of reasons that are shown for one recommendation."""


def training_table(measured: Mapping[str, Any]) -> pl.DataFrame:
    """Return the results of the simulated cold starts of a training, by known events.

    Columns: events_known, questions, ndcg@10, error, popular, best_alone, weights, prior (how
    much the prior counts in the weights), moved (shares of weights in the prior, and after the
    simulation).

    Example:
        >>> level = {"events": 0, "queries": 50, "ndcg@10": 0.25, "error": 0.01,
        ...          "alone": {"popular": 0.2, "profile": 0.1}, "weights": {"popular": 1.0}}
        >>> training_table({"levels": [level]}).row(0)
        (0, 50, 0.25, 0.01, 0.2, 'popular .200', 'popular 1.00', None, '')
    """
    schema = {
        "events_known": pl.Int64,
        "questions": pl.Int64,
        "ndcg@10": pl.Float64,
        "error": pl.Float64,
        "popular": pl.Float64,
        "best_alone": pl.String,
        "weights": pl.String,
        "prior": pl.Float64,
        "moved": pl.String,
    }
    rows = []
    for level in measured.get("levels", ()):
        alone: Mapping[str, float] = level["alone"]
        best = max(alone, key=lambda name: alone[name])
        weights = sorted(level["weights"].items(), key=lambda pair: -pair[1])
        prior: Mapping[str, Any] = level.get("prior", {"share": None, "moved": {}})
        moved = sorted(prior["moved"].items(), key=lambda pair: -abs(pair[1][1] - pair[1][0]))
        rows.append(
            (
                level["events"],
                level["queries"],
                level["ndcg@10"],
                level["error"],
                alone.get("popular"),
                f"{best} {format_number(alone[best])}",
                ", ".join(f"{name} {weight:.2f}" for name, weight in weights),
                prior["share"],
                ", ".join(f"{name} {old:.2f} to {new:.2f}" for name, (old, new) in moved),
            )
        )
    return pl.DataFrame(rows, schema=schema, orient="row")


def candidates_table(measured: Mapping[str, Any]) -> pl.DataFrame:
    """Return a row for each strategy: training time, whether it is used, and why.

    For slow strategies the reason includes their largest gain: the number of known events, and
    the NDCG@10 that is lost without them, with its 95 % interval.

    Args:
        measured: Report of a training.

    Example:
        >>> found = {"popular": {"seconds": 0.1, "left_out": None}}
        >>> candidates_table({"candidates": found}).row(0)
        ('popular', 0.1, 'yes', '')
    """
    schema = {"strategy": pl.String, "seconds": pl.Float64, "used": pl.String, "why": pl.String}
    best: dict[str, tuple[float, str]] = {}
    for kind, levels in (("", "levels"), ("new items, ", "new_items")):
        for level in measured.get(levels, ()):
            for name, (mean, low, high) in level.get("costly", {}).get("each", {}).items():
                gain = (
                    f"{kind}{level['events']} events: {mean:+.4f} ({low:+.4f} to {high:+.4f})"
                )
                best[name] = max(best.get(name, (low, gain)), (low, gain))
    rows = []
    for name, candidate in measured.get("candidates", {}).items():
        gain = best[name][1] if name in best else ""
        why = "; ".join(reason for reason in (candidate["left_out"], gain) if reason)
        rows.append((name, candidate["seconds"], "no" if candidate["left_out"] else "yes", why))
    return pl.DataFrame(rows, schema=schema, orient="row")


def gate_table(verdict: Mapping[str, Any]) -> pl.DataFrame:
    """Return a gate result with one row for each slice.

    Columns: slice, queries, new, old, difference, interval, verdict.

    Args:
        verdict: Result of the gate as plain values; see ``GateResult.to_dict``.

    Example:
        >>> line = {"label": "new users", "queries": 400, "new": 0.25, "old": 0.2,
        ...         "difference": 0.05, "low": 0.03, "high": 0.07, "word": "better"}
        >>> gate_table({"slices": [line]}).row(0)
        ('new users', 400, 0.25, 0.2, 0.05, '+0.030 to +0.070', 'better')
    """
    schema = {"slice": pl.String, "queries": pl.Int64}
    schema |= dict.fromkeys(("new", "old", "difference"), pl.Float64)
    schema |= {"interval": pl.String, "verdict": pl.String}
    rows = [
        (
            *(line[name] for name in ("label", "queries", "new", "old", "difference")),
            "" if line["low"] is None else f"{line['low']:+.3f} to {line['high']:+.3f}",
            line["word"],
        )
        for line in verdict["slices"]
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def evaluation_table(report: Report, system: str = "daybreak") -> pl.DataFrame:
    """Return NDCG of every system on every slice, and whether ``system`` beats popularity.

    Example:
        >>> evaluation_table(Report(k=10, slices=(), cells=())).columns
        ['slice', 'users', 'against_popular']
    """
    paired = report.compare(system, "popular") if system in report.systems else {}
    rows = []
    for info in report.slices:
        cells = {name: report.cell(info.name, name).values["ndcg"] for name in report.systems}
        verdict = ""
        if info.name in paired:
            change = paired[info.name]
            direction = "better" if change.difference > 0 else "worse"
            verdict = (
                f"{direction}, {change.difference:+.3f}" if change.differs else "no difference"
            )
        rows.append(
            {
                "slice": info.name,
                "users": info.counts["users"],
                **{name: format_estimate(value) for name, value in cells.items()},
                "against_popular": verdict,
            }
        )
    schema = {"slice": pl.String, "users": pl.Int64}
    schema |= dict.fromkeys((*report.systems, "against_popular"), pl.String)
    return pl.DataFrame(rows, schema=schema)


def systems_table(report: Report, slice_: str, metrics: Sequence[str]) -> pl.DataFrame:
    """Return a row for each system on one slice, best NDCG first.

    Columns: system, the metrics with their intervals, fit_s, answer_s [s].

    Args:
        report: Report of an evaluation.
        slice_: Name of a slice of the report.
        metrics: Names of metrics.
    """
    cells = [cell for cell in report.cells if cell.slice == slice_]
    rows = [
        {
            "system": cell.system,
            **{name: format_estimate(cell.values[name]) for name in metrics},
            "fit_s": round(cell.fit_s, 1),
            "answer_s": round(cell.answer_s, 2),
        }
        for cell in sorted(cells, key=lambda cell: -cell.values["ndcg"].mean)
    ]
    return pl.DataFrame(rows)


def describe_slice(name: str) -> str:
    """Return a slice in words.

    Example:
        >>> describe_slice("events_3")
        'new users with 3 events'
    """
    return DEFINITIONS[name].label


def slices_table(slices: Sequence[BaselineComparison]) -> pl.DataFrame:
    """Return the quality of each slice, and how it compares with the best sellers.

    With sources, the column ``sources`` says what they give.

    Example:
        >>> slices_table([]).columns
        ['slice', 'users', 'against_popular']
    """
    systems = list(dict.fromkeys(name for one in slices for name in one.systems))
    with_sources = any(one.source_verdict for one in slices)
    rows = [
        {
            "slice": one.slice,
            "users": one.users,
            **{name: _format_interval(*values) for name, values in one.systems.items()},
            "against_popular": f"{one.verdict}, {one.difference:+.3f}",
            **({"sources": _format_source_gain(one)} if with_sources else {}),
        }
        for one in slices
    ]
    schema: dict[str, type[pl.DataType]] = {"slice": pl.String, "users": pl.Int64}
    last = ("against_popular", "sources") if with_sources else ("against_popular",)
    schema |= dict.fromkeys((*systems, *last), pl.String)
    return pl.DataFrame(rows, schema=schema)


def _format_source_gain(one: BaselineComparison | ShopCurvePoint) -> str:
    if one.source_gain is None:
        return ""
    return f"{one.source_verdict}, {one.source_gain:+.3f}"


def _format_interval(*values: float | None) -> str:
    return format_estimate(Estimate(*(math.nan if one is None else one for one in values)))


def shop_curve_table(curve: ShopCurve) -> pl.DataFrame:
    """Return the quality of each size of a shop, and how it compares with the best sellers.

    Example:
        >>> from daybreak.service.benchmarking.shop_curve import ShopCurvePoint
        >>> gain = (0.1, 0.05, 0.15, "better")
        >>> point = ShopCurvePoint("daybreak", 5, 0, 25, 0.3, 0.25, 0.35, *gain)
        >>> popular = ShopCurvePoint("popular", 5, 0, 25, 0.2, 0.15, 0.25)
        >>> curve = ShopCurve(10, 0.0, 1.0, 30, 24, 180, (point, popular), {})
        >>> shop_curve_table(curve).row(0)
        (5, 0, 25, '.300 [.250, .350]', '.200 [.150, .250]', 'better, +0.100')
    """
    systems = list(dict.fromkeys(point.system for point in curve.points))
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for point in curve.points:
        place = {"users": point.users, "events": point.events, "queries": point.queries}
        row = rows.setdefault((point.users, point.events), place)
        row[point.system] = _format_interval(point.value, point.low, point.high)
        if point.difference is not None:
            row["against_popular"] = f"{point.verdict}, {point.difference:+.3f}"
        if point.source_verdict is not None:
            row["sources"] = _format_source_gain(point)
    last = ("against_popular", "sources") if curve.sources else ("against_popular",)
    schema: dict[str, type[pl.DataType]] = {"users": pl.Int64, "events": pl.Int64}
    schema |= {"queries": pl.Int64, **dict.fromkeys((*systems, *last), pl.String)}
    return pl.DataFrame(list(rows.values()), schema=schema)


def format_reasons(answer: pl.DataFrame) -> pl.DataFrame:
    """Return an answer with its ``reasons`` as one line each, in their order.

    Example:
        >>> reason = {"text": "because you chose Tea cup", "value": 0.5}
        >>> format_reasons(pl.DataFrame({"reasons": [[reason]]})).row(0)
        ('because you chose Tea cup +0.50',)
    """
    lines = [
        ", ".join(
            f"{reason['text']} {reason['value']:+.2f}"
            for reason in (reasons or ())[:MAX_REASONS]
        )
        for reasons in answer["reasons"].to_list()
    ]
    return answer.with_columns(pl.Series("reasons", lines, pl.String))
