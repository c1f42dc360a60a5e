"""Wishes in the scorer: partitions, updates, explanations and labels."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Dataset, Queries
from daybreak.models.wish import saturate_wishes
from daybreak.ranking.blending.strategies import FittedStrategies, get_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend
from daybreak.ranking.explain import QueryParts, decompose
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.ranking.scoring.updates import iter_column_updates

NAMES = ("popular", "ease", "content/match", "wish")
CHANGED = np.array([2, 17, 33, 39])


@pytest.fixture
def two_blocks(data):
    rng = np.random.default_rng(4)
    meaning = rng.standard_normal((len(data.items), 3)).astype(np.float32)
    meaning /= np.linalg.norm(meaning, axis=1, keepdims=True)
    blocks = (*data.items.blocks, ContentBlock("meaning", meaning))
    return Dataset(replace(data.items, blocks=blocks), data.events, 80, data.profiles)


@pytest.fixture
def scorer(two_blocks):
    fitted = FittedStrategies.fit_on(two_blocks, get_strategies(NAMES), seed=0)
    weights = np.tile([1.0, 0.5, 0.7, 9.0], (len(EVENT_LEVELS), 1))
    new = np.tile([0.0, 0.0, 1.0, 9.0], (len(EVENT_LEVELS), 1))
    bias = np.full(len(EVENT_LEVELS), 0.3)
    blend = Blend(NAMES, np.array([1, 2, 0.5, 1], np.float32), weights, new, bias)
    return Scorer(blend, fitted, two_blocks.items)


@pytest.fixture
def queries(two_blocks):
    known = two_blocks.events.filter(two_blocks.events.user % 3 != 0)
    queries = Queries.for_users(two_blocks, known, np.arange(12))
    said = sp.diags_array((np.arange(12) % 4 < 2).astype(np.float32))
    blocks = (block.matrix[:12] for block in two_blocks.items.blocks)
    return replace(queries, wish=tuple(said @ block for block in blocks))


def test_a_wish_adds_its_saturated_likeness_to_every_item(scorer, queries, two_blocks):
    plain = scorer.score(replace(queries, wish=()))
    found = scorer.score(queries)
    likeness = two_blocks.items.take(np.arange(12)).similarity(two_blocks.items)
    top = np.sort(likeness, axis=1)[:, -5]  # 40 items: the fifth is the reference
    expected = saturate_wishes(likeness / top[:, None]) * queries.has_wish[:, None]
    np.testing.assert_allclose(found - plain, 9 * expected, atol=1e-4)


@pytest.mark.parametrize("max_bytes", [0, 10**9])
def test_partitions_measure_a_wish_by_the_whole_catalogue(
    scorer, queries, two_blocks, max_bytes
):
    partition = scorer.for_items(two_blocks.items.take(CHANGED), max_fused_bytes=max_bytes)
    features = scorer.encode(queries)
    found = features.restore_order(partition.score_encoded(features))
    np.testing.assert_allclose(found, scorer.score(queries)[:, CHANGED], atol=1e-4)


def test_changed_content_is_wished_for(scorer, queries, two_blocks):
    swapped = two_blocks.items.take(np.roll(np.arange(40), 1))
    items = replace(swapped, ids=two_blocks.items.ids).take(CHANGED)
    partition = scorer.for_items(items)
    features = scorer.encode(queries)
    expected = features.restore_order(partition.score_encoded(features))
    *_, last = iter_column_updates(scorer, partition, CHANGED, np.arange(len(CHANGED)))
    found = last.score_encoded(last.encode(queries))[:, CHANGED]
    without = expected[~queries.has_wish]
    np.testing.assert_allclose(
        features.restore_order(found)[~queries.has_wish], without, atol=1e-4
    )
    wish = last.linear_models[3].weights
    np.testing.assert_allclose(
        wish.to_dense()[:, CHANGED], partition.linear_models[3].weights.to_dense(), atol=1e-6
    )
    assert wish.dense is None


def ask(queries, rows, owners, n=12):
    """Return queries with the wishes of some rows, for the given queries."""
    wish = tuple(block[rows] for block in queries.wish)
    return replace(queries, wish=wish, wish_query=np.array(owners))


def test_the_best_of_several_wishes_counts(scorer, queries):
    """The factor of the wish whose items are less popular makes their last places equal."""
    both = ask(queries, np.array([0, 1]), [3, 3])
    plain = scorer.score(queries.without_wishes())
    found = scorer.score(both) - plain
    one, other = (scorer.score(ask(queries, np.array([row]), [3])) - plain for row in (0, 1))
    assert (found[np.arange(12) != 3] == 0).all()
    factors = scorer.encode(both).wish_factors
    assert factors.min() == 1 <= factors.max()
    likeness = np.stack([one[3], other[3]])
    weighted = np.where(likeness > 0, likeness * factors[:, None], likeness)
    np.testing.assert_allclose(found[3], weighted.max(axis=0), atol=1e-4)


def test_queries_keep_their_wishes_in_another_order(scorer, queries):
    several = ask(queries, np.array([0, 4, 1, 5]), [2, 2, 7, 9])
    rows = np.array([9, 0, 2, 7, 2])
    taken = several.take(rows)
    assert taken.wish_query.tolist() == [0, 2, 2, 3, 4, 4]
    assert taken.has_wish.tolist() == [True, False, True, True, True]
    np.testing.assert_allclose(scorer.score(taken), scorer.score(several)[rows], atol=1e-4)


def test_partitions_share_the_factors_of_wishes(scorer, queries, two_blocks):
    several = ask(queries, np.array([0, 4, 1]), [2, 2, 7])
    partition = scorer.for_items(two_blocks.items.take(CHANGED))
    features = scorer.encode(several)
    found = features.restore_order(partition.score_encoded(features))
    np.testing.assert_allclose(found, scorer.score(several)[:, CHANGED], atol=1e-4)


def test_the_reasons_of_several_wishes_add_up(scorer, queries):
    items = np.arange(40)
    for row in (3, 8):
        one = ask(queries, np.array([0, 4]), [row, row]).take(np.array([row]))
        empty = sp.csr_array((0, one.history.shape[1]), dtype=np.float32)
        names = (("text", "first"), ("text", "second"))
        wishes = sp.csr_array(sp.hstack(one.wish))
        parts = QueryParts((), empty, empty, one.profile, wishes, names)
        stranger = replace(
            one,
            history=0 * one.history,
            recent_history=0 * one.recent_history,
            n_events=np.zeros(1, dtype=np.float32),
        )
        found = decompose(scorer, parts, items, list("abcd"))
        np.testing.assert_allclose(
            found.values.sum(axis=0), scorer.score(stranger)[0, items], atol=1e-4
        )
        first, second = (found.values[found.names.index(name)] for name in names)
        assert not (first * second).any(), "an item answers the wish that it fulfils best"
        assert first.any()
        assert second.any()


def test_an_answer_to_a_wish_is_labelled_as_such(scorer):
    levels, no = np.array([0, 3]), np.zeros(2, dtype=bool)
    assert scorer.dominant_strategy(levels, no, no, ~no) == ["wish", "wish"]
    assert "wish" not in scorer.dominant_strategy(levels, no, no)


def test_a_wish_outweighs_a_history_that_speaks_more_than_the_measured_ones(
    scorer, queries, two_blocks
):
    """Fully about the wish comes before less than half; the history orders what is about it."""
    factors = np.array([1, 40, 1, 1 / 90])
    blend = replace(
        scorer.blend,
        weights=scorer.blend.weights * factors,
        new_weights=scorer.blend.new_weights * factors,
    )
    weak = Scorer(blend, scorer.fitted, two_blocks.items)
    asking = np.flatnonzero(queries.has_wish)
    plain = weak.score(queries.without_wishes())[asking]
    found = weak.score(queries)[asking]
    likeness = weak._wish_likeness(weak.encode(queries).matrices["wish"])
    likeness = weak.encode(queries).restore_order(likeness)[asking]
    lost = 0
    for row, before, alike in zip(found, plain, likeness, strict=True):
        full, other = alike >= 0.99, alike < 0.5
        weak_sum = before + np.float32(0.1) * alike
        lost += weak_sum[full].min() < weak_sum[other].max()
        assert row[full].min() > row[other].max()
        same = np.flatnonzero(np.isclose(alike, 1, atol=1e-3))
        assert (np.argsort(row[same]) == np.argsort(before[same])).all()
    assert lost
