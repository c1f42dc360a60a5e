"""What people saw and did in an experiment, added up piece by piece."""

from dataclasses import dataclass
from typing import Self

import polars as pl

from daybreak.service.experiments.attributing import attributed, places
from daybreak.service.experiments.experiment import Experiment
from daybreak.service.experiments.knowledge import Knowledge
from daybreak.service.experiments.measures import enriched, sums_of
from daybreak.service.experiments.people import People
from daybreak.service.experiments.pieces import Distinct, RunningSums, pieces
from daybreak.store.journal import Journal


@dataclass(frozen=True, eq=False)
class Served:
    """Sums by person, and which items each variant showed."""

    sums: pl.DataFrame
    """Of :func:`.sums_of`, with ``group``: for which variant the person counts."""
    items: pl.DataFrame
    """``variant`` and ``item_id``, each pair once."""

    @classmethod
    def of(
        cls,
        plan: Experiment,
        journal: Journal,
        people: People,
        reactions: pl.DataFrame,
        known: Knowledge,
    ) -> Self:
        """Read what people saw; there is never more than a piece of it in memory."""
        sums, items = RunningSums("unit"), Distinct()
        for part in pieces(journal, people.answers):
            served = attributed(places(part, plan.unit), reactions, plan.attribution)
            full = enriched(served, known, plan.attribution)
            sums.add(sums_of(full, "unit"))
            items.add(full.select("variant", "item_id"))
        total = sums.total().join(people.order, on="unit", how="left", maintain_order="left")
        return cls(total, items.rows())

    def of_group(self, variant: str) -> pl.DataFrame:
        """Return the sums of each person of a variant."""
        return self.sums.filter(pl.col("group") == variant)

    def n_items(self, variant: str) -> int:
        """Return how many different items a variant showed."""
        return self.items.filter(pl.col("variant") == variant).height
