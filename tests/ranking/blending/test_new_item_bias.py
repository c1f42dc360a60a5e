from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data import Vocabulary
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.new_item_bias import (
    bound_new_item_bias,
    bound_unknown_items,
    find_unsold_share,
    unsold_bias,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet

N_QUERIES = 60


@pytest.fixture
def data():
    """Return a shop of 30 items of which 24 were bought and 6 never."""
    users, items = np.divmod(np.arange(40 * 24), 24)
    return Dataset(
        Items(Vocabulary(f"i{n}" for n in range(30))), Events.of(users, items, 0 * users), 40
    )


def pools(n_new=6):
    """Return queries for the best known item; candidates are 12 known and some unsold."""
    rows = np.r_[np.arange(12), np.arange(30 - n_new, 30)]
    shape = (N_QUERIES, len(rows))
    relevant = np.zeros(shape, dtype=bool)
    relevant[:, 0] = True
    scores = np.where(rows < 24, 2.0 - 0.1 * np.arange(len(rows)), 0.0)
    pool = CandidatePool(
        np.broadcast_to(scores, (1, *shape)).astype(np.float32),
        relevant,
        np.ones(shape, dtype=bool),
        np.broadcast_to(rows >= 24, shape).copy(),
        np.ones(N_QUERIES, dtype=np.int64),
        np.full(N_QUERIES, 3, dtype=np.float32),
        np.broadcast_to(rows, shape).astype(np.int32),
    )
    return TrainingPools({"new_item": pool}, np.ones(1, dtype=np.float32))


def weights(bias):
    levels = np.ones((len(EVENT_LEVELS), 1))
    return WeightSet(1.0, levels, levels, np.full(len(EVENT_LEVELS), bias))


def test_a_bias_that_puts_unsold_items_first_is_lowered_until_what_sells_leads(data):
    """The target scores 2; six items that nobody liked score 5 and may not stay above it."""
    disliked = replace(data, unchosen=np.arange(30) >= 24)
    (found,) = bound_new_item_bias(disliked, pools(), [weights(5.0)])
    assert found.new_bias[2] < 2
    assert found.new_bias[2] == pytest.approx(1.5)
    assert found.new_bias[0] == 5  # no query has no event


def test_the_bias_of_arrivals_stays(data):
    """Every sold item has 40 buyers, so six items without any were not on sale yet."""
    (found,) = bound_new_item_bias(data, pools(), [weights(5.0)])
    assert (found.new_bias == 5).all()


def rare(data):
    """Return the shop with one buyer for six of the 24 items that were bought."""
    is_kept = (data.events.item >= 6) | (data.events.user == 0)
    return replace(data, events=data.events.filter(is_kept))


def test_unsold_items_of_a_shop_with_rare_items_are_lowered_until_what_sells_leads(data):
    """The target scores 2; at 5, a share of 0.6 leads to 5 - 0.6 (5 + 1) = 1.4."""
    share = find_unsold_share(rare(data), pools(), [weights(5.0)], np.array([True]))
    assert share == 0.6


def test_a_share_of_unsold_items_is_needed_only_where_they_hide_something(data):
    ordinary = np.array([True])
    assert find_unsold_share(rare(data), pools(), [weights(0.5)], ordinary) == 0
    assert find_unsold_share(data, pools(), [weights(5.0)], ordinary) == 0  # arrivals
    assert find_unsold_share(rare(data), pools(), [], ordinary) == 0
    everything = Dataset(data.items.take(np.arange(24)), data.events, 40)
    assert find_unsold_share(everything, pools(0), [weights(5.0)], ordinary) == 0


def test_the_bias_of_unsold_items_is_a_standard_deviation_below_the_lower_one():
    weights, ordinary = np.array([[3.0, 4.0, 9.0]]), np.array([True, True, False])
    assert unsold_bias(np.array([2.0, -1.0]), weights, ordinary).tolist() == [-5.0, -6.0]


def test_a_bias_that_hides_nothing_stays(data):
    (found,) = bound_new_item_bias(data, pools(), [weights(0.5)])
    assert (found.new_bias == 0.5).all()


def test_without_unsold_items_nothing_changes(data):
    everything = Dataset(data.items.take(np.arange(24)), data.events, 40)
    (found,) = bound_new_item_bias(everything, pools(0), [weights(5.0)])
    assert (found.new_bias == 5).all()


def test_ten_items_with_events_come_before_an_item_of_which_nothing_is_known():
    """Items with events score 2.0, 1.9, … 0.9; the tenth of them has 1.1."""
    asked = TrainingPools({"user": pools().pools["new_item"]}, np.ones(1, dtype=np.float32))
    assert bound_unknown_items(asked, weights(5.0)).new_bias == pytest.approx(1.1)
    assert bound_unknown_items(asked, weights(0.5)).new_bias == pytest.approx(0.5)


def test_where_things_age_what_is_new_may_come_first():
    asked = pools().pools["new_item"]
    newsroom = TrainingPools({"user": asked, "now_new": asked}, np.ones(1, dtype=np.float32))
    assert (bound_unknown_items(newsroom, weights(5.0)).new_bias == 5).all()


def test_new_items_do_not_fill_the_lists_of_a_shop_whose_items_all_sell():
    """Each of 60 people has bought ten of 48 items, most of them on one of three shelves."""
    rng = np.random.default_rng(1)
    shelf = np.arange(48) % 3
    bought = [
        (f"u{user}", f"i{item}", float(1_760_000_000 + 3600 * user + 86_400 * n))
        for user in range(60)
        for n, item in enumerate(
            rng.permutation(
                np.r_[
                    rng.choice(np.flatnonzero(shelf == user % 3), 8, replace=False),
                    rng.choice(np.flatnonzero(shelf != user % 3), 2, replace=False),
                ]
            )
        )
    ]
    events = pl.DataFrame(bought, ["user_id", "item_id", "timestamp"], orient="row")
    words = ("tea", "tool", "book")
    items = [{"item_id": f"i{n}", "title": f"{words[n % 3]} no {n}"} for n in range(48)]
    shop = Recommender(encoder="none").fit(events, items=items)
    new = [{"item_id": f"new{n}", "title": f"tea no {50 + n}"} for n in range(6)]
    shop.add_items([*new, {"item_id": "new-bare"}])
    found = shop.recommend(["a newcomer", "u0", "u1", "u2"], k=10)
    is_new = pl.col("item_id").str.starts_with("new")
    counts = dict(found.group_by("user_id").agg(is_new.sum()).rows())
    assert counts["a newcomer"] == 0
    assert max(counts["u1"], counts["u2"]) <= 2  # who buys tools or books
    assert "new-bare" not in found["item_id"].to_list()
