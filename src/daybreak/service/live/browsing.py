"""What is in the store, page by page, and lists that need no asker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import ref

import numpy as np

from daybreak.errors import ConfigError, NotFittedError, NotFoundError
from daybreak.evaluation.ranking import top_k
from daybreak.ranking.rules import Rules
from daybreak.ranking.scorer import Scorer
from daybreak.service.inputs import check_k
from daybreak.service.kept_events import kept_rows
from daybreak.service.likeness import similar
from daybreak.service.live.answered import Recommended
from daybreak.service.live.charts import CHARTS, Chart, Charts
from daybreak.service.live.scene import Scene
from daybreak.service.live.sheet import Sheet
from daybreak.service.live.stages import Stages
from daybreak.store import Store
from daybreak.types import Mask

MOST = 10_000
"""Rows of a page."""


@dataclass(frozen=True)
class Page:
    """Some rows, and where to go on."""

    rows: tuple[Mapping[str, Any], ...]
    cursor: str | None
    """To be given for the next page; None: this was the last."""


class Browsing:
    """Looks things up; changes nothing.

    Args:
        store: For events.
        stages: For everything else.
    """

    def __init__(self, store: Store, stages: Stages) -> None:
        self._store = store
        self._stages = stages
        self._charts: tuple[ref[Scorer], Charts] | None = None

    def one(self, sheet: Sheet, id_: str) -> dict[str, Any]:
        """Return an item or user with its attributes.

        Raises:
            NotFoundError: Nobody knows it.
        """
        found = sheet.get(id_)
        if found is None:
            raise NotFoundError(f"no {sheet.key.removesuffix('_id')} {id_!r:.80}")
        return {sheet.key: id_, **found}

    def page(self, sheet: Sheet, cursor: str | None, n: int) -> Page:
        """Return items or users, in the order in which they came.

        Raises:
            ConfigError: The cursor is none that a page gave, or ``n`` is out of range.
        """
        check_k(n)
        found, last = sheet.page(_place(cursor), n)
        rows = tuple({sheet.key: id_, **row} for id_, row in found)
        return Page(rows, None if last is None else str(last))

    def events(self, user: str | None, item: str | None, cursor: str | None, n: int) -> Page:
        """Return events in the order in which they came, with all that is kept of them.

        Raises:
            ConfigError: The cursor is none that a page gave, or ``n`` is out of range.
        """
        check_k(n)
        page = self._store.journal.events(user=user, item=item, after=_place(cursor), n=n)
        return Page(kept_rows(page.events), None if page.cursor is None else str(page.cursor))

    def similar(
        self, item: str | None, text: str | None, n: int, rules: Rules | None
    ) -> tuple[Recommended, ...]:
        """Return the items most like an item, or like a text.

        Raises:
            ConfigError: Not exactly one of the two was given.
            NotFoundError: Nobody knows the item.
        """
        check_k(n)
        if (item is None) == (text is None):
            raise ConfigError("give either an item or a text")
        if item is not None:
            self.one(self._stages.known.items, item)
        scene = self._stages.now
        allowed = _allowed(scene, rules)
        wanted = n if rules is None else len(allowed)
        ids, texts = ([item], []) if item is not None else ([], [str(text)])
        frame = similar(scene.shelf, ids, texts, min(wanted, max(len(allowed), 1)))
        rows = scene.shelf.catalogue.items.ids.rows(frame["item_id"].to_list())
        keep = allowed[rows]
        scores, names = frame["score"].to_numpy()[keep], frame["strategy"].to_numpy()[keep]
        return self._listed(scene, rows[keep][:n], scores, names.tolist())

    def chart(self, chart: Chart, n: int, rules: Rules | None) -> tuple[Recommended, ...]:
        """Return what is popular, trending or latest.

        Raises:
            ConfigError: There is no such chart.
        """
        check_k(n)
        if chart not in CHARTS:
            raise ConfigError(f"no chart {chart!r:.40}; known: {', '.join(CHARTS)}")
        scene = self._stages.now
        charts = self._charts_of(scene)
        allowed = _allowed(scene, rules)[: len(charts.items)]
        scores = np.where(allowed, charts.scores(chart), np.nan)
        best = top_k(scores[None, :], max(1, min(n, scores.size)))[0]
        best = best[best >= 0]
        return self._listed(scene, best, scores[best], [chart] * len(best))

    def embed(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return vectors of texts by the text model of the release.

        Raises:
            NotFittedError: The release has none.
        """
        meaning = self._stages.now.shelf.learned.content.meaning
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

    def _charts_of(self, scene: Scene) -> Charts:
        """Return the charts as of the last time that popularity was counted."""
        key = scene.shelf.parts.scorers[0]
        held = self._charts
        if (
            held is None
            or held[0]() is not key
            or len(held[1].items) != len(scene.shelf.catalogue.items)
        ):
            held = (ref(key), Charts.of(scene))  # the scorer is large, and may go
            self._charts = held
        return held[1]

    def _listed(
        self, scene: Scene, rows: Any, scores: Any, strategies: Sequence[str]
    ) -> tuple[Recommended, ...]:
        ids, sheet = scene.shelf.catalogue.items.ids.ids, self._stages.known.items
        warmth = scene.temperatures(rows)
        columns = zip(rows.tolist(), scores, strategies, warmth, strict=False)
        return tuple(
            Recommended(
                ids[row], rank, float(score), name, warm, properties=sheet.get(ids[row]) or {}
            )
            for rank, (row, score, name, warm) in enumerate(columns, 1)
        )


def _allowed(scene: Scene, rules: Rules | None) -> Mask:
    answers = scene.shelf.answers
    return answers.shown if rules is None else answers.rulebook.ruling(rules).open


def _place(cursor: str | None) -> int:
    if cursor is None:
        return -1
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 18):
        raise ConfigError(f"{cursor!r:.40} is no cursor; give back the one of the last page")
    return int(cursor)
