"""gorse's objects: the field names of its API on our snake_case."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

NO_TIME = "0001-01-01T00:00:00Z"
"""What gorse, which is written in Go, says when it knows no time."""


class GorseObject(BaseModel):
    """Reads and writes ``UserId`` for ``user_id``; fields it does not know are left out."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True)


class UserPatch(GorseObject):
    """What may be changed of a user; null: stays."""

    labels: Any = None
    comment: str | None = None


class User(UserPatch):
    """One user."""

    user_id: str


class ItemPatch(GorseObject):
    """What may be changed of an item; null: stays."""

    is_hidden: bool | None = None
    categories: list[str] | None = None
    timestamp: str | None = None
    labels: Any = None
    comment: str | None = None


class Item(ItemPatch):
    """One item."""

    item_id: str


class Feedback(GorseObject):
    """One feedback."""

    feedback_type: str
    user_id: str
    item_id: str
    value: float | None = Field(default=None, allow_inf_nan=False)
    timestamp: str | None = None
    comment: str | None = None


class SessionFeedback(GorseObject):
    """One feedback of a session whose user is not known."""

    feedback_type: str = ""
    user_id: str = ""
    item_id: str
    value: float | None = Field(default=None, allow_inf_nan=False)
    timestamp: str | None = None
    comment: str | None = None


class Score(GorseObject):
    """One item of an answer, or one neighbour."""

    id: str
    score: float


class Success(GorseObject):
    """How many rows were taken."""

    row_affected: int


class Users(GorseObject):
    """A page of users; an empty cursor: the last."""

    cursor: str
    users: list[User]


class Items(GorseObject):
    """A page of items; an empty cursor: the last."""

    cursor: str
    items: list[Item]


class Feedbacks(GorseObject):
    """A page of feedback; an empty cursor: the last."""

    cursor: str
    feedback: list[Feedback]


class Health(GorseObject):
    """Whether the service answers."""

    ready: bool
    data_store_connected: bool
    cache_store_connected: bool
    data_store_error: str | None = None
    cache_store_error: str | None = None
