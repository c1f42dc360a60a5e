"""The networks of :class:`daybreak.models.two_tower.TwoTowerModel`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, log_softmax

from daybreak.nets.layers import Tower, weights_with_bias
from daybreak.nets.training import (
    TrainingConfig,
    WarmStartArrays,
    copy_into,
    dense_rows,
    fine_tune,
    to_array,
    torch_seed,
)
from daybreak.types import Floats, Sparse

MAX_FEW_EVENTS = 10
"""Visible events of a short history, at most [events]."""
MASKED_LOGIT = -1e9
"""The logit of an item of the visible history."""


@dataclass(frozen=True)
class TowerInputs:
    """The training data of the towers."""

    interactions: Sparse
    """(n_users, n_items) CSR of ones."""
    profiles: Sparse
    """(n_users, n_attributes) CSR."""
    content: Floats
    """(n_items, n_inputs) inputs of each item, computed as if it were new."""
    history: Floats
    """(n_items, n_seen) features of each item in a history."""
    likes: Floats
    """(n_items, k) content preferences: effect of history items on k content inputs"""


class TwoTowerNet(nn.Module):
    """Vectors of items and of users; the score is their dot product plus the bias of the item.

    An item vector is the output of its tower for its content, plus an identity vector that
    items without events do not have. A user vector is the output of the other tower for history
    and profile, plus the sum of vectors of the history items (an embedding bag). The
    closed-form content preferences are added with a learned weight: the towers learn their
    residual.
    """

    def __init__(self, parts: TowerInputs, options: Any) -> None:
        super().__init__()
        n_items, n_inputs = parts.content.shape
        hidden = options.hidden if options.layers else 0
        n_asked = parts.history.shape[1] + parts.profiles.shape[1] + 1
        self.item = Tower(n_inputs, options.dim + 1, hidden, options.dropout)
        self.user = Tower(n_asked, options.dim, hidden, options.dropout)
        self.identity = nn.Parameter(torch.zeros(n_items, options.dim + 1))
        self.bag = nn.Parameter(torch.zeros(n_items, options.dim))
        self.bag_first: nn.Parameter | None = None
        self.trust = nn.Parameter(torch.ones(()))
        self.likes = torch.from_numpy(parts.likes)
        self.content = torch.from_numpy(parts.content)
        self.history = torch.from_numpy(parts.history)

    def load_arrays(self, arrays: Mapping[str, Floats]) -> None:
        """Copy arrays into the network.

        They are the arrays of the item tower in the State, ``identity``, ``bag``, ``trust`` and
        ``bag_first``, (n_items, hidden) terms of the hidden layer; and the rows of attributes,
        cold-user weight and bias of the user tower.
        """
        own = [*range(self.bag.shape[1]), -1]
        copy_into(self.identity, arrays["identity"][:, own])
        copy_into(self.bag, arrays["bag"])
        copy_into(self.trust, arrays["trust"])
        self.bag_first = nn.Parameter(torch.from_numpy(np.array(arrays["bag_first"])))
        self.item.load_arrays(
            arrays["item_linear"][:, own], arrays["item_first"], arrays["item_second"][:, own]
        )
        second = arrays["user_second"][:, : self.bag.shape[1]]
        self.user.load_arrays(arrays["user_linear"], arrays["user_first"], second)

    def item_vectors(self, rows: Tensor, kept: Tensor | float) -> Tensor:
        """Return (n, dim + k + 1) vectors, the bias last.

        Args:
            rows: (n,) row numbers of items.
            kept: (n, 1) of 0 and 1: whether the identity vector is added.
        """
        seen = self.content[rows]
        outputs = self.item(seen) + kept * self.identity[rows]
        plain = seen[:, : self.likes.shape[1]]
        return torch.cat([outputs[:, :-1], plain, outputs[:, -1:]], dim=1)

    def user_vectors(self, events: Tensor, profile: Tensor, known: Tensor) -> Tensor:
        """Return (n, dim + k) vectors.

        Args:
            events: (n, n_items) histories, divided by the root of their number of events.
            profile: (n, n_attributes) profiles.
            known: (n, 1) numbers of events.
        """
        inputs = torch.cat([events @ self.history, profile, cold_user_weight(known)], dim=1)
        more = 0.0 if self.bag_first is None else events @ self.bag_first
        outputs = self.user(inputs, more) + events @ self.bag
        return torch.cat([outputs, self.trust * (events @ self.likes)], dim=1)


def cold_user_weight(n_events: Tensor) -> Tensor:
    """Return ``1 / sqrt(n_events + 1)``: 1 for cold users, decreasing to 0."""
    return 1 / torch.sqrt(n_events + 1)


def corrected_softmax_loss(
    logits: Tensor, targets: Tensor, sampling_probability: Tensor
) -> Tensor:
    """Return the mean over rows of ``-Σ_j w_j/c_j log softmax(s - log c)_j / Σ_j w_j/c_j``.

    With every item ranked (c = 1) this is the likelihood of the targets. With sampled items the
    correction makes the sum over them an unbiased estimate of the sum over all, so that popular
    items are not penalised for being drawn more often. Rows without targets do not count.

    Args:
        logits: (n, m) scores.
        targets: (n, m) of 0 and 1.
        sampling_probability: (m,) probability that the item is sampled.

    Source:
        Yi et al. 2019, "Sampling-bias-corrected neural modeling for large corpus item
        recommendations": ``s(x, y_j) - log p_j`` in the batch softmax, with several targets.

    Example:
        Two items with equal scores; the target is always sampled, the other half of the time.
        The other counts twice, so the loss is log 3.

        >>> targets, probability = torch.tensor([[1.0, 0.0]]), torch.tensor([1, 0.5])
        >>> corrected_softmax_loss(torch.zeros(1, 2), targets, probability)
        tensor(1.0986)
    """
    weight = targets / sampling_probability
    total = weight.sum(dim=1)
    log_likelihood = (log_softmax(logits - sampling_probability.log(), dim=1) * weight).sum(
        dim=1
    )
    has_target = total > 0
    return -(
        log_likelihood / total.clamp(min=1e-9) * has_target
    ).sum() / has_target.sum().clamp(min=1)


def train_two_tower(
    inputs: TowerInputs, options: Any, seed: int, warm_start: WarmStartArrays | None = None
) -> dict[str, Floats]:
    """Return the arrays of the trained towers, as named in the model's State.

    Args:
        inputs: Training data.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        warm_start: Arrays for :meth:`TwoTowerNet.load_arrays` and held-out users, or None.
    """
    n_users, n_items = inputs.interactions.shape
    draw = np.asarray(inputs.interactions.sum(axis=0), dtype=np.float32).ravel() + 1
    shares = torch.from_numpy(draw / max(float(draw.sum()), 1.0))
    with torch_seed(seed):
        net = TwoTowerNet(inputs, options)
        if warm_start is not None:
            net.load_arrays(warm_start.arrays)

        def loss(rows: Tensor, _: float) -> Tensor:
            x, profile = (
                dense_rows(inputs.interactions, rows),
                dense_rows(inputs.profiles, rows),
            )
            support = sample_visible_events(x, options.few)
            known = support.sum(dim=1, keepdim=True)
            events = dropout(support / known.clamp(min=1).sqrt(), options.hidden_events)
            profile *= torch.rand(len(rows), 1) < options.told
            chosen, chance = _draw_candidates(shares, options.candidates)
            kept = (torch.rand(len(chosen), 1) >= options.identity_dropout).float()
            vectors = net.item_vectors(chosen, kept)
            logits = (
                net.user_vectors(events, profile, known) @ vectors[:, :-1].T + vectors[:, -1]
            )
            seen = support[:, chosen] > 0
            wanted = x[:, chosen] * ~seen
            return corrected_softmax_loss(
                logits.masked_fill(seen, MASKED_LOGIT), wanted, chance
            )

        per_epoch = -(-max(n_users, 1) // options.batch)
        plan = TrainingConfig(
            -(-options.steps // per_epoch), options.batch, options.rate, options.decay
        )
        fine_tune(net, n_users if n_items else 0, loss, plan, warm_start)
    return dict(_iter_state_arrays(net))


def sample_visible_events(x: Tensor, few: float) -> Tensor:
    """Return a random visible part of each row: 0 to ``MAX_FEW_EVENTS`` events, or most.

    Args:
        x: (n, n_items) of 0 and 1.
        few: Share of rows that are cut to a few events.
    """
    size = x.sum(dim=1, keepdim=True).clamp(min=1)
    short = torch.randint(0, MAX_FEW_EVENTS + 1, size.shape) / size
    long = 0.5 + 0.4 * torch.rand(size.shape)
    share = torch.where(torch.rand(size.shape) < few, short, long).clamp(max=0.9)
    return x * (torch.rand_like(x) < share)


def _draw_candidates(shares: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the items to rank, and the probability of each to be sampled."""
    if len(shares) <= count:
        return torch.arange(len(shares)), torch.ones(len(shares))
    drawn = torch.unique(torch.multinomial(shares, count, replacement=True))
    return drawn, 1 - (1 - shares[drawn]) ** count


