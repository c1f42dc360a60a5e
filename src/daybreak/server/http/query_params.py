"""Query parameters that are described and validated by one pydantic model.

FastAPI reads query parameters one by one, which takes longer than the rest of a request.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

QueryModel = TypeVar("QueryModel", bound=BaseModel)

MAX_KNOWN = 1_000
"""Largest number of queries that are kept with their parameters."""
MAX_KNOWN_BYTES = 500
"""Longest query that is kept [bytes]."""
_PARSED: dict[tuple[type[BaseModel], bytes], BaseModel] = {}


def parse_query(request: Request, model: type[QueryModel]) -> QueryModel:
    """Return the query parameters of a request.

    Raises:
        RequestValidationError: A parameter is unknown, missing or invalid.
    """
    values: dict[str, Any] = {}
    repeatable, aliases = _list_fields(model), _aliases_of(model)
    for name, value in request.query_params.multi_items():
        if aliases.get(name, name) in repeatable:
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        located = [{**fault, "loc": ("query", *fault["loc"])} for fault in faults]
        raise RequestValidationError(located) from error


def parse_common_query(request: Request, model: type[QueryModel]) -> QueryModel:
    """Return the query parameters of a request, which must not be changed.

    Most requests have the parameters of many others: they are validated once. Those that name a
    session are not kept. For models without other words or ids of users, which an erasure would
    not find here.

    Raises:
        RequestValidationError: A parameter is unknown, missing or invalid.
    """
    text = request.scope["query_string"]
    known = _PARSED.get((model, text))
    if known is not None:
        return cast("QueryModel", known)
    query = parse_query(request, model)
    if len(text) <= MAX_KNOWN_BYTES and getattr(query, "session_id", None) is None:
        if len(_PARSED) >= MAX_KNOWN:
            _PARSED.clear()
        _PARSED[model, text] = query
    return query


def openapi_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the OpenAPI parameters of a model."""
    model_schema = model.model_json_schema()
    required = set(model_schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in model_schema["properties"].items()
    ]


def _aliases_of(model: type[BaseModel]) -> Mapping[str, str]:
    """Return the other names of parameters that a model accepts."""
    aliases: Mapping[str, str] = getattr(model, "aliases", dict)()
    return aliases


@cache
def _list_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of the parameters that may be repeated."""
    properties = model.model_json_schema()["properties"].items()
    return frozenset(
        name
        for name, schema in properties
        if any(one.get("type") == "array" for one in (schema, *schema.get("anyOf", ())))
    )
