"""One row or many from a body."""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.responses import json_response
from daybreak.server.state import ServerState
from daybreak.service.serving import IngestResult


def rows_from_body(
    state: ServerState, table: str, body: dict[str, Any] | list[Any]
) -> list[Any]:
    """Return the rows of a body: a list, an object with one, or a single row.

    Raises:
        Refused: There are none, or too many.
    """
    rows = body.get(table) if isinstance(body, dict) and set(body) == {table} else body
    found = rows if isinstance(rows, list) else [body]
    if not found:
        raise HttpProblem("invalid", f"there are no {table} in the body")
    most = state.options.batch
    if len(found) > most:
        raise HttpProblem("too_large", f"a body may have {most:,} rows, got {len(found):,}")
    return found


def single_row_problem(outcome: IngestResult) -> HttpProblem | None:
    """Return the refusal of a single row; None: it was taken."""
    if not outcome.rejected:
        return None
    one = outcome.rejected[0]
    return HttpProblem("invalid", f"{one.field or 'row'}: {one.reason}, got {one.value!r}")


async def put_row(
    put: Callable[..., IngestResult],
    id_field: str,
    id_: str,
    body: dict[str, Any],
    *,
    partial: bool,
) -> Response:
    """Write the row of a path.

    Args:
        put: Writes rows: ``Live.put_items`` or ``Live.put_users``.
        key: The field of the id.
        id_: That of the path.
        body: The other fields; it may repeat the id.
        partial: Whether fields that are not named stay as they are.

    Raises:
        Refused: The body has another id, or the row is wrong.
    """
    if body.get(id_field, id_) != id_:
        raise HttpProblem("invalid", f"{id_field} of the body is not that of the path")
    outcome = await run_in_threadpool(put, [{**body, id_field: id_}], partial=partial)
    if refused := single_row_problem(outcome):
        raise refused
    return json_response(vars(outcome))
