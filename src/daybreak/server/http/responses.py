"""Answers as JSON, each with the id of its request."""

import json
import math
import random
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered."""
_request_id_random = random.Random()  # noqa: S311 - ids of requests are no secrets


def new_request_id() -> str:
    """Return an id that no other request has."""
    return f"{_request_id_random.getrandbits(128):032x}"


def json_response(payload: Mapping[str, Any], status: int = 200) -> Response:
    """Return an object, with its ``request_id``.

    The object is written as it is: routes build it from checked values, so nothing is
    validated twice.
    """
    body = to_json({**payload, "request_id": request_id.get()})
    return Response(body, status, media_type="application/json")


def to_json(value: Any) -> bytes:
    """Write JSON; numbers that it does not have become null.

    Example:
        >>> to_json({"score": 0.5, "lift": float("nan")})
        b'{"score":0.5,"lift":null}'
    """
    try:
        text = _dump(value)
    except ValueError:
        text = _dump(replace_non_finite(value))
    return text.encode()


def _dump(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_to_plain
    )


def replace_non_finite(value: Any) -> Any:
    """Return a value with null for every number that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: replace_non_finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [replace_non_finite(part) for part in value]
    return replace_non_finite(_to_plain(value)) if is_dataclass(value) else value


def _to_plain(value: Any) -> Any:
    """Return what JSON can hold for values, times and numbers of numpy."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
