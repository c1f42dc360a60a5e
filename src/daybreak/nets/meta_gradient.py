"""The network of :class:`daybreak.models.meta_gradient.MetaGradientModel`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, softmax

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

MAX_SUPPORT_EVENTS = 10
"""Support events of a short task, at most [events]."""
ANY_LENGTH_SHARE = 0.2
"""Share of the tasks with any part of the history as support."""
INITIAL_RATE = 4.0
"""Initial learning rate of the inner loop for long histories."""
INITIAL_HALF_EVENTS = 10.0
"""Initial number of events at which that rate is halved [events]."""


class MetaGradientNet(nn.Module):
    """The network from support events to logits of targets, by gradient descent."""

    def __init__(self, vectors: Tensor, n_attributes: int, steps: int) -> None:
        super().__init__()
        n_items, dim = vectors.shape
        self.inner = nn.Parameter(vectors.clone())
        self.inner_bias = nn.Parameter(torch.zeros(n_items))
        self.outer = nn.Parameter(vectors.clone())
        self.outer_bias = nn.Parameter(torch.zeros(n_items))
        self.start = nn.Parameter(torch.zeros(dim))
        self.profile = nn.Parameter(torch.zeros(n_attributes, dim))
        self.log_rate = nn.Parameter(torch.full((steps, dim), float(np.log(INITIAL_RATE))))
        self.log_half = nn.Parameter(torch.full((steps,), float(np.log(INITIAL_HALF_EVENTS))))

    def forward(self, shown: Tensor, profile: Tensor, *, first_order: bool = False) -> Tensor:
        """Return (n, n_items) logits after the inner loop."""
        return (
            self.adapt(shown, profile, first_order=first_order) @ self.outer.T + self.outer_bias
        )

    def adapt(self, shown: Tensor, profile: Tensor, *, first_order: bool = False) -> Tensor:
        """Return (n, dim) user vectors after gradient steps on the loss of the support."""
        size = shown.sum(dim=1, keepdim=True)
        pull = (shown / size.clamp(min=1)) @ self.inner
        user = self.start + profile @ self.profile
        for log_rate, log_half in zip(self.log_rate, self.log_half, strict=True):
            chosen = softmax(user @ self.inner.T + self.inner_bias, dim=1)
            slope = chosen @ self.inner - pull
            if first_order:
                slope = slope.detach()
            user = user - log_rate.exp() * size / (size + log_half.exp()) * slope
        return user


def inner_loss(net: MetaGradientNet, user: Tensor, shown: Tensor) -> Tensor:
    """Return (n,) mean negative log-likelihoods of support events: the inner loss."""
    logits = user @ net.inner.T + net.inner_bias
    return -(log_softmax(logits, dim=1) * shown).sum(dim=1) / shown.sum(dim=1)


def train_meta_gradient(
    order: Sparse,
    profiles: Sparse,
    vectors: Floats,
    options: Any,
    seed: int,
    warm_start: WarmStartArrays | None = None,
) -> dict[str, Floats]:
    """Return the arrays of the trained network, as named in the model's State.

    Args:
        order: (n_users, n_items) CSR, 1 for the first event of a user, 2 for the second, ...
        profiles: (n_users, n_attributes) CSR.
        vectors: (n_items, dim) initial item vectors.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        warm_start: Arrays of an earlier State and held-out users, or None.
    """
    with torch_seed(seed):
        net = MetaGradientNet(torch.from_numpy(vectors), profiles.shape[1], options.steps)
        share = torch.from_numpy(
            log_popularity(np.asarray((order > 0).sum(axis=0), np.float32).ravel())
        )
        net.inner_bias.data, net.outer_bias.data = share.clone(), share.clone()

        if warm_start is not None:
            _load_arrays(net, warm_start.arrays)

        def loss(rows: Tensor, done: float) -> Tensor:
            del done
            position = dense_rows(order, rows)
            shown = sample_support(position)
            rest = (position > 0) * (1 - shown)
            profile = dense_rows(profiles, rows) * (torch.rand(len(rows), 1) < options.told)
            logits = net(shown, profile, first_order=options.first_order)
            left = rest.sum(dim=1)
            fit = -(log_softmax(logits, dim=1) * rest).sum(dim=1) / left.clamp(min=1)
            weight = left**options.mass
            value: Tensor = (fit * weight).sum() / weight.sum().clamp(min=1e-6)
            return value

        plan = TrainingConfig(options.epochs, options.batch, options.rate, options.decay)
        fine_tune(net, order.shape[0], loss, plan, warm_start)
    return {
        "inner": to_array(torch.cat([net.inner, net.inner_bias[:, None]], dim=1)),
        "vectors": to_array(torch.cat([net.outer, net.outer_bias[:, None]], dim=1)),
        "start": to_array(net.start),
        "profile": to_array(net.profile),
        "rates": to_array(net.log_rate.exp()),
        "halves": to_array(net.log_half.exp()),
    }


def _load_arrays(net: MetaGradientNet, arrays: Mapping[str, Floats]) -> None:
    """Copy the arrays of a State into the network."""
    copy_into(net.inner, arrays["inner"][:, :-1])
    copy_into(net.inner_bias, arrays["inner"][:, -1])
    copy_into(net.outer, arrays["vectors"][:, :-1])
    copy_into(net.outer_bias, arrays["vectors"][:, -1])
    copy_into(net.start, arrays["start"])
    copy_into(net.profile, arrays["profile"])
    copy_into(net.log_rate, np.log(arrays["rates"]))
    copy_into(net.log_half, np.log(arrays["halves"]))


def sample_support(position: Tensor) -> Tensor:
    """Return ones at the support: the first few events, as many random ones, or any part."""
    size = (position > 0).sum(dim=1, keepdim=True)
    few = torch.randint(0, MAX_SUPPORT_EVENTS + 1, (len(position), 1)).minimum(size - 1)
    share = few / size.clamp(min=1)
    kind = torch.rand(len(position), 1)
    share = torch.where(kind < ANY_LENGTH_SHARE, torch.rand(len(position), 1), share)
    drawn = torch.rand_like(position) < share
    first = position <= few
    return (
        (position > 0) & torch.where(kind < (1 + ANY_LENGTH_SHARE) / 2, drawn, first)
    ).float()
