"""Deprecated name of :mod:`daybreak.ranking.blending.strategies`."""

from daybreak.deprecation import deprecated_names

__getattr__ = deprecated_names(
    __name__, {"line_up": "daybreak.ranking.blending.strategies.get_strategies"}
)
