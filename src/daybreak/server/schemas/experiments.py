"""Experiments, their results, and online metrics."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, WithJsonSchema

from daybreak.server.schemas.common import FiniteFloat, RequestModel, ResponseModel

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
"""Example: half of the users, two variants that are shown, and one shadow variant."""

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
    """Plan and state of an experiment."""

    model_config = ConfigDict(extra="allow")

    id: str
    status: str = Field(description="`draft`, `running` or `stopped`.")
    variants: list[dict[str, Any]]


class ExperimentsOut(ResponseModel):
    """All experiments, the oldest first."""

    experiments: list[dict[str, Any]]


class ReportOut(ResponseModel):
    """Results of an experiment so far."""

    model_config = ConfigDict(extra="allow")

    verdict: str = Field(description="Result in words.")
    method: str = Field(description="Method of the intervals.")


class OnlineQuery(RequestModel):
    """Time range and length of its periods."""

    since: FiniteFloat = Field(
        description="Start, epoch [s]; a negative number counts back from now."
    )
    until: FiniteFloat | None = Field(None, description="End, epoch [s]; default: now.")
    every_h: FiniteFloat = Field(24.0, gt=0, description="Length of a period [h].")


class OnlineOut(ResponseModel):
    """Online metrics over time."""

    total: dict[str, Any]
    periods: list[dict[str, Any]]
