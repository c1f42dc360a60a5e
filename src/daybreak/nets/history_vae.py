"""The network of :class:`daybreak.models.history_vae.HistoryVaeModel`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, log_softmax, normalize

from daybreak.nets.training import (
    TrainingConfig,
    WarmStartArrays,
    copy_into,
    dense_rows,
    fine_tune,
    log_popularity,
    to_array,
    torch_seed,
)
from daybreak.types import Floats, Sparse

MAX_FEW_EVENTS = 10
"""Events of a cut history, at most [events]."""
WARM_UP_SHARE = 0.5
"""Share of the training in which the weight of the divergence increases."""
INITIAL_LOG_VARIANCE = -1.0
"""Initial log-variance of the code in fine-tuning."""


class HistoryVaeNet(nn.Module):
    """The network from (n, n_items + n_attributes) inputs to logits and the code."""

    def __init__(self, n_inputs: int, n_items: int, hidden: int, dim: int) -> None:
        super().__init__()
        self.first = nn.Linear(n_inputs, hidden)
        self.code = nn.Linear(hidden, 2 * dim)
        self.second = nn.Linear(dim, hidden)
        self.last = nn.Linear(hidden, n_items)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits, mean and log-variance; the code is sampled in training."""
        mean, log_variance = self.code(torch.tanh(self.first(seen))).chunk(2, dim=1)
        code = mean
        if self.training:
            code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.last(torch.tanh(self.second(code))), mean, log_variance


def standard_kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the (n,) Kullback-Leibler divergence of N(mean, exp(log_variance)) from N(0, 1).

    Example:
        >>> standard_kl_divergence(torch.tensor([[1.0]]), torch.tensor([[0.0]]))
        tensor([0.5000])
    """
    inside: Tensor = mean**2 + log_variance.exp() - 1 - log_variance
    return torch.sum(0.5 * inside, dim=1)


def train_history_vae(
    interactions: Sparse,
    profiles: Sparse,
    options: Any,
    seed: int,
    warm_start: WarmStartArrays | None = None,
) -> dict[str, Floats]:
    """Return the arrays of the trained network, as named in the model's State.

    Args:
        interactions: (n_users, n_items) CSR of ones.
        profiles: (n_users, n_attributes) CSR.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        warm_start: Arrays of an earlier State and held-out users, or None.
    """
    n_items, n_attributes = interactions.shape[1], profiles.shape[1]
    with torch_seed(seed):
        net = HistoryVaeNet(n_items + n_attributes, n_items, options.hidden, options.dim)
        counts = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
        net.last.bias.data = torch.from_numpy(log_popularity(counts))
        if warm_start is not None:
            _load_arrays(net, warm_start.arrays, options.dim)

        def loss(rows: Tensor, share: float) -> Tensor:
            x = dense_rows(interactions, rows)
            shown = normalize(_hide_events(x, options.few)) if options.few else normalize(x)
            shown = dropout(shown, options.dropout)
            profile = dense_rows(profiles, rows) * (torch.rand(len(rows), 1) < 0.5)
            logits, mean, log_variance = net(torch.cat([shown, profile], dim=1))
            fit = -(log_softmax(logits, dim=1) * x).sum(dim=1) / x.sum(dim=1)
            beta = options.beta * min(share / WARM_UP_SHARE, 1.0)
            size = x.sum(dim=1)
            return torch.mean(fit + beta * standard_kl_divergence(mean, log_variance) / size)

        plan = TrainingConfig(options.epochs, options.batch, options.rate)
        fine_tune(net, interactions.shape[0], loss, plan, warm_start)
    return {
        "first": to_array(net.first.weight.T),
        "first_bias": to_array(net.first.bias),
        "code": to_array(net.code.weight[: options.dim].T),
        "code_bias": to_array(net.code.bias[: options.dim]),
        "second": to_array(net.second.weight.T),
        "second_bias": to_array(net.second.bias),
        "vectors": to_array(torch.cat([net.last.weight, net.last.bias[:, None]], dim=1)),
    }


def _load_arrays(net: HistoryVaeNet, arrays: Mapping[str, Floats], dim: int) -> None:
    """Copy the arrays of a State into the network; it has no log-variance of the code."""
    copy_into(net.first.weight, arrays["first"].T)
    copy_into(net.first.bias, arrays["first_bias"])
    nn.init.zeros_(net.code.weight)
    nn.init.constant_(net.code.bias, INITIAL_LOG_VARIANCE)
    copy_into(net.code.weight[:dim], arrays["code"].T)
    copy_into(net.code.bias[:dim], arrays["code_bias"])
    copy_into(net.second.weight, arrays["second"].T)
    copy_into(net.second.bias, arrays["second_bias"])
    copy_into(net.last.weight, arrays["vectors"][:, :-1])
    copy_into(net.last.bias, arrays["vectors"][:, -1])


def _hide_events(x: Tensor, share: float) -> Tensor:
    """Return rows of ones; a random share of them keeps about 0 to ``MAX_FEW_EVENTS`` ones."""
    few = torch.randint(0, MAX_FEW_EVENTS + 1, (len(x), 1)) / x.sum(dim=1, keepdim=True)
    kept = torch.where(torch.rand(len(x), 1) < share, few, 1.0)
    return x * (torch.rand_like(x) < kept)
