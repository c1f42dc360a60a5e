"""Rows of items, users and events."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from daybreak.server.schemas.common import Id, RequestModel, ResponseModel, with_example

_FILE = {"type": "string", "format": "binary"}


def describe_media_body(field: str) -> dict[str, Any]:
    """Return the OpenAPI description of a body that is a file, or a form with one file.

    Args:
        field: Name of the file in a form, and kind of media: ``image`` or ``audio``.
    """
    form = {"type": "object", "properties": {field: _FILE}, "required": [field]}
    content = {f"{field}/*": {"schema": _FILE}, "multipart/form-data": {"schema": form}}
    return {"required": True, "content": content}


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
    """Return the type of a body with one row or several; the service validates each row."""
    row = {
        "type": "object",
        "required": list(required),
        "properties": {name: {"type": "string", "minLength": 1} for name in required},
        "additionalProperties": True,
        "examples": [example],
    }
    array = {"type": "array", "items": row, "minItems": 1}
    wrapped = {"type": "object", "required": [table], "properties": {table: array}}
    schema = {"anyOf": [wrapped, array, row], "examples": [{table: [example]}]}
    return Annotated[dict[str, Any] | list[Any], WithJsonSchema(schema)]


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
    """One row that was not stored."""

    row: int = Field(description="Index among the rows of the request, from 0.")
    field: str
    value: Any
    reason: str
    code: str


class AcceptedOut(ResponseModel):
    """Numbers of stored and duplicate rows, and the rejected rows."""

    accepted: int
    duplicates: int = Field(description="Number of events that were stored before.")
    rejected: list[RejectedOut]
    notes: list[str] = Field(
        default=[], description="Items of the events that the catalogue does not have."
    )


class ReplacedOut(AcceptedOut):
    """Numbers of the rows of a new catalogue, and of the items that have left it."""

    left: int


class RowOut(ResponseModel):
    """One row."""

    model_config = ConfigDict(extra="allow")


class PageOut(ResponseModel):
    """One page of rows."""

    cursor: str | None = Field(description="Cursor of the next page; null after the last one.")


class ItemsOut(PageOut):
    """One page of items."""

    items: list[dict[str, Any]]


class UsersOut(PageOut):
    """One page of users."""

    users: list[dict[str, Any]]


class EventsOut(PageOut):
    """One page of events."""

    events: list[dict[str, Any]]


class PageQuery(RequestModel):
    """Cursor and size of a page."""

    cursor: str = Field(
        "", max_length=100, description="Cursor of the page; default: the first page."
    )
    k: int = Field(100, ge=1, le=1_000, description="Number of rows; also accepted as `n`.")


class RowPageQuery(PageQuery):
    """Cursor and size of a page of items or users, and what they are searched for."""

    search: str = Field(
        "",
        max_length=200,
        description="Words, or parts of them, that the id or the title must have; the closest "
        "rows come first. Default: all rows, in the order in which they were added.",
    )


class EventPageQuery(PageQuery):
    """Cursor and size of a page of events, of a user, of an item, or of both."""

    user_id: Id | None = None
    item_id: Id | None = None


class DeletedOut(ResponseModel):
    """Number of deleted rows."""

    deleted: int


class DeleteEventsBody(RequestModel):
    """Events to delete: by id, or all of a user, of an item, or of both."""

    event_ids: list[Id] = Field([], max_length=10_000)
    user_id: Id | None = None
    item_id: Id | None = None

    model_config = with_example({"event_ids": ["e-1"]})


class MergeBody(RequestModel):
    """Anonymous visitor whose events are moved."""

    source: Id = Field(alias="from", examples=["session:visitor-7"])


class MergedOut(ResponseModel):
    """Number of moved events."""

    user_id: str
    events: int


class ProofOut(ResponseModel):
    """Report of an erasure: what was found, and whether anything is left."""

    model_config = ConfigDict(extra="allow")

    complete: bool
