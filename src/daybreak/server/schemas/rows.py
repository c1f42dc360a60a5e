"""Rows of the catalogue, of users and of events."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from daybreak.server.schemas.common import Id, RequestModel, ResponseModel, with_example

EXAMPLE_ITEM = {
    "item_id": "kettle-1",
    "title": "Enamel kettle",
    "description": "holds two litres",
    "price": 24.5,
    "categories": ["kitchen", "tea"],
}
EXAMPLE_USER = {"user_id": "ann", "text": "loves tea", "country": "UK"}
EXAMPLE_EVENT = {
    "event_id": "e-1",
    "user_id": "ann",
    "item_id": "kettle-1",
    "event_type": "purchase",
    "timestamp": "2026-01-31T12:00:00Z",
    "context": {"page": "search", "device": "phone"},
}


def _rows_type(table: str, example: dict[str, Any], *required: str) -> Any:
    """Return the type of one row or many; each is checked alone, so one bad row spoils none."""
    row = {
        "type": "object",
        "required": list(required),
        "properties": {name: {"type": "string", "minLength": 1} for name in required},
        "additionalProperties": True,
        "examples": [example],
    }
    many = {"type": "array", "items": row, "minItems": 1}
    named = {"type": "object", "required": [table], "properties": {table: many}}
    shape = {"anyOf": [named, many, row], "examples": [{table: [example]}]}
    return Annotated[dict[str, Any] | list[Any], WithJsonSchema(shape)]


ItemRows = _rows_type("items", EXAMPLE_ITEM, "item_id")
UserRows = _rows_type("users", EXAMPLE_USER, "user_id")
EventRows = _rows_type("events", EXAMPLE_EVENT, "item_id")
FieldsBody = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {"type": "object", "examples": [{"title": "Enamel kettle", "is_hidden": False}]}
    ),
]


class RejectedOut(BaseModel):
    """One row that was not taken; all others were."""

    row: int = Field(description="Position in what was sent, from 0.")
    field: str
    value: Any
    reason: str
    code: str


class AcceptedOut(ResponseModel):
    """What became of rows; the accepted ones are stored for good."""

    accepted: int
    duplicates: int = Field(description="Events that were there already.")
    rejected: list[RejectedOut]


class RowOut(ResponseModel):
    """One row with all that is known of it."""

    model_config = ConfigDict(extra="allow")


class PageOut(ResponseModel):
    """Some rows, and where to go on."""

    cursor: str | None = Field(description="Ask with it for what follows; null: that was all.")


class ItemsOut(PageOut):
    """Some items."""

    items: list[dict[str, Any]]


class UsersOut(PageOut):
    """Some users."""

    users: list[dict[str, Any]]


class EventsOut(PageOut):
    """Some events."""

    events: list[dict[str, Any]]


class PageQuery(RequestModel):
    """Which part of the rows."""

    cursor: str = Field("", max_length=100, description="Of the page before.")
    n: int = Field(100, ge=1, le=1_000)


class EventPageQuery(PageQuery):
    """Which events."""

    user_id: Id | None = None
    item_id: Id | None = None


class DeletedOut(ResponseModel):
    """How much is gone."""

    deleted: int


class DeleteEventsBody(RequestModel):
    """Which events to delete: by their ids, or all of a user with an item."""

    event_ids: list[Id] = Field([], max_length=10_000)
    user_id: Id | None = None
    item_id: Id | None = None

    model_config = with_example({"event_ids": ["e-1"]})


class MergeBody(RequestModel):
    """Who a user has been until now."""

    source: Id = Field(alias="from", examples=["session:visitor-7"])


class MergedOut(ResponseModel):
    """What moved."""

    user_id: str
    events: int


class ProofOut(ResponseModel):
    """What was erased, and that nothing is left."""

    model_config = ConfigDict(extra="allow")

    complete: bool
