"""The warm-up curve of a shop: quality by the number of users that it has learned from.

:func:`measure_shop_curve` trains on the first users of a shop alone, and asks about later ones.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from daybreak.data import EventRules, Tables
from daybreak.errors import DataError
from daybreak.estimates import PairedDifference
from daybreak.evaluation import Report
from daybreak.evaluation.report import SliceInfo
from daybreak.service.benchmarking.evaluate import Evaluable, evaluate_recommender
from daybreak.service.benchmarking.slice_results import (
    BASELINE,
    LIST_LENGTH,
    METRIC,
    SYSTEM,
    finite,
    source_gain_fields,
    source_gains,
    verdict_of,
)
from daybreak.service.inputs.sources import SourceTables
from daybreak.simulation.slices import (
    YOUNG_SHOT_COUNTS,
    YOUNG_SLICES,
    YOUNG_USER_COUNTS,
    young_slice_names,
)


@dataclass(frozen=True)
class ShopCurvePoint:
    """Quality of one system in a shop of one size, for later users with some known events."""

    system: str
    users: int
    """Number of users that the shop has learned from."""
    events: int
    """Number of known events of a later user."""
    queries: int
    """Number of later users who were asked about."""
    value: float
    low: float | None
    """Lower end of the 95 % interval; None: there are too few queries for one."""
    high: float | None
    """Upper end of the 95 % interval."""
    difference: float | None = None
    """Mean paired difference from the best sellers; None: this is a baseline."""
    difference_low: float | None = None
    difference_high: float | None = None
    verdict: str | None = None
    """``better``, ``tied`` or ``worse`` than the best sellers."""
    source_gain: float | None = None
    """Mean paired difference from the same settings without the sources; None: no sources, or
    this is a baseline."""
    source_gain_low: float | None = None
    source_gain_high: float | None = None
    source_verdict: str | None = None
    """``helps``, ``no difference`` or ``hurts``, by the whole interval."""


@dataclass(frozen=True)
class ShopCurve:
    """The warm-up curve of a shop.

    Points with the same number of users have the same queries and targets; shops of different
    size are asked about different users.
    """

    k: int
    """Length of the lists [items]."""
    measured_at: float
    """Epoch [s]."""
    seconds: float
    n_users: int
    """Number of users in the data."""
    n_items: int
    n_events: int
    points: tuple[ShopCurvePoint, ...]
    protocols: Mapping[str, str]
    """How each slice was measured, by its name."""
    notes: tuple[str, ...] = ()
    """Sizes that could not be measured, and why."""
    sources: tuple[str, ...] = ()
    """Names of the sources that the settings learned from; they are known at every size."""

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON values."""
        return {**asdict(self), "protocols": dict(self.protocols)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ShopCurve":
        """Return the curve that :meth:`to_dict` described.

        Raises:
            DataError: The values describe no curve.
        """
        try:
            points = tuple(ShopCurvePoint(**point) for point in values["points"])
            lists = {
                "points": points,
                "notes": tuple(values["notes"]),
                "sources": tuple(values.get("sources", ())),
            }
            return cls(**{**values, **lists, "protocols": dict(values["protocols"])})
        except (TypeError, KeyError, ValueError) as error:
            raise DataError(f"these values are no warm-up curve: {error}") from error


def measure_shop_curve(
    model: Evaluable,
    tables: Tables,
    rules: EventRules | None = None,
    progress: Any = None,
    sources: Sequence[SourceTables] = (),
) -> ShopCurve:
    """Train on the first users of a shop, for several sizes, and measure lists of later users.

    Args:
        model: Recommender whose settings are measured; its fitted models are not used.
        tables: All data of the shop.
        rules: Rules that say which events are positive; None: the data decide.
        progress: Called with the number of finished steps, of all steps, and the next step.
        sources: Other shops to learn from, whole at every size; the same settings without them
            are measured, too.

    Raises:
        DataError: The shop has too few users for any size.
    """
    started = time.perf_counter()
    report = evaluate_recommender(
        model,
        tables,
        rules or EventRules(),
        k=LIST_LENGTH,
        slices=YOUNG_SLICES,
        sources=sources,
        progress=progress,
    )
    return ShopCurve(
        k=report.k,
        measured_at=time.time(),
        seconds=round(time.perf_counter() - started, 1),
        n_users=tables.users.height,
        n_items=tables.items.height,
        n_events=tables.events.height,
        points=tuple(_points(report)),
        protocols={info.name: info.protocol for info in report.slices},
        notes=report.notes,
        sources=tuple(source.name for source in sources),
    )


def _points(report: Report) -> Sequence[ShopCurvePoint]:
    places = {
        name: (n_users, shots)
        for n_users in YOUNG_USER_COUNTS
        for shots, name in zip(YOUNG_SHOT_COUNTS, young_slice_names(n_users), strict=True)
    }
    differences = report.compare(SYSTEM, BASELINE, METRIC)
    gains = source_gains(report)
    points = []
    for info in report.slices:
        for system in report.systems:
            point = _point(report, info, system, places[info.name])
            if system == SYSTEM:
                compared = _against_best_sellers(differences[info.name])
                gain = source_gain_fields(gains.get(info.name))
                point = replace(point, **compared, **gain)
            points.append(point)
    return points


def _point(
    report: Report, info: SliceInfo, system: str, place: tuple[int, int]
) -> ShopCurvePoint:
    value, low, high = map(float, report.cell(info.name, system).values[METRIC])
    users = info.counts["users"]
    return ShopCurvePoint(system, *place, users, value, finite(low), finite(high))


def _against_best_sellers(difference: PairedDifference) -> dict[str, Any]:
    """Return the fields that compare a point with the best sellers."""
    return {
        "difference": difference.difference,
        "difference_low": finite(difference.low),
        "difference_high": finite(difference.high),
        "verdict": verdict_of(difference),
    }
