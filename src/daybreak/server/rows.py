"""One row or many from a body."""

from typing import Any

from daybreak.server.problems import Refused
from daybreak.server.state import State
from daybreak.service.live import Accepted


def rows_of(state: State, table: str, body: dict[str, Any] | list[Any]) -> list[Any]:
    """Return the rows of a body: a list, an object with one, or a single row.

    Raises:
        Refused: There are none, or too many.
    """
    rows = body.get(table) if isinstance(body, dict) and set(body) == {table} else body
    found = rows if isinstance(rows, list) else [body]
    if not found:
        raise Refused("invalid", f"there are no {table} in the body")
    most = state.options.batch
    if len(found) > most:
        raise Refused("too_large", f"a body may have {most:,} rows, got {len(found):,}")
    return found


def refused_alone(outcome: Accepted) -> Refused | None:
    """Return the refusal of a single row; None: it was taken."""
    if not outcome.rejected:
        return None
    one = outcome.rejected[0]
    return Refused("invalid", f"{one.field or 'row'}: {one.reason}, got {one.value!r}")
