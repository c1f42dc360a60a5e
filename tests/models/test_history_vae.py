import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.models.history_vae import HistoryVaeModel
from daybreak.testing.models import example_dataset, example_queries
from tests.models.tiny import ask, dataset

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from daybreak.nets.history_vae import HistoryVaeNet, standard_kl_divergence  # noqa: E402 - needs torch

SMALL = {"hidden": 16, "dim": 4, "epochs": 30, "batch": 8, "rate": 0.02}


def test_the_divergence_is_that_of_two_gaussians():
    """KL(N(1, e^0) | N(0, 1)) = 1/2; KL(N(0, e^1) | N(0, 1)) = (e - 1 - 1) / 2."""
    mean = torch.tensor([[1.0], [0.0]])
    log_variance = torch.tensor([[0.0], [1.0]])
    expected = [0.5, (np.e - 2) / 2]
    np.testing.assert_allclose(standard_kl_divergence(mean, log_variance), expected, rtol=1e-6)


def test_the_divergence_equals_that_of_torch():
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    mine = torch.distributions.Normal(mean, (log_variance / 2).exp())
    wanted = torch.distributions.kl_divergence(mine, torch.distributions.Normal(0, 1))
    torch.testing.assert_close(standard_kl_divergence(mean, log_variance), wanted.sum(dim=1))


def test_answers_without_torch_equal_the_network():
    data = example_dataset()
    model = HistoryVaeModel(**SMALL).fit(data)
    state, asked = model.state, example_queries(data)
    n_items, n_attributes = len(state.vectors), data.profiles.shape[1]
    net = HistoryVaeNet(n_items + n_attributes, n_items, 16, 4).eval()
    with torch.no_grad():
        net.first.weight.copy_(torch.from_numpy(state.first.T.copy()))
        net.first.bias.copy_(torch.from_numpy(state.first_bias))
        net.code.weight[:4] = torch.from_numpy(state.code.T.copy())
        net.code.bias[:4] = torch.from_numpy(state.code_bias)
        net.second.weight.copy_(torch.from_numpy(state.second.T.copy()))
        net.second.bias.copy_(torch.from_numpy(state.second_bias))
        net.last.weight.copy_(torch.from_numpy(state.vectors[:, :-1].copy()))
        net.last.bias.copy_(torch.from_numpy(state.vectors[:, -1].copy()))
        seen = sp.hstack([asked.history, asked.profile]).toarray().astype(np.float32)
        logits, _, _ = net(torch.from_numpy(seen))
    found = model.score(asked, data.train_items)
    np.testing.assert_allclose(found, logits.numpy(), rtol=1e-4, atol=1e-5)


def test_it_tells_tastes_apart_after_one_event():
    rng = np.random.default_rng(0)
    histories = [rng.permutation(8)[:4] + 8 * (user % 2) for user in range(60)]
    data = dataset(histories, 16)
    model = HistoryVaeModel(**SMALL | {"epochs": 60}).fit(data)
    first, second = model.score(ask(data, [0], [8]), data.items)
    assert first[:8].min() > first[8:].max()
    assert second[8:].min() > second[:8].max()


def test_training_leaves_the_random_numbers_of_others_alone():
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    HistoryVaeModel(**SMALL).fit(example_dataset())
    torch.testing.assert_close(torch.rand(2), wanted)
