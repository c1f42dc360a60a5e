"""Items like an item, and people for an item."""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError, NotFoundError
from daybreak.evaluation.ranking import top_k
from daybreak.ranking.scorer import Scorer
from daybreak.service.catalogue import Catalogue
from daybreak.service.learning import Learned
from daybreak.types import Floats

AUDIENCE = {
    "user_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
}


def similar(
    learned: Learned, catalogue: Catalogue, ids: Sequence[str], texts: Sequence[str], k: int
) -> pl.DataFrame:
    """Return ``query, item_id, rank, score, strategy``; see :meth:`Recommender.similar_items`.

    An id that nobody knows has no rows.
    """
    known = [id_ for id_ in ids if id_ in catalogue.items.ids]
    rows = catalogue.items.ids.rows(known)
    asked = [catalogue.items.take(rows)] if known else []
    if texts:
        asked.append(
            Items(Vocabulary(map(str, range(len(texts)))), learned.content.texts(texts))
        )
    frames = []
    for part, names, own in zip(
        asked, [known, list(texts)][-len(asked) :], [rows, None], strict=False
    ):
        scores = content_likeness(part, catalogue.items)
        bought = None
        if own is not None and part is asked[0] and known:
            bought = bought_together(learned, known, catalogue)
            scores = scores + bought
            scores[np.arange(len(rows)), rows] = np.nan
        frames.append(_ranked(names, scores, bought, catalogue, k))
    schema = {"query": pl.String, "item_id": pl.String, "rank": pl.Int64, "score": pl.Float64}
    return (
        pl.concat(frames) if frames else pl.DataFrame(schema=schema | {"strategy": pl.String})
    )


def content_likeness(some: Items, items: Items) -> Floats:
    """Return (n_some, n_items) mean similarities of content, 0 to 1 for the blocks there are."""
    return some.similarity(items) / max(len(items.blocks), 1)


def bought_together(learned: Learned, ids: Sequence[str], catalogue: Catalogue) -> Floats:
    """Return (n_ids, n_items) shrunk cosines of the users of items; 0 where there are none."""
    out = np.zeros((len(ids), len(catalogue.items)), dtype=np.float32)
    for strategy, model in zip(learned.fitted.strategies, learned.fitted.models, strict=True):
        if strategy.model != "item_knn":
            continue
        anchors = learned.fitted.anchors
        rows, place = anchors.ids.rows(ids), catalogue.items.ids.rows(anchors.ids)
        hot = np.flatnonzero(rows >= 0)
        weights = model.state.weights
        both = weights[rows[hot]].maximum(weights[:, rows[hot]].T).toarray()
        out[np.ix_(hot, place)] = both
    return out


def one_item(
    learned: Learned, catalogue: Catalogue, item: str | None, text: str | None
) -> Items:
    """Return a known item, or a text, as a catalogue of one.

    Raises:
        ConfigError: Not exactly one of the two was given.
        NotFoundError: The item is not in the catalogue.
    """
    if (item is None) == (text is None):
        raise ConfigError("give either an item or a text")
    if text is not None:
        return Items(Vocabulary(["(text)"]), learned.content.texts([text]))
    row = catalogue.row(str(item))
    if row < 0:
        raise NotFoundError(f"no item {item!r} in the catalogue; give text= for a new one")
    return catalogue.items.take(np.array([row]))


def rank_users(
    scorer: Scorer, parts: Iterable[tuple[list[str], Queries, Floats]], k: int
) -> pl.DataFrame:
    """Return the users with the best scores for the one item of a scorer.

    Args:
        scorer: Of a catalogue of one item.
        parts: Users, their queries, and 1 for those who have the item already.
        k: Length of the answer.
    """
    users: list[str] = []
    scores: list[Floats] = []
    for names, queries, have in parts:
        users += names
        scores.append(np.where(have > 0, np.nan, scorer.score(queries)[:, 0]))
    if not users:
        return pl.DataFrame(schema=AUDIENCE)
    values = np.concatenate(scores).astype(np.float32)[None, :]
    best = top_k(values, min(k, len(users)))[0]
    best = best[best >= 0]
    new = not bool(scorer.old[0])
    return pl.DataFrame(
        {
            "user_id": [users[row] for row in best],
            "rank": np.arange(1, len(best) + 1),
            "score": values[0][best].astype(np.float64),
            "strategy": [scorer.leading(5, new=new, profile=True)] * len(best),
        },
        schema=AUDIENCE,
    )


def _ranked(
    names: Sequence[str], scores: Floats, bought: Floats | None, catalogue: Catalogue, k: int
) -> pl.DataFrame:
    best = top_k(scores, min(k, scores.shape[1]) or 1)
    who, place = np.nonzero(best >= 0)
    item = best[who, place]
    together = np.zeros(len(item), bool) if bought is None else bought[who, item] > 0
    ids = np.array(catalogue.items.ids.ids, dtype=object)
    return pl.DataFrame(
        {
            "query": np.array(names, dtype=object)[who],
            "item_id": ids[item],
            "rank": place + 1,
            "score": scores[who, item].astype(np.float64),
            "strategy": np.where(together, "similar/content+bought", "similar/content").astype(
                object
            ),
        },
        schema={
            "query": pl.String,
            "item_id": pl.String,
            "rank": pl.Int64,
            "score": pl.Float64,
            "strategy": pl.String,
        },
    )
