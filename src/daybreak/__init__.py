"""Recommendations from the first day: for brand-new users, items and catalogues."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daybreak.data import Tables

__all__ = ["Tables"]

_HOME = {"Tables": "daybreak.data"}


def __getattr__(name: str) -> object:
    """Import a public name on first use, so that ``import daybreak`` stays cheap."""
    if name not in _HOME:
        raise AttributeError(f"module 'daybreak' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
