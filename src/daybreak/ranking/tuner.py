"""Optuna behind two methods: ask for options, tell what they gained."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from daybreak.errors import MissingExtraError
from daybreak.ranking.search_space import Range, Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

AT_RANDOM = 8
"""Options drawn at random before the sampler has something to go by."""
PATIENCE = 10
"""Draws in a row that were tried before, after which there is nothing new to try."""


@contextmanager
def ready() -> Iterator[None]:
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


class Tuner:
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
        >>> with ready():
        ...     tuner = Tuner(space, {"ridge": 1.0}, seed=0)
        ...     for _ in range(30):
        ...         tuner.tell(4 - abs(tuner.ask()["ridge"] - 3))
        >>> 2.5 < tuner.best["ridge"] < 3.5
        True
    """

    def __init__(self, space: Space, start: Mapping[str, Any], seed: int) -> None:
        import optuna  # noqa: PLC0415 - an extra

        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=AT_RANDOM)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._space = space
        self._values = {name: _distribution(values) for name, values in space.items()}
        self._known: dict[tuple[Any, ...], float | None] = {}
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
        for _ in range(PATIENCE):
            self._trial = self._study.ask(self._values)
            drawn = self._trial.params
            self._asked = {n: values.tidy(drawn[n]) for n, values in self._space.items()}
            key = tuple(self._asked.values())
            if key not in self._known:
                return self._asked
            self.tell(self._known[key])
        return None

    def tell(self, gain: float | None) -> None:
        """Say what the options asked for last gained; None: they did not get to the end."""
        from optuna.trial import TrialState  # noqa: PLC0415 - an extra

        self._known[tuple(self._asked.values())] = gain
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
    if values.whole:
        low, high = int(values.low), int(values.high)
        return distributions.IntDistribution(low, high, log=values.log)
    return distributions.FloatDistribution(values.low, values.high, log=values.log)


__all__ = ["Tuner", "ready"]
