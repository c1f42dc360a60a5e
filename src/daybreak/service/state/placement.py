"""Where an item is in the list of one query, and what keeps it out."""

from dataclasses import dataclass

import numpy as np

from daybreak.ranked_lists import round_scores
from daybreak.service.state.explain import QUANTITY, Reasons, explain_items
from daybreak.service.state.query_builder import QueryBatch
from daybreak.service.state.rules import CompiledRules
from daybreak.service.state.serving_state import ServingState

SEEN, SELF, NO_SCORE, OUTSCORED = "exclude_seen", "self", "no_score", "outscored"
"""Obstacles besides the names of rules: the user has the item, or is the item of a network, no
strategy can score it, and others have larger scores."""
SHOP_RULES = "shop_rules"
"""Obstacle: the rules of all lists hide the item."""
RERANKING_RULES = ("quotas", "distinct", "alike", "diversity", "novelty")
"""Rules that leave out an item although its score is large enough."""


@dataclass(frozen=True)
class ItemPlacement:
    """Rank and score of one item for one query."""

    rank: int | None
    """Rank in the list of the requested length; None: it is not in it."""
    score: float | None
    """Score with boosts; None: no strategy can score the item."""
    score_rank: int | None
    """Rank by score among all items that the rules allow; None: they do not allow it."""
    n_candidates: int
    """Number of items that the rules allow and a strategy can score."""
    last_score: float | None
    """Score of the last item of the list; None: the list is empty."""
    obstacles: tuple[str, ...]
    """What keeps the item out: names of rules, ``exclude_seen``, ``self``, ``no_score``,
    ``quantity`` (a bound in the user's words), ``outscored``; empty if it is in the list."""
    reasons: Reasons
    """All evidence for and against the item; the values add up to the score."""


def place_item(state: ServingState, batch: QueryBatch, row: int) -> ItemPlacement:
    """Return where an item is in the list of the only query of a batch, and why.

    Args:
        state: State that ranks.
        batch: Batch with one query.
        row: Row of the item in the catalogue.
    """
    rules = batch.rules[0]
    scores = round_scores(
        state.scorer.at_popularity(rules.rules.popularity).score(batch.queries)
    )
    scores = scores[0]
    for added in (rules.stated_values(), rules.boost_values()):
        scores = scores if added is None else scores + added
    has_score = bool(np.isfinite(scores[row]))
    is_excluded = batch.excluded[[0]].toarray()[0] != 0
    candidates = rules.allowed & ~is_excluded & np.isfinite(scores)
    lists = state.ranker.rank(batch)
    position = np.flatnonzero(lists.item == row)
    obstacles = []
    if not len(position):
        obstacles = state.ranker.rule_compiler.obstacles(rules.rules, row)
        is_self = row in state.query_builder.own_items(batch.users)[1]
        obstacles += [SELF if is_self else SEEN] if is_excluded[row] else []
        obstacles += [] if has_score else [NO_SCORE]
        obstacles += [QUANTITY] if rules.stated is not None and rules.stated.hides(row) else []
        obstacles += [] if obstacles or rules.allowed[row] else [SHOP_RULES]
    score_rank = None
    if candidates[row]:
        is_tie = scores == scores[row]
        is_tie[row:] = False  # equal scores are in the order of the catalogue
        score_rank = 1 + int((candidates & (is_tie | (scores > scores[row]))).sum())
        if not len(position):
            obstacles += _ranking_obstacles(rules, score_rank, batch.k[0])
    return ItemPlacement(
        int(lists.rank[position[0]]) if len(position) else None,
        float(scores[row]) if has_score else None,
        score_rank,
        int(candidates.sum()),
        float(lists.score[-1]) if len(lists) else None,
        tuple(obstacles),
        explain_items(state, batch, 0, np.array([row]))[0],
    )


def _ranking_obstacles(rules: CompiledRules, score_rank: int, k: int) -> list[str]:
    """Return why an item that the rules allow is not in the list."""
    if score_rank > k or rules.reranker is None:
        return [OUTSCORED]
    return [name for name in RERANKING_RULES if getattr(rules.rules, name)]
