"""Deprecated path of :mod:`daybreak.ranking.tuning.search`."""

from typing import Any

from daybreak.deprecation import deprecated_names, warn_deprecated
from daybreak.ranking.tuning.search import TuningResult, tune


def search(*args: Any, **options: Any) -> TuningResult:
    """Call :func:`daybreak.ranking.tuning.search.tune`; ``say`` is its ``progress``."""
    warn_deprecated("daybreak.ranking.search.search", "daybreak.ranking.tuning.search.tune")
    if "say" in options:
        options["progress"] = options.pop("say")
    return tune(*args, **options)


__getattr__ = deprecated_names(
    __name__,
    {"Searched": "daybreak.ranking.tuning.search.TuningResult"},
)
