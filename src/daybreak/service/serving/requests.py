"""Requests and responses of the service.

A caller gives a :class:`RecommendRequest` and gets a :class:`RecommendResponse`. Between the
two, the engine keeps a :class:`PendingRequest`.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from daybreak.data.ids import SESSION_PREFIX, lookup_id
from daybreak.errors import ConfigError, DataError
from daybreak.language_models.prompts import check_language
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.experiments import VariantPlan
from daybreak.service.ingest.rows import parse_events, parse_rows, user_key
from daybreak.service.ingest.values import RejectedRow
from daybreak.service.inputs.frames import check_k
from daybreak.service.privacy import Pseudonyms
from daybreak.service.state.explain import RecommendationReason
from daybreak.service.state.serving_state import ServingState
from daybreak.types import ExplainMode

_ID_RANDOM = Random(secrets.randbits(256))  # noqa: S311 - ids must differ; they protect nothing


@dataclass(frozen=True, kw_only=True)
class RecommendRequest:
    """One request for recommendations; every field is optional.

    Example:
        >>> RecommendRequest(user_id="ann", n=5).n
        5
    """

    user_id: str | None = None
    """Id of a user, known or not."""
    session_id: str | None = None
    """Id of a session; its events count in addition to those of the user."""
    n: int = 10
    """Number of items, from 1 to 10,000."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """Attributes and ``text`` of the user, used for this request only and not stored."""
    events: Sequence[Mapping[str, Any]] = ()
    """Events of the user, used for this request only and not stored: ``item_id`` and, if known,
    ``event_type, value, timestamp``."""
    rules: Rules | None = None
    """Filters, boosts, quotas, diversity."""
    explore: bool | None = None
    """Whether new items may be explored in the list; None: the default of the service."""
    explain: ExplainMode = False
    """Whether each item has reasons; ``text``: and a sentence, which the template or the
    language model of the settings writes."""
    language: str = "en"
    """Language of the sentences: ``en`` or ``zh``."""
    scenario: str | None = None
    """Place where the list is shown, such as ``home`` or ``basket``; stored in the log."""
    experiment: bool = True
    """Whether running experiments may choose the variant."""
    record: bool = True
    """Whether the list counts as shown: it is logged, is part of reports and experiments, gives
    new items exposure, and can be continued."""
    release: str | None = None
    """Id of the release that answers, for a trial; None: the active one."""
    strategy: str | None = None
    """Name of the only strategy that scores, for a trial; None: all."""

    def __post_init__(self) -> None:
        """Check what can be checked without data."""
        check_k(self.n)
        check_language(self.language)
        if self.explain not in {True, False, "text"}:
            raise ConfigError(f"explain must be true, false or 'text', got {self.explain!r}")
        for name in ("user_id", "session_id", "scenario", "release", "strategy"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ConfigError(f"{name} must be text, got {value!r}")
        if (self.release or self.strategy) and self.record:
            raise ConfigError("release and strategy are for trials: they need record: false")
        if not isinstance(self.profile, Mapping):
            raise DataError(f"a profile must be an object, got {self.profile!r:.60}")


@dataclass(frozen=True)
class RecommendedItem:
    """One item of a response."""

    item_id: str
    rank: int
    """From 1."""
    score: float
    strategy: str
    """Strategy with the largest weight for such a user and such an item."""
    temperature: str
    """``hot``: the item has events; ``warm``: it is described; ``cold``: neither."""
    propensity: float = 1.0
    """Probability with which the item was shown; 1 without exploration."""
    explored: bool = False
    """Whether the item is in the list to be explored."""
    reasons: tuple[RecommendationReason, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the item."""
    rule: str | None = None
    """Kind of rule that moved the item: ``boost``, ``diversity``, ``novelty`` or ``quota``;
    None: none."""
    explanation: str = ""
    """Why the item is recommended, as a sentence; empty unless it was asked for."""
    explanation_source: str = ""
    """Who wrote it: ``template`` or ``model``."""


