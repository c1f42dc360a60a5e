"""Titles from elsewhere, matched to the catalogue."""

from pydantic import BaseModel, Field

from daybreak.server.schemas.common import RequestModel, ResponseModel, with_example

MAX_TITLES_CHARS = 1_000_000
"""Longest list of titles [characters]."""


class MatchBody(RequestModel):
    """A list of titles from elsewhere."""

    model_config = with_example({"text": "Heat (1995)\nMatrix, The (1999)"})
    text: str = Field(
        min_length=1,
        max_length=MAX_TITLES_CHARS,
        description="Pasted lines, or CSV with a column of titles; at most 5,000 titles.",
    )


class TitleMatchOut(BaseModel):
    """The most probable item of one title."""

    given: str = Field(description="Title as it was given.")
    item_id: str | None = Field(description="Item of the catalogue; null: there is none.")
    title: str | None = Field(description="Title of the item.")
    confidence: float = Field(
        description="From 0 to 1; let people check what is below 0.9.", ge=0, le=1
    )
    match: str | None = Field(
        description="How it was found: id, title, similar title or content."
    )
    rating: float | None = Field(description="Rating that the list has for it.")


class MatchesOut(ResponseModel):
    """Items of a list of titles, in the order of the list."""

    matches: list[TitleMatchOut]
