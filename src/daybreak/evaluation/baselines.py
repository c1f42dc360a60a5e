"""The baselines of every report: random lists and popular items."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from inspect import Parameter, signature
from typing import Protocol, TypeGuard

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.evaluation.matrices import UserItemIndex
from daybreak.ranked_lists import top_k
from daybreak.rng import create_generator
from daybreak.types import Rows, Sparse

MAX_SCORES_PER_BLOCK = 1 << 21
"""Maximum number of scores held in memory at a time."""


class SupportsRecommend(Protocol):
    """Anything that recommends: the recommender, a model of your own, a baseline."""

    def recommend(  # noqa: PLR0913  (one argument for each part of a request)
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
            users: Ids of the users; unknown ids are allowed.
            profiles: ``user_id`` and attributes known at request time.
            histories: Events known at request time, in addition to those of training.
            k: Maximum length of the lists.
            exclude_seen: Whether items of training events and of ``histories`` are excluded.
            items: Candidate ids; None for the whole catalogue.
            exclude: ``user_id``, ``item_id`` pairs never to recommend.
        """
        ...


class SupportsTimes(SupportsRecommend, Protocol):
    """A recommender whose lists depend on when users are asked."""

    def recommend(  # noqa: PLR0913  (one argument for each part of a request)
        self,
        users: Sequence[str],
        *,
        profiles: pl.DataFrame | None = None,
        histories: pl.DataFrame | None = None,
        k: int = 10,
        exclude_seen: bool = True,
        items: Sequence[str] | None = None,
        exclude: pl.DataFrame | None = None,
        times: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Return lists; see :meth:`SupportsRecommend.recommend`.

        Args:
            users: Ids of the users; unknown ids are allowed.
            profiles: ``user_id`` and attributes known at request time.
            histories: Events known at request time, in addition to those of training.
            k: Maximum length of the lists.
            exclude_seen: Whether items of training events and of ``histories`` are excluded.
            items: Candidate ids; None for the whole catalogue.
            exclude: ``user_id``, ``item_id`` pairs never to recommend.
            times: ``user_id``, ``timestamp`` [epoch s]: when users are asked, as far as it is
                known.
        """
        ...


def reads_times(system: SupportsRecommend) -> TypeGuard[SupportsTimes]:
    """Return whether the method ``recommend`` has a parameter named ``times``.

    ``**options`` do not count: a wrapper may pass them on to a system that has no such one.

    Example:
        >>> shop = Tables.of(pl.DataFrame({"user_id": ["a"], "item_id": ["tea"]}))
        >>> reads_times(RandomBaseline(shop))
        False
    """
    try:
        found = signature(system.recommend).parameters.get("times")
    except (TypeError, ValueError):  # as of functions that are not written in Python
        return False
    by_name = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return found is not None and found.kind in by_name


class Baseline(ABC):
    """A recommender that needs the events only.

    Args:
        train: Tables to learn from.
        seed: Seed of random orders.
    """

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
        excluded = UserItemIndex(users, candidates).to_matrix(pl.concat([empty, *frames]))
        rows = self.rank(candidates, excluded, k)
        return _to_frame(users, candidates, rows)

    @abstractmethod
    def rank(self, candidates: Sequence[str], excluded: Sparse, k: int) -> Rows:
        """Return (n_users, k) candidate rows, -1 where a list is shorter.

        Args:
            candidates: Ids of the candidates.
            excluded: (n_users, n_candidates) CSR, pairs never to recommend.
            k: Length of the lists, at most.
        """


class RandomBaseline(Baseline):
    """Recommends random lists: the quality that can be reached without information.

    Example:
        >>> shop = Tables.of(pl.DataFrame({"user_id": ["a"], "item_id": ["tea"]}))
        >>> answer = RandomBaseline(shop).recommend(["new"], k=3)
        >>> answer.select("user_id", "item_id", "rank").rows()
        [('new', 'tea', 1)]
    """

    def rank(self, candidates: Sequence[str], excluded: Sparse, k: int) -> Rows:
        """Rank the candidates in random order; see :meth:`Baseline.rank`."""
        equal = np.zeros(len(candidates), dtype=np.int64)
        rng = create_generator(self.seed, "random baseline")
        return _top_k_random_ties(equal, excluded, k, rng)


class PopularBaseline(Baseline):
    """Recommends items by their number of users; the same list for all, except for ties.

    Ties are in a different random order for each user. An order by id would contain information
    that popularity does not, because ids often follow age. With one random order for all users,
    the value on new items, none of which has users, would depend on a single random list.

    Example:
        >>> rows = [("a", "tea"), ("b", "tea"), ("b", "rum")]
        >>> events = pl.DataFrame(rows, ["user_id", "item_id"], orient="row")
        >>> answer = PopularBaseline(Tables.of(events)).recommend(["a", "new"], k=2)
        >>> answer.select("user_id", "item_id", "rank").rows()
        [('a', 'rum', 1), ('new', 'tea', 1), ('new', 'rum', 2)]
    """

    def rank(self, candidates: Sequence[str], excluded: Sparse, k: int) -> Rows:
        """Rank the candidates by number of users; see :meth:`Baseline.rank`."""
        counts = self._item_counts(candidates)
        order = np.argsort(-counts, kind="stable")
        max_excluded = int(np.bincount(excluded.nonzero()[0], minlength=1).max())
        last = min(len(order), k + max_excluded)  # lists end here, except for ties
        n_needed = int((counts >= counts[order[last - 1]]).sum()) if last else 0
        order = order[:n_needed]
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
    """Return (n_users, k) rows with the largest counts, ties in random order per user."""
    n_users, n_items = excluded.shape
    step = max(1, MAX_SCORES_PER_BLOCK // max(1, n_items))
    parts = [np.empty((0, k), dtype=np.int64)]
    for start in range(0, n_users, step):
        rows = excluded[start : start + step]
        parts.append(top_k(counts + rng.random(rows.shape), k, rows))
    return np.concatenate(parts)


def _to_frame(users: Sequence[str], candidates: Sequence[str], rows: Rows) -> pl.DataFrame:
    user_rows, position = np.nonzero(rows >= 0)
    chosen = rows[user_rows, position]
    return pl.DataFrame(
        {
            "user_id": pl.Series(users, dtype=pl.String).gather(user_rows),
            "item_id": pl.Series(candidates, dtype=pl.String).gather(chosen),
            "rank": position + 1,
            "score": 1.0 / (position + 1),
        }
    )


BASELINES: dict[str, type[Baseline]] = {"random": RandomBaseline, "popular": PopularBaseline}
