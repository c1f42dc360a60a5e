import numpy as np
import pytest

torch = pytest.importorskip("torch")

from daybreak.models.content_vae import ContentVaeConfig  # noqa: E402 - torch comes first
from daybreak.nets.content_vae import (  # noqa: E402
    ContentVaeNet,
    gaussian_nll,
    kl_divergence,
    train_content_vae,
)
from daybreak.nets.training import torch_seed  # noqa: E402


def test_the_divergence_is_the_one_that_torch_knows():
    mean, log_variance, other, other_log = torch.randn(4, 5, 3, dtype=torch.float64).unbind()
    first = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    second = torch.distributions.Normal(other, (0.5 * other_log).exp())
    wanted = torch.distributions.kl_divergence(first, second).sum(dim=1)
    torch.testing.assert_close(kl_divergence(mean, log_variance, other, other_log), wanted)


def test_the_unlikelihood_by_hand():
    """Variances 1 and 4, errors 1 and 2: ``(1 + 0) / 2`` and ``(4 / 4 + ln 4) / 2``.

    With evenness 1/2 the items weigh 1 and 2, divided by their mean 3/2.
    """
    target, mean = torch.tensor([[1.0], [2.0]]), torch.zeros(2, 1)
    log_variance = torch.tensor([[1.0], [4.0]]).log()
    plain = torch.tensor([0.5, 0.5 * (1 + float(np.log(4)))])
    torch.testing.assert_close(gaussian_nll(target, mean, log_variance, 0.0), plain)
    weighted = plain * torch.tensor([1.0, 2.0]) / 1.5
    torch.testing.assert_close(gaussian_nll(target, mean, log_variance, 0.5), weighted)


def test_full_evenness_gives_the_mean_the_gradient_of_squared_errors():
    target, log_variance = torch.randn(6, 1), torch.randn(6, 1)
    mean = torch.randn(6, 1, requires_grad=True)
    gaussian_nll(target, mean, log_variance, 1.0).sum().backward()
    wanted = (mean - target).detach() / log_variance.exp().mean()
    torch.testing.assert_close(mean.grad, wanted)


def test_training_brings_the_mean_of_the_prior_to_what_content_tells():
    rng = np.random.default_rng(0)
    told = rng.standard_normal((300, 4)).astype(np.float32)
    targets = np.stack([np.abs(told[:, 0]), told[:, 1] * told[:, 2]], axis=1)
    options = ContentVaeConfig(code=4, hidden=64, epochs=150, batch=50, rate=5e-3, dropout=0)
    learned = train_content_vae(targets, told, options, seed=1)
    net = ContentVaeNet(4, 2, options).eval()
    for part, name in ((net.prior, "prior"), (net.decoder, "decoder")):
        part.first.weight.data = torch.from_numpy(learned[f"{name}_first"].T.copy())
        part.first.bias.data = torch.from_numpy(learned[f"{name}_first_bias"])
        part.second.weight.data = torch.from_numpy(learned[f"{name}_second"].T.copy())
        part.second.bias.data = torch.from_numpy(learned[f"{name}_second_bias"])
    with torch.no_grad():
        code, _ = net.prior(torch.from_numpy(told)).chunk(2, dim=1)
        found, _ = net.decode(code, torch.from_numpy(told))
    left = ((targets - found.numpy()) ** 2).sum() / ((targets - targets.mean(0)) ** 2).sum()
    assert left < 0.3


def test_an_untrained_network_is_the_one_of_its_seed():
    told, targets = np.ones((3, 4), np.float32), np.ones((3, 2), np.float32)
    options = ContentVaeConfig(code=2, hidden=5, epochs=0)
    with torch_seed(7):
        net = ContentVaeNet(4, 2, options)
    learned = train_content_vae(targets, told, options, seed=7)
    np.testing.assert_array_equal(learned["prior_first"], net.prior.first.weight.detach().T)
