"""Deprecated path of :mod:`daybreak.ranking.tuning.search_space`."""

from daybreak.deprecation import deprecated_names

_HOME = "daybreak.ranking.tuning.search_space"
__getattr__ = deprecated_names(
    __name__,
    {
        "Choice": f"{_HOME}.Categorical",
        "Range": f"{_HOME}.Range",
        "SPACES": f"{_HOME}.SEARCH_SPACES",
        "defaults_of": f"{_HOME}.default_options",
        "space_of": f"{_HOME}.search_space_for",
    },
)
