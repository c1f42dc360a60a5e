"""Items like an item, and people for an item."""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from daybreak.data.items import WEIGHTS, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError, NotFoundError
from daybreak.evaluation.ranking import top_k
from daybreak.models.item_knn import ItemKnnModel
from daybreak.ranking.blend import level_of
from daybreak.ranking.scorer import Scorer
from daybreak.service.answers import Asked
from daybreak.service.shelf import Shelf
from daybreak.types import Floats, Mask

NOBODY = np.empty(0, dtype=bool)
SIMILAR = {
    "query": pl.String,
    "item_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
}
AUDIENCE = {
    "user_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
}


def similar(shelf: Shelf, ids: Sequence[str], texts: Sequence[str], k: int) -> pl.DataFrame:
    """Return the items most like known ones and like texts; see ``similar_items``."""
    items = shelf.catalogue.items
    frames = [pl.DataFrame(schema=SIMILAR)]
    known = [id_ for id_ in dict.fromkeys(ids) if id_ in items.ids]
    if known:
        rows = items.ids.rows(known)
        bought = bought_together(shelf, known)
        scores = content_likeness(items.take(rows), items) + bought
        scores[np.arange(len(rows)), rows] = np.nan
        frames.append(_ranked(known, scores, bought > 0, shelf, k))
    said = list(dict.fromkeys(texts))
    if said:
        wanted = Items(Vocabulary(said), shelf.learned.content.texts(said))
        scores = content_likeness(wanted, items)
        frames.append(_ranked(said, scores, np.zeros(scores.shape, dtype=bool), shelf, k))
    return pl.concat(frames)


def content_likeness(some: Items, items: Items) -> Floats:
    """Return (n_some, n_items) similarities of content, 1 for items that are alike in all."""
    most = sum(WEIGHTS.get(block.name, 1.0) for block in items.blocks)
    return np.asarray(some.similarity(items) / (most or 1.0), dtype=np.float32)


def bought_together(shelf: Shelf, ids: Sequence[str]) -> Floats:
    """Return (n_ids, n_items) shrunk cosines of the users of items.

    They are 0 where there are no users, and everywhere when the training did not keep the
    model that counts users in common.
    """
    items, anchors = shelf.catalogue.items, shelf.learned.fitted.anchors
    out = np.zeros((len(ids), len(items)), dtype=np.float32)
    model = next((m for m in shelf.learned.fitted.models if isinstance(m, ItemKnnModel)), None)
    if model is None:
        return out
    rows, place = anchors.ids.rows(ids), items.ids.rows(anchors.ids)
    hot = np.flatnonzero(rows >= 0)
    weights = model.state.weights
    both = weights[rows[hot]].maximum(weights[:, rows[hot]].T)
    out[np.ix_(hot, place)] = both.toarray()
    return out


def one_item(shelf: Shelf, item: str | None, text: str | None) -> Items:
    """Return a known item, or a text, as a catalogue of one.

    Raises:
        ConfigError: Not exactly one of the two was given.
        NotFoundError: The item is not in the catalogue.
    """
    if (item is None) == (text is None):
        raise ConfigError("give either an item or a text")
    if text is not None:
        return Items(Vocabulary(["\0text"]), shelf.learned.content.texts([text]))
    row = shelf.catalogue.row(str(item))
    if row < 0:
        raise NotFoundError(f"no item {item!r} in the catalogue; give text= for a new one")
    return shelf.catalogue.items.take(np.array([row]))


def rank_users(
    learned: Scorer, wanted: Items, parts: Iterable[tuple[Asked, Mask | None]], k: int
) -> pl.DataFrame:
    """Return the users with the best scores for one item.

    Args:
        learned: Of the catalogue that was learned.
        wanted: A catalogue of one item.
        parts: Users, and which of them have the item already (None: nobody).
        k: Length of the answer.
    """
    scorer = learned.wing(wanted)
    users: list[str] = []
    scores, levels, told = [np.empty(0, np.float32)], [np.empty(0, np.int64)], [NOBODY]
    for asked, have in parts:
        users += asked.users
        score = scorer.score(asked.queries)[:, 0]
        scores.append(score if have is None else np.where(have, np.nan, score))
        levels.append(level_of(asked.queries.n_events))
        told.append(np.diff(asked.queries.profile.indptr) > 0)
    values = np.concatenate(scores).astype(np.float32)
    best = top_k(values[None, :], min(k, max(len(users), 1)))[0]
    best = best[best >= 0]
    new = np.full(len(best), not scorer.old[0])
    strategies = learned.leading(np.concatenate(levels)[best], np.concatenate(told)[best], new)
    return pl.DataFrame(
        {
            "user_id": [users[row] for row in best],
            "rank": np.arange(1, len(best) + 1),
            "score": values[best].astype(np.float64),
            "strategy": strategies,
        },
        schema=AUDIENCE,
    )


def _ranked(
    names: Sequence[str], scores: Floats, together: Mask, shelf: Shelf, k: int
) -> pl.DataFrame:
    """Return the best of each row; items that have nothing in common are no answer."""
    scores = np.where((scores > 0) & shelf.answers.shown, scores, np.nan)
    best = top_k(scores, min(k, scores.shape[1]))
    who, place = np.nonzero(best >= 0)
    item = best[who, place]
    names_of = np.array(["similar/content", "similar/content+bought"], dtype=object)
    return pl.DataFrame(
        {
            "query": pl.Series(names, dtype=pl.String).gather(who),
            "item_id": shelf.answers.ids.gather(item),
            "rank": place + 1,
            "score": scores[who, item].astype(np.float64),
            "strategy": names_of[together[who, item].astype(np.int64)],
        },
        schema=SIMILAR,
    )
