"""The network of :class:`daybreak.models.history_vae.HistoryVaeModel`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, log_softmax, normalize

from daybreak.nets.training import (
    Earlier,
    Plan,
    array,
    dense,
    log_shares,
    put,
    seeded,
    train_further,
)
from daybreak.types import Floats, Sparse

FEW = 10
"""Most events that the encoder sees of a cut history."""
RISE = 0.5
"""Share of the training along which the weight of the divergence rises."""


SURENESS = -1.0
"""Log-variance of every number of a code where further training begins."""


class HistoryVae(nn.Module):
    """From (n, n_items + n_attributes) to logits, and mean and log-variance of the code."""

    def __init__(self, n_inputs: int, n_items: int, hidden: int, dim: int) -> None:
        super().__init__()
        self.first = nn.Linear(n_inputs, hidden)
        self.code = nn.Linear(hidden, 2 * dim)
        self.second = nn.Linear(dim, hidden)
        self.last = nn.Linear(hidden, n_items)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits, mean and log-variance; the code is drawn while training."""
        mean, log_variance = self.code(torch.tanh(self.first(seen))).chunk(2, dim=1)
        code = mean
        if self.training:
            code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.last(torch.tanh(self.second(code))), mean, log_variance


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the (n,) divergence of N(mean, exp(log_variance)) from N(0, 1).

    Example:
        >>> divergence(torch.tensor([[1.0]]), torch.tensor([[0.0]]))
        tensor([0.5000])
    """
    inside: Tensor = mean**2 + log_variance.exp() - 1 - log_variance
    return torch.sum(0.5 * inside, dim=1)


def train_history_vae(
    interactions: Sparse,
    profiles: Sparse,
    options: Any,
    seed: int,
    earlier: Earlier | None = None,
) -> dict[str, Floats]:
    """Return the arrays of the trained network, as named in the model's State.

    Args:
        interactions: (n_users, n_items) CSR of ones.
        profiles: (n_users, n_attributes) CSR.
        options: The model's Config.
        seed: Of everything random.
        earlier: To go on from; its arrays are those of the State.
    """
    n_items, n_attributes = interactions.shape[1], profiles.shape[1]
    with seeded(seed):
        net = HistoryVae(n_items + n_attributes, n_items, options.hidden, options.dim)
        counts = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
        net.last.bias.data = torch.from_numpy(log_shares(counts))
        if earlier is not None:
            _begin(net, earlier.arrays, options.dim)

        def loss(rows: Tensor, share: float) -> Tensor:
            x = dense(interactions, rows)
            shown = normalize(_cut(x, options.few)) if options.few else normalize(x)
            shown = dropout(shown, options.dropout)
            told = dense(profiles, rows) * (torch.rand(len(rows), 1) < 0.5)
            logits, mean, log_variance = net(torch.cat([shown, told], dim=1))
            fit = -(log_softmax(logits, dim=1) * x).sum(dim=1) / x.sum(dim=1)
            beta = options.beta * min(share / RISE, 1.0)
            size = x.sum(dim=1)
            return torch.mean(fit + beta * divergence(mean, log_variance) / size)

        plan = Plan(options.epochs, options.batch, options.rate)
        train_further(net, interactions.shape[0], loss, plan, earlier)
    return {
        "first": array(net.first.weight.T),
        "first_bias": array(net.first.bias),
        "code": array(net.code.weight[: options.dim].T),
        "code_bias": array(net.code.bias[: options.dim]),
        "second": array(net.second.weight.T),
        "second_bias": array(net.second.bias),
        "vectors": array(torch.cat([net.last.weight, net.last.bias[:, None]], dim=1)),
    }


def _begin(net: HistoryVae, arrays: Mapping[str, Floats], dim: int) -> None:
    """Take over what a State holds; it does not hold how sure the encoder was."""
    put(net.first.weight, arrays["first"].T)
    put(net.first.bias, arrays["first_bias"])
    nn.init.zeros_(net.code.weight)
    nn.init.constant_(net.code.bias, SURENESS)
    put(net.code.weight[:dim], arrays["code"].T)
    put(net.code.bias[:dim], arrays["code_bias"])
    put(net.second.weight, arrays["second"].T)
    put(net.second.bias, arrays["second_bias"])
    put(net.last.weight, arrays["vectors"][:, :-1])
    put(net.last.bias, arrays["vectors"][:, -1])


def _cut(x: Tensor, share: float) -> Tensor:
    """Return rows of ones of which a share keeps about 0 to ``FEW`` of its ones, at random."""
    few = torch.randint(0, FEW + 1, (len(x), 1)) / x.sum(dim=1, keepdim=True)
    kept = torch.where(torch.rand(len(x), 1) < share, few, 1.0)
    return x * (torch.rand_like(x) < kept)
