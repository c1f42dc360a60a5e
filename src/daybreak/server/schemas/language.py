"""Tasks with the language model of the settings."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from daybreak.server.schemas.common import Id, RequestModel, ResponseModel
from daybreak.service.interview.turns import Language

MAX_IMAGINED_ITEMS = 20
"""Maximum number of items whose buyers one task imagines."""


class EnrichBody(RequestModel):
    """How the language model writes about items with thin text."""

    language: Language = Field("en", description="Language of the texts.")
    thin_words: int = Field(
        12, ge=1, le=1_000, description="Words of an item below which its text is thin."
    )
    use: Literal["auto", "always", "never"] = Field(
        "auto", description="When the texts are used; `auto`: if simulated new items gain."
    )


class BuyersBody(RequestModel):
    """About whom the language model is asked."""

    title: str = Field("title", max_length=200, description="Column of items with titles.")
    language: Language = Field("en", description="Language of the instruction.")
    n_items: int = Field(
        20, ge=2, le=200, description="Known items on which the weight is learned."
    )
    n_users: int = Field(20, ge=2, le=100, description="Likeliest users of an item.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Seed of the choice of items.")
    items: list[Id] = Field(
        [],
        max_length=MAX_IMAGINED_ITEMS,
        description="Items whose users are ranked afterwards, with the learned weight.",
    )


class LanguageJobOut(BaseModel):
    """What a task with the language model did."""

    ended_at: float = Field(description="Time, epoch [s].")
    sentence: str = Field(description="The result in words.")
    usage: dict[str, Any] = Field(description="Requests, tokens, dropped answers, cost.")
    gain: Any = Field(
        None, description="Difference of NDCG@10 with its 95 % interval; null: not measured."
    )


class EnrichmentJobOut(LanguageJobOut):
    """What the last task wrote."""

    thin: int = Field(0, description="Items with thin text.")
    known: int = Field(0, description="Items that an earlier task has written about.")
    written: int = Field(0, description="Items that it wrote about.")
    dropped: int = Field(0, description="Items without a usable answer.")
    hostile: int = Field(0, description="Items whose text speaks to a model.")
    used: bool = Field(False, description="Whether trainings use the texts.")


class EnrichmentOut(ResponseModel):
    """What the language model has written about items."""

    items: int = Field(description="Items with a text.")
    used: bool = Field(description="Whether items have the column `written_by_model`.")
    latest: EnrichmentJobOut | None = Field(description="Null: there was no task.")


class BuyersJobOut(LanguageJobOut):
    """What was learned about guesses."""

    weight: float = Field(0.0, description="Weight of the guesses; 0: they are not used.")
    tried: float = Field(0.0, description="Weight with the highest NDCG@10.")
    n_items: int = Field(0, description="Known items on which it was learned.")
    yes_share: float | None = Field(None, description="Share of yes among the guesses.")
    yes_hits: float | None = Field(None, description="Share of right ones among the yes.")
    no_hits: float | None = Field(None, description="Share of wrong ones among the no.")
    users: dict[str, list[str]] = Field(
        {}, description="Users of the items of the task, the likeliest first."
    )


class BuyersOut(ResponseModel):
    """The last task that imagined buyers."""

    latest: BuyersJobOut | None = Field(description="Null: there was no task.")
