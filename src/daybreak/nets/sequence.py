"""The network of :class:`daybreak.models.sequence.SequenceModel`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, rms_norm

from daybreak.nets.training import (
    FINE_TUNING_EPOCH_SHARE,
    TrainingConfig,
    WarmStartArrays,
    copy_into,
    log_popularity,
    to_array,
    torch_seed,
    train,
    validation_score,
)
from daybreak.nets.windows import HistoryWindows, PackedHistories
from daybreak.types import Floats, Mask, Rows, Sparse

RMS_EPSILON = 1e-6
"""Added to the mean square before the root."""
MASKED_LOGIT = -1e9
"""Logit of a masked event or candidate."""
CONTENT_RIDGE = 3.0
"""Ridge of the initial regression of vectors on content."""
INITIAL_OUTPUT_RMS = 0.5
"""Initial root mean square of the output."""
MASKED_CONTEXT_SHARE = 0.3
"""Share of windows with a masked profile, and share with a masked history."""
SAMPLING_POWER = 0.5
"""Power of the popularity with which candidates of the softmax are drawn."""
NETWORK_PARAMETERS = (
    "start",
    "profile",
    "taste",
    "gains",
    "looks",
    "wide",
    "wide_bias",
    "narrow",
    "narrow_bias",
)
"""Parameters with the same name in the State, together with ``OUTPUT_PARAMETERS``."""
OUTPUT_PARAMETERS = ("fading", "nothing", "last")


@dataclass(frozen=True, eq=False)
class SequenceTrainingData:
    """The training data of the network."""

    histories: PackedHistories
    profiles: Sparse
    """(n_users, n_attributes) CSR"""
    vectors: Floats
    """(n_items, dim) initial item vectors"""
    content: Floats
    """(n_items, n_features) content of items"""

    def take_users(self, mask: Mask) -> "SequenceTrainingData":
        """Return the data of the users in a (n_users,) mask."""
        user, item, at = self.histories.user, self.histories.item, self.histories.at
        selected = mask[user]
        row = np.cumsum(mask) - 1
        histories = PackedHistories(row[user[selected]], item[selected], at[selected])
        return replace(self, histories=histories, profiles=self.profiles[np.flatnonzero(mask)])


@dataclass(frozen=True, eq=False)
class AttendedEvents:
    """The events that n windows attend to from q positions each."""

    table: Tensor
    """(m, dim) vectors of the items that occur"""
    row: Tensor
    """(n, length) rows of the table"""
    n_later: Tensor
    """(n, q, length) number of later events"""
    log_weight: Tensor
    """(n, q, length) logarithm of the weight of an event; ``MASKED_LOGIT`` for masked events"""
    history_sums: Tensor
    """(n, q, dim) sums of the initial vectors of all earlier events"""


class SequenceNet(nn.Module):
    """The network from attended events to output vectors; parameters are named as in the State.

    Args:
        data: Training data, for initial values and shapes.
        options: Options of the model (its Config).
    """

    content: Tensor
    near: Tensor

    def __init__(self, data: SequenceTrainingData, options: Any) -> None:
        super().__init__()
        dim, hops, heads = options.dim, options.hops, options.heads
        self.heads = heads
        self.register_buffer("content", torch.from_numpy(data.content))
        projection = _fit_content_projection(data.content, data.vectors)
        self.project = nn.Parameter(torch.from_numpy(projection))
        self.own = nn.Parameter(torch.from_numpy(data.vectors - data.content @ projection))
        counts = np.bincount(data.histories.item, minlength=len(data.vectors))
        self.bias = nn.Parameter(torch.from_numpy(log_popularity(counts)))
        self.start = nn.Parameter(0.1 * torch.randn(dim))
        self.profile = nn.Parameter(0.01 * torch.randn(data.profiles.shape[1], dim))
        self.register_buffer("near", torch.from_numpy(data.vectors))
        self.taste = nn.Parameter(torch.zeros(dim, dim))
        self.gains = nn.Parameter(torch.ones(hops, 3, dim))
        nothing_yet, same = torch.zeros(dim, dim), torch.eye(dim)
        key = [torch.randn(dim, dim) * dim**-0.5 for _ in range(hops)]
        self.looks = nn.Parameter(
            torch.stack([torch.stack([nothing_yet, k, same, same]) for k in key])
        )
        self.wide = nn.Parameter(torch.randn(hops, dim, 2 * dim) * dim**-0.5)
        self.wide_bias = nn.Parameter(torch.zeros(hops, 2 * dim))
        self.narrow = nn.Parameter(torch.zeros(hops, 2 * dim, dim))
        self.narrow_bias = nn.Parameter(torch.zeros(hops, dim))
        slopes = -(0.4 ** torch.arange(1, heads + 1))
        fading = slopes * torch.arange(options.length)[:, None]
        self.fading = nn.Parameter(fading.repeat(hops, 1, 1))
        self.nothing = nn.Parameter(torch.zeros(hops, heads))
        self.last = nn.Parameter(torch.full((dim,), INITIAL_OUTPUT_RMS))

    def item_vectors(self, rows: Tensor, hide: float = 0.0) -> Tensor:
        """Return the (n, dim) vectors of items; a share ``hide`` is reduced to content."""
        own = self.own[rows]
        if hide:
            own = own * (torch.rand(len(rows), 1) >= hide)
        return self.content[rows] @ self.project + own

    def forward(self, profiles: Tensor, events: AttendedEvents) -> Tensor:
        """Return the (n, q, dim) outputs for windows with (n, n_attributes) profiles."""
        taste = rms_norm(events.history_sums, events.history_sums.shape[-1:], None, RMS_EPSILON)
        h = (self.start + profiles @ self.profile)[:, None] + taste @ self.taste
        for hop in range(len(self.gains)):
            h = h + self._attend(hop, h, events)
            seen = _rms_normalise(h, self.gains[hop, 2])
            wide = torch.relu(seen @ self.wide[hop] + self.wide_bias[hop])
            h = h + wide @ self.narrow[hop] + self.narrow_bias[hop]
        return _rms_normalise(h, self.last)

    def _attend(self, hop: int, h: Tensor, events: AttendedEvents) -> Tensor:
        """Return (n, q, dim) sums of events by attention (Vaswani et al. 2017, eq. 1)."""
        n, q, dim = h.shape
        query, key, value, out = self.looks[hop]

        def split(x: Tensor) -> Tensor:
            return x.view(n, -1, self.heads, dim // self.heads).transpose(1, 2)

        asked = split(_rms_normalise(h, self.gains[hop, 0]) @ query)
        table = _rms_normalise(events.table, self.gains[hop, 1])
        keys = split(embedding(events.row, table @ key))
        values = split(embedding(events.row, table @ value))
        logits = asked @ keys.transpose(2, 3) * (dim // self.heads) ** -0.5
        faded = embedding(events.n_later, self.fading[hop]).permute(0, 3, 1, 2)
        logits = logits + faded + events.log_weight[:, None]
        nothing = self.nothing[hop][:, None, None].expand(n, -1, q, 1)
        share = torch.softmax(torch.cat([logits, nothing], dim=3), dim=3)[..., :-1]
        found: Tensor = (share @ values).transpose(1, 2).reshape(n, q, dim) @ out
        return found


def train_sequence(
    data: SequenceTrainingData,
    options: Any,
    seed: int,
    warm_start: WarmStartArrays | None = None,
) -> dict[str, Floats]:
    """Return the arrays of the trained network, as named in the model's State.

    They include ``vectors``, (n_items, dim + 1), the bias last.

    Args:
        data: Training data.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        warm_start: Arrays of an earlier State and held-out users, or None.
    """
    with torch_seed(seed):
        net = SequenceNet(data, options)
        n_events = len(data.histories.item)
        epochs = int(np.clip(options.events // max(n_events, 1), 1, options.epochs))
        config, max_windows = (
            TrainingConfig(epochs, options.batch, options.rate),
            options.events // options.length,
        )
        if warm_start is None:
            training = NextItemLoss(net, data, options)
            train(
                net,
                min(len(training.windows), max(max_windows, 1)),
                training.batch_loss,
                config,
            )
        else:
            _load_arrays(net, warm_start.arrays)
            _fine_tune(
                net,
                data,
                options,
                (config, int(FINE_TUNING_EPOCH_SHARE * max_windows)),
                warm_start.held_out,
            )
    vectors = torch.cat(
        [net.item_vectors(torch.arange(len(data.vectors))), net.bias[:, None]], dim=1
    )
    learned = {
        name: to_array(getattr(net, name)) for name in (*NETWORK_PARAMETERS, *OUTPUT_PARAMETERS)
    }
    return {"vectors": to_array(vectors), "near": to_array(net.near), **learned}


def _load_arrays(net: SequenceNet, arrays: Mapping[str, Floats]) -> None:
    """Copy the arrays of a State into the network; item vectors are initial values already."""
    copy_into(net.bias, arrays["vectors"][:, -1])
    for name in (*NETWORK_PARAMETERS, *OUTPUT_PARAMETERS, "near"):
        copy_into(getattr(net, name), arrays[name])


def _fine_tune(
    net: SequenceNet,
    data: SequenceTrainingData,
    options: Any,
    budget: tuple[TrainingConfig, int],
    held_out: Rows,
) -> None:
    """Train further on the histories of all users except the held-out ones, which score it.

    Args:
        net: Network with the weights of an earlier training.
        data: Training data.
        options: Options of the model (its Config).
        budget: Configuration of a training from scratch, and windows per epoch at max_windows.
        held_out: Users that score the training.
    """
    config, max_windows = budget
    if not len(held_out):
        return
    is_held_out = np.isin(np.arange(data.profiles.shape[0]), held_out)
    training = NextItemLoss(net, data.take_users(~is_held_out), options)
    validation = NextItemLoss(net, data.take_users(is_held_out), options)
    every = torch.arange(len(validation.windows))
    score = validation_score(
        lambda rows, _: validation.batch_loss(rows, 0.0), every, config.batch
    )
    train(
        net,
        min(len(training.windows), max(max_windows, 1)),
        training.batch_loss,
        config.for_fine_tuning(),
        score,
    )


class NextItemLoss:
    """The loss of batches of windows: predict the next item from every position."""

    def __init__(self, net: SequenceNet, data: SequenceTrainingData, options: Any) -> None:
        self.windows = HistoryWindows(data.histories, options.length)
        self._net, self._options = net, options
        self._profiles = data.profiles
        counts = torch.from_numpy(np.bincount(data.histories.item, minlength=len(net.own)))
        self._chance = (counts + 1.0) ** SAMPLING_POWER
        self._chance /= self._chance.sum().clamp(min=1)
        self._epoch = 0.0
        self._shuffle()

    def batch_loss(self, rows: Tensor, share: float) -> Tensor:
        """Return the mean loss of windows; see :func:`sampled_loss`."""
        if share != self._epoch:
            self._epoch = share
            self.windows.resample()
            self._shuffle()
        chosen = self._order[rows].numpy()
        item, end = (torch.from_numpy(part) for part in self.windows.take(chosen))
        place, wanted = self._draw_targets(item)
        candidates, log_chance = self._draw_candidates()
        every = torch.cat([item.clamp(min=0).ravel(), candidates])
        used, row = torch.unique(every, return_inverse=True)
        rank, candidate = row[: item.numel()].view(item.shape), row[item.numel() :]
        table = self._net.item_vectors(used, self._options.hide)
        profiles = torch.from_numpy(self._profiles[self.windows.user[chosen]].toarray())
        profiles = profiles.float() * (torch.rand(len(profiles), 1) >= MASKED_CONTEXT_SHARE)
        sums = self._history_sums(chosen, item)
        events = self._attended_events(table, rank, item, end, sums)
        outputs = self._net(profiles, events)[place]
        target = torch.gather(rank, 1, wanted)[place]
        own = torch.zeros(len(item), len(used), dtype=torch.bool).scatter_(1, rank, item >= 0)
        bias = self._net.bias[used]
        return sampled_loss(
            (outputs * table[target]).sum(dim=1) + bias[target],
            outputs @ table[candidate].T + bias[candidate] - log_chance,
            own[:, candidate][place.nonzero()[:, 0]],
        )

    def _shuffle(self) -> None:
        self._order = torch.randperm(len(self.windows))
        self._before = self.windows.sum_before(self._net.near.numpy())

    def _history_sums(self, chosen: Rows, item: Tensor) -> Tensor:
        """Return (n, length, dim) sums of the vectors of all events before each position.

        A random share of windows is treated as the first of its user.
        """
        before = torch.from_numpy(self._before[chosen])
        before = before * (torch.rand(len(before), 1) >= MASKED_CONTEXT_SHARE)
        inside = self._net.near[item.clamp(min=0)] * (item >= 0)[..., None]
        return before[:, None] + inside.cumsum(dim=1) - inside

    def _draw_targets(self, item: Tensor) -> tuple[Tensor, Tensor]:
        """Return a mask of positions with a target, and the (n, length) positions of targets.

        The target is mostly the next event, sometimes a later one.
        """
        length = item.shape[1]
        drawn = torch.rand(item.shape).clamp(min=1e-9).log()
        ahead = (drawn / np.log(max(self._options.ahead, 1e-9))).long()
        wanted = torch.arange(length) + ahead
        inside = wanted < length
        wanted = wanted.clamp(max=length - 1)
        return inside & (item.gather(1, wanted) >= 0), wanted

    def _draw_candidates(self) -> tuple[Tensor, Tensor | float]:
        """Return candidate items, and the logarithm of their probabilities to be drawn.

        The probability is that of at least one draw.
        """
        n, draws = len(self._chance), self._options.negatives
        if n <= draws:
            return torch.arange(n), 0.0
        drawn = torch.unique(torch.multinomial(self._chance, draws, replacement=True))
        log_not_drawn = torch.log1p(-self._chance[drawn])
        return drawn, torch.log(-torch.expm1(draws * log_not_drawn)).float()

    def _attended_events(
        self, table: Tensor, rank: Tensor, item: Tensor, end: Tensor, sums: Tensor
    ) -> AttendedEvents:
        """Return the events before each position, without some that are hidden at random."""
        length = item.shape[1]
        now = torch.arange(length)[:, None]
        shown = (item >= 0) & (torch.rand(item.shape) >= self._options.forget)
        seen = (torch.arange(length) < now) & shown[:, None]
        distance = (now - 1 - end[:, None]).clamp(min=0)
        return AttendedEvents(table, rank, distance, torch.where(seen, 0.0, MASKED_LOGIT), sums)


def sampled_loss(target: Tensor, logits: Tensor, known: Tensor) -> Tensor:
    """Return the mean of ``log(e^target + sum of e^logits) - target``.

    With logits minus the logarithm of their probabilities to be drawn, the sum is an unbiased
    estimate of that over all items. Items of the window, including the target, are excluded.

    Args:
        target: (n,) logits of the targets.
        logits: (n, m) logits of the candidates.
        known: (n, m) mask of excluded candidates.

    Source:
        Bengio and Senécal 2008, "Adaptive importance sampling to accelerate training of a
        neural probabilistic language model", section III (each drawn word has
        the inverse of its probability as weight).

    Example:
        Two candidates as good as the target, one of them drawn with probability 1/2.

        >>> drawn = torch.tensor([[0.0, float(np.log(2)), 9.0]])
        >>> sampled_loss(torch.zeros(1), drawn, torch.tensor([[False, False, True]])).exp()
        tensor(4.)
    """
    candidates = torch.logsumexp(logits.masked_fill(known, MASKED_LOGIT), dim=1)
    return (torch.logaddexp(candidates, target) - target).sum() / max(len(target), 1)


def _rms_normalise(x: Tensor, gain: Tensor) -> Tensor:
    """Return rows divided by their root mean square (Zhang and Sennrich 2019, eq. 4)."""
    return rms_norm(x, x.shape[-1:], gain, RMS_EPSILON)


def _fit_content_projection(content: Floats, vectors: Floats) -> Floats:
    """Return (n_features, dim) ridge weights from content to vectors."""
    c = content.astype(np.float64)
    normal = c.T @ c + CONTENT_RIDGE * np.eye(c.shape[1])
    return np.asarray(np.linalg.solve(normal, c.T @ vectors), dtype=np.float32)
