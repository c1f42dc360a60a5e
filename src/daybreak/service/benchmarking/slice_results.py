"""Results of an evaluation by slice, with intervals, baselines and verdicts."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from daybreak.data import EventRules, Tables
from daybreak.errors import DataError
from daybreak.estimates import PairedDifference
from daybreak.evaluation import Report
from daybreak.service.benchmarking.evaluate import (
    WITHOUT_SOURCES,
    Evaluable,
    evaluate_recommender,
)
from daybreak.service.inputs.sources import SourceTables
from daybreak.service.training.drift import DriftReading
from daybreak.simulation.slices import DEFINITIONS, REPORT_SLICES, YOUNG_SLICES

SYSTEM = "daybreak"
"""Name of the recommender in reports."""
BASELINE = "popular"
"""Baseline with which the recommender is compared."""
METRIC = "ndcg"
"""Metric of the results."""
LIST_LENGTH = 10
"""Length of the lists that are measured [items]."""
EVALUATED_SLICES = tuple(name for name in REPORT_SLICES if name not in YOUNG_SLICES)
"""Slices of the evaluation of a release; young shops are measured on their own."""
_SOURCE_VERDICTS = {"better": "helps", "tied": "no difference", "worse": "hurts"}


@dataclass(frozen=True)
class BaselineComparison:
    """Quality of one slice, and how it compares with the best sellers."""

    slice: str
    label: str
    """Users and targets in words."""
    users: int
    """Number of users who were asked about."""
    systems: Mapping[str, tuple[float | None, float | None, float | None]]
    """Value and ends of its 95 % interval, by system; None: there is none."""
    difference: float
    """Mean paired difference from the best sellers."""
    difference_low: float | None
    difference_high: float | None
    verdict: str
    """``better``, ``tied`` or ``worse`` than the best sellers."""
    protocol: str
    source_gain: float | None = None
    """Mean paired difference from the same settings without the sources; None: no sources."""
    source_gain_low: float | None = None
    source_gain_high: float | None = None
    source_verdict: str | None = None
    """``helps``, ``no difference`` or ``hurts``, by the whole interval; None: no sources."""


@dataclass(frozen=True)
class ReleaseEvaluation:
    """An evaluation of the settings of a release, on questions that no weight has seen."""

    k: int
    """Length of the lists [items]."""
    measured_at: float
    """Epoch [s]."""
    seconds: float
    n_users: int
    """Number of users in the data."""
    n_items: int
    n_events: int
    slices: tuple[BaselineComparison, ...]
    notes: tuple[str, ...] = ()
    """Slices that could not be measured, and why."""
    sources: tuple[str, ...] = ()
    """Names of the sources that the settings learned from."""
    drift: tuple[DriftReading, ...] = ()
    """Drift of interests and of content since the training of the release."""

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ReleaseEvaluation":
        """Return the evaluation that :meth:`to_dict` described.

        Raises:
            DataError: The values describe no evaluation.
        """
        try:
            slices = tuple(
                BaselineComparison(
                    **{**one, "systems": {n: tuple(v) for n, v in one["systems"].items()}}
                )
                for one in values["slices"]
            )
            lists = {
                "notes": tuple(values["notes"]),
                "sources": tuple(values.get("sources", ())),
                "drift": tuple(DriftReading(**one) for one in values.get("drift", ())),
            }
            return cls(**{**values, "slices": slices, **lists})
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise DataError(f"these values are no evaluation: {error}") from error


def evaluate_settings(
    model: Evaluable,
    tables: Tables,
    rules: EventRules | None = None,
    progress: Any = None,
    sources: Sequence[SourceTables] = (),
) -> ReleaseEvaluation:
    """Train on parts of the data, and measure lists for what was held out.

    Args:
        model: Recommender whose settings are measured; its fitted models are not used.
        tables: All data of the shop.
        rules: Rules that say which events are positive; None: the data decide.
        progress: Called with the number of finished steps, of all steps, and the next step.
        sources: Other shops to learn from; the same settings without them are measured, too.

    Raises:
        DataError: The data are too few to hold anything out.
    """
    started = time.perf_counter()
    report = evaluate_recommender(
        model,
        tables,
        rules or EventRules(),
        k=LIST_LENGTH,
        slices=EVALUATED_SLICES,
        sources=sources,
        progress=progress,
    )
    return ReleaseEvaluation(
        k=report.k,
        measured_at=time.time(),
        seconds=round(time.perf_counter() - started, 1),
        n_users=tables.users.height,
        n_items=tables.items.height,
        n_events=tables.events.height,
        slices=compare_slices(report),
        notes=report.notes,
        sources=tuple(source.name for source in sources),
    )


def compare_slices(report: Report) -> tuple[BaselineComparison, ...]:
    """Return the slices of a report, each compared with the best sellers.

    Args:
        report: Report with the systems ``daybreak`` and ``popular``; perhaps with
            ``without_sources``.
    """
    differences = report.compare(SYSTEM, BASELINE, METRIC)
    gains = source_gains(report)
    compared = []
    for info in report.slices:
        difference = differences[info.name]
        cells = {one: report.cell(info.name, one).values[METRIC] for one in report.systems}
        compared.append(
            BaselineComparison(
                slice=info.name,
                label=DEFINITIONS[info.name].label,
                users=info.counts["users"],
                systems={
                    name: (finite(value.mean), finite(value.low), finite(value.high))
                    for name, value in cells.items()
                },
                difference=difference.difference,
                difference_low=finite(difference.low),
                difference_high=finite(difference.high),
                verdict=verdict_of(difference),
                protocol=info.protocol,
                **source_gain_fields(gains.get(info.name)),
            )
        )
    return tuple(compared)


def source_gains(report: Report) -> Mapping[str, PairedDifference]:
    """Return the paired difference from the settings without the sources, by slice.

    Args:
        report: Report; without the system ``without_sources``, there are none.
    """
    if WITHOUT_SOURCES not in report.systems:
        return {}
    return report.compare(SYSTEM, WITHOUT_SOURCES, METRIC)


def source_gain_fields(gain: PairedDifference | None) -> dict[str, Any]:
    """Return the fields that compare with the settings without the sources.

    Args:
        gain: Paired difference; None: there are no sources.
    """
    if gain is None:
        return {}
    return {
        "source_gain": gain.difference,
        "source_gain_low": finite(gain.low),
        "source_gain_high": finite(gain.high),
        "source_verdict": _SOURCE_VERDICTS[verdict_of(gain)],
    }


def finite(value: float) -> float | None:
    """Return a number; None if it is NaN or infinite, which JSON cannot hold."""
    return float(value) if math.isfinite(value) else None


def verdict_of(difference: PairedDifference) -> str:
    """Return ``better``, ``tied`` or ``worse``, by the whole 95 % interval of a difference."""
    if not difference.differs:
        return "tied"
    return "better" if difference.is_better else "worse"
