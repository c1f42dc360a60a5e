"""Which options of a model are worth searching, and between which values.

Optuna behind two methods: ask for options, tell what they gained.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daybreak.errors import MissingExtraError
from daybreak.models import models

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = [
    "SEARCH_SPACES",
    "Categorical",
    "OptionSampler",
    "Range",
    "SearchSpace",
    "default_options",
    "require_optuna",
    "search_space_for",
]


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both allowed.

    Example:
        >>> Range(0.1, 10, log=True).round_value(2.34567)
        2.35
    """

    low: float
    high: float
    log: bool = False
    """Whether twice as much means the same everywhere."""
    is_integer: bool = False
    """Whether only whole numbers are allowed."""

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(
            value, int if self.is_integer else (int, float)
        ):
            return False
        return self.low <= value <= self.high

    def round_value(self, value: Any) -> int | float:
        """Return a value with the three digits that matter."""
        return int(value) if self.is_integer else float(f"{value:.3g}")


@dataclass(frozen=True)
class Categorical:
    """One of some values."""

    values: tuple[Any, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def round_value(self, value: Any) -> Any:
        """Return the value as it is."""
        return value


SearchSpace = Mapping[str, Range | Categorical]
"""From options to the values that may be tried."""

_PROFILE_RIDGE = Range(3, 1000, log=True)
_TEACHER_RIDGE = Range(0.3, 300, log=True)
_FACTORS = Range(16, 192, log=True, is_integer=True)
_DAMPING = Range(0, 0.7)
_CONFIDENCE = Range(2, 100, log=True)
_PRIOR_RIDGE = Range(0.1, 10, log=True)

SEARCH_SPACES: Mapping[str, SearchSpace] = {
    "ease": {"ridge": _TEACHER_RIDGE},
    "item_knn": {
        "neighbours": Range(20, 500, log=True, is_integer=True),
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
        "reach": Range(1, 30, log=True, is_integer=True),
        "decay": Range(0.3, 1),
        "shrinkage": Range(0.5, 50, log=True),
    },
    "profile": {"ridge": _PROFILE_RIDGE},
    "profile_content": {"ridge": _PROFILE_RIDGE},
    "content_neighbours": {
        "neighbours": Range(4, 100, log=True, is_integer=True),
        "ridge": _TEACHER_RIDGE,
    },
    "neighbour_popular": {"neighbours": Range(4, 200, log=True, is_integer=True)},
    "history_vae": {
        "hidden": Categorical((200, 400, 600)),
        "dim": Range(32, 256, log=True, is_integer=True),
        "epochs": Range(15, 60, is_integer=True),
        "rate": Range(5e-4, 8e-3, log=True),
        "dropout": Range(0.2, 0.8),
        "beta": Range(0.01, 1, log=True),
        "few": Range(0, 1),
    },
    "meta_bayes": {"dim": _FACTORS, "damping": _DAMPING, "profile_ridge": _PROFILE_RIDGE},
    "meta_gradient": {
        "dim": _FACTORS,
        "steps": Range(1, 4, is_integer=True),
        "epochs": Range(3, 20, log=True, is_integer=True),
        "rate": Range(5e-4, 2e-2, log=True),
        "mass": Range(0, 1.5),
        "told": Range(0, 1),
    },
    "distilled": {
        "ease": Range(0, 2),
        "graph": Range(0, 2),
        "popular": Range(0, 2),
        "steps": Range(30, 240, log=True, is_integer=True),
        "rate": Range(2e-4, 5e-3, log=True),
        "dropout": Range(0, 0.6),
        "temperature": Range(0.5, 8, log=True),
        "label": Range(0.1, 3, log=True),
    },
    "two_tower": {
        "layers": Categorical((0, 1)),
        "dim": Categorical((64, 128, 192)),
        "steps": Range(30, 240, log=True, is_integer=True),
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
        "code": Range(8, 128, log=True, is_integer=True),
        "epochs": Range(8, 60, log=True, is_integer=True),
        "rate": Range(2e-4, 5e-3, log=True),
        "decay": Range(1e-4, 1e-1, log=True),
        "dropout": Range(0, 0.6),
        "beta": Range(0.05, 3, log=True),
    },
    "sequence": {
        "dim": Categorical((32, 64, 96, 128)),
        "hops": Range(1, 3, is_integer=True),
        "length": Range(8, 50, log=True, is_integer=True),
        "epochs": Range(3, 15, log=True, is_integer=True),
        "rate": Range(5e-4, 1e-2, log=True),
        "forget": Range(0, 0.5),
        "hide": Range(0, 0.5),
        "ahead": Range(0, 0.8),
    },
}
"""By name of the model. What is missing has nothing to choose (graph_filter), chooses by itself
(the ridge of all content models), or would be another strategy (windows of popular)."""


def search_space_for(model: str, fixed_options: Mapping[str, Any]) -> SearchSpace:
    """Return what may be searched; options that a strategy gives on purpose stay as they are.

    Args:
        model: Its name in the registry.
        fixed_options: Options of the strategy; they are not searched.

    Example:
        >>> sorted(search_space_for("item_knn", {"shrinkage": 3.0}))
        ['neighbours']
    """
    whole = SEARCH_SPACES.get(model, {})
    return {name: values for name, values in whole.items() if name not in fixed_options}


def default_options(model: str, space: SearchSpace) -> dict[str, Any]:
    """Return the value that each option of a space has when nobody chooses.

    Example:
        >>> default_options("ease", SEARCH_SPACES["ease"])
        {'ridge': 2.5}
    """
    config = models[model].Config()
    return {name: getattr(config, name) for name in space}


N_RANDOM_TRIALS = 8
"""Options drawn at random before the sampler has something to go by."""
MAX_REPEATED_DRAWS = 10
"""Draws in a row that were tried before, after which there is nothing new to try."""


@contextmanager
def require_optuna() -> Iterator[None]:
    """Make sure that optuna is there, and keep it silent inside.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import optuna  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("searching options", "'daybreak[search]'") from error
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


class OptionSampler:
    """Looks for the options that gain most; use it inside :func:`ready`.

    The start counts as tried, with a gain of 0.

    Args:
        space: What may be tried.
        start: A value of every option in it.
        seed: The same seed and the same gains lead to the same questions.

    Source:
        The tree-structured Parzen estimator: Bergstra et al. 2011, "Algorithms for
        hyper-parameter optimization", section 4, as Optuna has it.

    Example:
        >>> space = {"ridge": Range(0.1, 10, log=True)}
        >>> with require_optuna():
        ...     tuner = OptionSampler(space, {"ridge": 1.0}, seed=0)
        ...     for _ in range(30):
        ...         tuner.tell(4 - abs(tuner.ask()["ridge"] - 3))
        >>> 2.5 < tuner.best["ridge"] < 3.5
        True
    """

    def __init__(self, space: SearchSpace, start: Mapping[str, Any], seed: int) -> None:
        import optuna  # noqa: PLC0415 - an extra

        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=N_RANDOM_TRIALS)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._space = space
        self._values = {name: _distribution(values) for name, values in space.items()}
        self._gains: dict[tuple[Any, ...], float | None] = {}
        self.best: dict[str, Any] = dict(start)
        """The options that gained most so far."""
        self.gain = 0.0
        """What they gained."""
        self._study.enqueue_trial(self.best)
        self._trial = self._study.ask(self._values)
        self._asked = self.best
        self.tell(0.0)

    def ask(self) -> dict[str, Any] | None:
        """Return options that were not tried yet; None when the sampler has no new ones."""
        for _ in range(MAX_REPEATED_DRAWS):
            self._trial = self._study.ask(self._values)
            drawn = self._trial.params
            self._asked = {n: values.round_value(drawn[n]) for n, values in self._space.items()}
            key = tuple(self._asked.values())
            if key not in self._gains:
                return self._asked
            self.tell(self._gains[key])
        return None

    def tell(self, gain: float | None) -> None:
        """Say what the options asked for last gained; None: they did not get to the end."""
        from optuna.trial import TrialState  # noqa: PLC0415 - an extra

        self._gains[tuple(self._asked.values())] = gain
        if gain is None:
            self._study.tell(self._trial, state=TrialState.PRUNED)
            return
        self._study.tell(self._trial, gain)
        if gain > self.gain:
            self.best, self.gain = self._asked, gain


def _distribution(values: Any) -> "BaseDistribution":
    from optuna import distributions  # noqa: PLC0415 - an extra

    if not isinstance(values, Range):
        return distributions.CategoricalDistribution(values.values)
    if values.is_integer:
        low, high = int(values.low), int(values.high)
        return distributions.IntDistribution(low, high, log=values.log)
    return distributions.FloatDistribution(values.low, values.high, log=values.log)
