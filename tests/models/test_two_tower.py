from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

pytest.importorskip("torch", reason="the extra deep is not installed")
import torch

from daybreak.data.dataset import Queries
from daybreak.models.shared_calibration import calibration_error
from daybreak.models.shared_content import predict_from_content
from daybreak.models.two_tower import TwoTowerModel, hold_out_events, softmax_log_odds
from daybreak.nets.training import torch_seed
from daybreak.nets.two_tower import (
    MAX_FEW_EVENTS,
    TowerInputs,
    TwoTowerNet,
    corrected_softmax_loss,
    sample_visible_events,
)
from daybreak.testing.models import MODEL_CHECKS
from tests.models.tiny import ask, dataset, items, random_dataset

SMALL = {"dim": 8, "hidden": 8, "directions": 4, "factors": 4, "steps": 30}


def tastes(n_users=80, n_items=24, seed=0):
    """Each half of the people chooses among one half of the items; content tells which."""
    rng = np.random.default_rng(seed)
    half = n_items // 2
    histories = [
        list(half * (user % 2) + rng.permutation(half - 2)[:6]) for user in range(n_users)
    ]
    vectors = np.repeat(np.eye(2), half, axis=0) + 0.3 * rng.standard_normal((n_items, 2))
    return dataset(histories, n_items, vectors)


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_linear_towers_keep_the_contract(check):
    check(TwoTowerModel(layers=0, **SMALL))


def test_the_loss_by_hand():
    """Scores log 2, 0, 0, chances 1, 1/2, 1/2: the sum is 2 + 2 + 2; wanted are the first two.

    They weigh 1 and 2, their shares of the sum are 1/3 each, so the loss is log 3.
    """
    logits = torch.tensor([[np.log(2.0), 0.0, 0.0]])
    wanted, chance = torch.tensor([[1.0, 1.0, 0.0]]), torch.tensor([1.0, 0.5, 0.5])
    found = corrected_softmax_loss(logits, wanted, chance)
    np.testing.assert_allclose(found.item(), np.log(3), rtol=1e-5)


def test_people_without_targets_do_not_count():
    logits = torch.zeros(2, 3)
    wanted = torch.tensor([[0.0, 0, 0], [1, 0, 0]])
    assert corrected_softmax_loss(logits, wanted, torch.ones(3)).item() == pytest.approx(
        np.log(3)
    )
    assert corrected_softmax_loss(logits, torch.zeros(2, 3), torch.ones(3)).item() == 0


