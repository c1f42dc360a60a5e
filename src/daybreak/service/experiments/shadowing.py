"""What variants that nobody saw would have shown, beside what was shown."""

import polars as pl

from daybreak.service.experiments.attributing import KEY, attributed, places
from daybreak.service.experiments.experiment import Experiment
from daybreak.service.experiments.knowledge import Knowledge
from daybreak.service.experiments.measures import enriched
from daybreak.service.experiments.people import People
from daybreak.service.experiments.pieces import Distinct, pieces
from daybreak.service.experiments.report import Shadow
from daybreak.service.experiments.variant import shadow_suffix
from daybreak.store.journal import Answer, Journal


class Shadowing:
    """Compares shadows with what people saw, piece by piece.

    Args:
        plan: The experiment.
        journal: Where its answers are.
        people: Who saw which of them.
        reactions: What came of these.
        known: What is known of the items.
    """

    def __init__(
        self,
        plan: Experiment,
        journal: Journal,
        people: People,
        reactions: pl.DataFrame,
        known: Knowledge,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._shown = frozenset(people.answers)
        self._reactions = reactions
        self._known = known

    def of(self, name: str, heads: pl.DataFrame) -> Shadow:
        """Return what a variant would have shown.

        Args:
            name: Of the variant.
            heads: Of all answers of the experiment; see :meth:`.Journal.answer_heads`.
        """
        mine = heads.filter(pl.col("shadow") & (pl.col("variant") == name))
        items, parts = Distinct(), []
        for part in pieces(self._journal, mine["id"]):
            would = places(part, self._plan.unit)
            items.add(would.select("item_id"))
            parts.append(self._alone(would).hstack(self._beside(would, name)))
        total = pl.concat(parts).sum().row(0, named=True)
        n_items = items.rows().height
        return Shadow(
            name=name,
            answers=mine.height,
            items=n_items,
            coverage=n_items / self._known.n_items if self._known.n_items else None,
            diversity=_ratio(total["diversity"], total["lists"]),
            cold_exposure=_ratio(total["cold"], total["places"]) or 0.0,
            explored=_ratio(total["explored"], total["places"]) or 0.0,
            agreement=_ratio(total["kept"], total["places"]),
            clicks_kept=_ratio(total["clicks_kept"], total["clicks"]),
        )

    def _alone(self, would: pl.DataFrame) -> pl.DataFrame:
        """Return sums over what would have been shown."""
        none = pl.lit(0.0)
        nothing = would.with_columns(clicked=none, converted=none, opinion=none, told=none)
        full = enriched(nothing, self._known, self._plan.attribution)
        return full.select(
            places=pl.len().cast(pl.Float64),
            diversity=pl.col("diversity").sum(),
            lists=pl.col("diversity").count().cast(pl.Float64),
            cold=pl.col("cold").sum(),
            explored=pl.col("explored").sum(),
        )

    def _beside(self, would: pl.DataFrame, name: str) -> pl.DataFrame:
        """Return sums over what was shown instead."""
        suffix = shadow_suffix(name)
        real = would.with_columns(pl.col("recommendation_id").str.strip_suffix(suffix))
        shown = places(self._answers(real["recommendation_id"]), self._plan.unit)
        served = attributed(shown, self._reactions, self._plan.attribution)
        both = served.join(real.select(KEY).with_columns(kept=1.0), on=KEY, how="left")
        clicked = pl.col("clicked") > 0
        return both.select(
            kept=pl.col("kept").sum(),
            clicks=clicked.sum().cast(pl.Float64),
            clicks_kept=pl.col("kept").filter(clicked).sum(),
        )

    def _answers(self, ids: pl.Series) -> list[Answer]:
        shown = [id_ for id_ in ids.unique(maintain_order=True) if id_ in self._shown]
        return self._journal.answers(ids=shown)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
