"""When to train again: by the clock, by how much has come, by how far data have moved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from daybreak.errors import ConfigError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_EVERY = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


@dataclass(frozen=True)
class Signs:
    """What a policy looks at."""

    age_s: float
    """Since the last training, whatever became of it [s]."""
    events: float = 0.0
    """Events since the training, as a share of those it learned from."""
    items: float = 0.0
    """Items since the training, as a share of those it knew."""
    drift: Mapping[str, float] = field(default_factory=dict)
    """Scores of :mod:`daybreak.service.drift` by name."""


@dataclass(frozen=True)
class RetrainPolicy:
    """When a training is due; what is None never asks for one.

    Example:
        >>> policy = RetrainPolicy.parse("every=12h, events=0.2, drift=0.25")
        >>> policy.due(Signs(age_s=13 * 3600.0))
        'the last training is 13.0 h old'
        >>> policy.due(Signs(age_s=60.0, events=0.5)) is None
        True
    """

    every_s: float | None = None
    """Age of the last training [s]."""
    events: float | None = None
    """Share of new events."""
    items: float | None = None
    """Share of new items."""
    drift: float | None = None
    """Score of any drift."""
    rest_s: float = 600.0
    """Between two trainings at least: one that fails is not begun again at once [s]."""

    def __post_init__(self) -> None:
        """Refuse marks that would always, or never, be reached."""
        for name in ("every_s", "events", "items", "drift"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"{name} of a retrain policy must be above 0, got {value!r}")

    @classmethod
    def parse(cls, text: str) -> "RetrainPolicy":
        """Read ``every=TIME, events=SHARE, items=SHARE, drift=SCORE``, each of them optional.

        ``auto`` is ``every=1d, events=0.2, items=0.1, drift=0.25``.

        Raises:
            ConfigError: It does not follow this form.
        """
        if text.strip() == "auto":
            return cls(86_400.0, 0.2, 0.1, 0.25)
        found: dict[str, float] = {}
        for part in filter(None, re.split(r"[,\s]+", text.strip())):
            name, _, value = part.partition("=")
            if name == "every" and (time := _EVERY.fullmatch(value)):
                found["every_s"] = float(time[1]) * _UNITS[time[2]]
            elif name in {"events", "items", "drift"} and _is_number(value):
                found[name] = float(value)
            else:
                raise ConfigError(
                    f"cannot read {part!r} of a retrain policy; expected auto, or forms like "
                    "every=12h, events=0.2, items=0.1, drift=0.25"
                )
        if not found:
            raise ConfigError(
                "a retrain policy must say when: every=, events=, items= or drift="
            )
        return cls(**found)

    def due(self, signs: Signs) -> str | None:
        """Return why a training is due; None: it is not."""
        if signs.age_s < self.rest_s:
            return None
        if self.every_s is not None and signs.age_s >= self.every_s:
            return f"the last training is {signs.age_s / 3600:.1f} h old"
        for name, share in (("events", signs.events), ("items", signs.items)):
            mark = getattr(self, name)
            if mark is not None and share >= mark:
                return f"{share:.0%} new {name} since the training"
        moved = [n for n, score in signs.drift.items() if score >= (self.drift or inf)]
        if moved:
            return f"{moved[0]} has moved by {signs.drift[moved[0]]:.2f}"
        return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None
