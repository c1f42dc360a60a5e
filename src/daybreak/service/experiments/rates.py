"""Click rates of the last hour, for whoever watches the service."""

from collections import Counter, deque
from collections.abc import Sequence
from threading import Lock

import polars as pl

from daybreak.service.experiments.attributing import attributed, places
from daybreak.service.experiments.experiment import Experiment
from daybreak.store.journal import Journal

LAG_S = 300.0
"""Answers are counted when they are so old: by then most clicks have come [s]."""
STEP_S = 60.0
"""How long answers are gathered before they are counted, all at once [s]."""
LONGEST_S = 600.0
"""Longest time that is counted at once: what nobody asked for earlier is not made up [s]."""
RECENT_S = 3600.0
"""How long counts are kept [s]."""


class ClickRates:
    """Counts each answer once, a few minutes after it was given, however often it is asked.

    This says whether something is broken, and not which variant is better: reports do.

    Args:
        journal: Where answers and reactions are.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = Lock()
        self._upto = float("-inf")
        self._parts: deque[tuple[float, Counter[str], Counter[str]]] = deque()

    def rates(self, running: Sequence[Experiment], at: float) -> dict[str, float]:
        """Return the share of places with a click, by ``experiment/variant``.

        Args:
            running: Whose.
            at: What time it is, epoch [s].
        """
        with self._lock:
            if at - LAG_S - self._upto >= STEP_S:
                self._count(running, at)
            while self._parts and self._parts[0][0] < at - RECENT_S:
                self._parts.popleft()
            shown, clicked = Counter[str](), Counter[str]()
            for _, more_shown, more_clicked in self._parts:
                shown.update(more_shown)
                clicked.update(more_clicked)
        return {name: clicked[name] / count for name, count in shown.items()}

    def _count(self, running: Sequence[Experiment], at: float) -> None:
        start, end = max(self._upto, at - LAG_S - LONGEST_S), at - LAG_S
        shown, clicked = Counter[str](), Counter[str]()
        for plan in running:
            answers = self._journal.answers(experiment=plan.id, since=start, until=end)
            seen = places([answer for answer in answers if not answer.shadow], plan.unit)
            reactions = self._journal.reactions(experiment=plan.id, since=start)
            found = attributed(seen, reactions, plan.attribution)
            counts = found.group_by("variant").agg(pl.len(), pl.col("clicked").sum())
            for variant, places_, clicks in counts.rows():
                shown[f"{plan.id}/{variant}"] += places_
                clicked[f"{plan.id}/{variant}"] += round(clicks)
        self._upto = end
        self._parts.append((end, shown, clicked))
