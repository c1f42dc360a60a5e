"""What an event came with: kept as it is, used by nobody but its owner."""

import json
from collections.abc import Mapping
from typing import Any

from daybreak.service.live.cells import BadCellError, text_of

LONGEST = 4_000
"""Of a context as JSON [characters]."""


def context_of(row: Mapping[str, Any]) -> str | None:
    """Return the ``context`` of a row as the text of a JSON object; None: it has none.

    Example:
        >>> context_of({"context": {"page": "home", "place": 3}}), context_of({"context": {}})
        ('{"page":"home","place":3}', None)
    """
    value = row.get("context")
    if value is None or value == {}:
        return None
    if not isinstance(value, Mapping):
        raise BadCellError("context", value, "expected an object", "not_an_object")
    try:
        text = json.dumps(
            dict(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise BadCellError(
            "context", str(error), "expected values of JSON", "bad_value"
        ) from error
    return text_of(text, "context", LONGEST)
