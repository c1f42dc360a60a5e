"""Releases, trainings, status, files and configuration."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from daybreak.server.schemas.common import RequestModel, ResponseModel, ShortText


class ModelBody(BaseModel):
    """One release."""

    id: str
    created_at: float = Field(description="Time, epoch [s].")
    active: bool = Field(description="Whether the release is active.")
    metadata: dict[str, Any]


class ModelsOut(ResponseModel):
    """Releases, the newest first."""

    models: list[ModelBody]


class ModelOut(ResponseModel, ModelBody):
    """The release that is now active."""


class ModelReportOut(ResponseModel):
    """What the training of a release measured."""

    id: str
    report: dict[str, Any] = Field(
        description="`levels`: for each number of known events `ndcg@10` of simulated new "
        "users, its standard `error`, the `weights` of strategies and their quality `alone`; "
        "`new_items`: the same for new items; `candidates`: why a strategy was left out; "
        "`popularity`, `wishes`, `repeats`, `prior`, `arrival`."
    )
    gate: dict[str, Any] | None = Field(
        description="Comparison with the release before: `passed`, and by slice `new`, `old` "
        "and the interval of the difference."
    )
    strategies: list[dict[str, Any]]


class TaskBody(BaseModel):
    """One training, or another long operation."""

    model_config = ConfigDict(extra="allow")

    id: str
    kind: str
    status: str
    note: str


class TaskOut(ResponseModel, TaskBody):
    """A long operation that has started; see `/tasks`."""


class TasksOut(ResponseModel):
    """Long operations, the newest first."""

    tasks: list[TaskBody]


class HealthOut(BaseModel):
    """Health of the service."""

    model_config = ConfigDict(extra="allow")

    status: str = Field(examples=["ready"])


class StatusOut(ResponseModel):
    """State of the service."""

    model_config = ConfigDict(extra="allow")


class ActivityQuery(RequestModel):
    """Number of periods."""

    periods: int = Field(60, ge=1, le=1_000, description="Largest number of periods.")


class ActivityPeriodOut(BaseModel):
    """Events of one period."""

    since: float = Field(description="Start, epoch [s].")
    until: float
    events: int
    users: int = Field(description="Users with an event.")
    new_users: int = Field(description="Users whose first event is in the period.")
    items: int = Field(description="Items with an event.")
    new_items: int = Field(description="Items whose first event is in the period.")


class ActivityOut(ResponseModel):
    """Events from the first to the latest one."""

    period_s: float = Field(description="Length of a period [s].")
    undated: int = Field(description="Events without a time, which no period has.")
    periods: list[ActivityPeriodOut]


FILE_BODY = {
    "required": True,
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "application/gzip": {"schema": {"type": "string", "format": "binary"}},
    },
}
"""OpenAPI description of a body that is a file."""


class ImportQuery(RequestModel):
    """Table and columns of a file."""

    table: Literal["events", "items", "users"] = Field(description="Table of the rows.")
    column: list[ShortText] = Field(
        [], description="Name of a column in the file, such as `user_id=Kunde`; repeatable."
    )
    date_format: ShortText | None = Field(
        None,
        description="Form of the dates: `day-first`, `month-first`, `year-first`, "
        "`spreadsheet`, `epoch`, or a pattern such as `%d.%m.%Y`.",
    )
    decimal: ShortText | None = Field(None, description="Decimal mark: a comma or a point.")
    strict: bool = Field(False, description="Reject events whose time or value cannot be read.")
    max_rejected: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Largest share of the rows that may be rejected; if more are, nothing is "
        "stored.",
    )
    replace: Literal["items"] | None = Field(
        None,
        description="`items`: the file is the whole catalogue; items that it does not have "
        "leave it, and keep their events.",
    )


class ImportedOut(ResponseModel):
    """Numbers of read, new and rejected rows of a file."""

    read: int = Field(description="Number of valid rows.")
    new: int = Field(description="Number of rows that were not stored before.")
    rejected: int
    rejects: list[dict[str, Any]] = Field(description="The first rejected rows.")
    notes: list[str]
    left: int = Field(0, description="Number of items that have left a replaced catalogue.")


class RestoredOut(ResponseModel):
    """Number of restored rows by table."""

    rows: dict[str, int]


class ConfigOut(ResponseModel):
    """Current settings and server options; passwords are hidden."""

    settings: dict[str, Any]
    server: dict[str, Any]


class ConfigSchemaOut(ResponseModel):
    """JSON Schema of the settings and of the server options."""

    settings: dict[str, Any]
    server: dict[str, Any]
