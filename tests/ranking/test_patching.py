import numpy as np
import pytest

from daybreak.data.items import Block, Items
from daybreak.data.queries import Queries
from daybreak.ranking import scorer as module
from daybreak.ranking.blend import LEVELS, Blend
from daybreak.ranking.patching import patched
from daybreak.ranking.scorer import Scorer
from daybreak.ranking.strategies import LINE_UP, Fitted

MOVED = np.array([2, 17, 33, 39])


@pytest.fixture
def queries(data):
    return Queries.of(data, data.events.where(data.events.user % 9 != 0), np.arange(30))


def scorer_of(data):
    """Return a scorer in which every strategy counts at every level."""
    fitted = Fitted.on(data, LINE_UP, seed=0)
    shape = (len(LEVELS), len(LINE_UP))
    rng = np.random.default_rng(2)
    may_old, may_new = fitted.roles
    blend = Blend(
        fitted.names,
        (rng.random(len(LINE_UP)) + 0.5).astype(np.float32),
        rng.random(shape) * may_old,
        rng.random(shape) * may_new,
        rng.random(len(LEVELS)),
    )
    return Scorer(blend, fitted, data.items)


def swapped(items):
    """Return items of which some have the content of their neighbours."""
    order = np.arange(len(items))
    order[MOVED] -= 1
    block = items.blocks[0]
    return Items(items.ids, (Block(block.name, block.matrix[order]),))


@pytest.mark.parametrize("limit", [6000, 1], ids=["dense", "sparse"])
@pytest.mark.parametrize("room", [module.WRITTEN, 0], ids=["written", "added up"])
def test_a_patched_scorer_says_of_moved_items_what_the_wing_says(
    data, queries, limit, room, monkeypatch
):
    monkeypatch.setattr("daybreak.models.statistics.DENSE_LIMIT", limit)
    scorer = scorer_of(data)
    scorer._room = room
    before = scorer.score(queries)
    wing = scorer.wing(swapped(data.items).take(MOVED))
    wanted = before.copy()
    wanted[:, MOVED] = wing.score(queries)
    assert not np.allclose(wanted, before, atol=1e-3)
    *_, last = patched(scorer, wing, MOVED, np.arange(len(MOVED)))
    np.testing.assert_allclose(last.score(queries), wanted, atol=1e-4)
    np.testing.assert_array_equal(scorer.score(queries), before)


def test_on_the_way_all_other_items_keep_their_scores(data, queries):
    scorer = scorer_of(data)
    before = np.delete(scorer.score(queries), MOVED, axis=1)
    wing = scorer.wing(swapped(data.items).take(MOVED))
    for one in patched(scorer, wing, MOVED, np.arange(len(MOVED))):
        others = np.delete(one.score(queries), MOVED, axis=1)
        np.testing.assert_allclose(others, before, atol=1e-5)


def test_each_shares_all_but_one_matrix_with_the_one_before(data, queries):
    scorer = scorer_of(data)
    scorer.score(queries)
    wing = scorer.wing(swapped(data.items).take(MOVED))
    for one in patched(scorer, wing, MOVED, np.arange(len(MOVED))):
        forms = [a is not b for a, b in zip(one.forms, scorer.forms, strict=True)]
        levels = [one.level(n) is not scorer.level(n) for n in scorer._levels]
        assert sum(forms) + sum(levels) == 1
        scorer = one
