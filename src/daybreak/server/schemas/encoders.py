"""Fine-tuned encoders."""

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from daybreak.server.schemas.common import Id, RequestModel, ResponseModel

Method: TypeAlias = Literal["whitening", "factors", "delta", "last_layer", "lora", "full"]
Goal: TypeAlias = Literal["contrastive", "history", "masked", "click", "rating", "ranking"]


class FinetuneBody(RequestModel):
    """How the encoder of the settings is fine-tuned on the data of the store."""

    method: Method = Field(
        "whitening",
        description="`whitening` and `factors` are closed forms; the others need torch.",
    )
    objective: Goal = Field(
        "contrastive", description="What is trained for; the closed forms have their own."
    )
    goal: Literal["cold_items", "similar"] = Field(
        "cold_items",
        description="What the encoder is selected and judged by: with the regressions of a "
        "release, or by lists of similar items.",
    )
    steps: int = Field(400, ge=1, le=100_000, description="Steps of a training, at most.")
    seed: int | None = Field(
        None, ge=0, le=2**32 - 1, description="Seed; default: that of the settings."
    )
    resume: Id | None = Field(
        None,
        description="Id of an encoder whose task was cancelled, lost or failed: it goes on "
        "from its last checkpoint, with its own options.",
    )


class EncoderBody(BaseModel):
    """A fine-tuned encoder, in short."""

    id: str
    created_at: float = Field(description="Time, epoch [s].")
    ended_at: float | None = Field(None, description="Time, epoch [s]; null: not finished.")
    method: str = ""
    objective: str = ""
    base: str = Field("", description="Name of the encoder that was fine-tuned.")
    verdict: Literal["helps", "tie", "hurts"] | None = Field(
        None, description="Difference on hidden items; null: not finished."
    )
    gain: list[float] | None = Field(
        None, description="Difference of NDCG@10 on hidden items, with its 95 % interval."
    )
    used: bool = Field(False, description="Whether trainings of the service use it.")


class EncodersOut(ResponseModel):
    """Fine-tuned encoders, the newest first."""

    encoders: list[EncoderBody]


class EncoderOut(ResponseModel, EncoderBody):
    """A fine-tuned encoder, with its card."""

    sentence: str = Field("", description="The verdict in words.")
    slices: list[dict[str, Any]] = Field(
        [],
        description="For each slice and use: `slice`, `strategy`, `queries`, NDCG@10 of the "
        "`original` and of the `tuned` encoder, and `gain` with its 95 % interval.",
    )
    facts: dict[str, Any] = Field(
        {}, description="Data, selected options, and what they were selected by."
    )
    card: str = Field("", description="The page about the encoder, as Markdown.")
    seconds: float | None = Field(None, description="Cost [s].")
