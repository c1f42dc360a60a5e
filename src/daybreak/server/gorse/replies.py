"""Answers as gorse gives them: bare lists and objects, with its field names."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from daybreak.errors import DataError
from daybreak.server.gorse.schemas import Score, Success
from daybreak.server.replies import to_json
from daybreak.service.live import Accepted, Recommended

MOST_NAMED = 5
"""Rejected rows that are named in an error."""


def said(value: BaseModel | Sequence[BaseModel] | Sequence[str]) -> Response:
    """Return one object, or a list of objects or ids."""
    if isinstance(value, BaseModel):
        return _json(value.model_dump(by_alias=True))
    return _json(
        [one if isinstance(one, str) else one.model_dump(by_alias=True) for one in value]
    )


def taken(outcome: Accepted) -> Response:
    """Return how many rows were taken.

    Raises:
        DataError: Some were not; gorse's clients know no partial success.
    """
    if outcome.rejected:
        named = "; ".join(
            f"row {one.row}: {one.field or 'row'} {one.reason}, got {one.value!r:.60}"
            for one in outcome.rejected[:MOST_NAMED]
        )
        more = len(outcome.rejected) - MOST_NAMED
        rest = f"; and {more} more" if more > 0 else ""
        raise DataError(f"{named}{rest}; all other rows are stored")
    return said(Success(row_affected=outcome.accepted + outcome.duplicates))


def scores(found: Iterable[Recommended], offset: int = 0) -> list[Score]:
    """Return items with their scores, after the first few."""
    return [Score(id=one.item_id, score=one.score) for one in list(found)[offset:]]


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")
