from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import Vocabulary
from daybreak.data.dataset import Dataset, Events
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.simulation.slices import SHOT_COUNTS
from daybreak.simulation.source_users import count_hidden_source_users
from daybreak.simulation.splits import (
    SOURCE_KIND,
    iter_splits,
    mark_last_events,
    mark_newest_items,
    newest_items_holdout,
    random_holdout,
)


@pytest.fixture(params=["random", "arrival"])
def split(request, data):
    make = {"random": random_holdout, "arrival": newest_items_holdout}[request.param]
    return make(data, np.random.default_rng(0))


def pairs(matrix):
    return set(zip(*(part.tolist() for part in matrix.nonzero()), strict=True))


def test_targets_are_not_known_at_request_time(split):
    assert sum(len(labelled.queries) for labelled in split.query_sets) > 50
    for labelled in split.query_sets:
        assert not pairs(labelled.targets) & pairs(labelled.seen)


def test_targets_are_not_in_training(split, data):
    everything = data.events.to_matrix(data.n_users, len(data.items)).sum()
    assert len(split.data.events) < everything
    learned = split.data.events.to_matrix(data.n_users, len(data.items)).toarray() > 0
    truth = data.events.to_matrix(data.n_users, len(data.items)).toarray() > 0
    for labelled in split.query_sets:
        for row in range(len(labelled.queries)):
            wanted = labelled.targets[[row]].toarray()[0] > 0
            shown = labelled.seen[[row]].toarray()[0] > 0
            owners = np.flatnonzero((truth[:, wanted | shown]).all(axis=1))
            assert len(owners)
            assert not (learned[owners][:, wanted].all(axis=1)).all()


def test_hidden_users_have_no_training_event(data):
    split = random_holdout(data, np.random.default_rng(0))
    hidden = data.n_users - len(split.data.active_user_rows)
    assert hidden == round(0.2 * data.n_users)
    cold = next(p for p in split.query_sets if p.kind == "new_user")
    assert cold.queries.n_events.max() == 0


def test_hidden_items_have_no_training_event(data):
    split = random_holdout(data, np.random.default_rng(0))
    gone = np.setdiff1d(data.train_item_rows, split.data.train_item_rows)
    assert len(gone) == round(0.2 * len(data.train_item_rows))
    mixed = [p for p in split.query_sets if p.kind == "new_item"]
    assert all(p.candidates[gone].any() for p in mixed)
    plain = [p for p in split.query_sets if p.kind in ("user", "new_user")]
    assert not any(p.candidates[gone].any() for p in plain)


def test_the_first_ten_events_of_long_histories_are_no_targets_in_small_shops_either(data):
    """Of 20 users, even ones have 24 events, one after another, and odd ones have six."""
    sizes = np.where(np.arange(20) % 2, 6, 24)
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(20), sizes)
    item = np.concatenate([rng.permutation(32)[:n] for n in sizes])
    at = np.concatenate([np.arange(n) for n in sizes])
    shop = replace(data, events=Events.of(user, item, at), n_users=20, profiles=None)
    split = random_holdout(shop, np.random.default_rng(0))
    asked = [one for one in split.query_sets if one.kind == "new_user"]
    sold = np.isin(np.arange(40), split.data.train_item_rows)
    for shots, labelled in zip(SHOT_COUNTS, asked, strict=True):
        for row, owner in enumerate(labelled.users.tolist()):
            own = [n for n in shop.events.item[shop.events.user == owner].tolist() if sold[n]]
            aside = 10 if len(own) >= 15 else shots
            assert set(labelled.seen[[row]].indices.tolist()) == set(own[:aside])
            assert set(labelled.targets[[row]].indices.tolist()) == set(own[aside:])
    assert {len(shop.events.filter(shop.events.user == u)) for u in asked[1].users} == {6, 24}


def new_user_queries(data, sizes, time_of_place):
    """Queries of new users of a shop in which each user chose items drawn at random."""
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(len(sizes)), sizes)
    item = np.concatenate([rng.permutation(32)[:n] for n in sizes])
    at = np.concatenate([time_of_place(np.arange(n)) for n in sizes])
    events = Events.of(user, item, at)
    shop = replace(data, events=events, n_users=len(sizes), profiles=None)
    split = random_holdout(shop, np.random.default_rng(0))
    asked = [one for one in split.query_sets if one.kind == "new_user"]
    return split.data, events, dict(zip(SHOT_COUNTS, asked, strict=True))


