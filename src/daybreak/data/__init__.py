"""Frozen values: what is known, with no word of models or storage."""

from daybreak.data.tables import EVENT_COLUMNS, Tables
from daybreak.data.vocabulary import Vocabulary

__all__ = ["EVENT_COLUMNS", "Tables", "Vocabulary"]
