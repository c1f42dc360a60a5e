"""Two ways to make a recommender, side by side on the same simulated cold starts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models import LinearModel
from daybreak.ranking.blend import Blend
from daybreak.ranking.features import Probe
from daybreak.ranking.full_ranking import expected_gains
from daybreak.ranking.questions import SLICES, Question, Round, rounds
from daybreak.ranking.scorer import Scorer
from daybreak.ranking.strategies import Fitted, Strategy
from daybreak.types import Floats, Rows, Sparse

K = 10
"""NDCG is measured on lists of this length."""
PART = 8_000_000
"""Scores held at a time."""

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The items of a data set, as the encoders of one recommender see them."""

    items: Items
    kernel: Floats | None = None
    """(n_items, n_items) similarities when they were computed before."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a recommender is made by: strategies with their options, and their weights."""

    blend: Blend
    strategies: tuple[Strategy, ...]
    """In the order of the blend."""
    catalogue: Catalogue | None = None
    """Default: as the data have it."""


@dataclass(frozen=True, eq=False)
class Bout:
    """What both reached on the queries of one slice."""

    slice: str
    new: Sparse
    """(n_queries, n_items) CSR: what each target adds to the query's NDCG@10"""
    old: Sparse
    """(n_queries, n_items) CSR"""
    users: Rows
    """(n_queries,) who was asked; in several rounds the same user may be"""


def duel(
    data: Dataset,
    new: Recipe,
    old: Recipe,
    *,
    seed: int = 0,
    repeats: int | None = None,
    say: Progress = lambda _: None,
) -> tuple[Bout, ...]:
    """Let both recipes learn from the visible part of each round and rank every candidate.

    The rounds are not those that a blend is fitted on. Nothing that either recommender has
    learned before is used: it knows what is hidden. A strategy that both have with the same
    options learns once.

    Args:
        data: Everything that is known.
        new: The one that wants to take over.
        old: The one in service.
        seed: Of what is hidden and of the learning.
        repeats: How often users and items are hidden at random; None: up to three times, until
            there are enough new users.
        say: Told of each round.
    """
    found: dict[str, list[Bout]] = {}
    for number, one in enumerate(rounds(data, seed, repeats)):
        say(f"round {number + 1} of the duel ({one.name})")
        for bout in _play(one, new, old, seed):
            found.setdefault(bout.slice, []).append(bout)
    return tuple(_joined(found[name]) for name in SLICES if name in found)


def _play(one: Round, new: Recipe, old: Recipe, seed: int) -> Iterator[Bout]:
    shared: dict[Any, LinearModel[Any, Any]] = {}
    sides = [_learned(one.data, recipe, seed, shared) for recipe in (new, old)]
    for question in one.questions:
        first, second = (_answers(side, question) for side in sides)
        yield Bout(question.slice, first, second, question.probe.users)


def _learned(data: Dataset, recipe: Recipe, seed: int, shared: dict[Any, Any]) -> Scorer:
    """Return the recipe after learning; what was learned from the same content is shared."""
    content = recipe.catalogue
    if content is not None:
        data = replace(data, items=content.items, kernel=content.kernel)
    fitted = []
    for strategy in recipe.strategies:
        key = id(content), strategy.model, repr(strategy.blank())
        if key not in shared:
            shared[key] = strategy.fit(data, seed)
        fitted.append(shared[key])
    learned = Fitted(recipe.strategies, tuple(fitted), data.anchors)
    return Scorer(recipe.blend, learned, data.items)


def _answers(side: Scorer, question: Question) -> Sparse:
    """Return (n_queries, n_items): what each target adds to one side's NDCG."""
    probe = question.probe
    step = max(20, PART // max(len(side.items), 1))
    starts = range(0, len(probe.queries), step)
    parts = [np.arange(at, min(at + step, len(probe.queries))) for at in starts]
    return sp.vstack([_gains(side, probe.take(part)) for part in parts], format="csr")


def _gains(side: Scorer, probe: Probe) -> Sparse:
    scores = side.score(replace(probe.queries, anchors=side.fitted.anchors))
    allowed = np.tile(probe.candidates, (len(scores), 1))
    allowed[probe.seen.nonzero()] = False
    relevant = np.zeros_like(allowed)
    relevant[probe.targets.nonzero()] = True
    return expected_gains(scores, allowed, relevant, K)


def _joined(bouts: list[Bout]) -> Bout:
    new, old = (
        sp.vstack([getattr(bout, side) for bout in bouts], format="csr")
        for side in ("new", "old")
    )
    return Bout(bouts[0].slice, new, old, np.concatenate([bout.users for bout in bouts]))


__all__ = ["Bout", "Catalogue", "Recipe", "duel"]
