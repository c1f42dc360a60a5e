from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.rng import create_generator
from daybreak.simulation.topics import (
    MIN_TARGETS,
    find_topics,
    overdispersion,
    topic_queries,
)

N_ITEMS, TOPIC_ITEMS = 400, 30


@pytest.fixture
def data():
    """Column 0 is what half of the users like; column 1 is spread evenly over all users."""
    rng = np.random.default_rng(0)
    terms = np.zeros((N_ITEMS, 3), dtype=np.float32)
    terms[:TOPIC_ITEMS, 0] = 1
    terms[np.arange(5, N_ITEMS, 13), 1] = 1
    terms[:200, 2] = 1
    items = Items(
        Vocabulary(f"i{row}" for row in range(N_ITEMS)),
        (ContentBlock("words", sp.csr_array(terms)),),
    )
    fans = [rng.choice(TOPIC_ITEMS, 10, replace=False) for _ in range(40)]
    others = [rng.choice(N_ITEMS, 10, replace=False) for _ in range(80)]
    item = np.concatenate(fans + others)
    user = np.repeat(np.arange(120), 10)
    return Dataset(items, Events.of(user, item, np.zeros(len(user))), 120)


def test_the_overdispersion_by_hand():
    """Users with 1 of 2 and 1 of 2 events: the variance is 0 where chance has 0.5: ρ = -1."""
    interactions = sp.csr_array([[1.0, 0, 1, 0], [0, 1, 0, 1]])
    rho, share = overdispersion(interactions, sp.csr_array([[1.0], [1], [0], [0]]))
    assert rho.tolist() == pytest.approx([-1])
    assert share.tolist() == [0.5]


def test_the_strongest_topic_is_the_one_in_which_users_differ(data):
    topics = find_topics(data)
    assert len(topics) == 2  # the third term has half of the items
    assert data.train_item_rows[topics[0].rows].max() < TOPIC_ITEMS


def test_topics_that_are_counted_in_blocks_are_the_same(data, monkeypatch):
    whole = find_topics(data)
    monkeypatch.setattr("daybreak.simulation.topics.MAX_BLOCK_EVENTS", 1)
    found = find_topics(data)
    assert [one.strength for one in found] == [one.strength for one in whole]
    assert [one.rows.tolist() for one in found] == [one.rows.tolist() for one in whole]


def test_targets_are_the_other_items_of_the_topic(data):
    for labelled in topic_queries(data, create_generator(0, "topics")):
        n = int(labelled.queries.n_events[0])
        sizes = np.asarray(labelled.seen.sum(axis=1)).ravel()
        assert (sizes == n).all()
        assert (labelled.queries.n_events == n).all()
        assert (labelled.seen.multiply(labelled.targets)).sum() == sizes.sum()
        allowed, relevant = labelled.candidate_masks()
        assert (relevant & allowed).sum(axis=1).min() >= MIN_TARGETS


def test_the_histories_are_drawn_again_with_the_same_seed(data):
    first, second = (topic_queries(data, create_generator(3, "topics")) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert (one.seen != other.seen).nnz == 0


def test_without_events_or_content_there_are_no_topics(data):
    nothing = data.filter_events(np.zeros(len(data.events), dtype=bool))
    bare = Dataset(Items(data.items.ids), data.events, data.n_users)
    for empty in (nothing, bare):
        assert topic_queries(empty, create_generator(0, "topics")) == []


def test_numbers_and_dates_are_no_topics(data):
    (block,) = data.items.blocks
    numbers = replace(block, quantities=np.array([True, False, False]))
    items = replace(data.items, blocks=(numbers,))
    topics = find_topics(replace(data, items=items))
    assert len(topics) == 1
    assert data.train_item_rows[topics[0].rows].max() >= TOPIC_ITEMS
