"""Plan of the simulated cold starts of a training: where the prior is sure, fewer are run.

A simulation asks questions, and the prior counts as many as it is worth. What the questions of
another simulation can still change follows from both numbers before it is run, see
:func:`expected_change`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daybreak.data.dataset import Dataset
from daybreak.ranking.blending.arrival_shift import ItemArrivals
from daybreak.ranking.blending.prior import PriorWeights
from daybreak.ranking.blending.shrinkage import fitted_share
from daybreak.ranking.blending.tasks import MIN_QUERIES
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.ranking.blending.wish_weights import PRIOR_QUERIES
from daybreak.simulation.holdout import ITEM_FRACTION, USER_FRACTION
from daybreak.simulation.queries import MAX_QUERIES
from daybreak.simulation.splits import (
    KNOWN_USER_FACTOR,
    SOURCE_KIND,
    count_random_fit_splits,
)
from daybreak.simulation.statements import MAX_SPEAKERS

MIN_CHANGE = 0.05
"""Smallest share of the uncertainty of the prior that the questions of a further simulation
must remove, to be asked. On MovieLens 100K, new items in one list with others lost 5 % without
the questions of the third simulation about users, which remove 6 to 9 %."""
MIN_WISH_CHANGE = 0.1
"""The same for wishes: their weight is one number, and hardly any value loses much."""
MIN_NEW_ITEM_CHANGE = 0.03
"""The same for items without events: all of their queries share the few hidden items, whose
choice decides how the bias ranks them among the others."""
MIN_APPLIED_SHARE = 0.12
"""Smallest mean share of the shift of arrivals that applies to the items without events, for it
to be measured."""


@dataclass(frozen=True)
class SimulationPlan:
    """Which simulated cold starts are run, and what each of them asks."""

    asked: tuple[frozenset[str] | None, ...]
    """Kinds of queries of each random split; None: all."""
    has_arrivals: bool = True
    """Whether the newest items are held out, if times are known."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Why something is left out, in words for the report, by what it is."""

    @classmethod
    def complete(cls, data: Dataset) -> "SimulationPlan":
        """Return the plan of a training that leaves nothing out."""
        return cls((None,) * count_random_fit_splits(data))

    def to_report(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {
            "random": [
                "all queries" if kinds is None else sorted(kinds) for kinds in self.asked
            ],
            "arrival": self.has_arrivals,
            "skipped": dict(self.skipped),
        }


@dataclass(frozen=True)
class KindQuestions:
    """What one random split asks about some weights, and what the prior counts for them."""

    kinds: tuple[str, ...]
    """Kinds of queries."""
    name: str
    """What they are about, in words."""
    questions: float
    """Number of questions of one split, at a level of events."""
    prior_questions: float
    """Number of questions that count as much as the prior."""
    min_change: float = MIN_CHANGE

    def is_asked(self, done: int) -> bool:
        """Return whether another split asks, after a number of splits that did.

        Weights with fewer than ``MIN_QUERIES`` questions are not fitted, so that they always
        need more.
        """
        known = done * self.questions
        change = expected_change(known, self.questions, self.prior_questions)
        return known < MIN_QUERIES or change >= self.min_change


def expected_change(known: float, added: float, prior_questions: float) -> float:
    """Return the share of the uncertainty of the prior that further questions remove.

    With a prior worth ``P`` questions and ``n`` simulated ones, the posterior variance of a
    weight is the share ``P / (P + n)`` of that of the prior. Without a prior, nothing but
    simulations tells anything: 1.

    Args:
        known: Number of simulated questions so far.
        added: Number of questions that the next simulation asks.
        prior_questions: Number of questions that count as much as the prior.

    Source:
        Raiffa and Schlaifer 1961, "Applied statistical decision theory", section 5.3 (the
        expected reduction of the variance by a sample, for a normal prior).

    Example:
        >>> expected_change(0, 100, 100), round(expected_change(300, 100, 100), 3)
        (0.5, 0.05)
    """
    if prior_questions <= 0:
        return 1.0
    before = prior_questions / (prior_questions + known)
    return before - prior_questions / (prior_questions + known + added)


def plan_simulations(
    data: Dataset, prior: PriorWeights, arrivals: ItemArrivals
) -> SimulationPlan:
    """Return the simulations that can change the weights of the prior enough.

    The first random split asks everything. Each further one asks the kinds of questions that
    still remove enough of the uncertainty of the prior, and is not run if none does. The newest
    items are held out only where the items without events are arrivals with a probability that
    matters; the shift of arrivals is applied in proportion to it.

    Args:
        data: Training data.
        prior: Prior weights, with the numbers of questions that they count.
        arrivals: Probabilities of the items without events to be arrivals.
    """
    possible = count_random_fit_splits(data)
    asked: list[frozenset[str] | None] = [None]
    skipped: dict[str, str] = {}
    groups = count_questions(data, prior)
    for done in range(1, possible):
        wanted = [group for group in groups if group.is_asked(done)]
        for group in (one for one in groups if one not in wanted):
            skipped.setdefault(
                group.name,
                f"asked in {done} of {possible} simulations: to {done * group.questions:.0f} "
                f"questions and the {group.prior_questions:.0f} that the prior counts, another "
                f"simulation adds less than {group.min_change:.0%} of what is not known",
            )
        if not wanted:
            break
        kinds = frozenset(kind for group in wanted for kind in group.kinds)
        asked.append(None if len(wanted) == len(groups) else kinds)
    applied = arrivals.mean * fitted_share(MAX_QUERIES, prior.shift_questions)
    has_arrivals = not prior.weights.any() or applied >= MIN_APPLIED_SHARE
    if data.events.has_time_order and not has_arrivals:
        skipped["the newest items"] = (
            "not held out: the items without events are no late arrivals, so that what is "
            f"measured with the newest items would count {applied:.0%}"
        )
    return SimulationPlan(tuple(asked), has_arrivals, skipped)


def count_questions(data: Dataset, prior: PriorWeights) -> tuple[KindQuestions, ...]:
    """Return what a random split of a shop asks, by the weights that it is about.

    Args:
        data: Training data.
        prior: Prior weights; without any, its questions count nothing.
    """
    n_levels, n_users = len(EVENT_LEVELS), len(data.active_user_rows)
    counts = float(prior.weights.any())
    known = min((1 - USER_FRACTION) * n_users, KNOWN_USER_FACTOR * MAX_QUERIES) / n_levels
    groups = [
        KindQuestions(
            ("new_user",), "new users", USER_FRACTION * n_users, prior.questions * counts
        ),
        KindQuestions(("user",), "known users", known, prior.questions * counts),
    ]
    if data.sources is not None:  # their weights have no prior
        groups.append(KindQuestions((SOURCE_KIND,), "users of sources", MAX_QUERIES, 0.0))
    if data.items.blocks:
        hidden = min(ITEM_FRACTION * len(data.train_item_rows), MAX_QUERIES)
        speakers = min(USER_FRACTION * n_users, 2 * MAX_SPEAKERS) / n_levels
        sure = min(prior.new_questions, prior.bias_questions) * counts
        groups += [
            KindQuestions(
                ("new_item",), "items without events", hidden, sure, MIN_NEW_ITEM_CHANGE
            ),
            KindQuestions(
                ("says", "about"),
                "wishes",
                speakers,
                PRIOR_QUERIES * counts,
                MIN_WISH_CHANGE,
            ),
        ]
    return tuple(groups)
