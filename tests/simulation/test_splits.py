import numpy as np
import pytest

from daybreak.data.dataset import Dataset
from daybreak.simulation.splits import (
    iter_splits,
    mark_last_events,
    mark_newest_items,
    newest_items_holdout,
    random_holdout,
)


@pytest.fixture(params=["random", "arrival"])
def trial(request, data):
    make = {"random": random_holdout, "arrival": newest_items_holdout}[request.param]
    return make(data, np.random.default_rng(0))


def pairs(matrix):
    return set(zip(*(part.tolist() for part in matrix.nonzero()), strict=True))


def test_what_is_asked_for_was_not_shown(trial):
    assert sum(len(probe.queries) for probe in trial.query_sets) > 50
    for probe in trial.query_sets:
        assert not pairs(probe.targets) & pairs(probe.seen)


def test_what_is_asked_for_was_not_learned(trial, data):
    everything = data.events.to_matrix(data.n_users, len(data.items)).sum()
    assert len(trial.data.events) < everything
    learned = trial.data.events.to_matrix(data.n_users, len(data.items)).toarray() > 0
    truth = data.events.to_matrix(data.n_users, len(data.items)).toarray() > 0
    for probe in trial.query_sets:
        for row in range(len(probe.queries)):
            wanted = probe.targets[[row]].toarray()[0] > 0
            shown = probe.seen[[row]].toarray()[0] > 0
            owners = np.flatnonzero((truth[:, wanted | shown]).all(axis=1))
            assert len(owners)
            assert not (learned[owners][:, wanted].all(axis=1)).all()


def test_hidden_users_have_no_event_in_what_is_learned(data):
    trial = random_holdout(data, np.random.default_rng(0))
    hidden = data.n_users - len(trial.data.active_user_rows)
    assert hidden == round(0.2 * data.n_users)
    cold = next(p for p in trial.query_sets if p.kind == "new_user")
    assert cold.queries.n_events.max() == 0


def test_hidden_items_have_no_event_in_what_is_learned(data):
    trial = random_holdout(data, np.random.default_rng(0))
    gone = np.setdiff1d(data.train_item_rows, trial.data.train_item_rows)
    assert len(gone) == round(0.2 * len(data.train_item_rows))
    mixed = [p for p in trial.query_sets if p.kind == "new_item"]
    assert all(p.candidates[gone].any() for p in mixed)
    plain = [p for p in trial.query_sets if p.kind in ("user", "new_user")]
    assert not any(p.candidates[gone].any() for p in plain)


def test_arrivals_are_the_items_whose_first_event_came_last(data):
    newest = mark_newest_items(data)
    first = np.array(
        [data.events.at[data.events.item == i].min(initial=np.inf) for i in range(40)]
    )
    assert newest.sum() == round(0.15 * len(data.train_item_rows))
    assert (
        first[newest].min() >= first[data.train_item_rows][~newest[data.train_item_rows]].max()
    )


def test_an_arrival_trial_learns_nothing_of_the_newest_items(data):
    trial = newest_items_holdout(data, np.random.default_rng(0))
    newest = np.flatnonzero(mark_newest_items(data))
    assert not np.isin(trial.data.events.item, newest).any()
    asked = [probe for probe in trial.query_sets if probe.kind == "arriving"]
    assert all(probe.candidates[newest].any() for probe in asked)


def test_the_last_tenth_of_a_history_is_late(data):
    late = mark_last_events(data.events)
    for user in range(data.n_users):
        mine = np.flatnonzero(data.events.user == user)
        assert late[mine].tolist() == [False] * (len(mine) - 1) + [True]


def test_simulations_repeat_with_the_seed_and_need_times_only_for_arrivals(data):
    names = [trial.name for trial in iter_splits(data, 1)]
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
    assert {trial.name for trial in iter_splits(undated, 1)} == {"random"}
