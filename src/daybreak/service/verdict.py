"""What a comparison of two recommenders found, slice by slice, in plain words."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from daybreak.ranking.duel import Bout
from daybreak.ranking.questions import NEW_ITEMS
from daybreak.ranking.simulate import SHOTS
from daybreak.service.paired import Gap, paired

RISK = 0.05
"""Chance that any slice of two equal recommenders is called better or worse."""
ENOUGH = 30
"""Users, and where items are a sample new items, below which a slice is not judged."""

Word = Literal["better", "tied", "worse", "not judged"]

_NEW = {
    "cold_item": "new items for known users",
    "cold_item_3": "new items for new users with 3 events",
    "both_cold": "new items for new users with 0 events",
    "arriving": "arriving items for known users",
}
LABELS = {
    **{f"events_{n}": f"new users with {n} event{'' if n == 1 else 's'}" for n in SHOTS},
    "warm_last": "known users, their next item",
    "warm_time": "known users, later events",
    **_NEW,
    **{f"{name}_all": f"{label}, in one list with old ones" for name, label in _NEW.items()},
}
"""Slices in words."""


@dataclass(frozen=True)
class Line:
    """One slice: NDCG@10 of both, and how sure their difference is."""

    slice: str
    queries: int
    users: int
    new: float
    old: float
    difference: float
    low: float
    high: float
    word: Word

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; an infinite end of the interval is None."""
        ends = {name: getattr(self, name) for name in ("low", "high")}
        known = {name: end if math.isfinite(end) else None for name, end in ends.items()}
        return asdict(self) | known | {"label": LABELS[self.slice]}

    def __str__(self) -> str:
        """Return one sentence."""
        span = f"[{_signed(self.low)}, {_signed(self.high)}]"
        return (
            f"{LABELS[self.slice]}: {_number(self.new)} against {_number(self.old)}, "
            f"{_signed(self.difference)} {span}, {self.queries:,} queries: {self.word}"
        )


@dataclass(frozen=True)
class Verdict:
    """Whether a recommender may take the place of the one in service."""

    lines: tuple[Line, ...] = ()
    level: float = 1 - RISK
    """Of each interval; together they hold with 95 %."""
    notes: tuple[str, ...] = ()
    """What a careful user should know, in plain sentences."""
    forced: bool = False
    """Whether it was released whatever was found."""

    @property
    def worse(self) -> tuple[Line, ...]:
        """The slices that got significantly worse."""
        return tuple(line for line in self.lines if line.word == "worse")

    @property
    def passed(self) -> bool:
        """Whether no slice got significantly worse."""
        return not self.worse

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "passed": self.passed,
            "forced": self.forced,
            "level": self.level,
            "slices": [line.to_dict() for line in self.lines],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Return all sentences, one a line."""
        return "\n".join([*map(str, self.lines), *(f"note: {note}" for note in self.notes)])


def verdict_of(
    bouts: Sequence[Bout], skipped: Sequence[str] = (), notes: Sequence[str] = ()
) -> Verdict:
    """Judge bouts; intervals are so wide that all of them hold together with 95 %.

    With ``m`` slices each interval has level ``1 - 0.05 / m``, after Bonferroni. A slice is
    worse when its whole interval is below 0.

    Args:
        bouts: What both sides reached.
        skipped: Slices that are shown, but not judged.
        notes: To be told with it.
    """
    judged = [bout for bout in bouts if bout.slice not in skipped and _enough(bout)]
    level = 1 - RISK / max(len(judged), 1)
    chosen = {bout.slice for bout in judged}
    lines = tuple(_line(bout, level, judged=bout.slice in chosen) for bout in bouts)
    none = () if judged else ("no slice has enough users to be judged; nothing was compared",)
    return Verdict(lines, level, (*notes, *none))


def _by_item(bout: Bout) -> bool:
    return bout.slice.removesuffix("_all") in NEW_ITEMS


def _enough(bout: Bout) -> bool:
    items = len(np.unique(bout.new.indices)) if _by_item(bout) else ENOUGH
    return min(len(np.unique(bout.users)), items) >= ENOUGH


def _line(bout: Bout, level: float, *, judged: bool) -> Line:
    n = bout.new.shape[0]
    gap = paired(bout.new, bout.old, bout.users, level, by_item=_by_item(bout))
    new, old = (float(side.data.sum()) / n for side in (bout.new, bout.old))
    users = len(np.unique(bout.users))
    word: Word = _word(gap) if judged else "not judged"
    return Line(bout.slice, n, users, new, old, *gap, word)


def _word(gap: Gap) -> Word:
    if gap.high < 0:
        return "worse"
    return "better" if gap.low > 0 else "tied"


def _number(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _signed(value: float) -> str:
    if not math.isfinite(value):
        return "?"
    return f"{value:+.3f}".replace("0.", ".", 1)


__all__ = ["LABELS", "Line", "Verdict", "Word", "verdict_of"]
