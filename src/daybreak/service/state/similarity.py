"""Items like an item, and people for an item."""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from daybreak.data.dataset import BLOCK_SIMILARITY_WEIGHTS, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError, NotFoundError
from daybreak.models.item_knn import ItemKnnModel
from daybreak.ranked_lists import top_k
from daybreak.ranking.blending.weights import nearest_level
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.service.state.ranker import QueryBatch
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Floats, Mask

NO_USERS = np.empty(0, dtype=bool)
SIMILAR_ITEMS_SCHEMA = {
    "query": pl.String,
    "item_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
}
AUDIENCE_SCHEMA = {
    "user_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
}


def similar_items(
    shelf: ServingState, ids: Sequence[str], texts: Sequence[str], k: int
) -> pl.DataFrame:
    """Return the items most like known ones and like texts; see ``similar_items``."""
    items = shelf.catalogue.items
    frames = [pl.DataFrame(schema=SIMILAR_ITEMS_SCHEMA)]
    known = [id_ for id_ in dict.fromkeys(ids) if id_ in items.ids]
    if known:
        rows = items.ids.rows(known)
        bought = co_occurrence(shelf, known)
        scores = content_similarity(items.take(rows), items) + bought
        scores[np.arange(len(rows)), rows] = np.nan
        frames.append(_rank_similar(known, scores, bought > 0, shelf, k))
    said = list(dict.fromkeys(texts))
    if said:
        wanted = Items(Vocabulary(said), shelf.trained.content.texts(said))
        scores = content_similarity(wanted, items)
        frames.append(_rank_similar(said, scores, np.zeros(scores.shape, dtype=bool), shelf, k))
    return pl.concat(frames)


def content_similarity(some: Items, items: Items) -> Floats:
    """Return (n_some, n_items) similarities of content, 1 for items that are alike in all."""
    most = sum(BLOCK_SIMILARITY_WEIGHTS.get(block.name, 1.0) for block in items.blocks)
    return np.asarray(some.similarity(items) / (most or 1.0), dtype=np.float32)


def co_occurrence(shelf: ServingState, ids: Sequence[str]) -> Floats:
    """Return (n_ids, n_items) shrunk cosines of the users of items.

    They are 0 where there are no users, and everywhere when the training did not keep the
    model that counts users in common.
    """
    items, anchors = shelf.catalogue.items, shelf.trained.fitted.train_items
    out = np.zeros((len(ids), len(items)), dtype=np.float32)
    model = next((m for m in shelf.trained.fitted.models if isinstance(m, ItemKnnModel)), None)
    if model is None:
        return out
    rows, place = anchors.ids.rows(ids), items.ids.rows(anchors.ids)
    hot = np.flatnonzero(rows >= 0)
    weights = model.state.weights
    both = weights[rows[hot]].maximum(weights[:, rows[hot]].T)
    out[np.ix_(hot, place)] = both.toarray()
    return out


def single_item(shelf: ServingState, item: str | None, text: str | None) -> Items:
    """Return a known item, or a text, as a catalogue of one.

    Raises:
        ConfigError: Not exactly one of the two was given.
        NotFoundError: The item is not in the catalogue.
    """
    if (item is None) == (text is None):
        raise ConfigError("give either an item or a text")
    if text is not None:
        return Items(Vocabulary(["\0text"]), shelf.trained.content.texts([text]))
    row = shelf.catalogue.row(str(item))
    if row < 0:
        raise NotFoundError(f"no item {item!r} in the catalogue; give text= for a new one")
    return shelf.catalogue.items.take(np.array([row]))


def rank_users(
    learned: Scorer, wanted: Items, parts: Iterable[tuple[QueryBatch, Mask | None]], k: int
) -> pl.DataFrame:
    """Return the users with the best scores for one item.

    Args:
        learned: Of the catalogue that was learned.
        wanted: A catalogue of one item.
        parts: Users, and which of them have the item already (None: nobody).
        k: Length of the answer.
    """
    scorer = learned.for_items(wanted)
    users: list[str] = []
    scores, levels, told = [np.empty(0, np.float32)], [np.empty(0, np.int64)], [NO_USERS]
    for asked, have in parts:
        users += asked.users
        score = scorer.score(asked.queries)[:, 0]
        scores.append(score if have is None else np.where(have, np.nan, score))
        levels.append(nearest_level(asked.queries.n_events))
        told.append(np.diff(asked.queries.profile.indptr) > 0)
    values = np.concatenate(scores).astype(np.float32)
    best = top_k(values[None, :], min(k, max(len(users), 1)))[0]
    best = best[best >= 0]
    new = np.full(len(best), not scorer.is_warm[0])
    strategies = learned.dominant_strategy(
        np.concatenate(levels)[best], np.concatenate(told)[best], new
    )
    return pl.DataFrame(
        {
            "user_id": [users[row] for row in best],
            "rank": np.arange(1, len(best) + 1),
            "score": values[best].astype(np.float64),
            "strategy": strategies,
        },
        schema=AUDIENCE_SCHEMA,
    )


def _rank_similar(
    names: Sequence[str], scores: Floats, together: Mask, shelf: ServingState, k: int
) -> pl.DataFrame:
    """Return the best of each row; items that have nothing in common are no answer."""
    scores = np.where((scores > 0) & shelf.ranker.is_available, scores, np.nan)
    best = top_k(scores, min(k, scores.shape[1]))
    who, place = np.nonzero(best >= 0)
    item = best[who, place]
    names_of = np.array(["similar/content", "similar/content+bought"], dtype=object)
    return pl.DataFrame(
        {
            "query": pl.Series(names, dtype=pl.String).gather(who),
            "item_id": shelf.ranker.ids.gather(item),
            "rank": place + 1,
            "score": scores[who, item].astype(np.float64),
            "strategy": names_of[together[who, item].astype(np.int64)],
        },
        schema=SIMILAR_ITEMS_SCHEMA,
    )
