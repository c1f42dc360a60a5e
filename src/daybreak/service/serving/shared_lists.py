"""Lists that do not depend on a user: popular, trending, latest, similar items."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal
from weakref import ref

import numpy as np
import polars as pl

from daybreak.data.clock import current_times
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.ids import SESSION_PREFIX, lookup_id
from daybreak.errors import NextStep, NotFittedError
from daybreak.models.popular import PopularModel
from daybreak.ranked_lists import top_k
from daybreak.ranking.reranking.rules import Rules
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.service.inputs.frames import check_k
from daybreak.service.serving.policy import PolicyManager
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.requests import RecommendedItem
from daybreak.service.state.audience import find_audience
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.similarity import (
    SIMILAR_ITEMS_SCHEMA,
    reasons_of_similar,
    require_item_or_text,
    similar_items,
)
from daybreak.service.state.title_matches import match_titles, read_titles
from daybreak.service.state.unknown_items import require_item
from daybreak.service.state.unread_texts import notes_on_unread_texts, unread_descriptions
from daybreak.types import Doubles, Floats, Mask, Rows

TopListName = Literal["popular", "trending", "latest"]
TRENDING_WINDOW_SHARE = 0.02
"""Share of the newest events that decide what is trending."""


class SharedLists:
    """Lists that are the same for all users, from the current release.

    Args:
        releases: Releases in memory.
        policy: Has the rules of all lists.
    """

    def __init__(self, releases: ReleaseManager, policy: PolicyManager | None = None) -> None:
        self._releases = releases
        self._policy = policy
        self._top_lists: tuple[ref[Scorer], TopLists] | None = None

    def popular(self, n: int = 10, rules: Rules | None = None) -> tuple[RecommendedItem, ...]:
        """Return the items with the most users; new events count within seconds.

        Args:
            n: Number of items.
            rules: Filters.
        """
        return self._top_list("popular", n, rules)

    def trending(self, n: int = 10, rules: Rules | None = None) -> tuple[RecommendedItem, ...]:
        """Return the items with the most users recently; see :meth:`popular`."""
        return self._top_list("trending", n, rules)

    def latest(self, n: int = 10, rules: Rules | None = None) -> tuple[RecommendedItem, ...]:
        """Return the newest items; see :meth:`popular`."""
        return self._top_list("latest", n, rules)

    def similar(
        self,
        item_id: str | None = None,
        text: str | None = None,
        n: int = 10,
        where: str = "",
        *,
        explain: bool = False,
    ) -> tuple[RecommendedItem, ...]:
        """Return the items most similar to an item, or to a text.

        Args:
            item_id: Item of the catalogue.
            text: Description, or a :class:`.KeptPicture`, instead.
            n: Number of items.
            where: Filter over the columns of items.
            explain: Whether each item has reasons.

        Raises:
            NotFoundError: The item is not in the catalogue.
            ConfigError: Not exactly one of ``item_id`` and ``text`` was given.
            FilterError: The filter cannot be parsed.
        """
        check_k(n)
        require_item_or_text(item_id, text)
        item_id = None if item_id is None else lookup_id(item_id)
        state = self._releases.current
        if item_id is not None:
            require_item(state.catalogue, item_id, trained=state.ranker.is_known)
        ids, texts = [item_id or ""], [text or ""]
        frame = similar_items(
            state,
            ids if item_id is not None else (),
            texts if item_id is None else (),
            n,
            where=self._with_shop_filter(state, where),
        )
        rows = state.catalogue.items.ids.rows(frame["item_id"].to_list())
        scores, strategies = frame["score"].to_numpy(), frame["strategy"].to_list()
        found = self._recommended_items(state, rows, scores, strategies)
        if not explain:
            return found
        reasons = reasons_of_similar(state, item_id, text, rows)
        return tuple(
            replace(item, reasons=tuple(why)) for item, why in zip(found, reasons, strict=True)
        )

    def notes_on_text(self, text: str) -> tuple[str, ...]:
        """Return a note if nothing of a description is known, so that no item is similar.

        Args:
            text: Description that no item is similar to.
        """
        state = self._releases.current
        nothing = pl.DataFrame(schema=SIMILAR_ITEMS_SCHEMA)
        return notes_on_unread_texts(state, unread_descriptions(state, [text], nothing))

    def _with_shop_filter(self, state: ServingState, where: str) -> str:
        """Return a filter with that of the rules of all lists.

        Raises:
            FilterError: The filter cannot be parsed.
        """
        limits = self._shop_limits(state)
        if limits is None or self._policy is None:
            return where
        shop = self._policy.current.where
        if not shop.strip() or not where.strip():
            return shop.strip() or where
        own = Rules(where=where)
        state.ranker.rule_compiler.compile(own)  # an error names this filter only
        return f"({shop}) and ({where})"

    def _shop_limits(self, state: ServingState) -> Mask | None:
        """Return the (n_items,) items that the rules of all lists allow; None: all."""
        if self._policy is None:
            return None
        shop = self._policy.compiled(state.ranker.rule_compiler)
        return None if shop is None else shop.allowed

    def audience(
        self,
        item_id: str | None = None,
        text: str | None = None,
        n: int = 10,
        *,
        explain: bool = False,
    ) -> list[dict[str, Any]]:
        """Return the known users with the highest scores for an item, or for a text.

        Args:
            item_id: Item of the catalogue; its users are left out.
            text: Description of a new item, instead.
            n: Number of users.
            explain: Whether each user has reasons; otherwise they are empty.

        Returns:
            ``user_id, rank, score, strategy, reasons`` of each user.

        Raises:
            NotFoundError: The item is not in the catalogue.
            ConfigError: Not exactly one of ``item_id`` and ``text`` was given.
        """
        check_k(n)
        item_id = None if item_id is None else lookup_id(item_id)
        state = self._releases.current
        known = dict.fromkeys([*state.histories.user_ids(), *state.profiles.rows])
        users = [user for user in known if not user.startswith(SESSION_PREFIX)]
        rows = find_audience(state, users, item_id, text, n, explain=explain).to_dicts()
        return rows if explain else [{**row, "reasons": []} for row in rows]

    def match_titles(self, text: str) -> list[dict[str, Any]]:
        """Return the most probable item of each title of a list from elsewhere.

        Args:
            text: Pasted lines, or CSV with a column of titles.

        Returns:
            ``given, item_id, title, confidence, match, rating``; see
            :meth:`.Recommender.match_titles`.

        Raises:
            DataError: There is no title, or more than 5,000.
        """
        given = read_titles(text)
        return match_titles(self._releases.current, given).to_dicts()

    def embed(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return ``vectors`` of texts, their ``dimension``, and the ``model`` that made them.

        Raises:
            NotFittedError: The release has no text model.
        """
        meaning = self._releases.current.trained.content.meaning
        if meaning is None:
            raise NotFittedError(
                "the current release has no text model", next_step=NextStep.TRAIN_WITH_ENCODER
            )
        vectors = meaning.encoder.encode_unstored(list(texts))
        return {
            "vectors": np.asarray(vectors).tolist(),
            "dimension": int(vectors.shape[1]),
            "model": meaning.encoder.hash,
        }

    def _top_list(
        self, name: TopListName, n: int, rules: Rules | None
    ) -> tuple[RecommendedItem, ...]:
        check_k(n)
        state = self._releases.current
        top_lists = self._current_top_lists(state)
        allowed = _allowed_items(state, rules)
        limits = self._shop_limits(state)
        allowed = (allowed if limits is None else allowed & limits)[: len(top_lists.items)]
        scores = np.where(allowed, top_lists.scores(name), np.nan)
        best = top_k(scores[None, :], max(1, min(n, scores.size)))[0]
        best = best[best >= 0]
        return self._recommended_items(state, best, scores[best], [name] * len(best))

    def _current_top_lists(self, state: ServingState) -> "TopLists":
        """Return the top lists as of the last count of popularity."""
        scorer = state.scorers[0]
        cached = self._top_lists
        if (
            cached is None
            or cached[0]() is not scorer
            or len(cached[1].items) != len(state.catalogue.items)
        ):
            # A weak reference: the scorer is large, and may be replaced.
            cached = (ref(scorer), TopLists.from_state(state))
            self._top_lists = cached
        return cached[1]

    def _recommended_items(
        self,
        state: ServingState,
        rows: Rows,
        scores: Floats | Doubles,
        strategies: Sequence[str],
    ) -> tuple[RecommendedItem, ...]:
        ids, cache = state.catalogue.items.ids.ids, self._releases.row_caches.items
        columns = zip(rows.tolist(), scores, strategies, state.item_warmth(rows), strict=False)
        return tuple(
            RecommendedItem(
                ids[row],
                rank,
                float(score),
                strategy,
                warmth,
                properties=cache.get(ids[row]) or {},
            )
            for rank, (row, score, strategy, warmth) in enumerate(columns, 1)
        )


