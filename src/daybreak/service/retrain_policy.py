"""Deprecated names of :mod:`daybreak.service.training.retraining`."""

from daybreak.deprecation import deprecated_names

_RETRAINING = "daybreak.service.training.retraining"

__getattr__ = deprecated_names(
    __name__,
    {
        "RetrainPolicy": f"{_RETRAINING}.RetrainPolicy",
        "Signs": f"{_RETRAINING}.RetrainSignals",
    },
)
