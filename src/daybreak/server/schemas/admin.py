"""Releases, trainings, and what the service knows of itself.

Files in and out, and options.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from daybreak.server.schemas.common import RequestModel, ResponseModel, ShortText


class ModelBody(BaseModel):
    """One trained release."""

    id: str
    created_at: float = Field(description="Epoch [s].")
    active: bool = Field(description="Whether it answers.")
    metadata: dict[str, Any]


class ModelsOut(ResponseModel):
    """All releases, the newest first."""

    models: list[ModelBody]


class ModelOut(ResponseModel, ModelBody):
    """The release that answers from now on."""


class TaskBody(BaseModel):
    """One training, or other long work."""

    model_config = ConfigDict(extra="allow")

    id: str
    kind: str
    status: str
    note: str


class TaskOut(ResponseModel, TaskBody):
    """A long work that has begun; see `/tasks`."""


class TasksOut(ResponseModel):
    """Long works, the newest first."""

    tasks: list[TaskBody]


class HealthOut(BaseModel):
    """How the service is."""

    model_config = ConfigDict(extra="allow")

    status: str = Field(examples=["ready"])


class StatusOut(ResponseModel):
    """What the service knows of itself."""

    model_config = ConfigDict(extra="allow")


FILE_BODY = {
    "required": True,
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "application/gzip": {"schema": {"type": "string", "format": "binary"}},
    },
}
"""How OpenAPI describes a body that is a file."""


class ImportQuery(RequestModel):
    """How a file is read."""

    table: Literal["events", "items", "users"] = Field(description="What its rows are.")
    column: list[ShortText] = Field(
        [], description="What a column is called, as in `user_id=Kunde`; repeatable."
    )


class ImportedOut(ResponseModel):
    """What became of the rows of a file."""

    read: int = Field(description="Rows that could be used.")
    new: int = Field(description="Rows that were not there before.")
    rejected: int
    rejects: list[dict[str, Any]] = Field(description="The first rows that were not used.")
    notes: list[str]


class RestoredOut(ResponseModel):
    """Rows by table."""

    rows: dict[str, int]


class ConfigOut(ResponseModel):
    """Options in force; passwords are left out."""

    settings: dict[str, Any]
    server: dict[str, Any]


class ConfigSchemaOut(ResponseModel):
    """JSON Schema of the settings and of the options of the server."""

    settings: dict[str, Any]
    server: dict[str, Any]
