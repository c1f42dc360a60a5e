"""Which options of a model are worth searching, and between which values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybreak.models import models


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both allowed.

    Example:
        >>> Range(0.1, 10, log=True).tidy(2.34567)
        2.35
    """

    low: float
    high: float
    log: bool = False
    """Whether twice as much means the same everywhere."""
    whole: bool = False
    """Whether only whole numbers are allowed."""

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(
            value, int if self.whole else (int, float)
        ):
            return False
        return self.low <= value <= self.high

    def tidy(self, value: Any) -> int | float:
        """Return a value with the three digits that matter."""
        return int(value) if self.whole else float(f"{value:.3g}")


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def tidy(self, value: Any) -> Any:
        """Return the value as it is."""
        return value


Space = Mapping[str, Range | Choice]
"""From options to the values that may be tried."""

_PROFILE_RIDGE = Range(3, 1000, log=True)
_TEACHER_RIDGE = Range(0.3, 300, log=True)
_FACTORS = Range(16, 192, log=True, whole=True)
_DAMPING = Range(0, 0.7)
_CONFIDENCE = Range(2, 100, log=True)
_PRIOR_RIDGE = Range(0.1, 10, log=True)

SPACES: Mapping[str, Space] = {
    "ease": {"ridge": _TEACHER_RIDGE},
    "item_knn": {
        "neighbours": Range(20, 500, log=True, whole=True),
        "shrinkage": Range(0.5, 200, log=True),
    },
    "factors": {
        "dim": _FACTORS,
        "damping": _DAMPING,
        "confidence": _CONFIDENCE,
        "ridge": _PRIOR_RIDGE,
        "profile_ridge": _PROFILE_RIDGE,
    },
    "transitions": {
        "reach": Range(1, 30, log=True, whole=True),
        "decay": Range(0.3, 1),
        "shrinkage": Range(0.5, 50, log=True),
    },
    "profile": {"ridge": _PROFILE_RIDGE},
    "profile_content": {"ridge": _PROFILE_RIDGE},
    "content_neighbours": {
        "neighbours": Range(4, 100, log=True, whole=True),
        "ridge": _TEACHER_RIDGE,
    },
    "neighbour_popular": {"neighbours": Range(4, 200, log=True, whole=True)},
    "history_vae": {
        "hidden": Choice((200, 400, 600)),
        "dim": Range(32, 256, log=True, whole=True),
        "epochs": Range(15, 60, whole=True),
        "rate": Range(5e-4, 8e-3, log=True),
        "dropout": Range(0.2, 0.8),
        "beta": Range(0.01, 1, log=True),
        "few": Range(0, 1),
    },
    "meta_bayes": {"dim": _FACTORS, "damping": _DAMPING, "profile_ridge": _PROFILE_RIDGE},
    "meta_gradient": {
        "dim": _FACTORS,
        "steps": Range(1, 4, whole=True),
        "epochs": Range(3, 20, log=True, whole=True),
        "rate": Range(5e-4, 2e-2, log=True),
        "mass": Range(0, 1.5),
        "told": Range(0, 1),
    },
    "distilled": {
        "ease": Range(0, 2),
        "graph": Range(0, 2),
        "popular": Range(0, 2),
        "steps": Range(30, 240, log=True, whole=True),
        "rate": Range(2e-4, 5e-3, log=True),
        "dropout": Range(0, 0.6),
        "temperature": Range(0.5, 8, log=True),
        "label": Range(0.1, 3, log=True),
    },
    "two_tower": {
        "layers": Choice((0, 1)),
        "dim": Choice((64, 128, 192)),
        "steps": Range(30, 240, log=True, whole=True),
        "rate": Range(5e-4, 1e-2, log=True),
        "dropout": Range(0, 0.6),
        "identity_dropout": Range(0.1, 0.9),
        "few": Range(0, 1),
    },
    "adversarial": {
        "dim": _FACTORS,
        "ridge": _PRIOR_RIDGE,
        "rate": Range(2e-4, 5e-3, log=True),
        "decay": Range(1e-4, 1e-1, log=True),
        "dropout": Range(0, 0.6),
        "likeness": Range(0, 1),
        "task": Range(0.1, 0.9),
    },
    "content_vae": {
        "dim": _FACTORS,
        "confidence": _CONFIDENCE,
        "ridge": _PRIOR_RIDGE,
        "code": Range(8, 128, log=True, whole=True),
        "epochs": Range(8, 60, log=True, whole=True),
        "rate": Range(2e-4, 5e-3, log=True),
        "decay": Range(1e-4, 1e-1, log=True),
        "dropout": Range(0, 0.6),
        "beta": Range(0.05, 3, log=True),
    },
    "sequence": {
        "dim": Choice((32, 64, 96, 128)),
        "hops": Range(1, 3, whole=True),
        "length": Range(8, 50, log=True, whole=True),
        "epochs": Range(3, 15, log=True, whole=True),
        "rate": Range(5e-4, 1e-2, log=True),
        "forget": Range(0, 0.5),
        "hide": Range(0, 0.5),
        "ahead": Range(0, 0.8),
    },
}
"""By name of the model. What is missing has nothing to choose (graph_filter), chooses by itself
(the ridge of all content models), or would be another strategy (windows of popular)."""


def space_of(model: str, given: Mapping[str, Any]) -> Space:
    """Return what may be searched; options that a strategy gives on purpose stay as they are.

    Args:
        model: Its name in the registry.
        given: Options of the strategy.

    Example:
        >>> sorted(space_of("item_knn", {"shrinkage": 3.0}))
        ['neighbours']
    """
    whole = SPACES.get(model, {})
    return {name: values for name, values in whole.items() if name not in given}


def defaults_of(model: str, space: Space) -> dict[str, Any]:
    """Return the value that each option of a space has when nobody chooses.

    Example:
        >>> defaults_of("ease", SPACES["ease"])
        {'ridge': 2.5}
    """
    config = models[model].Config()
    return {name: getattr(config, name) for name in space}


__all__ = ["SPACES", "Choice", "Range", "Space", "defaults_of", "space_of"]
