"""What a live service may be asked to do besides answering."""

from dataclasses import dataclass, field

from daybreak.ranking.exploration import Exploring
from daybreak.ranking.exposure import Budget
from daybreak.service.privacy import Pseudonyms, Retention
from daybreak.service.retrain_policy import RetrainPolicy


@dataclass(frozen=True)
class LiveOptions:
    """What a service may be asked to do besides answering."""

    pseudonyms: Pseudonyms | None = None
    """Replaces ids of users by keyed hashes before anything is kept."""
    retention: Retention | None = None
    """How long events and answers are kept; None: for good."""
    retrain: RetrainPolicy | None = None
    """When to train again; None: when somebody asks for it."""
    train_options: tuple[str, ...] = ()
    """Further options of ``daybreak train``, as in ``("--budget", "600")``."""
    explore: bool = False
    """Whether new items are tried out on askers who do not say; any request may ask for it."""
    exposure: Budget = field(default_factory=Budget)
    """What every new item is promised."""
    exploring: Exploring = field(default_factory=Exploring)
    """Which places of a list it may take, and how boldly."""
