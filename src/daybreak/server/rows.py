"""Handlers of rows that several endpoints share: write, list, and reject."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from daybreak.data.ids import lookup_id
from daybreak.server.http.languages import all_in_language, rows_in_language
from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.schemas.rows import RowPageQuery
from daybreak.server.state import ServerState, state_of
from daybreak.service.serving import IngestResult, RowPage


class RowResource(Protocol):
    """Part of the service that returns pages of rows."""

    def page(self, cursor: str | None, n: int) -> RowPage:
        """Return a page of all rows."""

    def search(self, text: str, cursor: str | None, n: int) -> RowPage:
        """Return a page of the rows that match a text."""


def rows_from_body(
    state: ServerState, table: str, body: dict[str, Any] | list[Any]
) -> list[Any]:
    """Return the rows of a body: a list, an object with a list, or a single row.

    Args:
        state: State of the server, for the largest number of rows.
        table: Key of the list in an object.
        body: JSON body.

    Raises:
        HttpProblem: There are no rows, or too many.
    """
    rows = body.get(table) if isinstance(body, dict) and set(body) == {table} else body
    row_list = rows if isinstance(rows, list) else [body]
    if not row_list:
        raise HttpProblem("invalid", f"there are no {table} in the body")
    max_rows = state.options.batch
    if len(row_list) > max_rows:
        detail = f"a body may have {max_rows:,} rows, got {len(row_list):,}"
        raise HttpProblem("too_large", detail)
    return row_list


def single_row_problem(outcome: IngestResult) -> HttpProblem | None:
    """Return the problem of a rejected row that was sent alone; None: it was stored."""
    if not outcome.rejected:
        return None
    row = outcome.rejected[0]
    return HttpProblem("invalid", f"{row.field or 'row'}: {row.reason}, got {row.value!r}")


def outcome_fields(outcome: IngestResult) -> dict[str, Any]:
    """Return the counts of a write, and its rejected rows with reasons in the language.

    ``notes`` are there if something was noticed.
    """
    rejected = rows_in_language(map(asdict, outcome.rejected), "reason")
    fields = {**vars(outcome), "rejected": rejected}
    del fields["item_ids"], fields["notes"]
    return fields | ({"notes": all_in_language(outcome.notes)} if outcome.notes else {})


async def put_rows(
    request: Request,
    put: Callable[..., IngestResult],
    table: str,
    body: dict[str, Any] | list[Any],
) -> Response:
    """Write the rows of a body; return the response.

    Args:
        request: Request with the body.
        put: Method of the service that writes rows.
        table: Key of the list in an object.
        body: JSON body.

    Raises:
        HttpProblem: There are no rows, or too many.
    """
    rows = rows_from_body(state_of(request), table, body)
    return json_response(outcome_fields(await run_in_threadpool(put, rows)))


async def put_row(
    put: Callable[..., IngestResult],
    id_field: str,
    id_: str,
    body: dict[str, Any],
    *,
    partial: bool,
) -> Response:
    """Write the row of a path; return the response.

    Args:
        put: Method of the service that writes rows.
        id_field: Name of the id field.
        id_: Id in the path.
        body: Other fields; they may repeat the id.
        partial: Whether fields that are not in the body keep their values.

    Raises:
        HttpProblem: The body has another id, or the row is invalid.
    """
    if lookup_id(str(body.get(id_field, id_))) != lookup_id(id_):
        raise HttpProblem("invalid", f"{id_field} of the body differs from the id in the path")
    outcome = await run_in_threadpool(put, [{**body, id_field: id_}], partial=partial)
    if problem := single_row_problem(outcome):
        raise problem
    return json_response(outcome_fields(outcome))


async def list_rows(request: Request, resource: RowResource, table: str) -> Response:
    """Return a page of rows: all, or those that are searched for.

    Args:
        request: Request with the parameters of :class:`RowPageQuery`.
        resource: Part of the service that has the rows.
        table: Key of the list in the response.
    """
    query = parse_query(request, RowPageQuery)
    cursor = query.cursor or None
    if query.search.strip():
        page = await run_in_threadpool(resource.search, query.search, cursor, query.k)
    else:
        page = await run_in_threadpool(resource.page, cursor, query.k)
    return json_response({table: page.rows, "cursor": page.cursor})
