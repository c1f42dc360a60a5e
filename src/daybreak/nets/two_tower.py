"""The networks of :class:`daybreak.models.two_tower.TwoTowerModel`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, log_softmax

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
"""Most events of a short support."""
MASKED_LOGIT = -1e9
"""The logit of an item that cannot be asked for."""


@dataclass(frozen=True)
class TowerInputs:
    """What the towers see."""

    interactions: Sparse
    """(n_users, n_items) CSR of ones."""
    profiles: Sparse
    """(n_users, n_attributes) CSR."""
    content: Floats
    """(n_items, n_inputs) each item as it would be seen if it were new."""
    history: Floats
    """(n_items, n_seen) each item as it is seen in a history."""
    likes: Floats
    """(n_items, k) what a history says of the first k inputs of content, in closed form"""


class Tower(nn.Module):
    """A linear map, and beside it a hidden layer that starts with no say; both see a last 1."""

    def __init__(self, n_inputs: int, dim: int, hidden: int, drop: float) -> None:
        super().__init__()
        self.linear = nn.Linear(n_inputs, dim)
        self.first = nn.Linear(n_inputs, hidden)
        self.second = nn.Linear(hidden, dim, bias=False)
        self.dropout = drop
        nn.init.zeros_(self.second.weight)

    def load_arrays(self, linear: Floats, first: Floats) -> None:
        """Take over the layers that see the inputs; their last rows are biases."""
        for layer, values in ((self.linear, linear), (self.first, first)):
            copy_into(layer.weight, values[:-1].T)
            copy_into(layer.bias, values[-1])

    def forward(self, seen: Tensor, more: Tensor | float = 0.0) -> Tensor:
        """Return (n, dim) vectors.

        Args:
            seen: (n, n_inputs)
            more: (n, hidden) added before the hidden layer bends.
        """
        bent = dropout(torch.relu(self.first(seen) + more), self.dropout, self.training)
        out: Tensor = self.linear(seen) + self.second(bent)
        return out


class TwoTowerNet(nn.Module):
    """Vectors of items and of users; the score is their product plus the item's last number.

    An item's vector is what its tower makes of its content, plus a part of its own (identity)
    that items without events do not have. A user's is what the other tower makes of history
    and profile, plus the sum of parts that each item of the history adds (an embedding bag).
    Beside both stands the closed form, weighted by a number: the towers learn what it lacks.
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
        """Take over what a State holds.

        Beside the arrays of the State's item tower these are ``identity``, ``bag``, ``trust``
        and ``bag_first``, (n_items, hidden) what each item adds before the hidden layer; and of
        the user tower the rows of attributes, doubt and bias.
        """
        own = [*range(self.bag.shape[1]), -1]
        copy_into(self.identity, arrays["identity"][:, own])
        copy_into(self.bag, arrays["bag"])
        copy_into(self.trust, arrays["trust"])
        self.bag_first = nn.Parameter(torch.from_numpy(np.array(arrays["bag_first"])))
        self.item.load_arrays(arrays["item_linear"][:, own], arrays["item_first"])
        copy_into(self.item.second.weight, arrays["item_second"][:, own].T)
        self.user.load_arrays(arrays["user_linear"], arrays["user_first"])
        copy_into(self.user.second.weight, arrays["user_second"][:, : self.bag.shape[1]].T)

    def item_vectors(self, rows: Tensor, kept: Tensor | float) -> Tensor:
        """Return (n, dim + k + 1) vectors, the bias last.

        Args:
            rows: (n,) of items.
            kept: (n, 1) of 0 and 1: whether the identity is there.
        """
        seen = self.content[rows]
        made = self.item(seen) + kept * self.identity[rows]
        plain = seen[:, : self.likes.shape[1]]
        return torch.cat([made[:, :-1], plain, made[:, -1:]], dim=1)

    def user_vectors(self, events: Tensor, profile: Tensor, known: Tensor) -> Tensor:
        """Return (n, dim + k) vectors.

        Args:
            events: (n, n_items) each event 1, rows divided by the root of their sum.
            profile: (n, n_attributes)
            known: (n, 1) numbers of events.
        """
        asked = torch.cat([events @ self.history, profile, cold_user_weight(known)], dim=1)
        more = 0.0 if self.bag_first is None else events @ self.bag_first
        made = self.user(asked, more) + events @ self.bag
        return torch.cat([made, self.trust * (events @ self.likes)], dim=1)


def cold_user_weight(n_events: Tensor) -> Tensor:
    """Return how little is known of somebody with so many events, from 1 down to 0."""
    return 1 / torch.sqrt(n_events + 1)


