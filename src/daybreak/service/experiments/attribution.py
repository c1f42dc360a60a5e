"""Which events count for an impression."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from daybreak.errors import ConfigError
from daybreak.service.experiments import checks


@dataclass(frozen=True)
class Attribution:
    """Which events count for an impression; all must name its recommendation and its item.

    Example:
        >>> Attribution.from_dict({"window_h": 1, "clicks": ["click"]}).clicks
        ('click',)
    """

    window_h: float = 24.0
    """Events later than this after the answer do not count [hours]."""
    clicks: tuple[str, ...] = ("click", "view")
    """Types of events that are a click; several on one impression are one."""
    conversions: tuple[str, ...] = ("purchase",)
    """Types of events that are a conversion; several on one impression are one."""
    reported: bool = False
    """Whether an item was seen only if an ``impression`` event says so; else it was shown."""
    cold_below: int = 5
    """An item with fewer events than this when it is shown is a cold one [events]."""
    ratings: tuple[float, float] = (1.0, 5.0)
    """The lowest and the highest rating; the middle is neither praise nor blame."""
    dwell_s: float = 30.0
    """A dwell of this and more approves, half of it says nothing, none at all blames [s]."""

    def __post_init__(self) -> None:
        low, high = _pair(self.ratings)
        cleaned = {
            "window_h": checks.number("window_h", self.window_h, most=24 * 365.0),
            "clicks": checks.names("clicks", self.clicks),
            "conversions": checks.names("conversions", self.conversions),
            "ratings": (low, high),
            "dwell_s": checks.number("dwell_s", self.dwell_s),
        }
        checks.check_flag("reported", self.reported)
        if type(self.cold_below) is not int or not 1 <= self.cold_below <= 1_000_000:
            raise ConfigError(
                f"cold_below must be a whole number from 1, got {self.cold_below!r:.60}"
            )
        for name, value in cleaned.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Return what plain values describe.

        Raises:
            ConfigError: A name is unknown, or a value out of range.
        """
        return cls(**checks.known(cls, row, "attribution"))


def _pair(values: Any) -> tuple[float, float]:
    pair = isinstance(values, list | tuple) and len(values) == 2
    if not pair or not all(map(checks.is_number, values)) or not values[0] < values[1]:
        raise ConfigError(
            f"ratings must be the lowest and the highest one, as in [1, 5], got {values!r:.60}"
        )
    return float(values[0]), float(values[1])
