"""Histories cut into chunks for networks that read them in order.

The network of :class:`daybreak.models.sequence.SequenceModel`.
"""

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
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class PackedHistories:
    """Events of users, sorted by user and then by time."""

    user: Rows
    """(n_events,) rows of users, none left out"""
    item: Rows
    at: Doubles
    """Equal times mean an unknown order."""


class HistoryWindows:
    """Parts of histories of at most ``length`` events, cut elsewhere in every epoch.

    Events of one time are in a new random order after each :meth:`resample`, so that nothing can
    be learned from an order that nobody knows. Numbers are drawn from torch.

    Args:
        made: What is cut.
        length: Most events of a chunk.

    Example:
        >>> one = np.zeros(5, dtype=np.int64)
        >>> events = PackedHistories(one, np.arange(5), np.array([1.0, 2, 2, 3, 4]))
        >>> chunks = HistoryWindows(events, 8)
        >>> item, end = chunks.take(np.array([0]))
        >>> item[0, [0, 3, 4]].tolist(), end[0, :5].tolist()
        ([0, 3, 4], [0, 2, 2, 3, 4])
    """

    def __init__(self, made: PackedHistories, length: int) -> None:
        self._histories, self._length = made, length
        sizes = np.bincount(made.user) if len(made.user) else np.zeros(0, np.int64)
        count = sizes // length + 1
        self._sizes, self._begin = sizes, np.cumsum(sizes) - sizes
        self._slack = count * length - sizes
        self.user: Rows = np.repeat(np.arange(len(sizes)), count)
        """(n_chunks,) whose they are"""
        self._number = np.arange(len(self.user)) - np.repeat(np.cumsum(count) - count, count)
        last = _last_of_tie(made)
        self._tie_group: Rows = np.cumsum(last) - last
        self._tie_end = np.flatnonzero(last)[self._tie_group]
        self.resample()

    def resample(self) -> None:
        """Shuffle the events of each moment, and cut elsewhere; no event is left out."""
        tie = torch.rand(len(self._tie_group)).numpy()
        self._item = self._histories.item[np.lexsort((tie, self._tie_group))]
        shift = (torch.rand(len(self._slack)).numpy() * (self._slack + 1)).astype(np.int64)
        start = self._number * self._length - np.minimum(shift, self._slack)[self.user]
        self._first = self._begin[self.user] + np.maximum(start, 0)
        stop = np.minimum(start + self._length, self._sizes[self.user])
        self._count = stop - np.maximum(start, 0)

    def take(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return chunks padded to the longest of them.

        Returns:
            (n, longest) items, -1 past the end; and for each the place in the chunk of the last
            event of its moment, which may lie behind the end of the chunk.
        """
        longest = max(int(self._count[rows].max(initial=0)), 1)
        ahead = np.arange(longest)
        at = np.minimum(self._first[rows][:, None] + ahead, len(self._item) - 1)
        inside = ahead < self._count[rows][:, None]
        item = np.where(inside, self._item[at], -1)
        return item, self._tie_end[at] - self._first[rows][:, None]

    def sum_before(self, values: Floats) -> Floats:
        """Return (n_chunks, d) sums over the earlier events of their owners.

        Args:
            values: (n_items, d) what is summed.
        """
        if not len(self._item):
            return np.zeros((len(self), values.shape[1]), dtype=np.float32)
        sums = np.zeros((len(self), values.shape[1]))
        full = np.flatnonzero(self._count)
        sums[full] = np.add.reduceat(values[self._item], self._first[full], axis=0)
        total = np.cumsum(sums, axis=0) - sums
        opening = np.flatnonzero(self._number == 0)
        return np.asarray(total - total[opening][self.user], dtype=np.float32)

    def __len__(self) -> int:
        return len(self.user)


def _last_of_tie(made: PackedHistories) -> Mask:
    """Mark the last event of each moment of each user."""
    if not len(made.user):
        return np.zeros(0, dtype=bool)
    changes: Mask = (made.user[1:] != made.user[:-1]) | (made.at[1:] != made.at[:-1])
    return np.append(changes, True)


RMS_EPSILON = 1e-6
"""Added to mean squares before the root."""
MASKED_LOGIT = -1e9
"""Logarithm of a weight of nothing."""
CONTENT_RIDGE = 3.0
"""Of the first regression of vectors on content."""
INITIAL_OUTPUT_RMS = 0.5
"""Root mean square of the numbers of an answer before training."""
MASKED_CONTEXT_SHARE = 0.3
"""Share of chunks whose profile is not seen, and share of those whose past is not."""
SAMPLING_POWER = 0.5
"""Power of the popularity by which candidates of the softmax are drawn."""
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
"""Parameters that the State has under the same name, beside those below."""
OUTPUT_PARAMETERS = ("fading", "nothing", "last")


@dataclass(frozen=True, eq=False)
class SequenceTrainingData:
    """What is trained on."""

    histories: PackedHistories
    profiles: Sparse
    """(n_users, n_attributes) CSR"""
    vectors: Floats
    """(n_items, dim) where the vectors of items start"""
    content: Floats
    """(n_items, n_features) what is known of items beside behaviour"""

    def take_users(self, mask: Mask) -> "SequenceTrainingData":
        """Return what is known of some of the users."""
        user, item, at = self.histories.user, self.histories.item, self.histories.at
        mine = mask[user]
        row = np.cumsum(mask) - 1
        histories = PackedHistories(row[user[mine]], item[mine], at[mine])
        return replace(self, histories=histories, profiles=self.profiles[np.flatnonzero(mask)])


@dataclass(frozen=True, eq=False)
class AttendedEvents:
    """The events that a batch of n readers looks at from q places each."""

    table: Tensor
    """(m, dim) vectors of the items that occur"""
    row: Tensor
    """(n, length) rows of the table"""
    n_later: Tensor
    """(n, q, length) later events"""
    log_weight: Tensor
    """(n, q, length) logarithm of how much an event counts; ``NEVER``: not at all"""
    history_sums: Tensor
    """(n, q, dim) sums of the first vectors of all that came before"""


class SequenceNet(nn.Module):
    """From events in memory to vectors of what comes next; parameters are named as the State's.

    Args:
        made: For the start values and the shapes.
        options: Options of the model (its Config).
    """

    content: Tensor
    near: Tensor

    def __init__(self, made: SequenceTrainingData, options: Any) -> None:
        super().__init__()
        dim, hops, heads = options.dim, options.hops, options.heads
        self.heads = heads
        self.register_buffer("content", torch.from_numpy(made.content))
        projection = _fit_content_projection(made.content, made.vectors)
        self.project = nn.Parameter(torch.from_numpy(projection))
        self.own = nn.Parameter(torch.from_numpy(made.vectors - made.content @ projection))
        counts = np.bincount(made.histories.item, minlength=len(made.vectors))
        self.bias = nn.Parameter(torch.from_numpy(log_popularity(counts)))
        self.start = nn.Parameter(0.1 * torch.randn(dim))
        self.profile = nn.Parameter(0.01 * torch.randn(made.profiles.shape[1], dim))
        self.register_buffer("near", torch.from_numpy(made.vectors))
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
        """Return the (n, dim) vectors of items, with a share known by content alone."""
        own = self.own[rows]
        if hide:
            own = own * (torch.rand(len(rows), 1) >= hide)
        return self.content[rows] @ self.project + own

    def forward(self, profiles: Tensor, events: AttendedEvents) -> Tensor:
        """Return the (n, q, dim) answers to readers with (n, n_attributes) profiles."""
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

    Beside them are ``vectors`` (n_items, dim + 1), the bias last.

    Args:
        made: What to learn from.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        earlier: To go on from; its arrays are those of the State, its rows those of users.
    """
    with torch_seed(seed):
        net = SequenceNet(data, options)
        n_events = len(data.histories.item)
        epochs = int(np.clip(options.events // max(n_events, 1), 1, options.epochs))
        plan, most = (
            TrainingConfig(epochs, options.batch, options.rate),
            options.events // options.length,
        )
        if warm_start is None:
            lesson = NextItemLoss(net, data, options)
            train(net, min(len(lesson.windows), max(most, 1)), lesson.batch_loss, plan)
        else:
            _load_arrays(net, warm_start.arrays)
            _fine_tune(
                net,
                data,
                options,
                (plan, int(FINE_TUNING_EPOCH_SHARE * most)),
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
    """Take over what a State holds; the vectors of items were the start values already."""
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
    """Train further on the histories of all but some users, who judge it.

    Args:
        net: Begun with what an earlier training left.
        made: What to learn from.
        options: Options of the model (its Config).
        effort: The plan of a training from nothing, and most chunks to read in an epoch.
        held: Those who judge.
    """
    plan, most = budget
    if not len(held_out):
        return
    judges = np.isin(np.arange(data.profiles.shape[0]), held_out)
    lesson = NextItemLoss(net, data.take_users(~judges), options)
    judged = NextItemLoss(net, data.take_users(judges), options)
    every = torch.arange(len(judged.windows))
    score = validation_score(lambda rows, _: judged.batch_loss(rows, 0.0), every, plan.batch)
    train(
        net,
        min(len(lesson.windows), max(most, 1)),
        lesson.batch_loss,
        plan.for_fine_tuning(),
        score,
    )


class NextItemLoss:
    """The loss of batches of chunks: from every place of a chunk, tell what comes next."""

    def __init__(self, net: SequenceNet, made: SequenceTrainingData, options: Any) -> None:
        self.windows = HistoryWindows(made.histories, options.length)
        self._net, self._options = net, options
        self._profiles = made.profiles
        counts = torch.from_numpy(np.bincount(made.histories.item, minlength=len(net.own)))
        self._chance = (counts + 1.0) ** SAMPLING_POWER
        self._chance /= self._chance.sum().clamp(min=1)
        self._epoch = 0.0
        self._shuffle()

    def batch_loss(self, rows: Tensor, share: float) -> Tensor:
        """Return the mean loss of chunks; see :func:`sampled_loss`."""
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
        told = torch.from_numpy(self._profiles[self.windows.user[chosen]].toarray())
        told = told.float() * (torch.rand(len(told), 1) >= MASKED_CONTEXT_SHARE)
        memory = self._attended_events(table, rank, item, end, self._history_sums(chosen, item))
        answers = self._net(told, memory)[place]
        target = torch.gather(rank, 1, wanted)[place]
        own = torch.zeros(len(item), len(used), dtype=torch.bool).scatter_(1, rank, item >= 0)
        bias = self._net.bias[used]
        return sampled_loss(
            (answers * table[target]).sum(dim=1) + bias[target],
            answers @ table[candidate].T + bias[candidate] - log_chance,
            own[:, candidate][place.nonzero()[:, 0]],
        )

    def _shuffle(self) -> None:
        self._order = torch.randperm(len(self.windows))
        self._before = self.windows.sum_before(self._net.near.numpy())

    def _history_sums(self, chosen: Rows, item: Tensor) -> Tensor:
        """Return (n, length, dim) sums of all that came before each place.

        Some chunks are taken for the first that is known of their owner.
        """
        before = torch.from_numpy(self._before[chosen])
        before = before * (torch.rand(len(before), 1) >= MASKED_CONTEXT_SHARE)
        inside = self._net.near[item.clamp(min=0)] * (item >= 0)[..., None]
        return before[:, None] + inside.cumsum(dim=1) - inside

    def _draw_targets(self, item: Tensor) -> tuple[Tensor, Tensor]:
        """Return which places ask, and (n, length) the place of what each should tell.

        Mostly it is the next event, sometimes one further ahead.
        """
        length = item.shape[1]
        drawn = torch.rand(item.shape).clamp(min=1e-9).log()
        ahead = (drawn / np.log(max(self._options.ahead, 1e-9))).long()
        wanted = torch.arange(length) + ahead
        inside = wanted < length
        wanted = wanted.clamp(max=length - 1)
        return inside & (item.gather(1, wanted) >= 0), wanted

    def _draw_candidates(self) -> tuple[Tensor, Tensor | float]:
        """Return items to tell the target from, and the logarithm of their chances to be drawn.

        A chance is that of at least one of the draws.
        """
        n, draws = len(self._chance), self._options.negatives
        if n <= draws:
            return torch.arange(n), 0.0
        drawn = torch.unique(torch.multinomial(self._chance, draws, replacement=True))
        once = torch.log1p(-self._chance[drawn])
        return drawn, torch.log(-torch.expm1(draws * once)).float()

    def _attended_events(
        self, table: Tensor, rank: Tensor, item: Tensor, end: Tensor, past: Tensor
    ) -> AttendedEvents:
        """Return what a reader at each place sees: the events before it, some forgotten."""
        length = item.shape[1]
        now = torch.arange(length)[:, None]
        shown = (item >= 0) & (torch.rand(item.shape) >= self._options.forget)
        seen = (torch.arange(length) < now) & shown[:, None]
        distance = (now - 1 - end[:, None]).clamp(min=0)
        return AttendedEvents(table, rank, distance, torch.where(seen, 0.0, MASKED_LOGIT), past)


def sampled_loss(target: Tensor, logits: Tensor, known: Tensor) -> Tensor:
    """Return the mean of ``log(e^target + sum of e^logits) - target``.

    With logits less the logarithm of their chances to be drawn, the sum is without bias that
    over all items. What is known of the reader, the target too, is no rival.

    Args:
        target: (n,) logits of the targets.
        logits: (n, m) logits of the candidates.
        known: (n, m) which candidates are left out.

    Source:
        Bengio and Senécal 2008, "Adaptive importance sampling to accelerate training of a
        neural probabilistic language model", section III (each drawn word weighs the inverse of
        its chance).

    Example:
        Two rivals as good as the target, one of them drawn every second time.

        >>> drawn = torch.tensor([[0.0, float(np.log(2)), 9.0]])
        >>> sampled_loss(torch.zeros(1), drawn, torch.tensor([[False, False, True]])).exp()
        tensor(4.)
    """
    rivals = torch.logsumexp(logits.masked_fill(known, MASKED_LOGIT), dim=1)
    return (torch.logaddexp(rivals, target) - target).sum() / max(len(target), 1)


def _rms_normalise(x: Tensor, gain: Tensor) -> Tensor:
    """Divide by the root mean square (Zhang and Sennrich 2019, eq. 4)."""
    return rms_norm(x, x.shape[-1:], gain, RMS_EPSILON)


def _fit_content_projection(content: Floats, vectors: Floats) -> Floats:
    """Return (n_features, dim) ridge weights from content to vectors."""
    c = content.astype(np.float64)
    normal = c.T @ c + CONTENT_RIDGE * np.eye(c.shape[1])
    return np.asarray(np.linalg.solve(normal, c.T @ vectors), dtype=np.float32)
