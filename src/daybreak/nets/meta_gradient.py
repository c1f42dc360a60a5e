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
"""Most events that a task shows, but for the long ones."""
ANY_LENGTH_SHARE = 0.2
"""Share of the tasks that show any part of a history."""
INITIAL_RATE = 4.0
"""Inner learning rate at the start, of long histories."""
INITIAL_HALF_EVENTS = 10.0
"""Number of events with half of that rate at the start."""


class MetaGradientNet(nn.Module):
    """From what is shown of users to logits of what follows, by a few steps of descent."""

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

    def forward(self, shown: Tensor, told: Tensor, *, first_order: bool = False) -> Tensor:
        """Return (n, n_items) logits after the inner loop."""
        return self.adapt(shown, told, first_order=first_order) @ self.outer.T + self.outer_bias

    def adapt(self, shown: Tensor, told: Tensor, *, first_order: bool = False) -> Tensor:
        """Return (n, dim) vectors of users, a few steps down the loss of what is shown."""
        size = shown.sum(dim=1, keepdim=True)
        pull = (shown / size.clamp(min=1)) @ self.inner
        person = self.start + told @ self.profile
        for log_rate, log_half in zip(self.log_rate, self.log_half, strict=True):
            chosen = softmax(person @ self.inner.T + self.inner_bias, dim=1)
            slope = chosen @ self.inner - pull
            if first_order:
                slope = slope.detach()
            person = person - log_rate.exp() * size / (size + log_half.exp()) * slope
        return person


def inner_loss(net: MetaGradientNet, person: Tensor, shown: Tensor) -> Tensor:
    """Return (n,) mean negative log-likelihoods of shown events: what inner steps go down."""
    logits = person @ net.inner.T + net.inner_bias
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
        order: (n_users, n_items) CSR, 1 for a user's first event, 2 for the second, ...
        profiles: (n_users, n_attributes) CSR.
        vectors: (n_items, dim) where the vectors of items start.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        earlier: To go on from; its arrays are those of the State.
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
            place = dense_rows(order, rows)
            shown = sample_support(place)
            rest = (place > 0) * (1 - shown)
            told = dense_rows(profiles, rows) * (torch.rand(len(rows), 1) < options.told)
            logits = net(shown, told, first_order=options.first_order)
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
    """Take over what a State holds."""
    copy_into(net.inner, arrays["inner"][:, :-1])
    copy_into(net.inner_bias, arrays["inner"][:, -1])
    copy_into(net.outer, arrays["vectors"][:, :-1])
    copy_into(net.outer_bias, arrays["vectors"][:, -1])
    copy_into(net.start, arrays["start"])
    copy_into(net.profile, arrays["profile"])
    copy_into(net.log_rate, np.log(arrays["rates"]))
    copy_into(net.log_half, np.log(arrays["halves"]))


def sample_support(place: Tensor) -> Tensor:
    """Return ones at what a task shows: the first few events, as many others, or any part."""
    size = (place > 0).sum(dim=1, keepdim=True)
    few = torch.randint(0, MAX_SUPPORT_EVENTS + 1, (len(place), 1)).minimum(size - 1)
    share = few / size.clamp(min=1)
    kind = torch.rand(len(place), 1)
    share = torch.where(kind < ANY_LENGTH_SHARE, torch.rand(len(place), 1), share)
    drawn = torch.rand_like(place) < share
    first = place <= few
    return ((place > 0) & torch.where(kind < (1 + ANY_LENGTH_SHARE) / 2, drawn, first)).float()
