"""The network of :class:`daybreak.models.meta_gradient.MetaGradientModel`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, softmax

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
"""Most events that a task shows, but for the long ones."""
LONG = 0.2
"""Share of the tasks that show any part of a history."""
RATE = 4.0
"""Inner learning rate at the start, of long histories."""
HALF = 10.0
"""Number of events with half of that rate at the start."""


class MetaGradient(nn.Module):
    """From what is shown of people to logits of what follows, by a few steps of descent."""

    def __init__(self, vectors: Tensor, n_attributes: int, steps: int) -> None:
        super().__init__()
        n_items, dim = vectors.shape
        self.inner = nn.Parameter(vectors.clone())
        self.inner_bias = nn.Parameter(torch.zeros(n_items))
        self.outer = nn.Parameter(vectors.clone())
        self.outer_bias = nn.Parameter(torch.zeros(n_items))
        self.start = nn.Parameter(torch.zeros(dim))
        self.profile = nn.Parameter(torch.zeros(n_attributes, dim))
        self.log_rate = nn.Parameter(torch.full((steps, dim), float(np.log(RATE))))
        self.log_half = nn.Parameter(torch.full((steps,), float(np.log(HALF))))

    def forward(self, shown: Tensor, told: Tensor, *, first_order: bool = False) -> Tensor:
        """Return (n, n_items) logits after the inner loop."""
        return (
            self.adapted(shown, told, first_order=first_order) @ self.outer.T + self.outer_bias
        )

    def adapted(self, shown: Tensor, told: Tensor, *, first_order: bool = False) -> Tensor:
        """Return (n, dim) vectors of people, a few steps down the loss of what is shown."""
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


def inner_loss(net: MetaGradient, person: Tensor, shown: Tensor) -> Tensor:
    """Return (n,) mean negative log-likelihoods of shown events: what inner steps go down."""
    logits = person @ net.inner.T + net.inner_bias
    return -(log_softmax(logits, dim=1) * shown).sum(dim=1) / shown.sum(dim=1)


def train_meta_gradient(
    order: Sparse,
    profiles: Sparse,
    vectors: Floats,
    options: Any,
    seed: int,
    earlier: Earlier | None = None,
) -> dict[str, Floats]:
    """Return the arrays of the trained network, as named in the model's State.

    Args:
        order: (n_users, n_items) CSR, 1 for a person's first event, 2 for the second, ...
        profiles: (n_users, n_attributes) CSR.
        vectors: (n_items, dim) where the vectors of items start.
        options: The model's Config.
        seed: Of everything random.
        earlier: To go on from; its arrays are those of the State.
    """
    with seeded(seed):
        net = MetaGradient(torch.from_numpy(vectors), profiles.shape[1], options.steps)
        share = torch.from_numpy(
            log_shares(np.asarray((order > 0).sum(axis=0), np.float32).ravel())
        )
        net.inner_bias.data, net.outer_bias.data = share.clone(), share.clone()

        if earlier is not None:
            _begin(net, earlier.arrays)

        def loss(rows: Tensor, done: float) -> Tensor:
            del done
            place = dense(order, rows)
            shown = shown_of(place)
            rest = (place > 0) * (1 - shown)
            told = dense(profiles, rows) * (torch.rand(len(rows), 1) < options.told)
            logits = net(shown, told, first_order=options.first_order)
            left = rest.sum(dim=1)
            fit = -(log_softmax(logits, dim=1) * rest).sum(dim=1) / left.clamp(min=1)
            weight = left**options.mass
            value: Tensor = (fit * weight).sum() / weight.sum().clamp(min=1e-6)
            return value

        plan = Plan(options.epochs, options.batch, options.rate, options.decay)
        train_further(net, order.shape[0], loss, plan, earlier)
    return {
        "inner": array(torch.cat([net.inner, net.inner_bias[:, None]], dim=1)),
        "vectors": array(torch.cat([net.outer, net.outer_bias[:, None]], dim=1)),
        "start": array(net.start),
        "profile": array(net.profile),
        "rates": array(net.log_rate.exp()),
        "halves": array(net.log_half.exp()),
    }


def _begin(net: MetaGradient, arrays: Mapping[str, Floats]) -> None:
    """Take over what a State holds."""
    put(net.inner, arrays["inner"][:, :-1])
    put(net.inner_bias, arrays["inner"][:, -1])
    put(net.outer, arrays["vectors"][:, :-1])
    put(net.outer_bias, arrays["vectors"][:, -1])
    put(net.start, arrays["start"])
    put(net.profile, arrays["profile"])
    put(net.log_rate, np.log(arrays["rates"]))
    put(net.log_half, np.log(arrays["halves"]))


def shown_of(place: Tensor) -> Tensor:
    """Return ones at what a task shows: the first few events, as many others, or any part."""
    size = (place > 0).sum(dim=1, keepdim=True)
    few = torch.randint(0, FEW + 1, (len(place), 1)).minimum(size - 1)
    share = few / size.clamp(min=1)
    kind = torch.rand(len(place), 1)
    share = torch.where(kind < LONG, torch.rand(len(place), 1), share)
    drawn = torch.rand_like(place) < share
    first = place <= few
    return ((place > 0) & torch.where(kind < (1 + LONG) / 2, drawn, first)).float()
