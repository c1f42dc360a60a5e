"""Conversion between gorse's objects and Daybreak's rows, labels and responses.

A label, which is any JSON value in gorse, becomes columns: ``{"genre": "tea"}`` becomes
``labels_genre``. A column that gorse has no field for becomes a label.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from pydantic import BaseModel
from starlette.responses import Response

from daybreak.errors import DataError
from daybreak.server.gorse.schemas import (
    ZERO_TIME,
    GorseFeedback,
    GorseItem,
    GorseItemPatch,
    GorseScore,
    GorseSessionFeedback,
    GorseSuccess,
    GorseUser,
    GorseUserPatch,
)
from daybreak.server.http.responses import to_json
from daybreak.service.serving import IngestResult, RecommendedItem

Row: TypeAlias = Mapping[str, Any]

LABEL_PREFIX = "labels"
LIST_SEPARATOR = "|"
"""Separator of a list that was imported from a file."""
MAX_LABEL_DEPTH = 8
"""Largest nesting depth of labels [levels]."""
MAX_NAMED_REJECTS = 5
"""Largest number of rejected rows that an error names."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ITEM_COLUMNS = frozenset(
    {"item_id", "is_hidden", "categories", "created_at", "description", "domain"}
)
_USER_COLUMNS = frozenset({"user_id", "text", "created_at", "domain"})


def labels_to_columns(labels: Any) -> dict[str, Any]:
    """Return labels as columns: ``labels`` for a list, ``labels_KEY`` for a key of an object.

    Importing a dump of gorse gives the same names. A list stays a list, of numbers if all its
    values are numbers, else of text.

    Raises:
        DataError: The labels are nested too deeply.

    Example:
        >>> labels_to_columns({"genre": ["tea", "green"], "maker": {"city": "Uji"}, "price": 4})
        {'labels_genre': ['tea', 'green'], 'labels_maker_city': 'Uji', 'labels_price': 4}
        >>> labels_to_columns(["tea", "green"])
        {'labels': ['tea', 'green']}
    """
    return dict(_columns(labels, LABEL_PREFIX, 0))