@dataclass(frozen=True, eq=False)
class TopLists:
    """Scores of all items at one time; each list is computed when first used."""

    items: Items
    positive: Events

    @classmethod
    def from_state(cls, state: ServingState) -> "TopLists":
        """Return the top lists of a state."""
        return cls(state.catalogue.items, state.histories.all_positive())

    def scores(self, name: TopListName) -> Floats | Doubles:
        """Return (n_items,) scores; NaN for items without a score.

        ``popular`` and ``trending`` count users, all or recent ones, scaled to 10,000 in total;
        ``latest`` is ``created_at``, or the position in the catalogue where no item has one.
        """
        if name == "latest":
            return self.latest
        return self.popular if name == "popular" else self.trending

    @cached_property
    def popular(self) -> Floats:
        """(n_items,) shares of all users."""
        return self._count_users(0.0)

    @cached_property
    def trending(self) -> Floats:
        """(n_items,) shares of users, recent events weighted most."""
        return self._count_users(TRENDING_WINDOW_SHARE)

    @cached_property
    def latest(self) -> Doubles:
        """(n_items,) creation times, or positions in the catalogue."""
        created = self.items.created_at
        if len(created) and not np.isnan(created).all():
            return created
        return np.arange(len(self.items), dtype=np.float64)

    def _count_users(self, window: float) -> Floats:
        values = np.full(len(self.items), np.nan, dtype=np.float32)
        positive = self.positive.filter(self.positive.item < len(self.items))
        if not len(positive):
            return values
        at = current_times(positive.user, positive.item, positive.at)
        events = Events(positive.user, positive.item, at)
        data = Dataset(self.items, events, int(positive.user.max()) + 1)
        model = PopularModel(window=window, logarithm=False).fit(data)
        values[data.train_item_rows] = model.state.values * 100
        return values


def _allowed_items(state: ServingState, rules: Rules | None) -> Mask:
    ranker = state.ranker
    return ranker.is_available if rules is None else ranker.rule_compiler.compile(rules).allowed
