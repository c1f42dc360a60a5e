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
    shop_curve: dict[str, Any] | None = Field(
        description="Warm-up curve of the shop: `points` by `system`, number of `users` that "
        "the shop has learned from and of known `events` of a later user, with the ends of the "
        "95 % interval and the difference from the best sellers; null: not measured, see "
        "`POST /models/{id}/shop-curve`."
    )
    evaluation: dict[str, Any] | None = Field(
        description="Evaluation by slice: `slices` with value and interval of each system and "
        "the difference from the best sellers, and with `source_gain`, its interval and "
        "`source_verdict` where there are `sources`; `drift` of `interests` and `content` "
        "since the training, each with `index`, `threshold` and `sentence`; null: not "
        "measured, see `POST /models/{id}/evaluation`."
    )


class MeasurementBody(RequestModel):
    """What a measurement learns from beside the data of the store."""

    sources: list[ShortText] | None = Field(
        None,
        max_length=100,
        description="Other shops and domains: names of those that the store remembers, as in "
        "the `metadata` of a release, or `domain=NAME`. The same settings without them are "
        "measured as well. Null: all that the store remembers; an empty list: none.",
    )


class PlannedStrategyBody(BaseModel):
    """A strategy of a training."""

    name: str
    model: str
    held_bytes: int | None = Field(
        description="Memory of the model after its fit [bytes]; null: it depends on content."
    )
    left_out: str = Field(description="Why it is not learned; empty: it is.")


class PlannedPartBody(BaseModel):
    """A part of a training."""

    name: str
    seconds: float = Field(description="Expected time [s].")
    peak_bytes: int = Field(description="Expected memory of the process [bytes].")


class TrainingPlanOut(ResponseModel):
    """What a training would learn, and how much time and memory it would take."""

    n_users: int = Field(description="Users with positive events.")
    n_items: int
    n_sold: int = Field(description="Items with positive events.")
    n_events: int = Field(description="Pairs of user and item with a positive event.")
    form: Literal["dense", "users", "nearest"] = Field(
        description="Form of item-item matrices: all pairs of items, all pairs of users, or "
        "the nearest items of each item."
    )
    strategies: list[PlannedStrategyBody]
    peak_bytes: list[int] = Field(
        description="Largest memory of the process [bytes]: expected, low, high."
    )
    seconds: list[float] = Field(
        description="Time on one core of this machine [s]: expected, low, high."
    )
    parts: list[PlannedPartBody]
    memory_bytes: int | None = Field(description="Bound of the settings [bytes]; null: none.")
    notes: list[str] = Field(description="What the bound changes.")


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


class FileQuery(RequestModel):
    """Columns of a file and forms of its values."""

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


class PreviewQuery(FileQuery):
    """Table and columns of a file that is looked at."""

    table: Literal["events", "items", "users"] | None = Field(
        None, description="Table of the rows; default: as the name or the columns tell."
    )
    name: ShortText = Field("", description="Name of the file; it may tell the table.")


class PreviewOut(ResponseModel):
    """What a file would be read as; nothing has been stored."""

    table: Literal["events", "items", "users"]
    convention: str = Field(description="Tool whose column names these are, or `plain`.")
    columns: list[dict[str, Any]] = Field(description="`source`, `target` and `reason`.")
    rows: list[dict[str, Any]] = Field(description="The first rows, as they would be stored.")
    read: int = Field(description="Number of valid rows.")
    rejected: int
    rejects: list[dict[str, Any]] = Field(description="The first rejected rows.")
    notes: list[str]
    event_types: list[dict[str, Any]] = Field(
        description="Event types: how many of their events count for an item (`positive`), "
        "against it (`negative`), are only `seen`, or are `outside` of the scale."
    )
    problem: str = Field(
        description="Why the file cannot be read before columns are chosen; empty: it can."
    )


class DataReportOut(ResponseModel):
    """What the stored data are like, and what they allow."""

    findings: list[dict[str, str]] = Field(description="`level`, `code`, `message`.")
    strategies: list[dict[str, Any]] = Field(
        description="Groups of strategies: `ready`, `ready_soon` (after 1,000 further events), "
        "and their `requirements`."
    )
    event_types: list[dict[str, Any]] = Field(description="As in a preview.")


class ImportQuery(FileQuery):
    """Table and columns of a file that is stored."""

    table: Literal["events", "items", "users"] | None = Field(
        None,
        description="Table of the rows; default: as the columns tell, and the names of the "
        "files in a zip file, which may hold several tables.",
    )
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
    tables: dict[str, dict[str, int]] = Field(
        {}, description="Numbers of read and new rows of each table."
    )


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
