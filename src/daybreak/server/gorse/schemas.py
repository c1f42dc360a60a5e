"""Bodies and query parameters of gorse's API.

Fields have snake_case names here and gorse's PascalCase names in JSON. OpenAPI names each
schema as gorse does, without the prefix ``Gorse``; see :mod:`daybreak.server.openapi`.
"""

from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

ZERO_TIME = "0001-01-01T00:00:00Z"
"""Time without a value in gorse, which is written in Go."""


class GorseObject(BaseModel):
    """Base of bodies: ``UserId`` in JSON for ``user_id``; unknown fields are ignored."""

    model_config = ConfigDict(
        alias_generator=to_pascal,
        populate_by_name=True,
        model_title_generator=lambda model: model.__name__.removeprefix("Gorse"),
    )


class GorseUserPatch(GorseObject):
    """Fields of a user that can be changed; null: unchanged."""

    labels: Any = None
    comment: str | None = None


class GorseUser(GorseUserPatch):
    """One user."""

    user_id: str


class GorseItemPatch(GorseObject):
    """Fields of an item that can be changed; null: unchanged."""

    is_hidden: bool | None = None
    categories: list[str] | None = None
    timestamp: str | None = None
    labels: Any = None
    comment: str | None = None


class GorseItem(GorseItemPatch):
    """One item."""

    item_id: str


class GorseFeedback(GorseObject):
    """One event of a user with an item."""

    feedback_type: str
    user_id: str
    item_id: str
    value: float | None = Field(default=None, allow_inf_nan=False)
    timestamp: str | None = None
    comment: str | None = None


class GorseSessionFeedback(GorseObject):
    """One event of a session of an unknown user."""

    feedback_type: str = ""
    user_id: str = ""
    item_id: str
    value: float | None = Field(default=None, allow_inf_nan=False)
    timestamp: str | None = None
    comment: str | None = None


class GorseScore(GorseObject):
    """One item of a list, with its score."""

    id: str
    score: float


class GorseSuccess(GorseObject):
    """Number of stored rows."""

    row_affected: int


class GorseUsers(GorseObject):
    """A page of users; the cursor of the last page is empty."""

    cursor: str
    users: list[GorseUser]


class GorseItems(GorseObject):
    """A page of items; the cursor of the last page is empty."""

    cursor: str
    items: list[GorseItem]


class GorseFeedbacks(GorseObject):
    """A page of feedback; the cursor of the last page is empty."""

    cursor: str
    feedback: list[GorseFeedback]


class GorseHealth(GorseObject):
    """Health of the service."""

    ready: bool
    data_store_connected: bool
    cache_store_connected: bool
    data_store_error: str | None = None
    cache_store_error: str | None = None


DEFAULT_LIST_ITEMS = 10
"""Default length of a list, as in gorse."""

ApiVersion = Annotated[
    int,
    Header(alias="X-API-Version", description="2: lists have ids and scores."),
]


class GorsePageQuery(BaseModel):
    """Cursor and size of a page, and a search text."""

    cursor: str = Field("", max_length=100)
    n: int = Field(DEFAULT_LIST_ITEMS, ge=1, le=1_000)
    q: str = Field("", max_length=10_000, description="Text to which items should be similar.")


class GorseListQuery(BaseModel):
    """Length, offset and categories of a list."""

    n: int = Field(DEFAULT_LIST_ITEMS, ge=0, le=10_000)
    offset: int = Field(0, ge=0, le=10_000)
    category: list[str] = Field([], max_length=100)

    @property
    def end(self) -> int:
        """Number of items up to the end of the requested part."""
        return self.n + self.offset


class GorseSharedListQuery(GorseListQuery):
    """Length, offset and categories of a list that is the same for all users."""

    model_config = ConfigDict(populate_by_name=True)

    user_id: str | None = Field(
        None, alias="user-id", description="User whose items are left out."
    )


class GorseRecommendQuery(GorseListQuery):
    """Length and offset of a list for a user, and the feedback to store for its items."""

    model_config = ConfigDict(populate_by_name=True)

    write_back_type: str = Field("", alias="write-back-type", max_length=1_000)
    write_back_delay: str = Field("", alias="write-back-delay", max_length=100)
