"""gorse's objects as rows of ours, and back."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from daybreak.server.gorse.labels import BETWEEN, columns_of, labels_of
from daybreak.server.gorse.schemas import (
    NO_TIME,
    Feedback,
    Item,
    ItemPatch,
    SessionFeedback,
    User,
    UserPatch,
)

Row: TypeAlias = Mapping[str, Any]

_START = datetime(1970, 1, 1, tzinfo=UTC)
_ITEM = frozenset({"item_id", "is_hidden", "categories", "created_at", "description", "domain"})
_USER = frozenset({"user_id", "text", "created_at", "domain"})


def item_row(item_id: str, item: ItemPatch) -> dict[str, Any]:
    """Return an item of gorse as a row of ours; null counts as not given.

    Example:
        >>> tea = Item(ItemId="1", Categories=["tea", "hot"], Labels={"price": 4})
        >>> item_row("1", tea)
        {'item_id': '1', 'categories': ['tea', 'hot'], 'labels_price': 4}
    """
    return _given(
        item_id=item_id,
        is_hidden=item.is_hidden,
        categories=item.categories,
        created_at=known_time(item.timestamp),
        description=item.comment,
        **columns_of(item.labels),
    )


def gorse_item(row: Row) -> Item:
    """Return an item of ours as gorse writes it; what gorse has no field for is a label.

    Example:
        >>> tea = gorse_item({"item_id": "1", "title": "Sencha", "categories": "tea|hot"})
        >>> tea.categories, tea.labels, tea.timestamp
        (['tea', 'hot'], {'title': 'Sencha'}, '0001-01-01T00:00:00Z')
    """
    return Item(
        item_id=row["item_id"],
        is_hidden=row.get("is_hidden") in (True, "true", "1"),
        categories=_list(row.get("categories")),
        timestamp=time_text(row.get("created_at")),
        labels=labels_of({name: row[name] for name in row if name not in _ITEM}),
        comment=row.get("description") or "",
    )


def user_row(user_id: str, user: UserPatch) -> dict[str, Any]:
    """Return a user of gorse as a row of ours; null counts as not given.

    Example:
        >>> user_row("ann", User(UserId="ann", Labels=["tea"], Comment="likes tea"))
        {'user_id': 'ann', 'text': 'likes tea', 'labels': ['tea']}
    """
    return _given(user_id=user_id, text=user.comment, **columns_of(user.labels))


def gorse_user(row: Row) -> User:
    """Return a user of ours as gorse writes it; what gorse has no field for is a label.

    Example:
        >>> gorse_user({"user_id": "ann", "country": "Italy", "text": None}).labels
        {'country': 'Italy'}
    """
    return User(
        user_id=row["user_id"],
        labels=labels_of({name: row[name] for name in row if name not in _USER}),
        comment=row.get("text") or "",
    )


def event_row(feedback: Feedback | SessionFeedback) -> dict[str, Any]:
    """Return a feedback of gorse as an event.

    It has no id: the same user, item, type, time and value are the same event, also when it
    came with a dump. Without a time it has just happened.

    Example:
        >>> event_row(Feedback(FeedbackType="star", UserId="a", ItemId="1", Timestamp=""))
        {'user_id': 'a', 'item_id': '1', 'event_type': 'star'}
    """
    return _given(
        user_id=feedback.user_id,
        item_id=feedback.item_id,
        event_type=feedback.feedback_type or None,
        value=feedback.value,
        timestamp=known_time(feedback.timestamp),
    )


def gorse_feedback(events: Iterable[Row]) -> list[Feedback]:
    """Return events as feedback: one for each type, user and item, with the sum of values.

    Example:
        >>> rows = [{"user_id": "a", "item_id": "1", "event_type": "read", "value": v,
        ...          "timestamp": v} for v in (2.0, 3.0)]
        >>> [(f.value, f.timestamp) for f in gorse_feedback(rows)]
        [(5.0, '1970-01-01T00:00:03Z')]
    """
    found: dict[tuple[str, str, str], tuple[float, float | None]] = {}
    for event in events:
        key = (event.get("event_type") or "", event["user_id"], event["item_id"])
        value, at = found.get(key, (0.0, None))
        times = [time for time in (at, event.get("timestamp")) if time is not None]
        found[key] = (value + (event.get("value") or 0.0), max(times, default=None))
    return [
        Feedback(
            feedback_type=kind,
            user_id=user,
            item_id=item,
            value=value,
            timestamp=time_text(at),
            comment="",
        )
        for (kind, user, item), (value, at) in found.items()
    ]


def known_time(value: str | None) -> str | None:
    """Return a time as it is; None for the texts that mean none."""
    return None if value in {"", NO_TIME} else value


def time_text(seconds: float | None) -> str:
    """Return epoch seconds as gorse writes a time.

    Example:
        >>> time_text(0.0), time_text(None)
        ('1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z')
    """
    if seconds is None:
        return NO_TIME
    try:
        at = _START + timedelta(seconds=seconds)
    except OverflowError:
        return NO_TIME
    return at.isoformat().replace("+00:00", "Z")


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _list(value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return [part for part in str(value).split(BETWEEN) if part] if value else []