def _columns(labels: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MAX_LABEL_DEPTH:
        raise DataError(f"Labels must not be nested deeper than {MAX_LABEL_DEPTH} levels")
    if isinstance(labels, Mapping):
        for key, value in labels.items():
            yield from _columns(value, f"{name}_{key}", depth + 1)
    elif isinstance(labels, list):
        if labels:
            yield name, labels if all(map(_is_number, labels)) else list(map(_text, labels))
    elif labels is not None:
        yield name, labels


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def columns_to_labels(columns: Mapping[str, Any]) -> Any:
    """Return columns as labels; None: there are none. A text with ``|`` is a list.

    Example:
        >>> columns_to_labels({"labels_genre": "tea|green", "labels_price": 4, "brand": "Acme"})
        {'genre': ['tea', 'green'], 'price': 4, 'brand': 'Acme'}
        >>> columns_to_labels({"labels": "tea|green"})
        ['tea', 'green']
    """
    labels = {name: _split(value) for name, value in columns.items() if value is not None}
    if set(labels) == {LABEL_PREFIX}:
        only_label = labels[LABEL_PREFIX]
        return only_label if isinstance(only_label, list) else [only_label]
    return {
        name.removeprefix(f"{LABEL_PREFIX}_"): value for name, value in labels.items()
    } or None


def _split(value: Any) -> Any:
    return (
        value.split(LIST_SEPARATOR)
        if isinstance(value, str) and LIST_SEPARATOR in value
        else value
    )


def item_row(item_id: str, item: GorseItemPatch) -> dict[str, Any]:
    """Return an item of gorse as a row; fields that are null are left out.

    Example:
        >>> tea = GorseItem(ItemId="1", Categories=["tea", "hot"], Labels={"price": 4})
        >>> item_row("1", tea)
        {'item_id': '1', 'categories': ['tea', 'hot'], 'labels_price': 4}
    """
    return _without_none(
        item_id=item_id,
        is_hidden=item.is_hidden,
        categories=item.categories,
        created_at=time_or_none(item.timestamp),
        description=item.comment,
        **labels_to_columns(item.labels),
    )


def gorse_item(row: Row) -> GorseItem:
    """Return a row of an item as an item of gorse.

    Example:
        >>> tea = gorse_item({"item_id": "1", "title": "Sencha", "categories": "tea|hot"})
        >>> tea.categories, tea.labels, tea.timestamp
        (['tea', 'hot'], {'title': 'Sencha'}, '0001-01-01T00:00:00Z')
    """
    return GorseItem(
        item_id=row["item_id"],
        is_hidden=row.get("is_hidden") in (True, "true", "1"),
        categories=_to_list(row.get("categories")),
        timestamp=format_time(row.get("created_at")),
        labels=columns_to_labels(
            {name: row[name] for name in row if name not in _ITEM_COLUMNS}
        ),
        comment=row.get("description") or "",
    )


def user_row(user_id: str, user: GorseUserPatch) -> dict[str, Any]:
    """Return a user of gorse as a row; fields that are null are left out.

    Example:
        >>> user_row("ann", GorseUser(UserId="ann", Labels=["tea"], Comment="likes tea"))
        {'user_id': 'ann', 'text': 'likes tea', 'labels': ['tea']}
    """
    return _without_none(user_id=user_id, text=user.comment, **labels_to_columns(user.labels))


def gorse_user(row: Row) -> GorseUser:
    """Return a row of a user as a user of gorse.

    Example:
        >>> gorse_user({"user_id": "ann", "country": "Italy", "text": None}).labels
        {'country': 'Italy'}
    """
    return GorseUser(
        user_id=row["user_id"],
        labels=columns_to_labels(
            {name: row[name] for name in row if name not in _USER_COLUMNS}
        ),
        comment=row.get("text") or "",
    )


def event_row(feedback: GorseFeedback | GorseSessionFeedback) -> dict[str, Any]:
    """Return a feedback of gorse as an event.

    The event has no id: two events with equal user, item, type, time and value are the same
    event, also if one of them comes from a dump. An event without a time gets the current time.

    Example:
        >>> event_row(GorseFeedback(FeedbackType="star", UserId="a", ItemId="1", Timestamp=""))
        {'user_id': 'a', 'item_id': '1', 'event_type': 'star'}
    """
    return _without_none(
        user_id=feedback.user_id,
        item_id=feedback.item_id,
        event_type=feedback.feedback_type or None,
        value=feedback.value,
        timestamp=time_or_none(feedback.timestamp),
    )


def gorse_feedback(events: Iterable[Row]) -> list[GorseFeedback]:
    """Return events as feedback: one for each type, user and item, with the sum of values.

    Example:
        >>> rows = [{"user_id": "a", "item_id": "1", "event_type": "read", "value": v,
        ...          "timestamp": v} for v in (2.0, 3.0)]
        >>> [(f.value, f.timestamp) for f in gorse_feedback(rows)]
        [(5.0, '1970-01-01T00:00:03Z')]
    """
    totals: dict[tuple[str, str, str], tuple[float, float | None]] = {}
    for event in events:
        key = (event.get("event_type") or "", event["user_id"], event["item_id"])
        value, at = totals.get(key, (0.0, None))
        times = [time for time in (at, event.get("timestamp")) if time is not None]
        totals[key] = (value + (event.get("value") or 0.0), max(times, default=None))
    return [
        GorseFeedback(
            feedback_type=kind,
            user_id=user,
            item_id=item,
            value=value,
            timestamp=format_time(at),
            comment="",
        )
        for (kind, user, item), (value, at) in totals.items()
    ]


def time_or_none(value: str | None) -> str | None:
    """Return a time; None for the texts that stand for no time."""
    return None if value in {"", ZERO_TIME} else value


def format_time(seconds: float | None) -> str:
    """Return a time in gorse's format.

    Args:
        seconds: Time, epoch [s]; None: no time.

    Example:
        >>> format_time(0.0), format_time(None)
        ('1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z')
    """
    if seconds is None:
        return ZERO_TIME
    try:
        at = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return ZERO_TIME
    return at.isoformat().replace("+00:00", "Z")


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _to_list(value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(member) for member in value]
    return [part for part in str(value).split(LIST_SEPARATOR) if part] if value else []


def gorse_response(value: BaseModel | Sequence[BaseModel] | Sequence[str]) -> Response:
    """Return an object, or a list of objects or ids, as a JSON response."""
    if isinstance(value, BaseModel):
        return _json(value.model_dump(by_alias=True))
    return _json(
        [row if isinstance(row, str) else row.model_dump(by_alias=True) for row in value]
    )


def accepted_response(outcome: IngestResult) -> Response:
    """Return the number of stored rows as a JSON response.

    Raises:
        DataError: Some rows were rejected; gorse's clients do not support partial success.
    """
    if outcome.rejected:
        named = "; ".join(
            f"row {row.row}: {row.field or 'row'} {row.reason}, got {row.value!r:.60}"
            for row in outcome.rejected[:MAX_NAMED_REJECTS]
        )
        n_others = len(outcome.rejected) - MAX_NAMED_REJECTS
        others = f"; and {n_others} more" if n_others > 0 else ""
        raise DataError(f"{named}{others}; the other rows are stored")
    return gorse_response(GorseSuccess(row_affected=outcome.accepted + outcome.duplicates))


def to_scores(items: Iterable[RecommendedItem], offset: int = 0) -> list[GorseScore]:
    """Return items with their scores, without the first ``offset`` ones."""
    return [GorseScore(id=item.item_id, score=item.score) for item in list(items)[offset:]]


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")
