"""Deprecated path of :func:`daybreak.service.benchmarking.leaderboard.select_learners`."""

from typing import Any

from daybreak.deprecation import warn_deprecated
from daybreak.ranking.benchmarks.learners import Learner
from daybreak.service.benchmarking.leaderboard import select_learners


def entrants(*args: Any, **options: Any) -> tuple[Learner, ...]:
    """Call ``select_learners``; ``say`` is its ``progress``."""
    warn_deprecated(
        "daybreak.service.entrants.entrants",
        "daybreak.service.benchmarking.leaderboard.select_learners",
    )
    if "say" in options:
        options["progress"] = options.pop("say")
    return select_learners(*args, **options)
