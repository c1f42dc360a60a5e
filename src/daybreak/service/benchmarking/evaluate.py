"""Reports about a recommender: its settings, trained again on splits of the data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, Self

import polars as pl

from daybreak.data import EventRules, Tables
from daybreak.encoders.profile import SOURCE_ITEMS_COLUMN
from daybreak.evaluation import Report, Slice, SplitPlan, make_plans, measure
from daybreak.evaluation.baselines import BASELINES, reads_times
from daybreak.service.inputs.sources import SourceTables
from daybreak.simulation.slices import FEW_SHOT_SLICES
from daybreak.simulation.table_slices import PAIR_COLUMNS

USER_SLICES = (
    "cold_user_nothing",
    "cold_user_profile",
    *FEW_SHOT_SLICES,
)
ITEM_SLICES = ("cold_item", "cold_item_all")
WITHOUT_SOURCES = "without_sources"
"""Name of the system that is trained without the sources."""
JOINT_PROTOCOL_NOTE = " The training also lacks the {} of the other slices."
JOINT_TARGETS_NOTE = " Events with these items are relevant as well."


def make_joint_plan(tables: Tables, seed: int = 0) -> SplitPlan:
    """Return one plan that holds out users and items from the same training.

    One training instead of two halves the time. Both kinds of queries become slightly harder,
    because fewer events are left to learn from.

    Args:
        tables: The whole data set.
        seed: Seed of everything that is drawn.

    Raises:
        DataError: There is too little data to hold anything out.

    Example:
        >>> shop = [(f"u{n}", f"i{n * m % 7}") for n in range(20) for m in (1, 2, 3)]
        >>> events = pl.DataFrame(shop, ["user_id", "item_id"], orient="row")
        >>> plan = make_joint_plan(Tables.of(events))
        >>> [slice_.name for slice_ in plan.slices][-2:]
        ['cold_item', 'cold_item_all']
    """
    items = make_plans(tables, slices=ITEM_SLICES, seed=seed)[0]
    users = make_plans(items.train, slices=USER_SLICES, seed=seed)[0]
    known_users = users.train.users["user_id"]
    trained = items.train.events["item_id"].unique()
    hidden = tables.events.filter(~pl.col("item_id").is_in(trained.implode()))
    note = JOINT_PROTOCOL_NOTE.format("items") + JOINT_TARGETS_NOTE
    slices = [
        replace(_add_targets(slice_, hidden), protocol=slice_.protocol + note)
        for slice_ in users.slices
    ]
    slices += [
        replace(
            _restrict_to_users(slice_, known_users),
            protocol=slice_.protocol + JOINT_PROTOCOL_NOTE.format("users"),
        )
        for slice_ in items.slices
    ]
    notes = tuple(dict.fromkeys((*items.notes, *users.notes)))
    return replace(users, name="new users and items", slices=tuple(slices), notes=notes)


def _add_targets(slice_: Slice, events: pl.DataFrame) -> Slice:
    """Return the slice with the events of its users as further targets."""
    users = pl.Series(slice_.users, dtype=pl.String)
    added = events.filter(pl.col("user_id").is_in(users.implode())).select(PAIR_COLUMNS)
    return replace(
        slice_, targets=pl.concat([slice_.targets, added]).unique().sort(PAIR_COLUMNS)
    )


def _restrict_to_users(slice_: Slice, users: pl.Series) -> Slice:
    """Return the slice with the queries of these users only."""

    def of_users(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("user_id").is_in(users.implode()))

    targets = of_users(slice_.targets)
    return replace(
        slice_,
        users=tuple(targets["user_id"].unique().sort()),
        targets=targets,
        history=of_users(slice_.history),
        exclude=of_users(slice_.exclude),
        times=of_users(slice_.times),
    )


class Evaluable(Protocol):
    """Settings of a recommender that can be trained again on a part of the data."""

    seed: int

    def clone(
        self, strategies: Sequence[str] | None = None, rules: EventRules | None = None
    ) -> Self:
        """Return a recommender with the same settings, not fitted."""
        ...

    def fit(self, data: Any, *, sources: Any = ()) -> Self:
        """Train on a data set, with other shops as sources."""
        ...


def evaluate_recommender(  # noqa: PLR0913 - public keywords
    model: Evaluable,
    tables: Tables,
    rules: EventRules,
    *,
    k: int = 10,
    slices: Sequence[str] | None = None,
    also: Sequence[str] = (),
    cold_items: Literal["random", "newest"] = "random",
    sources: Sequence[SourceTables] = (),
    progress: Any = None,
) -> Report:
    """Return a report about a recommender and the baselines.

    Args:
        model: Recommender whose settings are evaluated; its fitted models are not used.
        tables: Data set of the target.
        rules: Rules that say which events are positive.
        k: Length of the lists.
        slices: Names of slices; None: all that the data allow.
        also: Names of strategies that are evaluated alone as well.
        cold_items: How new items are chosen: ``"random"`` or ``"newest"``.
        sources: Other shops to learn from. Held-out users keep what they chose there; the
            same recommender without them is evaluated as ``without_sources``.
        progress: Called with the number of finished steps, of all steps, and the next step.
    """
    signs = rules.resolve(tables.events).signs(tables.events)
    plans = make_plans(
        tables,
        slices=slices,
        positive=signs > 0,
        cold_items=cold_items,
        seed=model.seed,
    )
    systems = {"daybreak": _training_system(model.clone(rules=rules), sources)}
    if sources:
        systems[WITHOUT_SOURCES] = _training_system(model.clone(rules=rules))
    for name in (name for name in also if name not in BASELINES):  # measured in any case
        systems[name] = _training_system(model.clone([name], rules))
    return measure(systems, plans, k=k, progress=progress)


def _training_system(model: Evaluable, sources: Sequence[SourceTables] = ()) -> Any:
    if sources:
        return lambda train: model.clone().fit(train, sources=list(sources))
    return lambda train: _SystemWithoutSources(model.clone().fit(_without_source_items(train)))


@dataclass(frozen=True)
class _SystemWithoutSources:
    """A recommender without sources, to which nobody says what users chose in them."""

    fitted: Any

    def recommend(
        self,
        users: Sequence[str],
        *,
        profiles: pl.DataFrame | None = None,
        times: pl.DataFrame | None = None,
        **options: Any,
    ) -> pl.DataFrame:
        """Return the lists of the recommender."""
        if profiles is not None:
            profiles = profiles.drop(SOURCE_ITEMS_COLUMN, strict=False)
        if times is not None and reads_times(self.fitted):
            options["times"] = times
        answer: pl.DataFrame = self.fitted.recommend(users, profiles=profiles, **options)
        return answer


def _without_source_items(tables: Tables) -> Tables:
    """Return tables without the column of what users chose in sources."""
    return replace(tables, users=tables.users.drop(SOURCE_ITEMS_COLUMN, strict=False))
