"""The audience of an item: known users with the highest scores, and why."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from daybreak.data.dataset import Items, Queries
from daybreak.ranking.explain import decompose
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.state.explain import MAX_REASONS, Reasons, describe_reason
from daybreak.service.state.frame_requests import FrameRequest, reasons_column
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.similarity import rank_users, single_item
from daybreak.types import Mask


def find_audience(
    state: ServingState,
    users: Sequence[str],
    item: str | None,
    text: str | None,
    k: int,
    *,
    explain: bool = False,
) -> pl.DataFrame:
    """Return the users with the highest scores for an item, or for a text.

    Args:
        state: State that answers.
        users: Ids of the users.
        item: Item of the catalogue; its users are left out.
        text: Description of a new item, instead.
        k: Number of users.
        explain: Whether to add the column ``reasons``.

    Raises:
        ConfigError: Not exactly one of ``item`` and ``text`` was given.
        NotFoundError: The item is not in the catalogue.
    """
    target = single_item(state, item, text)
    row = -1 if item is None else state.catalogue.row(str(item))

    def queries() -> Iterator[tuple[Queries, Mask | None]]:
        for batch, context in FrameRequest(state, list(users)).contexts():
            has_seen = np.zeros(len(batch), dtype=bool)
            owners, known = state.query_builder.excluded_pairs(
                batch, context, [Rules()] * len(batch)
            )
            has_seen[owners[known == row]] = True
            for position, stated in context.stated.items():
                has_seen[position] |= row >= 0 and stated.hides(row)
            yield state.query_builder.queries(context), has_seen if row >= 0 else None

    frame = rank_users(state.scorers[0], target, users, queries(), k)
    if not explain:
        return frame
    reasons = audience_reasons(state, target, frame["user_id"].to_list())
    return frame.with_columns(reasons_column(reasons))


def audience_reasons(state: ServingState, target: Items, users: Sequence[str]) -> list[Reasons]:
    """Return for each user the reasons for one item; their values add up to the score.

    Args:
        state: State that scored the item.
        target: Catalogue of the item alone.
        users: Ids of the users.
    """
    trained_scorer = state.scorers[0]
    scorer = trained_scorer.for_items(target)
    context = state.user_context(users)
    attributes, terms = state.trained.profile.names, state.trained.content.block_terms
    is_new = not scorer.is_warm[0]
    explained = []
    for position in range(len(users)):
        parts = state.query_builder.query_parts(context.only(position))
        parts = parts.with_scaled_wishes(trained_scorer)
        decomposed = decompose(scorer, parts, np.array([0]), attributes, terms)
        explained.append(
            [
                describe_reason(state, reason, parts, is_new=is_new, of_others=True)
                for reason in decomposed.short_reasons(0, MAX_REASONS)
            ]
        )
    return explained
