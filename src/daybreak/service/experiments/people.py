"""Who takes part in an experiment, and where they count."""

from dataclasses import dataclass
from typing import Self

import polars as pl

from daybreak.service.experiments.attributing import WHO
from daybreak.service.experiments.experiment import Experiment


@dataclass(frozen=True, eq=False)
class People:
    """Everybody who was shown something."""

    answers: pl.Series
    """Ids of the answers that they saw, the oldest first."""
    order: pl.DataFrame
    """Each person once, ``unit`` and ``group`` (the variant they saw first, for which they
    count), in the order in which they came."""
    crossed: int
    """How many saw more than one variant."""

    @classmethod
    def of(cls, plan: Experiment, heads: pl.DataFrame) -> Self:
        """Find them.

        Args:
            plan: The experiment.
            heads: Of its answers; see :meth:`.Journal.answer_heads`.
        """
        mine = seen(plan, heads).with_columns(unit=_unit(plan)).drop_nulls("unit")
        people = mine.group_by("unit", maintain_order=True).agg(
            group=pl.col("variant").first(), n=pl.col("variant").n_unique()
        )
        return cls(mine["id"], people.drop("n"), int((people["n"] > 1).sum()))


def seen(plan: Experiment, heads: pl.DataFrame) -> pl.DataFrame:
    """Return the heads of answers that showed something of a variant that people see."""
    names = [variant.name for variant in plan.shown]
    return heads.filter(~pl.col("shadow") & pl.col("variant").is_in(names) & pl.col("listed"))


def _unit(plan: Experiment) -> pl.Expr:
    named = (pl.when(pl.col(name) != "").then(pl.col(name)) for name in WHO[plan.unit])
    return pl.coalesce(*named)
