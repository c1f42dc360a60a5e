from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.dataset import ContentBlock, Dataset, Events, Items, Queries
from daybreak.data.vocabulary import Vocabulary

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 9)), max_size=40)


def made(rows, seed=0):
    user, item, at = zip(*rows, strict=True) if rows else ((), (), ())
    return Events.of(user, item, at, seed=seed)


@given(ROWS)
def test_events_are_sorted_and_the_earliest_of_a_pair_is_kept(rows):
    events = made(rows)
    pairs = list(zip(events.user.tolist(), events.item.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) == {(user, item) for user, item, _ in rows}
    for (user, item), at in zip(pairs, events.at, strict=True):
        assert at == min(t for u, i, t in rows if (u, i) == (user, item))
    order = list(zip(events.user, events.at, strict=True))
    assert order == sorted(order)


@given(ROWS)
def test_positions_count_from_both_ends(rows):
    events = made(rows)
    for row, user in enumerate(events.user):
        assert events.count_earlier()[row] == (events.user[:row] == user).sum()
        assert events.count_later()[row] == (events.user[row + 1 :] == user).sum()


def test_events_of_one_time_do_not_keep_the_order_of_the_file():
    rows = [(0, item, 5) for item in range(50)]
    assert made(rows).item.tolist() != sorted(range(50))
    assert made(rows).item.tolist() == made(rows).item.tolist()


def test_unknown_times_count_as_the_oldest():
    events = Events.of([0, 0], [1, 2], [7.0, np.nan])
    assert events.item.tolist() == [2, 1]
    assert events.at.tolist() == [0.0, 7.0]


def test_recent_events_count_more_and_those_of_one_time_alike():
    """Times 1, 2, 2, 3: three later ones, then one later than the pair, then none."""
    events = Events.of([0] * 4, [1, 2, 3, 4], [1, 2, 2, 3])
    np.testing.assert_allclose(events.recency_weights(0.5), [0.125, 0.5, 0.5, 1])


def test_what_an_event_weighs_does_not_depend_on_other_people():
    rng = np.random.default_rng(0)
    events = Events.of(rng.integers(0, 9, 200), np.arange(200), rng.integers(0, 99, 200))
    together = events.recency_weights(0.8)
    for user in range(9):
        mine = events.user == user
        np.testing.assert_array_equal(events.filter(mine).recency_weights(0.8), together[mine])


def test_without_times_every_event_weighs_one():
    assert Events.of([0, 0, 0], [1, 2, 3], [0, 0, 0]).recency_weights(0.5).tolist() == [1, 1, 1]
    assert Events.of([], [], []).recency_weights(0.5).tolist() == []


def test_a_handful_of_times_is_no_order():
    assert not Events.of([0] * 20, range(20), [1, 2] * 10).has_time_order
    assert Events.of([0] * 20, range(20), range(20)).has_time_order
    assert not Events.of([], [], []).has_time_order


def test_the_matrix_holds_ones_or_weights():
    events = Events.of([1, 0], [2, 0], [0, 0])
    assert events.to_matrix(2, 3).toarray().tolist() == [[1, 0, 0], [0, 0, 1]]
    weights = np.array([0.5, 2.0], dtype=np.float32)
    assert events.to_matrix(2, 3, weights).toarray().tolist() == [[0.5, 0, 0], [0, 0, 2]]


@pytest.fixture
def shop():
    words = sp.csr_array(np.array([[1, 0], [0.6, 0.8], [0, 0]], dtype=np.float32))
    meaning = np.array([[0, 1], [0, 1], [1, 0]], dtype=np.float32)
    blocks = (ContentBlock("words", words), ContentBlock("meaning", meaning))
    return Items(Vocabulary(["tea", "rum", "gin"]), blocks, np.array([1.0, np.nan, 3.0]))


def test_similarity_adds_blocks_and_halves_meaning(shop):
    """Tea and rum share .6 of their words and all their meaning: ``.6 + .5``."""
    found = shop.similarity(shop)
    np.testing.assert_allclose(found, [[1.5, 1.1, 0], [1.1, 1.5, 0], [0, 0, 0.5]], atol=1e-6)
    assert found.dtype == np.float32


def test_items_are_taken_with_their_content_and_age(shop):
    some = shop.take(np.array([2, 0]))
    assert some.ids.ids == ("gin", "tea")
    assert some.created_at.tolist() == [3.0, 1.0]
    np.testing.assert_allclose(some.similarity(shop), shop.similarity(shop)[[2, 0]])
    assert len(shop.take(np.empty(0, dtype=np.int64))) == 0


@pytest.mark.parametrize("n_cells", [1, 4, 7])
def test_similarities_in_parts_are_those_of_all(n_cells, monkeypatch):
    vectors = np.float32([[1, 0], [0, 1], [0.6, 0.8]])
    blocks = (ContentBlock("words", sp.csr_array(vectors)), ContentBlock("meaning", vectors))
    shop = Items(Vocabulary("abc"), blocks)
    whole = shop.similarity(shop)
    monkeypatch.setattr("daybreak.data.dataset.MAX_SIMILARITY_CELLS", n_cells)
    np.testing.assert_allclose(shop.similarity(shop), whole, rtol=1e-6)


@pytest.mark.parametrize("n_items", [1, 16, 17])
def test_products_with_few_sparse_rows_are_those_of_many(n_items, monkeypatch):
    rng = np.random.default_rng(0)
    vectors, rows = (
        sp.csr_array(rng.random((n, 50)) * (rng.random((n, 50)) < 0.2), dtype=np.float32)
        for n in (200, n_items)
    )
    block = ContentBlock("words", rows)
    np.testing.assert_array_equal(block.products(vectors), (vectors @ rows.T).toarray())
    monkeypatch.setattr("daybreak.data.dataset.multiply_dense", None)
    if n_items == 17:
        block.products(vectors)
    block.products(vectors[:1])  # fewer entries than columns
    block.products(vectors.toarray())


def test_items_without_content_are_like_nothing():
    bare = Items(Vocabulary(["tea", "rum"]))
    assert bare.similarity(bare).tolist() == [[0, 0], [0, 0]]
    assert bare.take(np.array([1])).created_at.tolist() == []


def test_catalogues_of_other_blocks_cannot_be_compared(shop):
    with pytest.raises(ValueError, match="zip"):
        shop.similarity(Items(Vocabulary(["gin"])))


SHOP = Items(Vocabulary(["tea", "rum", "gin", "ale"]))


def test_interactions_are_those_of_active_users_with_anchors():
    data = Dataset(SHOP, Events.of([0, 3, 3], [1, 1, 3], [0, 0, 0]), n_users=5)
    assert data.train_items.ids.ids == ("rum", "ale")
    assert data.active_user_rows.tolist() == [0, 3]
    assert data.interactions.toarray().tolist() == [[1, 0], [1, 1]]
    assert data.user_counts.tolist() == [2, 1]
    assert data.profiles.shape == (5, 0)


def test_without_events_every_item_is_an_anchor():
    data = Dataset(SHOP, Events.of([], [], []), n_users=2)
    assert data.train_items.ids == SHOP.ids
    assert data.interactions.shape == (0, 4)
    assert data.user_counts.tolist() == [0, 0, 0, 0]


def test_hiding_events_keeps_the_catalogue_and_forgets_statistics():
    data = Dataset(
        SHOP, Events.of([0, 1], [1, 3], [0, 0]), 2, kernel=np.eye(4, dtype=np.float32)
    )
    data.cache["it"] = 1
    part = data.filter_events(data.events.user == 1)
    assert part.items is data.items
    assert part.kernel is data.kernel
    assert part.train_items.ids.ids == ("ale",)
    assert part.cache == {}
    assert data.train_items.ids.ids == ("rum", "ale")


ITEMS = Items(Vocabulary(["tea", "rum", "gin", "ale"]))
EVENTS = Events.of([0, 0, 0, 0, 2], [0, 1, 2, 3, 1], [1, 2, 3, 4, 9])
DATA = Dataset(ITEMS, EVENTS, 3, sp.csr_array(np.eye(3, 2, dtype=np.float32)))


def test_a_query_knows_its_events_scaled_faded_and_its_profile():
    queries = Queries.for_users(DATA, EVENTS, np.array([0, 1]))
    assert queries.n_events.tolist() == [4, 0]
    np.testing.assert_allclose(queries.history.toarray(), [[0.5] * 4, [0] * 4])
    np.testing.assert_allclose(
        queries.recent_history.toarray()[0], np.arange(4, 0, -1) ** -0.5, rtol=1e-6
    )
    assert queries.profile.toarray().tolist() == [[1, 0], [0, 1]]


def test_queries_follow_the_order_of_users():
    one, other = (
        Queries.for_users(DATA, EVENTS, np.array(users)) for users in ([0, 2], [2, 0])
    )
    for name in ("history", "recent_history", "profile"):
        wanted = getattr(one, name).toarray()[::-1]
        np.testing.assert_array_equal(getattr(other, name).toarray(), wanted)


def test_a_query_is_the_same_alone_and_in_company():
    whole = Queries.for_users(DATA, EVENTS, np.array([0, 1, 2]))
    for row in range(3):
        alone, taken = (
            Queries.for_users(DATA, EVENTS, np.array([row])),
            whole.take(np.array([row])),
        )
        assert len(alone) == 1
        for name in ("history", "recent_history", "profile"):
            np.testing.assert_array_equal(
                getattr(alone, name).toarray(), getattr(taken, name).toarray()
            )
        np.testing.assert_array_equal(alone.n_events, taken.n_events)


def test_only_the_events_that_are_given_are_known():
    hidden = EVENTS.filter(EVENTS.item < 2)
    assert Queries.for_users(DATA, hidden, np.array([0, 2])).n_events.tolist() == [2, 1]


def test_shares_of_events_are_scaled_by_their_sum():
    plain = sp.csr_array(np.array([[0.5, 0.5, 0, 2.0]], dtype=np.float32))
    queries = Queries.from_history(ITEMS, plain, plain, sp.csr_array((1, 0)))
    assert queries.n_events.tolist() == [3]
    np.testing.assert_allclose(queries.history.toarray(), plain.toarray() / np.sqrt(3))


def test_wishes_follow_their_queries_and_tell_who_has_one(shop):
    nobody = Events.of([], [], [])
    queries = Queries.for_users(Dataset(shop, nobody, 3), nobody, np.arange(3))
    assert not queries.has_wish.any()
    words = sp.csr_array(np.array([[0, 0, 0], [1, 0, -1], [0, 0, 0]], dtype=np.float32))
    meaning = np.array([[0, 0], [0, 0], [0.5, 0]], dtype=np.float32)
    wishing = replace(queries, wish=(words, meaning)).take(np.array([1, 0]))
    assert wishing.has_wish.tolist() == [True, False]
    assert wishing.wish[0].toarray().tolist() == [[1, 0, -1], [0, 0, 0]]
    assert wishing.wish[1].tolist() == [[0, 0], [0, 0]]


def test_learned_weights_of_blocks_replace_the_prior_ones_and_stay_with_the_items():
    """Words alike, texts not: with weights 2 and 0.25 the similarities are 2 and 2.25."""
    words = ContentBlock("words", np.array([[1.0, 0], [1, 0]], dtype=np.float32))
    meaning = ContentBlock("meaning", np.array([[1.0, 0], [0, 1]], dtype=np.float32))
    two = Items(Vocabulary(["tea", "rum"]), (words, meaning))
    assert [block.weight for block in two.blocks] == [1, 0.5]
    learned = two.with_block_weights({"words": 2.0}).with_block_weights({"meaning": 0.25})
    assert learned.similarity(two).tolist() == [[2.25, 2], [2, 2.25]]
    assert [block.weight for block in learned.take(np.array([1])).blocks] == [2, 0.25]
