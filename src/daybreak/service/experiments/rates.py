"""Click rates of the last hour, for whoever watches the service."""

from collections.abc import Sequence

import polars as pl

from daybreak.service.experiments.attributing import attributed, places
from daybreak.service.experiments.experiment import Experiment
from daybreak.store.journal import Journal

RECENT_S = 3600.0
"""Answers that count [s]; so few that they can be read again and again."""


def recent_rates(
    journal: Journal, running: Sequence[Experiment], at: float
) -> dict[str, float]:
    """Return the share of places with a click, by ``experiment/variant``.

    Only answers of the last hour count, so this says whether something is broken, and not which
    variant is better: that is what reports are for.

    Args:
        journal: Where answers and reactions are.
        running: Whose.
        at: What time it is, epoch [s].
    """
    found: dict[str, float] = {}
    for plan in running:
        answers = journal.answers(experiment=plan.id, since=at - RECENT_S)
        shown = places([answer for answer in answers if not answer.shadow], plan.unit)
        reactions = journal.reactions(experiment=plan.id, since=at - RECENT_S)
        clicked = attributed(shown, reactions, plan.attribution)
        rates = clicked.group_by("variant").agg(pl.col("clicked").mean())
        found |= {f"{plan.id}/{variant}": float(rate) for variant, rate in rates.rows()}
    return found