@dataclass(frozen=True)
class RecommendResponse:
    """Response to one request; events refer to it by ``recommendation_id``."""

    recommendation_id: str
    user_id: str | None
    user_temperature: str
    """``hot``: the user has events; ``warm``: a profile or a text; ``cold``: neither."""
    release: str
    """Id of the release; empty before the first training."""
    items: tuple[RecommendedItem, ...]
    experiment: str | None = None
    variant: str | None = None
    notes: tuple[str, ...] = ()
    """Warnings, as sentences."""
    took_ms: float = field(default=0.0, compare=False)
    popularity: float | None = None
    """Setting of the list if it is not the default of the release."""


EventTuple = tuple[str, str | None, float | None, float]
"""Item id, event type, value and time of an event."""


@dataclass(frozen=True)
class ExperimentAssignment:
    """The variant of an experiment that a response belongs to."""

    experiment: str
    variant: str
    is_shadow: bool = False


@dataclass(frozen=True, eq=False)
class PendingRequest:
    """A checked request that waits for its response."""

    request: RecommendRequest
    user_key: str | None
    """Id of the user in the store."""
    session_key: str | None
    """Id of the session in the store, with its prefix."""
    events: tuple[EventTuple, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    """Items that must not be recommended, in addition to those of the rules."""
    id: str = field(default_factory=lambda: f"{_ID_RANDOM.getrandbits(128):032x}")
    """Id of the response."""
    state: ServingState | None = None
    """State that answers; None: the current one."""
    assignment: ExperimentAssignment | None = None
    shadows: tuple[VariantPlan, ...] = ()
    """Variants that are answered and logged as well, but not shown."""
    notes: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        request: RecommendRequest,
        pseudonyms: Pseudonyms | None = None,
        excluded: Sequence[str] = (),
    ) -> "PendingRequest":
        """Check the profile and the events of a request, and look up its keys.

        Args:
            request: The request.
            pseudonyms: Replaces ids of users and sessions; None: ids are kept.
            excluded: Items that must not be recommended.

        Raises:
            DataError: An event or the profile is invalid; the message names the field.
        """
        user, session = user_key(
            None if request.user_id is None else lookup_id(request.user_id),
            None if request.session_id is None else lookup_id(request.session_id),
            pseudonyms,
        )
        events, profile = _parse_events(request), _parse_profile(request)
        return cls(request, user, session, events, profile, tuple(excluded))

    @property
    def owner_key(self) -> str | None:
        """Key under which the response is logged: of the user, else of the session."""
        return self.session_key if self.user_key is None else self.user_key

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the user and the session."""
        return frozenset(key for key in (self.user_key, self.session_key) if key is not None)

    @property
    def stored_session_id(self) -> str | None:
        """Id of the session in the store, without its prefix."""
        key = self.session_key
        return None if key is None else key.removeprefix(SESSION_PREFIX)


def _parse_events(request: RecommendRequest) -> tuple[EventTuple, ...]:
    if not request.events:
        return ()
    rows = [
        {**row, "user_id": "user"} if isinstance(row, Mapping) else row
        for row in request.events
    ]
    parsed = parse_events(rows, time.time())
    _raise_if_rejected("events", parsed.rejected)
    events = parsed.columns
    times = cast("Sequence[float]", events.timestamp)  # those without have that of the request
    return tuple(zip(events.item_id, events.event_type, events.value, times, strict=True))


def _parse_profile(request: RecommendRequest) -> Mapping[str, Any]:
    if not request.profile:
        return {}
    parsed = parse_rows([{**request.profile, "user_id": "user"}], "user_id")
    _raise_if_rejected("profile", parsed.rejected)
    return {name: value for name, value in parsed.rows[0].items() if name != "user_id"}


def _raise_if_rejected(field: str, rejected: tuple[RejectedRow, ...]) -> None:
    if rejected:
        first = rejected[0]
        position = f"{field}[{first.row}]" if field == "events" else field
        where = f"{position}.{first.field}" if first.field else position
        raise DataError(f"{where}: {first.reason}, got {first.value!r}")
