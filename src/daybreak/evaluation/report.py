"""Reports of an evaluation: values to read, compare, print and store.

A report as JSON is exact to the last bit. Values by user are packed (float64, zlib, base64),
because a report about many users has millions of them and a comparison needs every one.
"""

import base64
import json
import math
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap
from typing import Any

import numpy as np
import polars as pl

from daybreak.errors import DataError, NotFoundError
from daybreak.estimates import Estimate, PairedDifference, paired_bootstrap
from daybreak.evaluation.baselines import BASELINES
from daybreak.evaluation.notebook import bar_table, curve_svg
from daybreak.metrics import ACCURACY_METRICS, OVERALL_METRICS, PER_USER_METRICS
from daybreak.simulation.slices import (
    DEFINITIONS,
    REPORT_WARM_SLICES,
    SHOT_COUNTS,
    YOUNG_SHOT_COUNTS,
    YOUNG_USER_COUNTS,
    young_slice_names,
)
from daybreak.types import Doubles

REPORT_FORMAT = "daybreak report 1"
"""Format of reports as JSON."""
TEXT_WIDTH_COLUMNS = 96
"""Width of reports as text [columns]."""
METRICS = (*PER_USER_METRICS, *OVERALL_METRICS)
"""Every metric of a result."""
METRIC_TITLES = {
    "ndcg": "NDCG",
    "recall": "recall",
    "hit": "hit",
    "mrr": "MRR",
    "diversity": "diversity",
    "novelty": "novelty",
    "cold_share": "cold share",
    "popularity": "popularity",
    "coverage": "coverage",
    "gini": "Gini",
}
"""Titles of the metrics in tables and plots."""


@dataclass(frozen=True)
class SliceInfo:
    """A slice in a report: its protocol, and numbers of users, targets and candidates."""

    name: str
    protocol: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class SliceResult:
    """Results of one system on one slice.

    Attributes:
        slice: Name of the slice.
        system: Name of the system.
        values: An estimate for each of ``METRICS``; ``low`` and ``high`` are NaN for those that
            are no means over users.
        per_user: (n_users,) values for each of ``ACCURACY_METRICS``.
        dropped: Number of rows of answers that are not counted, by reason.
        served: Number of users with a list.
        fit_s: Time of the training, shared with other slices [s].
        answer_s: Time of the answer [s].
    """

    slice: str
    system: str
    values: Mapping[str, Estimate]
    per_user: Mapping[str, Doubles] = field(repr=False, compare=False)
    dropped: Mapping[str, int]
    served: int
    fit_s: float
    answer_s: float


_REPORT_SCHEMA = (
    dict.fromkeys(("slice", "system", "metric"), pl.String)
    | {"k": pl.Int64}
    | dict.fromkeys(("value", "low", "high"), pl.Float64)
    | dict.fromkeys(("users", "served"), pl.Int64)
    | dict.fromkeys(("fit_s", "answer_s"), pl.Float64)
    | {"protocol": pl.String}
)
_CURVE_SCHEMA = {"system": pl.String, "events": pl.Int64, "slice": pl.String} | dict.fromkeys(
    ("value", "low", "high"), pl.Float64
)

_SHOP_CURVE_SCHEMA = {
    "system": pl.String,
    "users": pl.Int64,
    "events": pl.Int64,
    "slice": pl.String,
} | dict.fromkeys(("value", "low", "high"), pl.Float64)


