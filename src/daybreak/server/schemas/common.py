"""Types and base models that several endpoints share."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from daybreak.data.ids import MAX_EXACT_FLOAT, lookup_id

MAX_ID_CHARS = 32_768
"""Longest id [characters]; 10 kB of text in any script fit."""
MAX_TEXT_CHARS = 100_000
"""Longest text [characters]."""


def _spell_id(value: Any) -> Any:
    """Return an id in the one spelling, also if it was sent as a number."""
    if isinstance(value, str):
        return lookup_id(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    is_whole |= isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT_FLOAT
    return str(int(value)) if is_whole else value


Id = Annotated[
    Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)], BeforeValidator(_spell_id)
]
Name = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
ShortText = Annotated[str, Field(max_length=1_000)]
Count = Annotated[int, Field(ge=1, le=10_000)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]
Attributes = dict[str, Any]


class RequestModel(BaseModel):
    """Body or query of a request; unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid")


class ResponseModel(BaseModel):
    """Body of a response; later versions may add fields."""

    request_id: str = Field(description="Id of the request in the log of the service.")


class ProblemOut(ResponseModel):
    """Description of an error (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    title: str
    status: int
    code: str = Field(description="Stable error code.", examples=["bad_filter"])
    detail: str


def with_example(value: dict[str, Any]) -> ConfigDict:
    """Return the configuration of a request model with one example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [value]})
