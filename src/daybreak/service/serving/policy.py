"""The policy of a shop: rules of all lists, retraining and retention, changed while it runs.

:class:`PolicyManager` keeps a :class:`ShopPolicy` in the store; all processes follow it.
"""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from daybreak.errors import ConfigError, FilterError
from daybreak.ranking.reranking.rules import Boost, Rules
from daybreak.service.privacy.retention import Retention
from daybreak.service.state.rules import CompiledRules, RuleCompiler
from daybreak.service.state.serving_state import ServingState
from daybreak.service.training.retraining import RetrainPolicy
from daybreak.store import Store
from daybreak.types import Mask

log = logging.getLogger(__name__)

POLICY_SETTING = "policy"
"""Setting of the store that holds the policy."""
NEVER = "off"
"""Value of ``retrain`` with which trainings start only on request."""
MAX_SHOP_BOOSTS = 20
"""Maximum number of boosts of all lists; each costs time in every request."""
MAX_EXAMPLES = 12
"""Maximum number of items of a preview, for each rule."""


@dataclass(frozen=True)
class ShopPolicy:
    """What an administrator has decided for the whole shop.

    Example:
        >>> ShopPolicy(retrain="every=12h").retrain_policy(None).every_s
        43200.0
        >>> ShopPolicy(retention_days=0).retention(Retention(30)) is None
        True
    """

    where: str = ""
    """Filter over the item columns that every list obeys; empty: none."""
    boosts: tuple[Boost, ...] = ()
    """Boosts of every list for a user."""
    retrain: str | None = None
    """When to retrain, as :meth:`RetrainPolicy.parse` reads it, or ``off``; None: as the server
    was started."""
    retention_days: float | None = None
    """How long events and responses are kept [days]; 0: forever; None: as the server was
    started."""

    def __post_init__(self) -> None:
        """Check what can be checked without a catalogue."""
        if len(self.boosts) > MAX_SHOP_BOOSTS:
            raise ConfigError(f"at most {MAX_SHOP_BOOSTS} boosts, got {len(self.boosts)}")
        if self.retrain not in {None, NEVER}:
            RetrainPolicy.parse(str(self.retrain))
        days = self.retention_days
        if days is not None and not (math.isfinite(days) and days >= 0):
            raise ConfigError(f"retention_days must be a number from 0, got {days!r}")
        Rules(where=self.where)

    @property
    def rules(self) -> Rules:
        """The rules of all lists."""
        return Rules(where=self.where, boosts=self.boosts)

    def retrain_policy(self, default: RetrainPolicy | None) -> RetrainPolicy | None:
        """Return when a training is due.

        Args:
            default: Policy with which the server was started.
        """
        if self.retrain is None:
            return default
        return None if self.retrain == NEVER else RetrainPolicy.parse(self.retrain)

    def retention(self, default: Retention | None) -> Retention | None:
        """Return how long events are kept; None: forever.

        Args:
            default: Retention with which the server was started.
        """
        if self.retention_days is None:
            return default
        return Retention(self.retention_days) if self.retention_days > 0 else None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ShopPolicy":
        """Return the policy that :meth:`to_dict` described.

        Raises:
            ConfigError: A value is invalid.
        """
        boosts = tuple(Boost(**boost) for boost in values.get("boosts", ()))
        return cls(**{**values, "boosts": boosts})

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as JSON values."""
        return asdict(self) | {"boosts": [asdict(boost) for boost in self.boosts]}


@dataclass(frozen=True)
class RulePreview:
    """Items that one rule would hide, lift or lower."""

    kind: str
    """``where`` or ``boost``."""
    filter: str
    factor: float | None
    """Factor of a boost; None: the rule hides."""
    n_items: int
    """Number of items that the rule applies to."""
    item_ids: tuple[str, ...]
    """The first of them."""


@dataclass
class PolicyManager:
    """Keeps the policy; every process that uses the store follows it.

    Args:
        store: The store.
        serving_state: Returns the state that answers requests; rules are checked with its
            catalogue.
        retrain: Policy with which the server was started.
        retention: Retention with which the server was started.
    """

    store: Store
    serving_state: Callable[[], ServingState]
    retrain: RetrainPolicy | None = None
    retention: Retention | None = None
    current: ShopPolicy = field(default_factory=ShopPolicy)
    """The policy that is in force."""

    def __post_init__(self) -> None:
        """Read the policy."""
        self.refresh()

    def refresh(self) -> None:
        """Read the policy, which another process may have changed."""
        try:
            self.current = ShopPolicy.from_dict(self.store.settings().get(POLICY_SETTING, {}))
        except (ConfigError, TypeError) as error:
            log.error("the stored policy is not used: %s", error)

    def put(self, policy: ShopPolicy) -> None:
        """Store a policy and put it into force.

        Raises:
            FilterError: A filter cannot be parsed, or a column does not exist.
        """
        self._compiler.compile(policy.rules)
        self.store.settings({POLICY_SETTING: policy.to_dict()})
        self.current = policy

    def reset(self) -> None:
        """Remove the policy: no rules; retraining and retention as servers were started."""
        self.put(ShopPolicy())

    def preview(self, policy: ShopPolicy) -> list[RulePreview]:
        """Return which items each rule would apply to.

        Raises:
            FilterError: A filter cannot be parsed, or a column does not exist.
        """
        compiler = self._compiler
        compiled, available = compiler.compile(policy.rules), compiler.available()
        previews = []
        if policy.where.strip():
            hidden = available & ~compiled.allowed
            previews.append(self._preview("where", policy.where, None, hidden))
        for boost, mask in compiled.boosts:
            factor = math.exp(boost.value)
            lifted = mask & compiled.allowed
            previews.append(self._preview("boost", boost.where, factor, lifted))
        return previews

    def compiled(self, compiler: RuleCompiler) -> CompiledRules | None:
        """Return the rules of all lists for a catalogue; None: there are none.

        Rules that the catalogue cannot apply any more, as after a column has gone, are left
        out: a list is better than none.
        """
        rules = self.current.rules
        if not rules.where.strip() and not rules.boosts:
            return None
        try:
            return compiler.compile(rules)
        except FilterError as error:
            log.error("the rules of the shop are not applied: %s", error)
            return None

    @property
    def _compiler(self) -> RuleCompiler:
        return self.serving_state().ranker.rule_compiler

    def _preview(self, kind: str, where: str, factor: float | None, mask: Mask) -> RulePreview:
        ids = self.serving_state().catalogue.items.ids.ids
        rows = np.flatnonzero(mask)
        examples = tuple(ids[row] for row in rows[:MAX_EXAMPLES].tolist())
        return RulePreview(kind, where, factor, len(rows), examples)


def with_shop_rules(
    compiled: list[CompiledRules], shop: CompiledRules | None
) -> list[CompiledRules]:
    """Return rules of lists with those of the shop; equal rules stay the same object."""
    if shop is None:
        return compiled
    joined: dict[int, CompiledRules] = {}
    for one in compiled:
        if id(one) not in joined:
            allowed, boosts = one.allowed & shop.allowed, (*one.boosts, *shop.boosts)
            joined[id(one)] = replace(one, allowed=allowed, boosts=boosts)
    return [joined[id(one)] for one in compiled]
