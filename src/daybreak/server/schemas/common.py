"""Values that many bodies have."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

MAX_ID_CHARS = 32_768
"""Of an id [characters]; 10 kB of any script fit in."""
MAX_TEXT_CHARS = 100_000
"""Of a description [characters]."""

Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
ShortText = Annotated[str, Field(max_length=1_000)]
Count = Annotated[int, Field(ge=1, le=10_000)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]
Attributes = dict[str, Any]


class RequestModel(BaseModel):
    """What a caller sends: a name that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")


class ResponseModel(BaseModel):
    """What a caller gets: later versions may say more."""

    request_id: str = Field(description="Under which the service has logged the request.")


class ProblemOut(ResponseModel):
    """Why a request failed (RFC 9457)."""

    title: str
    status: int
    code: str = Field(description="Stable name of the fault.", examples=["bad_filter"])
    detail: str


def with_example(value: dict[str, Any]) -> ConfigDict:
    """Return the configuration of a model that shows one example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [value]})
