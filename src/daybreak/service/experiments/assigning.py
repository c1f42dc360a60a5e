"""Who gets which variant: a hash of the person, so nothing needs to be remembered."""

from collections.abc import Sequence
from hashlib import blake2b

from daybreak.service.experiments.experiment import Experiment
from daybreak.service.experiments.variant import Assignment, Variant

STEPS = 1 << 64


def place(salt: str, purpose: str, key: str) -> float:
    """Return where a key falls in [0, 1): the same on every machine, spread evenly.

    Places of other salts or purposes are independent of it.

    Example:
        >>> round(place("s", "share", "ann"), 4), round(place("s", "variant", "ann"), 4)
        (0.5636, 0.1057)
    """
    parts = "\x1f".join((salt, purpose, key)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(parts, digest_size=8).digest(), "big") / STEPS


def takes_part(plan: Experiment, key: str) -> bool:
    """Tell whether somebody is in the experiment.

    Who is in at one share is in at any larger one, so growing it never throws anybody out.
    """
    return place(plan.salt, "share", key) < plan.share


def variant_of(plan: Experiment, key: str) -> Variant:
    """Return the variant of somebody; the share plays no role, so it never changes it."""
    shown = plan.shown
    left = place(plan.salt, "variant", key) * sum(variant.weight for variant in shown)
    for variant in shown[:-1]:
        left -= variant.weight
        if left < 0:
            return variant
    return shown[-1]


def unit_key(plan: Experiment, user: str | None, session: str | None) -> str | None:
    """Return the key whose hash decides; None when nobody is named."""
    if plan.unit == "session":
        return session or user
    return user or session


def assign(
    running: Sequence[Experiment],
    user: str | None,
    session: str | None = None,
    scenario: str | None = None,
) -> Assignment | None:
    """Return what one request is part of; None: of nothing.

    A request is part of one experiment at most: the first of ``running`` that its scenario
    fits and in whose share the person is.
    """
    for plan in running:
        key = unit_key(plan, user, session)
        if plan.scenario not in (None, scenario) or key is None:
            continue
        if takes_part(plan, key):
            return Assignment(plan.id, variant_of(plan, key), plan.shadows, plan.releases)
    return None
