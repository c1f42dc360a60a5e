"""What may be said with a request, by keyword."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class RecommendOptions(TypedDict, total=False):
    """Of :meth:`Client.recommend`; the service documents each in its OpenAPI page."""

    n: int
    """Items wanted."""
    session_id: str
    """Of a visitor who is not known yet."""
    profile: Mapping[str, Any]
    """Attributes and ``text``: what is known right now; nothing of it is kept."""
    events: Sequence[Mapping[str, Any]]
    """Events known right now, ``item_id`` and more; nothing of them is kept."""
    filter: str
    """Which items: ``"price < 20 AND brand = 'Acme'"``."""
    categories: Sequence[str]
    """Items must be in one of these."""
    items: Sequence[str]
    """The only candidates."""
    exclude: Sequence[str]
    """Items not wanted."""
    exclude_seen: bool
    """Leave out what the user has events with, as without this option."""
    boosts: Sequence[Mapping[str, Any]]
    """``{"where": "brand = 'Acme'", "factor": 1.5}``: more, or less, of some items."""
    quotas: Sequence[Mapping[str, Any]]
    """``{"each": "brand", "at_most": 2}``: at most, or at least, so many of a kind."""
    diversity: float
    """0 to 1."""
    explore: bool
    """Whether new items may be tried out."""
    explain: bool
    """Whether items come with reasons."""
    scenario: str
    """Where the answer is shown."""
    experiment: bool
    """Whether experiments may choose the variant."""
    distinct: str
    """A column of which no value comes twice."""
    alike: float
    """Likeness, 0 to 1, from which two items count as the same."""
    at: float
    """Time of the list, epoch [s]: what is available then."""


class EventFields(TypedDict, total=False):
    """Of :meth:`Client.add_event`."""

    event_type: str
    value: float
    timestamp: Any
    """A datetime, ISO 8601 or epoch [s]; left out: now."""
    session_id: str
    recommendation_id: str
    """Of the answer that led to it."""
    event_id: str
    """Left out: the client makes one."""
    domain: str
    context: Mapping[str, Any]
    """Anything else, as JSON of up to 4,000 characters; kept with the event."""
