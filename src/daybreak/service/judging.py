"""Judge a recommender's settings on hidden parts of data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from daybreak.evaluation import Report, make_plans, measure
from daybreak.service.inputs import as_tables

if TYPE_CHECKING:
    from daybreak.service.recommender import Recommender


def judge(  # noqa: PLR0913 - what an evaluation can be asked
    model: "Recommender",
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
    from daybreak.service.recommender import Recommender  # noqa: PLC0415 - it calls this

    tables, rules, _ = as_tables(data, items, users, model.rules)
    signs = rules.resolve(tables.events).signs(tables.events)
    plans = make_plans(
        tables,
        slices=slices,
        positive=signs > 0,
        cold_items=cold_items,
        seed=model.seed,
    )
    systems = {"daybreak": lambda train: model.again().fit(train)}
    for name in also:
        systems[name] = lambda train, name=name: Recommender(  # type: ignore[misc]
            strategies=[name], encoder=model.encoder, rules=rules, seed=model.seed
        ).fit(train)
    return measure(systems, plans, k=k, progress=progress)