@dataclass(frozen=True)
class Report:
    """The result of an evaluation.

    Attributes:
        k: Length of the lists.
        slices: The slices that were measured.
        cells: One result for each slice and system.
        notes: Warnings about the data, and slices that could not be measured.

    Example:
        >>> Report.from_json(Report(k=10, slices=(), cells=()).to_json())
        Report(k=10, 0 slices, 0 systems)
    """

    k: int
    slices: tuple[SliceInfo, ...]
    cells: tuple[SliceResult, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return one line with the numbers of slices and systems."""
        return f"Report(k={self.k}, {len(self.slices)} slices, {len(self.systems)} systems)"

    def _repr_html_(self) -> str:
        """Return NDCG as a table with bars, the curve, and the whole report, for notebooks."""
        labels = {info.name: DEFINITIONS[info.name].label for info in self.slices}
        values = {(cell.slice, cell.system): cell.values["ndcg"][0] for cell in self.cells}
        bars = bar_table(labels, values, self.systems)
        whole = f"<details><summary>all metrics</summary><pre>{escape(self.table())}</pre>"
        return f"<b>NDCG@{self.k}</b>{bars}{curve_svg(self.warm_up_curve())}{whole}</details>"

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems, baselines last."""
        return tuple(dict.fromkeys(cell.system for cell in self.cells))

    def cell(self, slice_: str, system: str) -> SliceResult:
        """Return the result of one system on one slice.

        Raises:
            NotFoundError: There is no such slice or system.
        """
        for cell in self.cells:
            if (cell.slice, cell.system) == (slice_, system):
                return cell
        raise NotFoundError(
            f"no result for system {system!r} on slice {slice_!r}; systems: "
            f"{', '.join(self.systems)}; slices: {', '.join(s.name for s in self.slices)}"
        )

    def frame(self) -> pl.DataFrame:
        """Return one row for each slice, system and metric.

        Columns: slice, system, metric, k, value, low, high, users, served, fit_s, answer_s,
        protocol. ``low`` and ``high`` are null where a metric is no mean over users; ``value``
        is null where it is undefined.
        """
        infos = {info.name: info for info in self.slices}
        rows = [
            (
                cell.slice,
                cell.system,
                metric,
                self.k,
                *value,
                *_result_columns(cell, infos[cell.slice]),
            )
            for cell in self.cells
            for metric, value in cell.values.items()
        ]
        return pl.DataFrame(rows, schema=_REPORT_SCHEMA, orient="row").fill_nan(None)

    def compare(
        self, first: str, second: str, metric: str = "ndcg"
    ) -> dict[str, PairedDifference]:
        """Return the paired bootstrap of ``first - second`` over users, for each slice.

        Raises:
            NotFoundError: There is no such system, or the metric has no values by user.
        """
        if metric not in ACCURACY_METRICS:
            raise NotFoundError(
                f"metric {metric!r} has no values by user; known: {', '.join(ACCURACY_METRICS)}"
            )
        return {
            info.name: paired_bootstrap(
                self.cell(info.name, first).per_user[metric],
                self.cell(info.name, second).per_user[metric],
            )
            for info in self.slices
        }

    def warm_up_curve(self, metric: str = "ndcg") -> pl.DataFrame:
        """Return the metric by number of known events, and for known users.

        Columns: system, events (0, 1, 3, …; null for known users), slice, value, low, high.
        The points with a number have the same users and targets; those of known users have
        others.
        """
        steps: dict[str, int | None] = {f"events_{n}": n for n in SHOT_COUNTS}
        steps |= dict.fromkeys(REPORT_WARM_SLICES)
        rows = [
            (system, steps[info.name], info.name, *self.cell(info.name, system).values[metric])
            for system in self.systems
            for info in self.slices
            if info.name in steps
        ]
        return pl.DataFrame(rows, schema=_CURVE_SCHEMA, orient="row")

    def shop_curve(self, metric: str = "ndcg") -> pl.DataFrame:
        """Return the metric by number of users from whom a young shop has learned.

        Columns: system, users (5, 20, …), events (known events of a later user), slice, value,
        low, high. Points with the same number of users have the same queries and targets;
        shops of different size are asked about different users.
        """
        points = {
            name: (n_users, shots)
            for n_users in YOUNG_USER_COUNTS
            for shots, name in zip(YOUNG_SHOT_COUNTS, young_slice_names(n_users), strict=True)
        }
        rows = [
            (
                system,
                *points[info.name],
                info.name,
                *self.cell(info.name, system).values[metric],
            )
            for system in self.systems
            for info in self.slices
            if info.name in points
        ]
        return pl.DataFrame(rows, schema=_SHOP_CURVE_SCHEMA, orient="row")

    def verdicts(self, against: str = "popular") -> tuple[str, ...]:
        """Return a sentence for each slice and system: does its NDCG beat that of a baseline?

        A system beats another if the whole interval of the paired difference is above 0.
        """
        systems = [name for name in self.systems if name not in BASELINES]
        differences = {name: self.compare(name, against) for name in systems}
        return tuple(
            f"{info.name}: {name} {format_estimate(self.cell(info.name, name).values['ndcg'])} "
            f"{_describe_outcome(differences[name][info.name])} {against} "
            f"{format_number(self.cell(info.name, against).values['ndcg'].mean)}"
            for info in self.slices
            for name in systems
        )

    def table(self, metrics: Sequence[str] = ("ndcg", "recall", "coverage")) -> str:
        """Return the report as text: notes, a table for each slice, and the verdicts."""
        notes = ["\n".join(wrap(f"note: {note}", TEXT_WIDTH_COLUMNS)) for note in self.notes]
        parts = [format_tables(self.slices, self.cells, self.k, metrics)]
        parts.append("95 % intervals by bootstrap over users.\n" + "\n".join(self.verdicts()))
        return "\n\n".join([*notes, *parts]).rstrip()

    def to_json(self) -> str:
        """Return the whole report as JSON text."""
        return json.dumps(
            {
                "format": REPORT_FORMAT,
                "k": self.k,
                "notes": list(self.notes),
                "slices": [
                    {"name": s.name, "protocol": s.protocol, "counts": dict(s.counts)}
                    for s in self.slices
                ],
                "cells": [_result_to_json(cell) for cell in self.cells],
            },
            ensure_ascii=False,
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Return a report from the text of :meth:`to_json`.

        Raises:
            DataError: The text is no report, or has another version.
        """
        return cls(**_parse_report(text))


def _result_columns(cell: SliceResult, info: SliceInfo) -> tuple[object, ...]:
    return (info.counts["users"], cell.served, cell.fit_s, cell.answer_s, info.protocol)


def _describe_outcome(difference: PairedDifference) -> str:
    if not difference.differs:
        return "does not beat"
    return "beats" if difference.is_better else "is worse than"


# --- as JSON ---------------------------------------------------------------------------


def _parse_report(text: str) -> dict[str, Any]:
    """Return the fields of a report by name."""
    try:
        raw = json.loads(text)
        if raw["format"] != REPORT_FORMAT:
            raise DataError(
                f"expected {REPORT_FORMAT!r}, got {raw['format']!r}; repeat the evaluation"
            )
        return {
            "k": int(raw["k"]),
            "notes": tuple(raw["notes"]),
            "slices": tuple(SliceInfo(**info) for info in raw["slices"]),
            "cells": tuple(_result_from_json(cell) for cell in raw["cells"]),
        }
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise DataError(f"not a stored report ({error}); repeat the evaluation") from error


def _result_to_json(cell: SliceResult) -> dict[str, Any]:
    return {
        "slice": cell.slice,
        "system": cell.system,
        "values": {
            name: [None if math.isnan(x) else x for x in value]
            for name, value in cell.values.items()
        },
        "per_user": {name: _pack_values(values) for name, values in cell.per_user.items()},
        "dropped": dict(cell.dropped),
        "served": cell.served,
        "fit_s": cell.fit_s,
        "answer_s": cell.answer_s,
    }


def _result_from_json(raw: dict[str, Any]) -> SliceResult:
    values = {
        name: Estimate(*(math.nan if x is None else float(x) for x in value))
        for name, value in raw["values"].items()
    }
    per_user = {name: _unpack_values(text) for name, text in raw["per_user"].items()}
    return SliceResult(**{**raw, "values": values, "per_user": per_user})


def _pack_values(values: Doubles) -> str:
    return base64.b64encode(zlib.compress(values.astype("<f8").tobytes())).decode("ascii")


def _unpack_values(text: str) -> Doubles:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<f8").astype(float)


# --- as text ---------------------------------------------------------------------------


def format_tables(
    slices: Iterable[SliceInfo], cells: Iterable[SliceResult], k: int, metrics: Sequence[str]
) -> str:
    """Return one table for each slice: a row for each system, best NDCG first."""
    cells = list(cells)
    return "\n\n".join(
        _format_slice(info, [cell for cell in cells if cell.slice == info.name], k, metrics)
        for info in slices
    )


def format_number(value: float) -> str:
    """Return three decimals without a leading zero: ``.305``; ``-`` for NaN.

    Example:
        >>> [format_number(value) for value in (0.3049, 12.25, math.nan, -0.02)]
        ['.305', '12.2', '-', '-.020']
    """
    if math.isnan(value):
        return "-"
    text = f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text


def format_estimate(value: Estimate) -> str:
    """Return a value with its interval, if it has one.

    Example:
        >>> format_estimate(Estimate(0.31, 0.29, 0.33))
        '.310 [.290, .330]'
        >>> format_estimate(Estimate(0.5, math.nan, math.nan))
        '.500'
    """
    if math.isnan(value.low):
        return format_number(value.mean)
    return (
        f"{format_number(value.mean)} [{format_number(value.low)}, {format_number(value.high)}]"
    )


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns; wide characters count two.

    Example:
        >>> print(align_columns([["name", "k"], ["日出", "10"]]))
        name  k
        日出  10
    """
    widths = [max(map(_display_width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _display_width(cell))
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _format_slice(
    info: SliceInfo, cells: list[SliceResult], k: int, metrics: Sequence[str]
) -> str:
    heading = [
        "system",
        *(f"{METRIC_TITLES[name]}@{k}" for name in metrics),
        "fit s",
        "answer s",
    ]
    cells = sorted(cells, key=lambda cell: -cell.values["ndcg"].mean)
    rows = [
        [
            cell.system,
            *(format_estimate(cell.values[name]) for name in metrics),
            f"{cell.fit_s:.1f}",
            f"{cell.answer_s:.2f}",
        ]
        for cell in cells
    ]
    counts = (
        f"{info.counts['users']:,} users, {info.counts['targets']:,} targets, "
        f"{info.counts['candidates']:,} candidates, full ranking"
    )
    protocol = "\n".join(
        wrap(info.protocol, TEXT_WIDTH_COLUMNS, initial_indent="  ", subsequent_indent="  ")
    )
    return "\n".join(
        [
            f"{info.name}: {counts}",
            protocol,
            align_columns([heading, *rows]),
            *_format_dropped(cells),
        ]
    )


def _format_dropped(cells: list[SliceResult]) -> list[str]:
    """Return a line for each system whose answer had rows that are not counted."""
    return [
        f"  {cell.system}: rows not counted: "
        + ", ".join(
            f"{n:,} {reason.replace('_', ' ')}" for reason, n in cell.dropped.items() if n
        )
        for cell in cells
        if any(cell.dropped.values())
    ]


def _display_width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
