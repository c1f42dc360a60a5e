"""Types and base models that several endpoints share."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from daybreak.data.ids import MAX_EXACT_FLOAT, lookup_id
from daybreak.errors import unknown_name_message

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


FIELD_ALIASES = {"n": "k", "filter": "where", "category": "categories"}
"""Other names of fields, which requests may use in every place, and the names of the fields."""


class RequestModel(BaseModel):
    """Body or query of a request; unknown fields are rejected.

    A field of :data:`FIELD_ALIASES` may be sent under its other name.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _name_fields(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(data, Mapping):
            data = cls._without_aliases(data)
        try:
            return handler(data)
        except ValidationError as error:
            if not any(map(_is_unknown_field, error.errors(include_url=False))):
                raise
            raise cls._with_known_fields(error) from error

    @classmethod
    def _without_aliases(cls, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the fields under their names.

        Raises:
            PydanticCustomError: A field is sent under both names.
        """
        aliases = {alias: name for alias, name in cls.aliases().items() if alias in data}
        if not aliases:
            return data
        named = dict(data)
        for alias, name in aliases.items():
            if name in named:
                raise PydanticCustomError(
                    "field_twice", f"{alias!r} is another name of {name!r}; send one of them"
                )
            named[name] = named.pop(alias)
        return named

    @classmethod
    @cache
    def aliases(cls) -> Mapping[str, str]:
        """Return the other names of the fields of this model, and the names of the fields."""
        return {
            other: name for other, name in FIELD_ALIASES.items() if name in cls.model_fields
        }

    @classmethod
    def _with_known_fields(cls, error: ValidationError) -> ValidationError:
        """Return an error whose messages on unknown fields name the known ones."""
        known = sorted(field.alias or name for name, field in cls.model_fields.items())
        details: list[InitErrorDetails] = []
        for fault in error.errors(include_url=False):
            message = fault["msg"]
            if _is_unknown_field(fault):
                name = str(fault["loc"][0])
                message = unknown_name_message("field", name, known, cls.aliases())
                owner = INNER_FIELDS.get(name)
                if owner in known:
                    message = f"unknown field {name!r}; it belongs into {owner!r}: " + (
                        f'{{"{owner}": {{"{name}": ...}}}}'
                    )
            kind = PydanticCustomError(fault["type"], message)
            details.append(
                InitErrorDetails(type=kind, loc=fault["loc"], input=fault.get("input"))
            )
        return ValidationError.from_exception_data(error.title, details)


INNER_FIELDS: Mapping[str, str] = {"text": "profile"}
"""Fields that are part of another field, by which they are often forgotten."""


def _is_unknown_field(fault: Any) -> bool:
    return fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1


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
