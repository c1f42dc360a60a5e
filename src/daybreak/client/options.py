"""Keyword arguments of the client's methods."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict


class RecommendOptions(TypedDict, total=False):
    """Options of :meth:`Client.recommend` and :meth:`Client.rank`."""

    k: int
    """Number of items; default 10."""
    n: int
    """The same as ``k``."""
    fields: Sequence[str]
    """Fields of the items in the result, such as ``title``: of :class:`Recommended`, or of its
    ``properties``; default: all."""
    session_id: str
    """Session of a visitor."""
    profile: Mapping[str, Any]
    """Attributes and ``text`` of the user, for this list only; they are not stored."""
    events: Sequence[Mapping[str, Any]]
    """Recent events, ``item_id`` and more, for this list only; they are not stored."""
    where: str
    """Filter over columns of items, such as ``"price < 20 AND brand = 'Acme'"``."""
    filter: str
    """The same as ``where``."""
    categories: Sequence[str]
    """Categories; an item must be in one of them."""
    items: Sequence[str]
    """Ids of the candidates; default: all items."""
    exclude: Sequence[str]
    """Ids of items to leave out."""
    exclude_seen: bool
    """Whether to leave out items that the user has, as by a purchase; default: yes, unless
    people usually take the same items again."""
    exclude_events: Sequence[str]
    """The only types of events that leave out their items; default: the rule of the shop."""
    boosts: Sequence[Mapping[str, Any]]
    """Score changes of some items, such as ``{"where": "brand = 'Acme'", "factor": 1.5}``."""
    quotas: Sequence[Mapping[str, Any]]
    """Numbers of items of a kind, such as ``{"each": "brand", "at_most": 2}``."""
    diversity: float
    """Weight of diversity, 0 (by score) to 1; default 0."""
    novelty: float
    """Weight of novelty, 0 (by score) to 1 (little known among the best); default 0."""
    explore: bool
    """Whether exploration may add new items; default: as the service is set."""
    explain: bool | Literal["text"]
    """Whether items have reasons; ``"text"``: and a sentence, ``explanation``; default
    False."""
    language: Literal["en", "zh"]
    """Language of the sentences; default English."""
    scenario: str
    """Name of the place where the list is shown."""
    experiment: bool
    """Whether an experiment may choose the variant; default True."""
    record: bool
    """Whether the list counts as shown; False for a trial that no report and no experiment
    shall count and that is not continued; default True."""
    release: str
    """Release that answers instead of the active one; only with ``record=False`` and a key that
    may write."""
    strategy: str
    """Only strategy that scores the items; only with ``record=False``."""
    distinct: str
    """Column of items of which each value may occur once."""
    alike: float
    """Similarity, 0 to 1, from which two items count as the same."""
    popularity: float
    """From 0 (the taste of a history) to 1 (what is chosen most often); default: as the service
    or the release is set."""
    unknown_items: Literal["exclude", "recommend"]
    """Whether items that only events know, and not the catalogue, may be in the list; default:
    as the service is set."""
    at: float
    """Time for which availability is checked, epoch [s]; default: now."""


class EventFields(TypedDict, total=False):
    """Optional fields of :meth:`Client.add_event`."""

    event_type: str
    value: float
    timestamp: Any
    """Datetime, ISO 8601 text or epoch [s]; default: now."""
    session_id: str
    recommendation_id: str
    """Id of the list that led to the event."""
    event_id: str
    """Default: an id that the client makes."""
    domain: str
    context: Mapping[str, Any]
    """Any other data, up to 4,000 characters of JSON, stored with the event."""


class InterviewOptions(TypedDict, total=False):
    """Options of an interview; see ``POST /interview``."""

    n_choices: int
    """Choices of a question, from 1 to 12."""
    max_questions: int
    """Questions of the interview, from 0 to 5."""
    attributes: bool
    """Whether to ask about attributes of items."""
    undo: int
    """Number of latest turns that are taken back."""
    use_model: bool
    """Whether the language model of the server words questions and reads answers."""
    where: str
    """Filter of the items of the list."""
    categories: Sequence[str]
    """An item must be in one of them."""
    fields: Sequence[str]
    """Fields of the items in the response."""
    session_id: str
    """Session of the visitor."""
    record: bool
    """Whether the list counts as shown."""
