"""The network of :class:`daybreak.models.content_vae.ContentVaeModel`."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from daybreak.nets.layers import Perceptron
from daybreak.nets.training import (
    TrainingConfig,
    WarmStartArrays,
    copy_into,
    fine_tune,
    to_array,
    torch_seed,
)
from daybreak.types import Floats

WARM_UP_SHARE = 0.5
"""Share of the training in which the weight of the divergence increases."""
INITIAL_OUTPUT_SCALE = 0.1
"""Factor of the initial last layers, so that the training starts near the ridge prediction."""


class ContentVaeNet(nn.Module):
    """Encoder q(z | v, c), prior p(z | c) and decoder p(v | z, c) of the ridge residuals."""

    def __init__(self, n_conditions: int, dim: int, options: Any) -> None:
        super().__init__()
        hidden, code = options.hidden, options.code
        scales = (options.dropout, INITIAL_OUTPUT_SCALE)
        self.encoder = Perceptron(dim + n_conditions, hidden, 2 * code, *scales)
        self.prior = Perceptron(n_conditions, hidden, 2 * code, *scales)
        self.decoder = Perceptron(code + n_conditions, hidden, dim + 1, *scales)
        self.noise = nn.Parameter(torch.zeros(dim))
        self.limit = options.limit

    def decode(self, code: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Return (n, dim) means and (n, dim) log-variances, a sum over direction and item."""
        output = self.decoder(torch.cat([code, conditions], dim=1))
        return output[:, :-1], (self.noise + output[:, -1:]).clamp(-self.limit, self.limit)


def kl_divergence(
    mean: Tensor, log_variance: Tensor, from_mean: Tensor, from_log_variance: Tensor
) -> Tensor:
    """Return the (n,) divergence KL(N(mean, exp(log_variance)) | N(from ...)), diagonal.

    Source:
        Kingma and Welling 2014, "Auto-encoding variational Bayes", appendix B, for any second
        Gaussian.

    Example:
        Means 1 divergence, variances 1 and e: ``(1 - 0 + (1 + 1) / e - 1) / 2 = 1 / e``.

        >>> one, nil = torch.ones(1, 1), torch.zeros(1, 1)
        >>> kl_divergence(one, nil, nil, one)
        tensor([0.3679])
    """
    divergence = (log_variance - from_log_variance).exp()
    divergence = divergence + (mean - from_mean) ** 2 * (-from_log_variance).exp()
    return 0.5 * torch.sum(from_log_variance - log_variance + divergence - 1, dim=1)


def gaussian_nll(target: Tensor, mean: Tensor, log_variance: Tensor, evenness: float) -> Tensor:
    """Return the (n,) negative log-likelihood of a Gaussian, reweighted by the variance.

    The weight of an item is its variance to the power of ``evenness``, without gradient: 0 is
    the likelihood itself, which nearly ignores items that are hard to predict; 1 gives the mean
    the gradient of squared errors. Weights have mean 1 over the batch.

    Source:
        Seitzer, Tavakoli, Antic and Martius 2022, "On the pitfalls of heteroscedastic
        uncertainty estimation with probabilistic neural networks", eq. 5.
    """
    errors = (target - mean) ** 2 * (-log_variance).exp() + log_variance
    weights = (evenness * log_variance.detach()).exp()
    return 0.5 * torch.sum(errors * weights / weights.mean(), dim=1)


def _load_arrays(net: ContentVaeNet, arrays: Mapping[str, Floats]) -> None:
    """Copy the arrays of a State into the network.

    The State has no encoder; the encoder starts equal to the prior, with divergence 0.
    """
    net.prior.load_arrays(arrays, "prior_")
    net.decoder.load_arrays(arrays, "decoder_")
    copy_into(net.noise, arrays["noise"])
    net.encoder.load_state_dict(
        net.prior.state_dict() | {"first.weight": net.encoder.first.weight}
    )
    weight = net.prior.first.weight
    copy_into(net.encoder.first.weight, 0 * to_array(net.encoder.first.weight))
    copy_into(net.encoder.first.weight[:, -weight.shape[1] :], to_array(weight))


def _content_log_likelihood(net: ContentVaeNet, target: Tensor, conditions: Tensor) -> float:
    """Return the mean log-likelihood of items generated from content alone."""
    with torch.no_grad():
        code, _ = net.prior(conditions).chunk(2, dim=1)
        return -float(gaussian_nll(target, *net.decode(code, conditions), 0.0).mean())


def train_content_vae(
    targets: Floats,
    conditions: Floats,
    options: Any,
    seed: int,
    warm_start: WarmStartArrays | None = None,
) -> dict[str, Floats]:
    """Return the arrays of prior and decoder, as named in the model's State.

    Args:
        targets: (n_items, dim) residuals of the ridge prediction.
        conditions: (n_items, n_conditions) inputs from content.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        warm_start: Arrays of an earlier State and held-out items, or None.
    """
    v, c = torch.from_numpy(targets), torch.from_numpy(conditions)
    with torch_seed(seed):
        net = ContentVaeNet(c.shape[1], v.shape[1], options)
        if len(v):
            net.noise.data = (v**2).mean(dim=0).clamp_min(1e-3).log()
        if warm_start is not None:
            _load_arrays(net, warm_start.arrays)

        def loss(rows: Tensor, share: float) -> Tensor:
            mean, log_variance = net.encoder(torch.cat([v[rows], c[rows]], 1)).chunk(2, 1)
            code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            fit = gaussian_nll(v[rows], *net.decode(code, c[rows]), options.evenness)
            prior = net.prior(c[rows]).chunk(2, 1)
            beta = options.beta * min(share / WARM_UP_SHARE, 1.0)
            divergence = kl_divergence(mean, log_variance, *prior)
            return torch.mean(fit + beta * divergence) / v.shape[1]

        plan = TrainingConfig(options.epochs, options.batch, options.rate, options.decay)
        held = None if warm_start is None else torch.from_numpy(warm_start.held_out)
        fine_tune(
            net,
            len(v),
            loss,
            plan,
            warm_start,
            lambda: _content_log_likelihood(net, v[held], c[held]),
        )
    arrays = net.prior.to_arrays("prior_") | net.decoder.to_arrays("decoder_")
    return arrays | {"noise": to_array(net.noise)}
