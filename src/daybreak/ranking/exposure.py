"""Deprecated name of :mod:`daybreak.ranking.exploration.exposure`."""

from daybreak.deprecation import deprecated_names

__getattr__ = deprecated_names(
    __name__, {"Budget": "daybreak.ranking.exploration.exposure.ExposureBudget"}
)
