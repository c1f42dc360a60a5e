"""The two systems that every other one is measured against."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.evaluation.matrices import UserItemIndex
from daybreak.ranked_lists import top_k
from daybreak.rng import create_generator
from daybreak.types import Rows, Sparse

MAX_SCORES_PER_BLOCK = 1 << 21
"""Scores held at a time [numbers]."""


class SupportsRecommend(Protocol):
    """Whatever answers requests: the recommender, a model of your own, a baseline."""

    def recommend(  # noqa: PLR0913  (one argument for each thing that a request may say)
        self,
        users: Sequence[str],
        *,
        profiles: pl.DataFrame | None = None,
        histories: pl.DataFrame | None = None,
        k: int = 10,
        exclude_seen: bool = True,
        items: Sequence[str] | None = None,
        exclude: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Return ``user_id``, ``item_id``, ``rank`` (from 1) and any further columns.

        Args:
            users: Who asks; ids that were never seen are normal.
            profiles: ``user_id`` and attributes, known at the time of asking.
            histories: Events known at the time of asking, added to what was learned.
            k: Longest list wanted.
            exclude_seen: Leave out items of learned events and of ``histories``.
            items: Candidate ids; None for the whole catalogue.
            exclude: ``user_id``, ``item_id`` pairs never to recommend.
        """
        ...


class Baseline(ABC):
    """Answers that need no more than the events; see :class:`RandomBaseline` and :class:`PopularBaseline`."""

    def __init__(self, train: Tables, seed: int = 0) -> None:
        self.train = train
        self.seed = seed

    def recommend(  # noqa: PLR0913  (the protocol's arguments)
        self,
        users: Sequence[str],
        *,
        profiles: pl.DataFrame | None = None,
        histories: pl.DataFrame | None = None,
        k: int = 10,
        exclude_seen: bool = True,
        items: Sequence[str] | None = None,
        exclude: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Rank the candidates for each user; see :meth:`SupportsRecommend.recommend`."""
        candidates = self.train.items["item_id"].to_list() if items is None else list(items)
        pair = ["user_id", "item_id"]
        seen = [self.train.events, histories] if exclude_seen else []
        frames = [f.select(pair) for f in (*seen, exclude) if f is not None]
        empty = pl.DataFrame(schema=dict.fromkeys(pair, pl.String))
        hidden = UserItemIndex(users, candidates).to_matrix(pl.concat([empty, *frames]))
        rows = self.rank(candidates, hidden, k)
        return _to_frame(users, candidates, rows)

    @abstractmethod
    def rank(self, candidates: Sequence[str], excluded: Sparse, k: int) -> Rows:
        """Return (n_users, k) candidate rows, -1 for none."""


class RandomBaseline(Baseline):
    """Lists drawn at random: what no knowledge at all is worth.

    Example:
        >>> shop = Tables.of(pl.DataFrame({"user_id": ["a"], "item_id": ["tea"]}))
        >>> RandomBaseline(shop).recommend(["new"], k=3).select("user_id", "item_id", "rank").rows()
        [('new', 'tea', 1)]
    """

    def rank(self, candidates: Sequence[str], excluded: Sparse, k: int) -> Rows:
        """Let everything tie; see :meth:`Baseline.rank`."""
        nothing = np.zeros(len(candidates), dtype=np.int64)
        return _top_k_random_ties(
            nothing, excluded, k, create_generator(self.seed, "random baseline")
        )


class PopularBaseline(Baseline):
    """Items by their number of users, the same for everybody but for ties.

    Ties are drawn anew for each user. An order by id would know something that popularity does
    not, as ids often follow age; and one drawn order for all would make the baseline on new
    items, which all tie at none, a single lucky or unlucky list.

    Example:
        >>> rows = [("a", "tea"), ("b", "tea"), ("b", "rum")]
        >>> events = pl.DataFrame(rows, ["user_id", "item_id"], orient="row")
        >>> answer = PopularBaseline(Tables.of(events)).recommend(["a", "new"], k=2)
        >>> answer.select("user_id", "item_id", "rank").rows()
        [('a', 'rum', 1), ('new', 'tea', 1), ('new', 'rum', 2)]
    """

    def rank(self, candidates: Sequence[str], excluded: Sparse, k: int) -> Rows:
        """Walk down the list past what is hidden; see :meth:`Baseline.rank`."""
        counts = self._item_counts(candidates)
        order = np.argsort(-counts, kind="stable")
        most = int(np.bincount(excluded.nonzero()[0], minlength=1).max())
        last = min(len(order), k + most)  # nobody needs to look further down, but for ties
        head = int((counts >= counts[order[last - 1]]).sum()) if last else 0
        order = order[:head]
        rows = _top_k_random_ties(
            counts[order], excluded[:, order], k, create_generator(self.seed, "popular ties")
        )
        return np.where(rows >= 0, np.append(order, -1)[rows], -1)

    def _item_counts(self, candidates: Sequence[str]) -> Rows:
        return np.array(
            [self._n_users_by_item.get(item, 0) for item in candidates], dtype=np.int64
        )

    @cached_property
    def _n_users_by_item(self) -> dict[str, int]:
        pairs = self.train.events.select("user_id", "item_id").unique()
        return dict(pairs["item_id"].value_counts().iter_rows())


def _top_k_random_ties(
    counts: Rows, excluded: Sparse, k: int, rng: np.random.Generator
) -> Rows:
    """Return (n_users, k) best rows by count, ties drawn for each user."""
    n_users, n_items = excluded.shape
    step = max(1, MAX_SCORES_PER_BLOCK // max(1, n_items))
    parts = [np.empty((0, k), dtype=np.int64)]
    for start in range(0, n_users, step):
        rows = excluded[start : start + step]
        parts.append(top_k(counts + rng.random(rows.shape), k, rows))
    return np.concatenate(parts)


def _to_frame(users: Sequence[str], candidates: Sequence[str], rows: Rows) -> pl.DataFrame:
    owner, place = np.nonzero(rows >= 0)
    chosen = rows[owner, place]
    return pl.DataFrame(
        {
            "user_id": pl.Series(users, dtype=pl.String).gather(owner),
            "item_id": pl.Series(candidates, dtype=pl.String).gather(chosen),
            "rank": place + 1,
            "score": 1.0 / (place + 1),
        }
    )


BASELINES: dict[str, type[Baseline]] = {"random": RandomBaseline, "popular": PopularBaseline}
