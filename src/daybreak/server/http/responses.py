"""JSON responses, each with the id of its request."""

import json
import math
import random
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import Any

from pydantic_core import to_json as pydantic_to_json
from starlette.responses import Response

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the current request."""
_request_id_random = random.Random()  # noqa: S311 - request ids are not secret


def new_request_id() -> str:
    """Return a random request id of 32 hexadecimal digits."""
    return f"{_request_id_random.getrandbits(128):032x}"


def json_response(payload: Mapping[str, Any], status: int = 200) -> Response:
    """Return an object with its ``request_id`` as a JSON response.

    The object is not validated: routes build it from checked values.
    """
    body = to_json({**payload, "request_id": request_id.get()})
    return Response(body, status, media_type="application/json")


def list_response(payload: Mapping[str, Any]) -> Response:
    """Return the same as :func:`json_response` of an object without sets, in less time.

    The encoder of pydantic takes a third of the time of Python's, and has its own order of the
    members of a set.
    """
    body = pydantic_to_json(
        {**payload, "request_id": request_id.get()}, fallback=_to_plain, inf_nan_mode="null"
    )
    return Response(body, media_type="application/json")


def to_json(value: Any) -> bytes:
    """Return a value as JSON; NaN and infinite numbers become null.

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
    """Return a value in which None replaces each NaN and each infinite number."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: replace_non_finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [replace_non_finite(part) for part in value]
    return replace_non_finite(_to_plain(value)) if is_dataclass(value) else value


def _to_plain(value: Any) -> Any:
    """Return the JSON form of dataclasses, mappings, dates, sets and NumPy values."""
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
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