def test_the_gradient_of_the_loss_is_share_less_target():
    logits = torch.tensor([[0.3, -1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    wanted = torch.tensor([[1.0, 0, 1.0]], dtype=torch.float64)
    corrected_softmax_loss(logits, wanted, torch.ones(3, dtype=torch.float64)).backward()
    share = torch.softmax(logits.detach(), dim=1)
    np.testing.assert_allclose(logits.grad, share - wanted / 2)


def test_drawn_items_estimate_the_sum_over_all():
    """The mean over draws of the corrected sum is the whole sum, 6 standard errors allowed."""
    rng = np.random.default_rng(0)
    scores, shares = rng.standard_normal(30), rng.dirichlet(np.ones(30))
    chance = 1 - (1 - shares) ** 10
    sums = []
    for _ in range(3_000):
        drawn = np.unique(rng.choice(30, 10, p=shares))
        sums.append(np.exp(scores[drawn] - np.log(chance[drawn])).sum())
    error = np.std(sums) / np.sqrt(len(sums))
    assert abs(np.mean(sums) - np.exp(scores).sum()) < 6 * error


def test_what_is_shown_is_part_of_what_is_known_and_leaves_something():
    x = torch.cat([torch.ones(500, 60), torch.zeros(1, 60)])
    with torch_seed(0):
        short, long = sample_visible_events(x, 1.0), sample_visible_events(x, 0.0)
    assert (short <= x).all()
    assert (long <= x).all()
    assert short.sum(1).mean() < MAX_FEW_EVENTS
    assert long.sum(1)[:500].mean() > 30
    assert (long.sum(1)[:500] < 60).all()


def put(tower, linear, first, second):
    """Load a tower with weights whose last row is the bias."""
    tower.linear = torch.nn.Linear(len(linear) - 1, linear.shape[1])
    tower.first = torch.nn.Linear(len(first) - 1, first.shape[1])
    for layer, weights in ((tower.linear, linear), (tower.first, first)):
        layer.weight.data = torch.from_numpy(weights[:-1].T.copy())
        layer.bias.data = torch.from_numpy(weights[-1].copy())
    tower.second.weight.data = torch.from_numpy(second.T.copy())


def test_the_towers_in_numpy_are_the_towers_in_torch():
    data = random_dataset(dim=3, n_attributes=2)
    model = TwoTowerModel(**SMALL).fit(data)
    state, n_items = model.state, len(data.train_items)
    content = predict_from_content(data.train_items, state.inputs)
    profiles = np.random.default_rng(0).random((3, 2)).astype(np.float32)
    asked = ask(data, [], [1, 2], [4, 5, 6], profiles=profiles)
    likes = np.zeros((n_items, 4), dtype=np.float32)
    parts = TowerInputs(data.interactions, data.profiles, content, content, likes)
    with torch_seed(0):
        net = TwoTowerNet(parts, model.config)
    net.eval()
    own = np.array([*range(8), 12])  # between them the closed form, which no tower makes
    put(net.item, state.item_linear[:, own], state.item_first, state.item_second[:, own])
    made = net.item_vectors(torch.arange(n_items), 0.0).detach().numpy()
    strangers = replace(data.train_items, ids=items(n_items, first=100).ids)
    np.testing.assert_allclose(model.item_vectors(strangers), made, rtol=1e-4, atol=1e-5)

    net.history = torch.eye(n_items)  # a State holds the map from histories written out
    net.likes = torch.from_numpy(state.user_linear[:n_items, 8:].copy())
    put(net.user, state.user_linear[:, :8], state.user_first, state.user_second[:, :8])
    events, told = torch.from_numpy(asked.history.toarray()), torch.from_numpy(profiles)
    found = (
        net.user_vectors(events, told, torch.from_numpy(asked.n_events)[:, None])
        .detach()
        .numpy()
    )
    np.testing.assert_allclose(model.query_vectors(asked)[:, :-1], found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [0, 1])
def test_it_learns_whose_taste_a_new_item_is(layers):
    """Items 10, 11 and 22, 23 have no events; people of one half want those of their half."""
    data = tastes()
    model = TwoTowerModel(**{**SMALL, "layers": layers, "steps": 60}).fit(data)
    scores = model.score(ask(data, [0, 1], [12, 13]), data.items)
    assert scores[0, [10, 11]].min() > scores[0, [22, 23]].max()
    assert scores[1, [22, 23]].min() > scores[1, [10, 11]].max()


def test_drawn_candidates_learn_the_same_taste():
    data = tastes()
    model = TwoTowerModel(**{**SMALL, "steps": 60, "candidates": 8}).fit(data)
    scores = model.score(ask(data, [0, 1], [12, 13]), data.items)
    assert scores[0, :12].mean() > scores[0, 12:].mean()
    assert scores[1, :12].mean() < scores[1, 12:].mean()


def test_a_held_out_event_is_one_of_a_long_history():
    data = random_dataset()
    shown, held = hold_out_events(data.interactions, np.random.default_rng(0))
    np.testing.assert_array_equal((shown + held).toarray(), data.interactions.toarray())
    assert held.sum(axis=1).max() == 1
    assert 0 < held.nnz <= -(-len(data.active_user_rows) // 10)
    assert (np.diff(data.interactions.indptr)[held.sum(axis=1) > 0] >= 5).all()


def test_log_odds_by_hand():
    """Shares 1/4 and 3/4: odds 1 to 3 and 3 to 1."""
    found = softmax_log_odds(np.log([[1.0, 3.0]]))
    np.testing.assert_allclose(found, [[-np.log(3), np.log(3)]])


def test_probabilities_of_what_nobody_trained_on_come_true():
    """Choices of new people: what is said to happen in p of 100 cases does, within 3."""
    data, later = tastes(1_500), tastes(1_500, seed=1)
    model = TwoTowerModel(**{**SMALL, "steps": 60}).fit(data)
    x = later.interactions
    place = x.indptr[:-1] + np.random.default_rng(2).integers(0, 6, 1_500)
    last = sp.csr_array((np.ones(1_500), (np.arange(1_500), x.indices[place])), x.shape)
    shown = sp.csr_array(x - last)
    shown.eliminate_zeros()
    asked = Queries.from_history(data.train_items, shown, shown, later.profiles)
    said = model.probability(asked, data.train_items)
    assert said.min() >= 0
    assert said.max() <= 1
    free = shown.toarray() == 0
    assert calibration_error(said[free], last.toarray()[free]) < 0.03


def test_what_somebody_has_is_not_chosen_again():
    data = tastes()
    model = TwoTowerModel(**SMALL).fit(data)
    some = data.items.take(np.array([0, 1, 2]))
    said = model.probability(ask(data, [0], [0, 1, 2]), some)
    assert said[0, 0] == 0
    assert said[0, 1:].sum() == pytest.approx(1, abs=0.5)
    assert (said[1] == 0).all()


def test_no_items_have_no_probabilities():
    data = tastes()
    model = TwoTowerModel(**SMALL).fit(data)
    assert model.probability(ask(data, [0]), data.items.take(np.empty(0, int))).shape == (1, 0)
