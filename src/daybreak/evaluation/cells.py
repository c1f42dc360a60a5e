"""One system on one slice: the values that a report is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from daybreak.evaluation.intervals import Interval
from daybreak.evaluation.metrics import OVERALL, PER_USER
from daybreak.types import Doubles

METRICS = (*PER_USER, *OVERALL)
"""Every metric of a cell."""
TITLES = {
    "ndcg": "NDCG",
    "recall": "recall",
    "hit": "hit",
    "mrr": "MRR",
    "diversity": "diversity",
    "novelty": "novelty",
    "cold_share": "cold share",
    "popularity": "popularity",
    "coverage": "coverage",
    "gini": "Gini",
}
"""What people call the metrics."""


@dataclass(frozen=True)
class SliceInfo:
    """A slice as a reader needs it: protocol, and counts of users, targets, candidates."""

    name: str
    protocol: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Cell:
    """One system on one slice.

    ``values`` has an interval for each of ``METRICS`` (``low`` and ``high`` are NaN for those
    that are no means over users), ``per_user`` (n_users,) values for each of ``ACCURACY``,
    ``dropped`` the rows of answers that did not count, by reason, ``served`` the users with a
    list; ``fit_s`` is the training that the slice shares with others, ``answer_s`` the answer.
    """

    slice: str
    system: str
    values: Mapping[str, Interval]
    per_user: Mapping[str, Doubles] = field(repr=False, compare=False)
    dropped: Mapping[str, int]
    served: int
    fit_s: float
    answer_s: float
