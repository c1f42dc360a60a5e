import numpy as np
import pytest

from daybreak.data.dataset import ContentBlock, Items, Queries
from daybreak.ranking.blending.strategies import FittedStrategies, default_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend
from daybreak.ranking.scoring import scorer as module
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.ranking.scoring.updates import iter_column_updates

MOVED = np.array([2, 17, 33, 39])


@pytest.fixture
def queries(data):
    return Queries.for_users(data, data.events.filter(data.events.user % 9 != 0), np.arange(30))


def scorer_of(data):
    """Return a scorer in which every strategy counts at every level."""
    fitted = FittedStrategies.fit_on(data, default_strategies(), seed=0)
    shape = (len(EVENT_LEVELS), len(default_strategies()))
    rng = np.random.default_rng(2)
    may_old, may_new = fitted.item_masks
    blend = Blend(
        fitted.names,
        (rng.random(len(default_strategies())) + 0.5).astype(np.float32),
        rng.random(shape) * may_old,
        rng.random(shape) * may_new,
        rng.random(len(EVENT_LEVELS)),
    )
    return Scorer(blend, fitted, data.items)


def swapped(items):
    """Return items of which some have the content of their neighbours."""
    order = np.arange(len(items))
    order[MOVED] -= 1
    block = items.blocks[0]
    return Items(items.ids, (ContentBlock(block.name, block.matrix[order]),))


@pytest.mark.parametrize("limit", [6000, 1], ids=["dense", "sparse"])
@pytest.mark.parametrize("room", [module.MAX_LEVEL_CACHE_BYTES, 0], ids=["written", "added up"])
def test_a_patched_scorer_says_of_moved_items_what_the_wing_says(
    data, queries, limit, room, monkeypatch
):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", limit)
    scorer = scorer_of(data)
    scorer._free_cache_bytes = room
    before = scorer.score(queries)
    wing = scorer.for_items(swapped(data.items).take(MOVED))
    wanted = before.copy()
    wanted[:, MOVED] = wing.score(queries)
    assert not np.allclose(wanted, before, atol=1e-3)
    *_, last = iter_column_updates(scorer, wing, MOVED, np.arange(len(MOVED)))
    np.testing.assert_allclose(last.score(queries), wanted, atol=1e-4)
    np.testing.assert_array_equal(scorer.score(queries), before)


def test_on_the_way_all_other_items_keep_their_scores(data, queries):
    scorer = scorer_of(data)
    before = np.delete(scorer.score(queries), MOVED, axis=1)
    wing = scorer.for_items(swapped(data.items).take(MOVED))
    for one in iter_column_updates(scorer, wing, MOVED, np.arange(len(MOVED))):
        others = np.delete(one.score(queries), MOVED, axis=1)
        np.testing.assert_allclose(others, before, atol=1e-5)


def test_each_shares_all_but_one_matrix_with_the_one_before(data, queries):
    scorer = scorer_of(data)
    scorer.score(queries)
    wing = scorer.for_items(swapped(data.items).take(MOVED))
    for one in iter_column_updates(scorer, wing, MOVED, np.arange(len(MOVED))):
        forms = [
            a is not b for a, b in zip(one.linear_models, scorer.linear_models, strict=True)
        ]
        levels = [one.level_weights(n) is not scorer.level_weights(n) for n in scorer._levels]
        assert sum(forms) + sum(levels) == 1
        scorer = one
