"""What was measured: one frozen value that can be read, compared, drawn and stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import polars as pl

from daybreak.errors import NotFoundError
from daybreak.evaluation import stored
from daybreak.evaluation.baselines import BASELINES
from daybreak.evaluation.cells import Cell, SliceInfo
from daybreak.evaluation.intervals import Comparison, compare
from daybreak.evaluation.metrics import ACCURACY
from daybreak.evaluation.slices import SHOTS
from daybreak.evaluation.table import WIDTH, interval, number, tables

WARM = ("warm_last", "warm_time")
"""Slices of known users."""
_COLUMNS = (
    dict.fromkeys(("slice", "system", "metric"), pl.String)
    | {"k": pl.Int64}
    | dict.fromkeys(("value", "low", "high"), pl.Float64)
    | dict.fromkeys(("users", "served"), pl.Int64)
    | dict.fromkeys(("fit_s", "answer_s"), pl.Float64)
    | {"protocol": pl.String}
)
_CURVE = {"system": pl.String, "events": pl.Int64, "slice": pl.String} | dict.fromkeys(
    ("value", "low", "high"), pl.Float64
)


@dataclass(frozen=True)
class Report:
    """The slices, one cell for each slice and system, and notes a reader must see.

    Example:
        >>> Report.from_json(Report(k=10, slices=(), cells=()).to_json())
        Report(k=10, slices=(), cells=(), notes=())
    """

    k: int
    slices: tuple[SliceInfo, ...]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()

    @property
    def systems(self) -> tuple[str, ...]:
        """Return the names of the systems, baselines last."""
        return tuple(dict.fromkeys(cell.system for cell in self.cells))

    def cell(self, slice_: str, system: str) -> Cell:
        """Return one cell.

        Raises:
            NotFoundError: There is no such slice or system.
        """
        for cell in self.cells:
            if (cell.slice, cell.system) == (slice_, system):
                return cell
        raise NotFoundError(
            f"no cell for system {system!r} on slice {slice_!r}; systems: "
            f"{', '.join(self.systems)}; slices: {', '.join(s.name for s in self.slices)}"
        )

    def frame(self) -> pl.DataFrame:
        """Return one row for each slice, system and metric.

        Columns: slice, system, metric, k, value, low, high, users, served, fit_s, answer_s,
        protocol; ``low`` and ``high`` are null where a metric is no mean over users, ``value``
        is null where it is not defined.
        """
        infos = {info.name: info for info in self.slices}
        rows = [
            (cell.slice, cell.system, metric, self.k, *value, *_facts(cell, infos[cell.slice]))
            for cell in self.cells
            for metric, value in cell.values.items()
        ]
        return pl.DataFrame(rows, schema=_COLUMNS, orient="row").fill_nan(None)

    def compare(self, first: str, second: str, metric: str = "ndcg") -> dict[str, Comparison]:
        """Return the paired bootstrap of ``first - second`` over users, for each slice.

        Raises:
            NotFoundError: There is no such system, or no values by user of the metric.
        """
        if metric not in ACCURACY:
            raise NotFoundError(
                f"no values by user of metric {metric!r}; known: {', '.join(ACCURACY)}"
            )
        return {
            info.name: compare(
                self.cell(info.name, first).per_user[metric],
                self.cell(info.name, second).per_user[metric],
            )
            for info in self.slices
        }

    def warm_up_curve(self, metric: str = "ndcg") -> pl.DataFrame:
        """Return the metric by number of known events, and of known users beside it.

        Columns: system, events (0, 1, 3, …; null for known users), slice, value, low, high.
        The points with a number share users and targets; those of known users do not.
        """
        steps: dict[str, int | None] = {f"events_{n}": n for n in SHOTS}
        steps |= dict.fromkeys(WARM)
        rows = [
            (system, steps[info.name], info.name, *self.cell(info.name, system).values[metric])
            for system in self.systems
            for info in self.slices
            if info.name in steps
        ]
        return pl.DataFrame(rows, schema=_CURVE, orient="row")

    def verdicts(self, against: str = "popular") -> tuple[str, ...]:
        """Say in a line for each slice and system whether it beats a baseline on NDCG.

        A system beats another where the interval of the paired difference is above 0.
        """
        asked = [name for name in self.systems if name not in BASELINES]
        paired = {name: self.compare(name, against) for name in asked}
        return tuple(
            f"{info.name}: {name} {interval(self.cell(info.name, name).values['ndcg'])} "
            f"{_verdict(paired[name][info.name])} {against} "
            f"{number(self.cell(info.name, against).values['ndcg'].mean)}"
            for info in self.slices
            for name in asked
        )

    def table(self, metrics: Sequence[str] = ("ndcg", "recall", "coverage")) -> str:
        """Return the report as plain text: notes, a table for each slice, verdicts."""
        notes = ["\n".join(wrap(f"note: {note}", WIDTH)) for note in self.notes]
        parts = [tables(self.slices, self.cells, self.k, metrics)]
        parts.append("95 % intervals by bootstrap over users.\n" + "\n".join(self.verdicts()))
        return "\n\n".join([*notes, *parts]).rstrip()

    def to_json(self) -> str:
        """Return the whole report as JSON text."""
        return stored.dump(self.k, self.slices, self.cells, self.notes)

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Return the report that :meth:`to_json` wrote, equal to the last bit.

        Raises:
            DataError: The text is no report, or of another version.
        """
        return cls(**stored.parse(text))


def _facts(cell: Cell, info: SliceInfo) -> tuple[object, ...]:
    return (info.counts["users"], cell.served, cell.fit_s, cell.answer_s, info.protocol)


def _verdict(paired: Comparison) -> str:
    if not paired.differs:
        return "does not beat"
    return "beats" if paired.difference > 0 else "is worse than"
