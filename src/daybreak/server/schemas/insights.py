"""Items in detail: expected reach, exposure, and the map of the catalogue."""

from pydantic import Field

from daybreak.server.schemas.common import RequestModel, ResponseModel, with_example
from daybreak.server.schemas.recommend import ItemOrText


class ReachBody(ItemOrText):
    """Item, or text that describes one, of which the reach is wanted."""

    model_config = with_example({"text": "red retrospot mug"})


class ReachOut(ResponseModel):
    """Number of users that an item is expected to reach, as similar items did."""

    users: float = Field(description="Median of the similar items, by similarity.")
    low: float = Field(description="Tenth percentile.")
    high: float = Field(description="Ninetieth percentile.")
    n_similar: int = Field(description="Number of similar items with events.")
    similarity: float = Field(description="Largest similarity, from 0 to 1.")


class ExposureOut(ResponseModel):
    """How an item warms up."""

    item_id: str
    temperature: str
    users: int = Field(description="Users who have chosen it.")
    impressions: int = Field(description="Times that it was shown while it was new.")
    promised: int = Field(description="Impressions that exploration gives a new item.")
    since: float | None = Field(
        description="Time since which the item is new, epoch [s]; null: it is not known as new."
    )
    days: float = Field(description="Age up to which an item is new [days].")
    is_new: bool = Field(description="Whether exploration still gives it impressions.")


class MapQuery(RequestModel):
    """Which part of the map is wanted."""

    after: int = Field(
        0,
        ge=0,
        description="`total` of an earlier map of the same `version`: only what is new.",
    )


class MapOut(ResponseModel):
    """Places of items in two dimensions, as parallel lists."""

    release: str
    version: int = Field(description="Changes when all items get new places.")
    total: int = Field(description="Number of items of the map, for `after`.")
    ids: list[str]
    x: list[float] = Field(description="From -1 to 1; similar items are close to each other.")
    y: list[float]
    users: list[int] = Field(description="Users who have chosen each item.")
    temperature: list[int] = Field(description="0: cold, 1: warm, 2: hot.")
    category: list[int] = Field(description="Index into `categories`; -1: none.")
    categories: list[str]
