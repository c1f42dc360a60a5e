"""Deprecated: the names of version 0.1; import them from :mod:`daybreak.store`."""

from daybreak.deprecation import deprecated_names

__getattr__ = deprecated_names(
    __name__,
    {
        "Answer": "daybreak.store.LoggedRecommendation",
        "Changes": "daybreak.store.Changes",
        "Erased": "daybreak.store.ErasureCounts",
        "EventPage": "daybreak.store.EventPage",
        "Journal": "daybreak.store.base.Journal",
        "Shown": "daybreak.store.LoggedItem",
    },
)