def test_the_rest_of_the_basket_of_the_tenth_event_is_no_target(data):
    """Of 30 items, the first 16 are one basket, and the others came one after another."""
    learned, events, asked = new_user_queries(
        data, np.full(20, 30), lambda place: np.where(place < 16, 0, place)
    )
    for labelled in asked.values():
        assert len(labelled)
        for row, owner in enumerate(labelled.users.tolist()):
            later = events.item[(events.user == owner) & (events.at > 0)]
            targets = labelled.targets[[row]].indices
            assert set(targets) == set(later) & set(learned.train_item_rows)


def test_the_rest_of_a_basket_is_asked_where_nothing_follows_it(data):
    learned, _, asked = new_user_queries(data, np.full(20, 30), np.zeros_like)
    for shots, labelled in asked.items():
        sizes = np.diff(labelled.targets.indptr) + np.diff(labelled.seen.indptr)
        assert len(sizes)
        assert (np.diff(labelled.seen.indptr) == 10).all(), shots
        assert (sizes <= len(learned.train_item_rows)).all()


def test_users_with_one_event_are_asked_where_hardly_anybody_has_two(data):
    _, _, asked = new_user_queries(data, np.repeat([1, 2], [60, 10]), np.zeros_like)
    assert (np.diff(asked[0].targets.indptr) == 1).any()
    assert len(asked[0]) > len(asked[1]) > 0  # one of two events is known, the other a target


def test_arrivals_are_the_items_whose_first_event_came_last(data):
    newest = mark_newest_items(data)
    first = np.array(
        [data.events.at[data.events.item == i].min(initial=np.inf) for i in range(40)]
    )
    assert newest.sum() == round(0.15 * len(data.train_item_rows))
    assert (
        first[newest].min() >= first[data.train_item_rows][~newest[data.train_item_rows]].max()
    )


def test_a_split_by_arrival_has_no_training_event_of_the_newest_items(data):
    split = newest_items_holdout(data, np.random.default_rng(0))
    newest = np.flatnonzero(mark_newest_items(data))
    assert not np.isin(split.data.events.item, newest).any()
    asked = [labelled for labelled in split.query_sets if labelled.kind == "arriving"]
    assert all(labelled.candidates[newest].any() for labelled in asked)


def test_the_last_tenth_of_a_history_is_late(data):
    late = mark_last_events(data.events)
    for user in range(data.n_users):
        mine = np.flatnonzero(data.events.user == user)
        assert late[mine].tolist() == [False] * (len(mine) - 1) + [True]


def test_simulations_repeat_with_the_seed_and_need_times_only_for_arrivals(data):
    names = [split.name for split in iter_splits(data, 1)]
    assert names[:3] == ["random"] * 3
    assert "arrival" in names
    first, second = next(iter(iter_splits(data, 1))), next(iter(iter_splits(data, 1)))
    assert first.data.events.user.tolist() == second.data.events.user.tolist()
    undated = Dataset(
        data.items,
        type(data.events)(data.events.user, data.events.item, np.zeros(len(data.events))),
        data.n_users,
        data.profiles,
    )
    assert {split.name for split in iter_splits(undated, 1)} == {"random"}


def with_sources(data, n_shared):
    """The data set with a source of one item, which the first users have chosen."""
    told = sp.csr_array((np.arange(data.n_users) < n_shared).astype(np.float32)[:, None])
    domain = SourceDomain("food", np.array([0]), told[:n_shared])
    return replace(
        data, sources=SourceData(Vocabulary(["tea"]), np.array([-1]), told, (domain,))
    )


def source_queries(data):
    splits = iter_splits(data, 0)
    kinds = (labelled for split in splits for labelled in split.query_sets)
    asked = (q for q in kinds if q.kind == SOURCE_KIND and len(q.queries))
    return [set(q.users.tolist()) for q in asked if not q.queries.n_events.any()]


def test_users_of_sources_are_held_out_in_turn(data):
    n_shared = int(0.6 * data.n_users)
    found = source_queries(with_sources(data, n_shared))
    shared = set(range(n_shared))
    first, second, third = (users & shared for users in found)
    assert len(first) == len(second) == n_shared // 3
    assert not first & second
    assert len(first | second | third) >= n_shared - 2


@pytest.mark.parametrize(("n_shared", "hidden"), [(7, 2), (900, 300), (6_000, 1_200)])
def test_a_third_of_few_users_of_sources_is_held_out_and_a_fifth_of_many(n_shared, hidden):
    assert count_hidden_source_users(n_shared) == hidden
