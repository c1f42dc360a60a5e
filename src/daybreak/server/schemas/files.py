"""Files in and out, and options."""

from typing import Any, Literal

from pydantic import Field

from daybreak.server.schemas.basics import Answer, Given, Short

FILE = {
    "required": True,
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "application/gzip": {"schema": {"type": "string", "format": "binary"}},
    },
}
"""How OpenAPI describes a body that is a file."""


class ImportQuery(Given):
    """How a file is read."""

    table: Literal["events", "items", "users"] = Field(description="What its rows are.")
    column: list[Short] = Field(
        [], description="What a column is called, as in `user_id=Kunde`; repeatable."
    )


class ImportedOut(Answer):
    """What became of the rows of a file."""

    read: int = Field(description="Rows that could be used.")
    new: int = Field(description="Rows that were not there before.")
    rejected: int
    rejects: list[dict[str, Any]] = Field(description="The first rows that were not used.")
    notes: list[str]


class RestoredOut(Answer):
    """Rows by table."""

    rows: dict[str, int]


class ConfigOut(Answer):
    """Options in force; passwords are left out."""

    settings: dict[str, Any]
    server: dict[str, Any]


class ConfigSchemaOut(Answer):
    """JSON Schema of the settings and of the options of the server."""

    settings: dict[str, Any]
    server: dict[str, Any]
