"""Language models in the service: the model of the settings, its answers in the store.

The package imports ``language_models`` and ``store``. Start reading in ``opening``.
"""

from daybreak.service.language.completions import StoreCompletions
from daybreak.service.language.opening import check_language_model, open_language_model

__all__ = ["StoreCompletions", "check_language_model", "open_language_model"]
