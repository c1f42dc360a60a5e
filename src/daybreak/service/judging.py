"""Judge a recommender's settings on hidden parts of data."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, Self

from daybreak.data import EventRules
from daybreak.evaluation import Report, make_plans, measure
from daybreak.service.inputs import as_tables


class Judged(Protocol):
    """What can be judged: settings that can learn again from a part of the data."""

    rules: EventRules | None
    seed: int

    def again(
        self, strategies: Sequence[str] | None = None, rules: EventRules | None = None
    ) -> Self:
        """Return the same settings, not fitted."""
        ...

    def fit(self, data: Any) -> Self:
        """Learn."""
        ...


def judge(  # noqa: PLR0913 - what an evaluation can be asked
    model: Judged,
    data: Any,
    items: Any = None,
    users: Any = None,
    *,
    k: int = 10,
    slices: Sequence[str] | None = None,
    also: Sequence[str] = (),
    cold_items: Literal["random", "newest"] = "random",
    progress: Any = None,
) -> Report:
    """Return a report of the recommender beside random and popular, per slice.

    Args:
        model: Whose settings are judged; what it has learned is not used.
        data: As for :meth:`Recommender.fit`.
        items: As for ``fit``.
        users: As for ``fit``.
        k: Length of the lists.
        slices: Names of slices; default: all that the data allow.
        also: Strategies to be judged each alone, too.
        cold_items: ``"random"`` or ``"newest"``: which items are hidden.
        progress: Called with (done, total, what).
    """
    tables, rules, _ = as_tables(data, items, users, model.rules)
    signs = rules.resolve(tables.events).signs(tables.events)
    plans = make_plans(
        tables,
        slices=slices,
        positive=signs > 0,
        cold_items=cold_items,
        seed=model.seed,
    )
    systems = {"daybreak": _learner(model.again(rules=rules))}
    for name in also:
        systems[name] = _learner(model.again([name], rules))
    return measure(systems, plans, k=k, progress=progress)


def _learner(model: Judged) -> Any:
    return lambda train: model.again().fit(train)
