"""Deprecated path of :func:`daybreak.service.benchmarking.leaderboard.read_demo_tables`."""

from daybreak.deprecation import deprecated_names

_HOME = "daybreak.service.benchmarking.leaderboard"
__getattr__ = deprecated_names(
    __name__,
    {"DEMO": f"{_HOME}.DEMO_NAME", "demo_tables": f"{_HOME}.read_demo_tables"},
)