def _iter_state_arrays(net: TwoTowerNet) -> Iterator[tuple[str, Floats]]:
    """Yield the towers as arrays; rows of the user tower: items, attributes, coldness, bias."""
    wide, width = net.likes.shape[1], net.history.shape[1]
    with torch.no_grad():
        linear, second = weights_with_bias(net.item.linear), net.item.second.weight.T
        plain = torch.eye(len(linear), wide)
        yield "item_linear", to_array(torch.cat([linear[:, :-1], plain, linear[:, -1:]], dim=1))
        yield "item_first", to_array(weights_with_bias(net.item.first))
        nothing = torch.zeros(len(second), wide)
        yield (
            "item_second",
            to_array(torch.cat([second[:, :-1], nothing, second[:, -1:]], dim=1)),
        )
        yield "vectors", to_array(net.item_vectors(torch.arange(len(net.identity)), 1.0))
        linear, first = weights_with_bias(net.user.linear), weights_with_bias(net.user.first)
        linear = torch.cat([net.history @ linear[:width] + net.bag, linear[width:]])
        plain = torch.zeros(len(linear), wide)
        plain[: len(net.likes)] = net.trust * net.likes
        yield "user_linear", to_array(torch.cat([linear, plain], dim=1))
        hidden_output = net.history @ first[:width] + (
            0.0 if net.bag_first is None else net.bag_first
        )
        yield "user_first", to_array(torch.cat([hidden_output, first[width:]]))
        yield "user_second", to_array(torch.cat([net.user.second.weight.T, nothing], dim=1))
