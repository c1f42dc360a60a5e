"""The policy of a shop: rules of all lists, retraining and retention."""

from pydantic import BaseModel, Field

from daybreak.server.schemas.common import (
    FiniteFloat,
    RequestModel,
    ResponseModel,
    ShortText,
    with_example,
)
from daybreak.server.schemas.recommend import BoostBody, Filter
from daybreak.service.serving import Boost
from daybreak.service.serving.policy import ShopPolicy


class PolicyRulesBody(RequestModel):
    """Rules of all lists."""

    where: Filter = Field("", description="Filter that the items of every list must match.")
    boosts: list[BoostBody] = Field(
        [], max_length=20, description="Boosts of every list for a user."
    )

    model_config = with_example({"where": "price < 100", "boosts": [{"where": "price < 5"}]})

    def to_policy(self) -> ShopPolicy:
        """Return the policy of the service."""
        return ShopPolicy(self.where, tuple(Boost(**dict(boost)) for boost in self.boosts))


class PolicyBody(PolicyRulesBody):
    """The whole policy; what is left out is as the server was started."""

    retrain: ShortText | None = Field(
        None,
        description="When to retrain: `auto`, `off`, or conditions such as `every=12h, "
        "events=0.2`; null: as the server was started.",
    )
    retention_days: FiniteFloat | None = Field(
        None,
        ge=0,
        description="How long events and responses are kept [days]; 0: forever; null: as the "
        "server was started.",
    )

    model_config = with_example({"where": "price < 100", "retrain": "auto"})

    def to_policy(self) -> ShopPolicy:
        """Return the policy of the service."""
        rules = super().to_policy()
        return ShopPolicy(rules.where, rules.boosts, self.retrain, self.retention_days)


class PolicyOut(ResponseModel):
    """The policy that is in force."""

    where: str
    boosts: list[BoostBody]
    retrain: str | None
    retention_days: float | None
    started_with_retrain: bool = Field(
        description="Whether the server was started with automatic retraining."
    )
    started_with_retention_days: float | None = Field(
        description="Retention with which the server was started [days]; null: forever."
    )


class RuleEffectBody(BaseModel):
    """Items that one rule applies to."""

    kind: str = Field(description="`where`: it hides them; `boost`: it moves them.")
    filter: str
    factor: float | None = Field(description="Factor of a boost; null: the rule hides.")
    n_items: int
    item_ids: list[str] = Field(description="The first of them.")


class PolicyPreviewOut(ResponseModel):
    """What rules would do to the catalogue."""

    rules: list[RuleEffectBody]
