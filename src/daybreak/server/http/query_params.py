"""Options in addresses: described by a model, read by it in one go.

The framework reads them one by one, which takes longer than all the rest of a request.
"""

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

Model = TypeVar("Model", bound=BaseModel)


def parse_query(request: Request, model: type[Model]) -> Model:
    """Return the options of a request.

    Raises:
        RequestValidationError: One is unknown, or has a value that it cannot have.
    """
    given: dict[str, Any] = {}
    many = _list_fields(model)
    for name, value in request.query_params.multi_items():
        if name in many:
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        at = [{**fault, "loc": ("query", *fault["loc"])} for fault in faults]
        raise RequestValidationError(at) from error


def openapi_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Return how OpenAPI describes the options."""
    whole = model.model_json_schema()
    needed = set(whole.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in needed,
            "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in whole["properties"].items()
    ]


def _list_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the options that may come several times; found once for each model."""
    if model not in _LIST_FIELDS:
        found = model.model_json_schema()["properties"].items()
        _LIST_FIELDS[model] = frozenset(
            name for name, one in found if one.get("type") == "array"
        )
    return _LIST_FIELDS[model]


_LIST_FIELDS: dict[type[BaseModel], frozenset[str]] = {}
