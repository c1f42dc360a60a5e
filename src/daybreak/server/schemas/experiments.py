"""Experiments and what they found."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from daybreak.server.schemas.common import Count, FiniteFloat, RequestModel, ResponseModel

EXAMPLE_PLAN = {
    "id": "more-variety",
    "variants": [
        {"name": "now"},
        {"name": "varied", "ask": {"rules": {"diversity": 0.3}}},
        {"name": "next", "release": "20260131-120000-1f2e", "shadow": True},
    ],
    "share": 0.5,
    "metric": "ctr",
    "note": "does variety bring clicks?",
}
"""An example: half of the people, two lists that they see, one that they do not."""

_VARIANT_SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "weight": {"type": "number", "exclusiveMinimum": 0, "default": 1},
        "release": {"type": ["string", "null"]},
        "ask": {"type": "object"},
        "shadow": {"type": "boolean", "default": False},
    },
}
_PLAN_PROPERTIES = {
    "variants": {"type": "array", "minItems": 2, "maxItems": 20, "items": _VARIANT_SCHEMA},
    "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "metric": {"enum": ["ctr", "conversion", "satisfaction"]},
    "effect": {"type": "number", "exclusiveMinimum": 0},
    "alpha": {"type": "number", "exclusiveMinimum": 0},
    "unit": {"enum": ["user", "session"]},
    "scenario": {"type": ["string", "null"]},
    "attribution": {"type": "object"},
    "note": {"type": "string"},
}
ExperimentPlanBody = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "required": ["id", "variants"],
            "properties": {"id": {"type": "string", "minLength": 1}, **_PLAN_PROPERTIES},
            "examples": [EXAMPLE_PLAN],
        }
    ),
]
ExperimentChangesBody = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {"type": "object", "properties": _PLAN_PROPERTIES, "examples": [{"share": 1.0}]}
    ),
]


class ExperimentOut(ResponseModel):
    """One experiment, with where it is in its life."""

    model_config = ConfigDict(extra="allow")

    id: str
    status: str = Field(description="draft, running or stopped.")
    variants: list[dict[str, Any]]


class ExperimentsOut(ResponseModel):
    """All experiments, the oldest first."""

    experiments: list[dict[str, Any]]


class ReportOut(ResponseModel):
    """What an experiment has found until now."""

    model_config = ConfigDict(extra="allow")

    verdict: str = Field(description="In plain words.")
    method: str = Field(description="How sure the intervals are.")


class OnlineQuery(RequestModel):
    """Which time, in which steps."""

    since: FiniteFloat = Field(
        description="From here, epoch [s]; negative: so long before now."
    )
    until: FiniteFloat | None = Field(None, description="Up to here; default: now.")
    every_h: FiniteFloat = Field(24.0, gt=0, description="Length of a period [hours].")


class OnlineOut(ResponseModel):
    """How the service did over time."""

    total: dict[str, Any]
    periods: list[dict[str, Any]]


class OnboardingQuery(RequestModel):
    """What is known of somebody new."""

    n: Count = Field(5, description="Questions wanted.")
    yes: list[str] = Field([], description="Items that they said they like; repeatable.")
    asked: list[str] = Field([], description="What they were asked in vain; repeatable.")
    attributes: bool = Field(False, description="Whether to ask for attributes, too.")


class QuestionBody(BaseModel):
    """One question to somebody new."""

    rank: int
    kind: str = Field(description="`item`: do you like it? `attribute`: which is yours?")
    name: str
    item_id: str | None = Field(description="Of a question about an item.")
    title: str | None
    values: list[str] = Field(description="Possible answers to a question about an attribute.")
    chance: float | None = Field(description="That the answer tells something.")
    score: float | None = Field(description="By how much the list is expected to improve.")


class OnboardingOut(ResponseModel):
    """What to ask somebody new, the most telling first."""

    questions: list[QuestionBody]
