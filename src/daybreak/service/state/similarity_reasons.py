"""Reasons of a similarity: the words, attributes and users that two items share."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Items
from daybreak.service.state.explain import MAX_REASONS, Reasons, RecommendationReason
from daybreak.service.state.reason_texts import format_term
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Floats, Rows

Piece: TypeAlias = tuple[str, str, float]
"""Kind, name and value of a piece of a similarity."""
MIN_SHARE = 0.02
"""Smallest share of the similarity that a word or an attribute needs to be listed."""
DENSE_PHRASES = {"picture": "similar picture", "sound": "similar sound"}
"""Phrases of blocks without terms; others are about meaning."""
KINDS_OF_BLOCKS = {"words": "word", "attributes": "attribute"}
"""Kind of the terms of each content block that has terms."""


def similarity_reasons(
    state: ServingState, compared: Items, query: Rows, item: Rows, common_users: Floats
) -> list[Reasons]:
    """Return why items are similar; the values of the reasons add up to the similarity.

    Args:
        state: State that compared them.
        compared: The items, or texts, that others are similar to.
        query: (n,) rows of ``compared``.
        item: (n,) rows of the catalogue.
        common_users: (n,) similarity of their users, 0 for texts.
    """
    items = state.catalogue.items
    total = sum(block.weight for block in items.blocks) or 1.0
    block_terms = state.trained.content.block_terms
    pieces: list[list[Piece]] = [[] for _ in query]
    for block, other in zip(compared.blocks, items.blocks, strict=True):
        terms = block_terms.get(block.name, ())
        for number, (row, similar) in enumerate(zip(query, item, strict=True)):
            pieces[number] += [
                (kind, name, share * block.weight / total)
                for kind, name, share in _shared_content(
                    block.take(np.array([row])), other.take(np.array([similar])), terms
                )
            ]
    for number, value in enumerate(common_users.tolist()):
        pieces[number].append(("users", "chosen by the same people", value))
    return [_shorten(one) for one in pieces]


def _shared_content(
    left: ContentBlock, right: ContentBlock, terms: Sequence[str]
) -> list[Piece]:
    """Return what two rows of a block share; the values add up to their cosine."""
    if not len(terms):
        cosine = float(left.cosine_similarity(right).item())
        kind = left.name if left.name in DENSE_PHRASES else "meaning"
        return [(kind, DENSE_PHRASES.get(kind, "similar meaning"), cosine)]
    first: Any = left.matrix
    product = sp.csr_array(first.multiply(right.matrix))
    kind = KINDS_OF_BLOCKS.get(left.name, "word")
    return [
        (kind, terms[column], share)
        for column, share in zip(product.indices.tolist(), product.data.tolist(), strict=True)
    ]


def _shorten(pieces: Sequence[Piece]) -> Reasons:
    """Return the largest pieces as reasons, and the sum of the others as the last one."""
    used = sorted((one for one in pieces if one[2] != 0), key=lambda one: -abs(one[2]))
    total = sum(abs(value) for _, _, value in used)
    listed = [one for one in used[: MAX_REASONS - 1] if abs(one[2]) >= MIN_SHARE * total]
    rest = float(np.sum([value for _, _, value in used[len(listed) :]]))
    reasons = [_reason_of(*piece) for piece in listed]
    if len(used) > len(listed):
        reasons.append(_reason_of("rest", "everything else", rest))
    return reasons


def _reason_of(kind: str, name: str, value: float) -> RecommendationReason:
    title = format_term(name) if kind == "attribute" else name
    phrases = {"word": f"both say '{title}'", "attribute": f"both: {title}"}
    return RecommendationReason(kind, name, title, value, phrases.get(kind, title))
