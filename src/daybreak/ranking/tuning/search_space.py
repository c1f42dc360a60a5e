"""The options of a strategy that are searched, and the sampler that draws them.

The ranges of options are in the cards of the models. The sampler wraps Optuna: ``ask``
returns options, ``tell`` records their gain.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from daybreak.errors import MissingExtraError
from daybreak.models import models
from daybreak.models.card import Range, SearchSpace

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

N_RANDOM_TRIALS = 8
"""Number of options drawn at random before the sampler uses earlier gains."""
MAX_REPEATED_DRAWS = 10
"""Number of repeated draws in a row after which the search ends."""


def search_space_for(model: str, fixed_options: Mapping[str, Any]) -> SearchSpace:
    """Return the options of a model that may be searched, without those that are fixed.

    Args:
        model: Name of the model in the registry.
        fixed_options: Options of the strategy; they are not searched.

    Example:
        >>> sorted(search_space_for("item_knn", {"shrinkage": 3.0}))
        ['expected_share', 'neighbours']
    """
    space = models[model].card.search_space
    return {name: values for name, values in space.items() if name not in fixed_options}


def default_options(model: str, space: SearchSpace) -> dict[str, Any]:
    """Return the default value of each option of a space.

    Args:
        model: Name of the model in the registry.
        space: Options of the model.

    Example:
        >>> default_options("ease", search_space_for("ease", {}))
        {'ridge': 2.5}
    """
    config = models[model].Config()
    return {name: getattr(config, name) for name in space}


@contextmanager
def require_optuna() -> Iterator[None]:
    """Require Optuna, and silence its log inside the block.

    Raises:
        MissingExtraError: Optuna is not installed.
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
    """Searches for the options with the largest gain; use it inside :func:`require_optuna`.

    The initial options count as tried, with a gain of 0.

    Args:
        space: Options that may be tried, with their ranges.
        start: A value for each option.
        seed: Seed of the draws; with the same gains it leads to the same options.

    Attributes:
        best: Options with the largest gain so far.
        gain: Their gain.

    Source:
        The tree-structured Parzen estimator: Bergstra et al. 2011, "Algorithms for
        hyper-parameter optimization", section 4, as implemented by Optuna.

    Example:
        >>> space = {"ridge": Range(0.1, 10, log=True)}
        >>> with require_optuna():
        ...     sampler = OptionSampler(space, {"ridge": 1.0}, seed=0)
        ...     for _ in range(30):
        ...         sampler.tell(4 - abs(sampler.ask()["ridge"] - 3))
        >>> 2.5 < sampler.best["ridge"] < 3.5
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
        self.gain = 0.0
        self._study.enqueue_trial(self.best)
        self._trial = self._study.ask(self._values)
        self._current = self.best
        self.tell(0.0)

    def ask(self) -> dict[str, Any] | None:
        """Return options that were not tried yet; None when the sampler finds no more."""
        for _ in range(MAX_REPEATED_DRAWS):
            self._trial = self._study.ask(self._values)
            drawn = self._trial.params
            self._current = {
                n: values.round_value(drawn[n]) for n, values in self._space.items()
            }
            key = tuple(self._current.values())
            if key not in self._gains:
                return self._current
            self.tell(self._gains[key])
        return None

    def tell(self, gain: float | None) -> None:
        """Record the gain of the last options; None when they were given up."""
        from optuna.trial import TrialState  # noqa: PLC0415 - an extra

        self._gains[tuple(self._current.values())] = gain
        if gain is None:
            self._study.tell(self._trial, state=TrialState.PRUNED)
            return
        self._study.tell(self._trial, gain)
        if gain > self.gain:
            self.best, self.gain = self._current, gain


def _distribution(values: Any) -> "BaseDistribution":
    from optuna import distributions  # noqa: PLC0415 - an extra

    if not isinstance(values, Range):
        return distributions.CategoricalDistribution(values.values)
    if values.is_integer:
        low, high = int(values.low), int(values.high)
        return distributions.IntDistribution(low, high, log=values.log)
    return distributions.FloatDistribution(values.low, values.high, log=values.log)
