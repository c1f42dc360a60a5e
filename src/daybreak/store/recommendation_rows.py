"""Rows of the table answers: logged recommendations, and the events that refer to them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select

from daybreak.store.base import LoggedItem, LoggedRecommendation
from daybreak.store.bulk import MAX_ROWS_PER_BATCH, iter_chunks, select_where_in
from daybreak.store.schema import answers as table
from daybreak.store.schema import events

REACTION_SCHEMA = {
    "recommendation_id": pl.String,
    "user_id": pl.String,
    "item_id": pl.String,
    "event_type": pl.String,
    "value": pl.Float64,
    "timestamp": pl.Float64,
}
SUMMARY_SCHEMA = {
    "id": pl.String,
    "at": pl.Float64,
    "user_id": pl.String,
    "session_id": pl.String,
    "variant": pl.String,
    "shadow": pl.Boolean,
    "listed": pl.Boolean,
}
_EMPTY_LIST_JSON = "[]"
_PLAIN_COLUMNS = [column.name for column in table.columns if column.name != "shown"]
_MAX_ROWS_PER_STATEMENT = 1_000


@dataclass(frozen=True)
class LogFilter:
    """Conditions on logged recommendations; None stands for no condition."""

    since: float | None
    until: float | None
    experiment: str | None

    def apply(self, query: Select[Any], at: ColumnElement[Any]) -> Select[Any]:
        """Return the query with the conditions.

        Args:
            query: Query that contains the table answers.
            at: Expression of the time that is compared.
        """
        if self.since is not None:
            query = query.where(at >= self.since)
        if self.until is not None:
            query = query.where(at < self.until)
        if self.experiment is not None:
            query = query.where(table.c.experiment == self.experiment)
        return query


def put_recommendations(
    connection: Connection, answers: Sequence[LoggedRecommendation]
) -> None:
    """Add or replace recommendations; of several with one id the last is kept."""
    latest = {answer.id: answer for answer in answers}
    for chunk in iter_chunks(list(latest.values()), _MAX_ROWS_PER_STATEMENT):
        ids = [answer.id for answer in chunk]
        connection.execute(delete(table).where(table.c.id.in_(ids)))
        connection.execute(insert(table), [_to_row(answer) for answer in chunk])


def select_recommendations(
    connection: Connection, conditions: LogFilter, ids: Sequence[str] | None, user: str | None
) -> list[LoggedRecommendation]:
    """Return the recommendations that meet all conditions, oldest first."""
    columns = (table.c[name] for name in (*_PLAIN_COLUMNS, "shown"))
    query = conditions.apply(select(*columns), table.c.at)
    if user is not None:
        query = query.where(table.c.user_id == user)
    if ids is None:
        rows = connection.execute(query)
    else:
        rows = select_where_in(connection, query, table.c.id, list(dict.fromkeys(ids)))  # type: ignore[assignment]
    return sorted(map(_from_row, rows), key=lambda answer: (answer.at, answer.id))


def select_recommendation_summaries(
    connection: Connection, conditions: LogFilter
) -> pl.DataFrame:
    """Return the recommendations without their items, oldest first."""
    columns = [table.c[name] for name in SUMMARY_SCHEMA if name != "listed"]
    query = conditions.apply(select(*columns, table.c.shown != _EMPTY_LIST_JSON), table.c.at)
    result = connection.execute(query, execution_options={"yield_per": MAX_ROWS_PER_BATCH})
    parts = [
        pl.DataFrame(list(map(tuple, rows)), schema=SUMMARY_SCHEMA, orient="row")
        for rows in result.partitions()
    ]
    return pl.concat([pl.DataFrame(schema=SUMMARY_SCHEMA), *parts]).sort("at", "id")


def count_recommendations(connection: Connection, conditions: LogFilter, at_most: int) -> int:
    """Return the number of recommendations, or ``at_most`` if there are more."""
    found = conditions.apply(select(table.c.id), table.c.at).limit(at_most).subquery()
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one())


def select_reactions(connection: Connection, conditions: LogFilter) -> pl.DataFrame:
    """Return the events that refer to a recommendation; without a time, with its time."""
    at = func.coalesce(events.c.timestamp, table.c.at)
    query = (
        select(
            events.c.recommendation,
            events.c.user_id,
            events.c.item_id,
            events.c.event_type,
            events.c.value,
            at,
        )
        .outerjoin(table, table.c.id == events.c.recommendation)
        .where(events.c.recommendation.is_not(None))
        .order_by(events.c.row + 0)  # + 0 makes SQLite use the index
    )
    rows = [tuple(row) for row in connection.execute(conditions.apply(query, at))]
    return pl.DataFrame(rows, schema=REACTION_SCHEMA, orient="row")


def _to_row(answer: LoggedRecommendation) -> dict[str, Any]:
    row = {name: getattr(answer, name) for name in _PLAIN_COLUMNS}
    row["shown"] = json.dumps(
        [list(vars(item).values()) for item in answer.shown], ensure_ascii=False
    )
    return row


def _from_row(row: Any) -> LoggedRecommendation:
    *plain_values, items_json = row
    shown = tuple(LoggedItem(*values) for values in json.loads(items_json))
    return LoggedRecommendation(
        **dict(zip(_PLAIN_COLUMNS, plain_values, strict=True)), shown=shown
    )