def corrected_softmax_loss(logits: Tensor, wanted: Tensor, chance: Tensor) -> Tensor:
    """Return the mean over rows of ``-Σ_j w_j/c_j log softmax(s - log c)_j / Σ_j w_j/c_j``.

    With every item ranked (c = 1) it is the likelihood of the targets. With drawn items the
    correction makes the sum over them an unbiased estimate of the sum over all, so popular
    items are not punished for being drawn more often. Rows without targets do not count.

    Args:
        logits: (n, m)
        wanted: (n, m) of 0 and 1.
        chance: (m,) probability that the item is among those ranked.

    Source:
        Yi et al. 2019, "Sampling-bias-corrected neural modeling for large corpus item
        recommendations": ``s(x, y_j) - log p_j`` in the batch softmax, with several targets.

    Example:
        Two items, equal scores; the first, wanted, is always drawn, the second half the time:
        it counts double, so the loss is log 3.

        >>> corrected_softmax_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), torch.tensor([1, 0.5]))
        tensor(1.0986)
    """
    weight = wanted / chance
    total = weight.sum(dim=1)
    likely = (log_softmax(logits - chance.log(), dim=1) * weight).sum(dim=1)
    there = total > 0
    return -(likely / total.clamp(min=1e-9) * there).sum() / there.sum().clamp(min=1)


def train_two_tower(
    inputs: TowerInputs, options: Any, seed: int, warm_start: WarmStartArrays | None = None
) -> dict[str, Floats]:
    """Return the arrays of the trained towers, as named in the model's State.

    Args:
        parts: What the towers see.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        earlier: To go on from, see :meth:`TwoTowerNet.load_arrays`; its rows are those of users.
    """
    n_users, n_items = inputs.interactions.shape
    draw = np.asarray(inputs.interactions.sum(axis=0), dtype=np.float32).ravel() + 1
    shares = torch.from_numpy(draw / max(float(draw.sum()), 1.0))
    with torch_seed(seed):
        net = TwoTowerNet(inputs, options)
        if warm_start is not None:
            net.load_arrays(warm_start.arrays)

        def loss(rows: Tensor, _: float) -> Tensor:
            x, told = dense_rows(inputs.interactions, rows), dense_rows(inputs.profiles, rows)
            support = sample_visible_events(x, options.few)
            known = support.sum(dim=1, keepdim=True)
            events = dropout(support / known.clamp(min=1).sqrt(), options.hidden_events)
            told *= torch.rand(len(rows), 1) < options.told
            chosen, chance = _draw_candidates(shares, options.candidates)
            kept = (torch.rand(len(chosen), 1) >= options.identity_dropout).float()
            vectors = net.item_vectors(chosen, kept)
            logits = net.user_vectors(events, told, known) @ vectors[:, :-1].T + vectors[:, -1]
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
    """Return the part of each row of ones that is shown: 0 to ``FEW`` of them, or most.

    Args:
        x: (n, n_items) of 0 and 1.
        few: Share of the rows that are cut to a few.
    """
    size = x.sum(dim=1, keepdim=True).clamp(min=1)
    short = torch.randint(0, MAX_FEW_EVENTS + 1, size.shape) / size
    long = 0.5 + 0.4 * torch.rand(size.shape)
    share = torch.where(torch.rand(size.shape) < few, short, long).clamp(max=0.9)
    return x * (torch.rand_like(x) < share)


def _draw_candidates(shares: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the rows to rank, and the chance that each had to be among them."""
    if len(shares) <= count:
        return torch.arange(len(shares)), torch.ones(len(shares))
    drawn = torch.unique(torch.multinomial(shares, count, replacement=True))
    return drawn, 1 - (1 - shares[drawn]) ** count


def _iter_state_arrays(net: TwoTowerNet) -> Iterator[tuple[str, Floats]]:
    """Yield the towers as arrays; the user's over items, attributes, doubt and a last 1."""
    wide, width = net.likes.shape[1], net.history.shape[1]
    with torch.no_grad():
        linear, second = _with_bias(net.item.linear), net.item.second.weight.T
        plain = torch.eye(len(linear), wide)
        yield "item_linear", to_array(torch.cat([linear[:, :-1], plain, linear[:, -1:]], dim=1))
        yield "item_first", to_array(_with_bias(net.item.first))
        nothing = torch.zeros(len(second), wide)
        yield (
            "item_second",
            to_array(torch.cat([second[:, :-1], nothing, second[:, -1:]], dim=1)),
        )
        yield "vectors", to_array(net.item_vectors(torch.arange(len(net.identity)), 1.0))
        linear, first = _with_bias(net.user.linear), _with_bias(net.user.first)
        linear = torch.cat([net.history @ linear[:width] + net.bag, linear[width:]])
        plain = torch.zeros(len(linear), wide)
        plain[: len(net.likes)] = net.trust * net.likes
        yield "user_linear", to_array(torch.cat([linear, plain], dim=1))
        bent = net.history @ first[:width] + (0.0 if net.bag_first is None else net.bag_first)
        yield "user_first", to_array(torch.cat([bent, first[width:]]))
        yield "user_second", to_array(torch.cat([net.user.second.weight.T, nothing], dim=1))


def _with_bias(layer: nn.Linear) -> Tensor:
    return torch.cat([layer.weight.T, layer.bias[None, :]])
