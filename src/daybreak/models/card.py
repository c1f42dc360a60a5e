"""Model cards: what the rest of Daybreak needs to know about a model, in the model's own file.

The default strategies, the search of options and the table of ``docs/models.md`` come from the
cards of the registered models. ``python -m daybreak.models`` prints the table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Categorical", "ModelCard", "Range", "SearchSpace", "render_table"]


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included.

    Example:
        >>> Range(0.1, 10, log=True).round_value(2.34567)
        2.35
    """

    low: float
    high: float
    log: bool = False
    """Whether values are drawn on a logarithmic scale."""
    is_integer: bool = False
    """Whether only whole numbers are allowed."""

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(
            value, int if self.is_integer else (int, float)
        ):
            return False
        return self.low <= value <= self.high

    def round_value(self, value: Any) -> int | float:
        """Return the value rounded to three significant digits, or to a whole number."""
        return int(value) if self.is_integer else float(f"{value:.3g}")


@dataclass(frozen=True)
class Categorical:
    """One of several values."""

    values: tuple[Any, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def round_value(self, value: Any) -> Any:
        """Return the value unchanged."""
        return value


SearchSpace = Mapping[str, Range | Categorical]
"""Option names to the values that a search may try."""


@dataclass(frozen=True)
class ModelCard:
    """What a model tells about itself.

    Example:
        >>> card = ModelCard(strategies={"top": {}}, inputs="nothing", formula="log count")
        >>> print(render_table({"popular": card}).splitlines()[-1])
        | `popular` | nothing |  | log count | – | – | – |
    """

    strategies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Default strategies that use the model: name to options. A model without any takes part in
    benchmarks only."""
    fitted_on: Literal["ordinary", "says", "again", "customers", "sources", "next"] = "ordinary"
    """Simulated queries on which the weight of the strategies is fitted: ``ordinary`` together
    with all others, ``says`` on spoken wishes, ``again`` on repeat consumption, ``customers``
    on customers who are left out one by one in a shop of few, ``sources`` on users whose events
    in the target are hidden, the last four with the rest of the blend fixed. ``next``: with
    ordinary ones on next events, in trainings for these."""
    is_default: bool = True
    """Whether trainings use the strategies unless others are named; if not, they only take part
    when they are named."""
    is_slow: bool = False
    """Whether the default strategies take part only in trainings that have a time budget."""
    search_space: SearchSpace = field(default_factory=dict)
    """Options worth searching. An option that makes another strategy, such as the window of
    ``popular``, is not one of them."""
    inputs: str = ""
    """Parts of a query that the model reads."""
    use: str = ""
    """Cases that the model is good for."""
    formula: str = ""
    """The score, in one line."""
    source: str = "–"
    """Publication and equation."""
    cost: str = "–"
    """Operations of a training, in ``n`` items, ``u`` users and ``e`` events."""
    memory: str = "–"
    """Numbers (4 bytes each) that a training holds."""


def render_table(cards: Mapping[str, ModelCard]) -> str:
    """Return the Markdown table of models, one row a card.

    Args:
        cards: Cards by the name of the model, in the order of the rows.
    """
    heading = ("model", "reads", "good for", "score", "source", "cost", "memory")
    rows = [
        (f"`{name}`", card.inputs, card.use, card.formula, card.source, card.cost, card.memory)
        for name, card in cards.items()
    ]
    return "\n".join([_row(heading), _row(["---"] * len(heading)), *map(_row, rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
