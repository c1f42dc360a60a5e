"""Deprecated path of :mod:`daybreak.service.benchmarking.leaderboard`."""

from typing import Any

from daybreak.deprecation import deprecated_names, warn_deprecated
from daybreak.service.benchmarking.leaderboard import Leaderboard, run_leaderboard

_HOME = "daybreak.service.benchmarking.leaderboard"
_PARAMETERS = {"contestants": "learners", "terms": "options", "say": "progress"}


def compete(*args: Any, **options: Any) -> Leaderboard:
    """Call ``run_leaderboard`` with the earlier names of its parameters."""
    warn_deprecated(f"{__name__}.compete", f"{_HOME}.run_leaderboard")
    current = {_PARAMETERS.get(name, name): value for name, value in options.items()}
    return run_leaderboard(*args, **current)


__getattr__ = deprecated_names(
    __name__,
    {"Terms": f"{_HOME}.BenchmarkOptions"},
)
