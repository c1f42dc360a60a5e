"""Releases, trainings, and what the service knows of itself."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from daybreak.server.schemas.basics import Answer


class ModelBody(BaseModel):
    """One trained release."""

    id: str
    created_at: float = Field(description="Epoch [s].")
    active: bool = Field(description="Whether it answers.")
    metadata: dict[str, Any]


class ModelsOut(Answer):
    """All releases, the newest first."""

    models: list[ModelBody]


class ModelOut(Answer, ModelBody):
    """The release that answers from now on."""


class TaskBody(BaseModel):
    """One training, or other long work."""

    model_config = ConfigDict(extra="allow")

    id: str
    kind: str
    status: str
    note: str


class TaskOut(Answer, TaskBody):
    """A long work that has begun; see `/tasks`."""


class TasksOut(Answer):
    """Long works, the newest first."""

    tasks: list[TaskBody]


class HealthOut(BaseModel):
    """How the service is."""

    model_config = ConfigDict(extra="allow")

    status: str = Field(examples=["ready"])


class StatusOut(Answer):
    """What the service knows of itself."""

    model_config = ConfigDict(extra="allow")
