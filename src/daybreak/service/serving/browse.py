"""Lists that are the same for everybody: popular, trending, latest.

What is in the store, page by page, and lists that need no asker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from weakref import ref

import numpy as np

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.errors import ConfigError, NotFittedError, NotFoundError
from daybreak.models.popular import PopularModel
from daybreak.ranked_lists import top_k
from daybreak.ranking.reranking.rules import Rules
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.service.inputs.frames import check_k
from daybreak.service.privacy.export import event_records
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.requests import RecommendedItem
from daybreak.service.serving.row_cache import RowCache
from daybreak.service.state.serving_state import ReleaseSnapshot
from daybreak.service.state.similarity import similar_items
from daybreak.store import Store
from daybreak.types import Doubles, Floats, Mask

TopListName = Literal["popular", "trending", "latest"]
TOP_LIST_NAMES: tuple[TopListName, ...] = ("popular", "trending", "latest")
TRENDING_WINDOW_SHARE = 0.02
"""Share of the newest events that mark what is trending."""


@dataclass(frozen=True, eq=False)
class TopLists:
    """Scores of all items, by the events that are known now; counted when first asked for."""

    items: Items
    positive: Events

    @classmethod
    def of(cls, scene: ReleaseSnapshot) -> "TopLists":
        """Return the charts of a scene."""
        return cls(scene.state.catalogue.items, scene.histories.all_positive())

    def scores(self, chart: TopListName) -> Floats | Doubles:
        """Return (n_items,) scores; NaN where there is nothing to say.

        ``popular`` and ``trending`` count users, in all or faded, out of 10,000 altogether;
        ``latest`` is ``created_at``, or where no item has one, the order in which items came.
        """
        found: Floats | Doubles = getattr(self, chart)
        return found

    @cached_property
    def popular(self) -> Floats:
        """Shares of all users of items."""
        return self._count_users(0.0)

    @cached_property
    def trending(self) -> Floats:
        """Shares, the latest events counted most."""
        return self._count_users(TRENDING_WINDOW_SHARE)

    @cached_property
    def latest(self) -> Doubles:
        """Times, or places."""
        created = self.items.created_at
        if len(created) and not np.isnan(created).all():
            return created
        return np.arange(len(self.items), dtype=np.float64)

    def _count_users(self, window: float) -> Floats:
        values = np.full(len(self.items), np.nan, dtype=np.float32)
        liked = self.positive.filter(self.positive.item < len(self.items))
        if not len(liked):
            return values
        at = np.where(np.isfinite(liked.at), liked.at, 0.0)
        events = Events(liked.user, liked.item, at)
        data = Dataset(self.items, events, int(liked.user.max()) + 1)
        model = PopularModel(window=window, logarithm=False).fit(data)
        values[data.train_item_rows] = model.state.values * 100
        return values


MOST = 10_000
"""Rows of a page."""


@dataclass(frozen=True)
class RowPage:
    """Some rows, and where to go on."""

    rows: tuple[Mapping[str, Any], ...]
    cursor: str | None
    """To be given for the next page; None: this was the last."""


class ReadApi:
    """Looks things up; changes nothing.

    Args:
        store: For events.
        stages: For everything else.
    """

    def __init__(self, store: Store, stages: ReleaseManager) -> None:
        self._store = store
        self._stages = stages
        self._top_lists: tuple[ref[Scorer], TopLists] | None = None

    def get(self, sheet: RowCache, id_: str) -> dict[str, Any]:
        """Return an item or user with its attributes.

        Raises:
            NotFoundError: Nobody knows it.
        """
        found = sheet.get(id_)
        if found is None:
            raise NotFoundError(f"no {sheet.key.removesuffix('_id')} {id_!r:.80}")
        return {sheet.key: id_, **found}

    def page(self, sheet: RowCache, cursor: str | None, n: int) -> RowPage:
        """Return items or users, in the order in which they came.

        Raises:
            ConfigError: The cursor is none that a page gave, or ``n`` is out of range.
        """
        check_k(n)
        found, last = sheet.page(_position_of(cursor), n)
        rows = tuple({sheet.key: id_, **row} for id_, row in found)
        return RowPage(rows, None if last is None else str(last))

    def events(self, user: str | None, item: str | None, cursor: str | None, n: int) -> RowPage:
        """Return events in the order in which they came, with all that is kept of them.

        Raises:
            ConfigError: The cursor is none that a page gave, or ``n`` is out of range.
        """
        check_k(n)
        page = self._store.event_page(user=user, item=item, after=_position_of(cursor), n=n)
        return RowPage(
            event_records(page.events), None if page.cursor is None else str(page.cursor)
        )

    def similar(
        self, item: str | None, text: str | None, n: int, rules: Rules | None
    ) -> tuple[RecommendedItem, ...]:
        """Return the items most like an item, or like a text.

        Raises:
            ConfigError: Not exactly one of the two was given.
            NotFoundError: Nobody knows the item.
        """
        check_k(n)
        if (item is None) == (text is None):
            raise ConfigError("give either an item or a text")
        if item is not None:
            self.get(self._stages.row_caches.items, item)
        scene = self._stages.current
        allowed = _allowed_items(scene, rules)
        wanted = n if rules is None else len(allowed)
        ids, texts = ([item], []) if item is not None else ([], [str(text)])
        frame = similar_items(scene.state, ids, texts, min(wanted, max(len(allowed), 1)))
        rows = scene.state.catalogue.items.ids.rows(frame["item_id"].to_list())
        keep = allowed[rows]
        scores, names = frame["score"].to_numpy()[keep], frame["strategy"].to_numpy()[keep]
        return self._recommended_items(scene, rows[keep][:n], scores, names.tolist())

    def top_list(
        self, chart: TopListName, n: int, rules: Rules | None
    ) -> tuple[RecommendedItem, ...]:
        """Return what is popular, trending or latest.

        Raises:
            ConfigError: There is no such chart.
        """
        check_k(n)
        if chart not in TOP_LIST_NAMES:
            raise ConfigError(f"no chart {chart!r:.40}; known: {', '.join(TOP_LIST_NAMES)}")
        scene = self._stages.current
        charts = self._current_top_lists(scene)
        allowed = _allowed_items(scene, rules)[: len(charts.items)]
        scores = np.where(allowed, charts.scores(chart), np.nan)
        best = top_k(scores[None, :], max(1, min(n, scores.size)))[0]
        best = best[best >= 0]
        return self._recommended_items(scene, best, scores[best], [chart] * len(best))

    def embed(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return vectors of texts by the text model of the release.

        Raises:
            NotFittedError: The release has none.
        """
        meaning = self._stages.current.state.trained.content.meaning
        if meaning is None:
            raise NotFittedError(
                "the release in use has no text model; train with one: daybreak train --encoder"
            )
        vectors = meaning.encoder.encode(list(texts))
        return {
            "vectors": np.asarray(vectors).tolist(),
            "dimension": int(vectors.shape[1]),
            "model": meaning.encoder.hash,
        }

    def _current_top_lists(self, scene: ReleaseSnapshot) -> TopLists:
        """Return the charts as of the last time that popularity was counted."""
        key = scene.state.scorer.scorers[0]
        held = self._top_lists
        if (
            held is None
            or held[0]() is not key
            or len(held[1].items) != len(scene.state.catalogue.items)
        ):
            held = (ref(key), TopLists.of(scene))  # the scorer is large, and may go
            self._top_lists = held
        return held[1]

    def _recommended_items(
        self, scene: ReleaseSnapshot, rows: Any, scores: Any, strategies: Sequence[str]
    ) -> tuple[RecommendedItem, ...]:
        ids, sheet = scene.state.catalogue.items.ids.ids, self._stages.row_caches.items
        warmth = scene.item_warmth(rows)
        columns = zip(rows.tolist(), scores, strategies, warmth, strict=False)
        return tuple(
            RecommendedItem(
                ids[row], rank, float(score), name, warm, properties=sheet.get(ids[row]) or {}
            )
            for rank, (row, score, name, warm) in enumerate(columns, 1)
        )


def _allowed_items(scene: ReleaseSnapshot, rules: Rules | None) -> Mask:
    answers = scene.state.ranker
    return (
        answers.is_available if rules is None else answers.rule_compiler.compile(rules).allowed
    )


def _position_of(cursor: str | None) -> int:
    if cursor is None:
        return -1
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 18):
        raise ConfigError(f"{cursor!r:.40} is no cursor; give back the one of the last page")
    return int(cursor)
