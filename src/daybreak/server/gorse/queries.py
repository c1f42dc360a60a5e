"""Options in addresses, with gorse's names."""

from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

DEFAULT_N = 10
"""Items of a list whose length is not given, as in gorse."""

Version = Annotated[
    int,
    Header(alias="X-API-Version", description="2: lists of items come with their scores."),
]


class PageQuery(BaseModel):
    """Which part of the rows."""

    cursor: str = Field("", max_length=100)
    n: int = Field(DEFAULT_N, ge=1, le=1_000)
    q: str = Field("", max_length=10_000, description="Words that items should fit.")


class ListQuery(BaseModel):
    """Which places of a list."""

    n: int = Field(DEFAULT_N, ge=0, le=10_000)
    offset: int = Field(0, ge=0, le=10_000)
    category: list[str] = Field([], max_length=100)

    @property
    def end(self) -> int:
        """The last place that is wanted."""
        return self.n + self.offset


class SharedListQuery(ListQuery):
    """Which places of a list that is for everybody."""

    model_config = ConfigDict(populate_by_name=True)

    user_id: str | None = Field(
        None, alias="user-id", description="Leave out what he has seen."
    )


class RecommendQuery(ListQuery):
    """Which places of a list for somebody, and what to remember of it."""

    model_config = ConfigDict(populate_by_name=True)

    write_back_type: str = Field("", alias="write-back-type", max_length=1_000)
    write_back_delay: str = Field("", alias="write-back-delay", max_length=100)
