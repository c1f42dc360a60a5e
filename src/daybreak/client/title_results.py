"""Results of matching titles from elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TitleMatch:
    """The most probable item of one title from elsewhere."""

    given: str
    """Title as it was given."""
    item_id: str | None = None
    """Item of the catalogue; None: there is none."""
    title: str | None = None
    """Title of the item."""
    confidence: float = 0.0
    """From 0 to 1; let people check what is below 0.9."""
    match: str | None = None
    """How it was found: ``id``, ``title``, ``similar title`` or ``content``."""
    rating: float | None = None
    """Rating that the list has for it."""


@dataclass(frozen=True)
class TitleMatches:
    """Items of a list of titles, in the order of the list."""

    matches: tuple[TitleMatch, ...]
