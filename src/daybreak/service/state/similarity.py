"""Items similar to an item or a text, and users for an item."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from daybreak.blas import SingleBlasThread
from daybreak.data.dataset import Items, Queries
from daybreak.data.media.pictures import KeptPicture
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.wishes import encode_descriptions
from daybreak.errors import ConfigError
from daybreak.models.item_knn import ItemKnnModel
from daybreak.models.wish import MIN_REFERENCE
from daybreak.ranked_lists import round_scores, top_k
from daybreak.ranking.blending.weights import nearest_level
from daybreak.ranking.reranking.rules import Rules
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.ranking.several_wishes import covered_items
from daybreak.service.state.explain import REASONS_TYPE, Reasons
from daybreak.service.state.frame_requests import reasons_column
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.similarity_reasons import similarity_reasons
from daybreak.service.state.stated_quantities import StatedQuantities
from daybreak.service.state.unknown_items import require_item, unknown_items
from daybreak.types import Floats, Mask, Rows

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


@SingleBlasThread()
def similar_items(  # noqa: PLR0913 - what is compared, and options of the list
    state: ServingState,
    ids: Sequence[str],
    texts: Sequence[str],
    k: int,
    *,
    where: str | None = "",
    explain: bool = False,
    reads_bounds: bool = True,
) -> pl.DataFrame:
    """Return the items most similar to known items and to texts.

    Args:
        state: State that answers.
        ids: Items of the catalogue; unknown and deleted ones are left out.
        texts: Descriptions, and pictures (:class:`.KeptPicture`).
        k: Number of items for each.
        where: Filter of the similar items; None: no filter.
        explain: Whether to add the column ``reasons``.
        reads_bounds: Whether texts are sentences of people, whose bounds ("under 20 euros")
            and negations ("no coffee") hold; titles have none.

    Raises:
        FilterError: The filter cannot be parsed, or its column does not exist.
    """
    items = state.catalogue.items
    allowed = state.ranker.rule_compiler.compile(Rules(where=where or "")).allowed
    frames = [_similar_frame(None, explain=explain)]
    unknown = set(unknown_items(state.catalogue, ids))
    known_ids = [id_ for id_ in dict.fromkeys(ids) if id_ not in unknown]
    if known_ids:
        rows = items.ids.rows(known_ids)
        compared, shared = items.take(rows), co_occurrence(state, known_ids)
        scores = content_similarity(compared, items) + shared
        scores[np.arange(len(rows)), rows] = np.nan
        scores[:, ~allowed] = np.nan
        found = _SimilarItems(known_ids, compared, scores, shared)
        frames.append(_rank_similar(found, state, k, explain=explain))
    for distinct, described in _describe(
        state, list(dict.fromkeys(texts)), reads_bounds=reads_bounds
    ):
        scores = content_similarity(described, items)
        scores[:, ~allowed] = np.nan
        if reads_bounds:
            _apply_bounds(state, distinct, scores, allowed)
        found = _SimilarItems(distinct, described, scores, np.zeros_like(scores))
        frames.append(_rank_similar(found, state, k, explain=explain))
    return pl.concat(frames)


def _describe(
    state: ServingState, descriptions: Sequence[str], *, reads_bounds: bool
) -> Iterator[tuple[Sequence[str], Items]]:
    """Yield names and items of the texts, and of the pictures, if there are any."""
    content = state.trained.content
    texts = [one for one in descriptions if not isinstance(one, KeptPicture)]
    pictures = [one for one in descriptions if isinstance(one, KeptPicture)]
    if texts:
        topics: Sequence[str] = texts
        if reads_bounds:
            said = [_bounds_of(state, text) for text in texts]
            topics = [
                text if one is None else one.topic
                for text, one in zip(texts, said, strict=True)
            ]
        encode = content.texts
        blocks = encode_descriptions(topics, encode) if reads_bounds else encode(topics)
        yield texts, Items(Vocabulary(texts), blocks)
    if pictures:
        names = [f"picture {number}" for number in range(1, len(pictures) + 1)]
        yield names, Items(Vocabulary(names), content.pictures(pictures))


def _apply_bounds(
    state: ServingState, texts: Sequence[str], scores: Floats, allowed: Mask
) -> None:
    """Leave out the items that are beyond the bounds of texts: "a mug under 5 pounds".

    Args:
        state: State that compares.
        texts: Descriptions, or names of pictures.
        scores: (n_texts, n_items) similarities of their topics, changed in place; a text of
            nothing but bounds is about everything within them.
        allowed: (n_items,) items that may be listed.
    """
    for text, row in zip(texts, scores, strict=True):
        said = _bounds_of(state, text)
        if said is None:
            continue
        likeness = np.nan_to_num(row, nan=0.0)
        about = covered_items(likeness) if likeness.max(initial=0) > MIN_REFERENCE else None
        inside = said.restrict(allowed, about)[1]
        row[~inside] = np.nan
        if not said.topic:
            row[inside] = 1.0


def _bounds_of(state: ServingState, text: str) -> StatedQuantities | None:
    """Return what a text says about quantities if it has a bound; relative words are words."""
    said = state.ranker.rule_compiler.quantity_reader.read(text)
    return said if said is not None and said.bounds else None


def reasons_of_similar(
    state: ServingState, item_id: str | None, text: str | None, rows: Rows
) -> list[Reasons]:
    """Return why items are similar to one item or one text.

    Args:
        state: State that compared them.
        item_id: Item of the catalogue.
        text: Description, instead.
        rows: Rows of the similar items.
    """
    compared = single_item(state, item_id, text)
    shared = np.zeros(len(rows), dtype=np.float32)
    if item_id is not None:
        shared = co_occurrence(state, [item_id])[0, rows]
    return similarity_reasons(state, compared, np.zeros(len(rows), np.int64), rows, shared)


def content_similarity(compared: Items, items: Items) -> Floats:
    """Return (n_compared, n_items) content similarities, 1 for items with the same content."""
    total = sum(block.weight for block in items.blocks)
    return np.asarray(compared.similarity(items) / (total or 1.0), dtype=np.float32)


def co_occurrence(state: ServingState, ids: Sequence[str]) -> Floats:
    """Return the (n_ids, n_items) shrunk cosines of the users of items.

    They are 0 for items without users, and everywhere when the training did not keep a model
    that counts common users.
    """
    items, train_items = state.catalogue.items, state.trained.fitted.train_items
    out = np.zeros((len(ids), len(items)), dtype=np.float32)
    model = next((m for m in state.trained.fitted.models if isinstance(m, ItemKnnModel)), None)
    if model is None:
        return out
    rows, columns = train_items.ids.rows(ids), items.ids.rows(train_items.ids)
    hot = np.flatnonzero(rows >= 0)
    weights = model.state.weights
    symmetric = weights[rows[hot]].maximum(weights[:, rows[hot]].T)
    out[np.ix_(hot, columns)] = symmetric.toarray()
    return out


def single_item(state: ServingState, item: str | None, text: str | None) -> Items:
    """Return an item, or a text, as a catalogue of one item.

    Raises:
        ConfigError: Not exactly one of the two was given.
        NotFoundError: The item is not in the catalogue.
    """
    require_item_or_text(item, text)
    if text is not None:
        return next(_describe(state, [text], reads_bounds=True))[1]
    row = require_item(state.catalogue, str(item), trained=state.ranker.is_known)
    return state.catalogue.items.take(np.array([row]))


def require_item_or_text(item: str | None, text: str | None) -> None:
    """Raise unless exactly one of an item and a text is given.

    Raises:
        ConfigError: Both are given, or none.
    """
    if (item is None) == (text is None):
        raise ConfigError("give either an item or a text")


@SingleBlasThread()
def rank_users(
    trained_scorer: Scorer,
    item: Items,
    users: Sequence[str],
    query_batches: Iterable[tuple[Queries, Mask | None]],
    k: int,
) -> pl.DataFrame:
    """Return the users with the best scores for one item.

    Args:
        trained_scorer: Scorer of the trained catalogue.
        item: Catalogue of one item.
        users: Ids of all users.
        query_batches: Queries of the users in order, and which users are left out (None: none).
        k: Number of users.
    """
    scorer = trained_scorer.for_items(item)
    scores, levels, has_profile = [np.empty(0, np.float32)], [np.empty(0, np.int64)], [NO_USERS]
    for queries, is_excluded in query_batches:
        score = round_scores(scorer.score(queries)[:, 0])
        scores.append(score if is_excluded is None else np.where(is_excluded, np.nan, score))
        levels.append(nearest_level(queries.n_events))
        has_profile.append(np.diff(queries.profile.indptr) > 0)
    values = np.concatenate(scores).astype(np.float32)
    best = top_k(values[None, :], min(k, max(len(users), 1)))[0]
    best = best[best >= 0]
    is_cold = np.full(len(best), not scorer.is_warm[0])
    strategies = trained_scorer.dominant_strategy(
        np.concatenate(levels)[best], np.concatenate(has_profile)[best], is_cold
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


@dataclass(frozen=True, eq=False)
class _SimilarItems:
    """Similarities of the catalogue to some items or texts."""

    names: Sequence[str]
    compared: Items
    scores: Floats
    """(n_names, n_items)"""
    common_users: Floats
    """(n_names, n_items) part of the scores that is about common users"""


def _similar_frame(rows: dict[str, Any] | None, *, explain: bool) -> pl.DataFrame:
    """Return rows as a frame of similar items; None: without rows."""
    frame = pl.DataFrame(rows, schema=SIMILAR_ITEMS_SCHEMA)
    empty = pl.Series("reasons", [], dtype=REASONS_TYPE)
    return frame.with_columns(empty) if explain and rows is None else frame


def _rank_similar(
    found: _SimilarItems, state: ServingState, k: int, *, explain: bool
) -> pl.DataFrame:
    """Return the most similar items of each row; items that share nothing are left out."""
    scores = np.where(found.scores > 0, found.scores, np.nan)
    best = top_k(scores, min(k, scores.shape[1]))
    query, position = np.nonzero(best >= 0)
    item = best[query, position]
    shared = found.common_users[query, item]
    strategies = np.array(["similar/content", "similar/content+bought"], dtype=object)
    frame = _similar_frame(
        {
            "query": pl.Series(found.names, dtype=pl.String).gather(query),
            "item_id": state.ranker.ids.gather(item),
            "rank": position + 1,
            "score": scores[query, item].astype(np.float64),
            "strategy": strategies[(shared > 0).astype(np.int64)],
        },
        explain=explain,
    )
    if not explain:
        return frame
    reasons = similarity_reasons(state, found.compared, query, item, shared)
    return frame.with_columns(reasons_column(reasons))
