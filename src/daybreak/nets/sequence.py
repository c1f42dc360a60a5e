"""The network of :class:`daybreak.models.sequence.SequenceModel`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, rms_norm

from daybreak.nets.chunks import Chunks, Histories
from daybreak.nets.training import (
    SHORTER,
    Earlier,
    Plan,
    array,
    held_score,
    log_shares,
    put,
    seeded,
    train,
)
from daybreak.types import Floats, Mask, Rows, Sparse

EPSILON = 1e-6
"""Added to mean squares before the root."""
NEVER = -1e9
"""Logarithm of a weight of nothing."""
RIDGE = 3.0
"""Of the first regression of vectors on content."""
SHARPNESS = 0.5
"""Root mean square of the numbers of an answer before training."""
UNTOLD = 0.3
"""Share of chunks whose profile is not seen, and share of those whose past is not."""
FLATNESS = 0.5
"""Power of the popularity by which candidates of the softmax are drawn."""
KEPT = (
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
KEPT_TOO = ("fading", "nothing", "last")


@dataclass(frozen=True, eq=False)
class Material:
    """What is trained on."""

    histories: Histories
    profiles: Sparse
    """(n_users, n_attributes) CSR"""
    vectors: Floats
    """(n_items, dim) where the vectors of items start"""
    content: Floats
    """(n_items, n_features) what is known of items beside behaviour"""

    def of(self, people: Mask) -> "Material":
        """Return what is known of some of the people."""
        user, item, at = self.histories.user, self.histories.item, self.histories.at
        mine = people[user]
        row = np.cumsum(people) - 1
        histories = Histories(row[user[mine]], item[mine], at[mine])
        return replace(
            self, histories=histories, profiles=self.profiles[np.flatnonzero(people)]
        )


@dataclass(frozen=True, eq=False)
class Memory:
    """The events that a batch of n readers looks at from q places each."""

    table: Tensor
    """(m, dim) vectors of the items that occur"""
    place: Tensor
    """(n, length) rows of the table"""
    distance: Tensor
    """(n, q, length) later events"""
    weight: Tensor
    """(n, q, length) logarithm of how much an event counts; ``NEVER``: not at all"""
    past: Tensor
    """(n, q, dim) sums of the first vectors of all that came before"""


class SequenceNet(nn.Module):
    """From events in memory to vectors of what comes next; parameters are named as the State's.

    Args:
        made: For the start values and the shapes.
        options: The model's Config.
    """

    content: Tensor
    near: Tensor

    def __init__(self, made: Material, options: Any) -> None:
        super().__init__()
        dim, hops, heads = options.dim, options.hops, options.heads
        self.heads = heads
        self.register_buffer("content", torch.from_numpy(made.content))
        projection = _regression(made.content, made.vectors)
        self.project = nn.Parameter(torch.from_numpy(projection))
        self.own = nn.Parameter(torch.from_numpy(made.vectors - made.content @ projection))
        counts = np.bincount(made.histories.item, minlength=len(made.vectors))
        self.bias = nn.Parameter(torch.from_numpy(log_shares(counts)))
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
        self.last = nn.Parameter(torch.full((dim,), SHARPNESS))

    def items(self, rows: Tensor, hide: float = 0.0) -> Tensor:
        """Return the (n, dim) vectors of items, with a share known by content alone."""
        own = self.own[rows]
        if hide:
            own = own * (torch.rand(len(rows), 1) >= hide)
        return self.content[rows] @ self.project + own

    def forward(self, told: Tensor, memory: Memory) -> Tensor:
        """Return the (n, q, dim) answers to readers with (n, n_attributes) profiles."""
        taste = rms_norm(memory.past, memory.past.shape[-1:], None, EPSILON)
        h = (self.start + told @ self.profile)[:, None] + taste @ self.taste
        for hop in range(len(self.gains)):
            h = h + self._looked(hop, h, memory)
            seen = _scaled(h, self.gains[hop, 2])
            wide = torch.relu(seen @ self.wide[hop] + self.wide_bias[hop])
            h = h + wide @ self.narrow[hop] + self.narrow_bias[hop]
        return _scaled(h, self.last)

    def _looked(self, hop: int, h: Tensor, memory: Memory) -> Tensor:
        """Return (n, q, dim) sums of events by attention (Vaswani et al. 2017, eq. 1)."""
        n, q, dim = h.shape
        query, key, value, out = self.looks[hop]

        def split(x: Tensor) -> Tensor:
            return x.view(n, -1, self.heads, dim // self.heads).transpose(1, 2)

        asked = split(_scaled(h, self.gains[hop, 0]) @ query)
        table = _scaled(memory.table, self.gains[hop, 1])
        keys = split(embedding(memory.place, table @ key))
        values = split(embedding(memory.place, table @ value))
        logits = asked @ keys.transpose(2, 3) * (dim // self.heads) ** -0.5
        faded = embedding(memory.distance, self.fading[hop]).permute(0, 3, 1, 2)
        logits = logits + faded + memory.weight[:, None]
        nothing = self.nothing[hop][:, None, None].expand(n, -1, q, 1)
        share = torch.softmax(torch.cat([logits, nothing], dim=3), dim=3)[..., :-1]
        found: Tensor = (share @ values).transpose(1, 2).reshape(n, q, dim) @ out
        return found


def train_sequence(
    made: Material, options: Any, seed: int, earlier: Earlier | None = None
) -> dict[str, Floats]:
    """Return the arrays of the trained network, as named in the model's State.

    Beside them are ``vectors`` (n_items, dim + 1), the bias last.

    Args:
        made: What to learn from.
        options: The model's Config.
        seed: Of everything random.
        earlier: To go on from; its arrays are those of the State, its rows those of people.
    """
    with seeded(seed):
        net = SequenceNet(made, options)
        n_events = len(made.histories.item)
        epochs = int(np.clip(options.events // max(n_events, 1), 1, options.epochs))
        plan, most = Plan(epochs, options.batch, options.rate), options.events // options.length
        if earlier is None:
            lesson = Lesson(net, made, options)
            train(net, min(len(lesson.chunks), max(most, 1)), lesson.loss, plan)
        else:
            _begin(net, earlier.arrays)
            _go_on(net, made, options, (plan, int(SHORTER * most)), earlier.held)
    vectors = torch.cat([net.items(torch.arange(len(made.vectors))), net.bias[:, None]], dim=1)
    learned = {name: array(getattr(net, name)) for name in (*KEPT, *KEPT_TOO)}
    return {"vectors": array(vectors), "near": array(net.near), **learned}


def _begin(net: SequenceNet, arrays: Mapping[str, Floats]) -> None:
    """Take over what a State holds; the vectors of items were the start values already."""
    put(net.bias, arrays["vectors"][:, -1])
    for name in (*KEPT, *KEPT_TOO, "near"):
        put(getattr(net, name), arrays[name])


def _go_on(
    net: SequenceNet, made: Material, options: Any, effort: tuple[Plan, int], held: Rows
) -> None:
    """Train further on the histories of all but some people, who judge it.

    Args:
        net: Begun with what an earlier training left.
        made: What to learn from.
        options: The model's Config.
        effort: The plan of a training from nothing, and most chunks to read in an epoch.
        held: Those who judge.
    """
    plan, most = effort
    if not len(held):
        return
    judges = np.isin(np.arange(made.profiles.shape[0]), held)
    lesson = Lesson(net, made.of(~judges), options)
    judged = Lesson(net, made.of(judges), options)
    every = torch.arange(len(judged.chunks))
    score = held_score(lambda rows, _: judged.loss(rows, 0.0), every, plan.batch)
    train(net, min(len(lesson.chunks), max(most, 1)), lesson.loss, plan.further(), score)


class Lesson:
    """The loss of batches of chunks: from every place of a chunk, tell what comes next."""

    def __init__(self, net: SequenceNet, made: Material, options: Any) -> None:
        self.chunks = Chunks(made.histories, options.length)
        self._net, self._options = net, options
        self._profiles = made.profiles
        counts = torch.from_numpy(np.bincount(made.histories.item, minlength=len(net.own)))
        self._chance = (counts + 1.0) ** FLATNESS
        self._chance /= self._chance.sum().clamp(min=1)
        self._epoch = 0.0
        self._mix()

    def loss(self, rows: Tensor, share: float) -> Tensor:
        """Return the mean loss of chunks; see :func:`sampled_loss`."""
        if share != self._epoch:
            self._epoch = share
            self.chunks.redraw()
            self._mix()
        chosen = self._order[rows].numpy()
        item, end = (torch.from_numpy(part) for part in self.chunks.take(chosen))
        place, wanted = self._next(item)
        candidates, log_chance = self._candidates()
        every = torch.cat([item.clamp(min=0).ravel(), candidates])
        used, row = torch.unique(every, return_inverse=True)
        rank, candidate = row[: item.numel()].view(item.shape), row[item.numel() :]
        table = self._net.items(used, self._options.hide)
        told = torch.from_numpy(self._profiles[self.chunks.owner[chosen]].toarray())
        told = told.float() * (torch.rand(len(told), 1) >= UNTOLD)
        memory = self._memory(table, rank, item, end, self._past(chosen, item))
        answers = self._net(told, memory)[place]
        target = torch.gather(rank, 1, wanted)[place]
        own = torch.zeros(len(item), len(used), dtype=torch.bool).scatter_(1, rank, item >= 0)
        bias = self._net.bias[used]
        return sampled_loss(
            (answers * table[target]).sum(dim=1) + bias[target],
            answers @ table[candidate].T + bias[candidate] - log_chance,
            own[:, candidate][place.nonzero()[:, 0]],
        )

    def _mix(self) -> None:
        self._order = torch.randperm(len(self.chunks))
        self._before = self.chunks.before(self._net.near.numpy())

    def _past(self, chosen: Rows, item: Tensor) -> Tensor:
        """Return (n, length, dim) sums of all that came before each place.

        Some chunks are taken for the first that is known of their owner.
        """
        before = torch.from_numpy(self._before[chosen])
        before = before * (torch.rand(len(before), 1) >= UNTOLD)
        inside = self._net.near[item.clamp(min=0)] * (item >= 0)[..., None]
        return before[:, None] + inside.cumsum(dim=1) - inside

    def _next(self, item: Tensor) -> tuple[Tensor, Tensor]:
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

    def _candidates(self) -> tuple[Tensor, Tensor | float]:
        """Return items to tell the target from, and the logarithm of their chances to be drawn.

        A chance is that of at least one of the draws.
        """
        n, draws = len(self._chance), self._options.negatives
        if n <= draws:
            return torch.arange(n), 0.0
        drawn = torch.unique(torch.multinomial(self._chance, draws, replacement=True))
        once = torch.log1p(-self._chance[drawn])
        return drawn, torch.log(-torch.expm1(draws * once)).float()

    def _memory(
        self, table: Tensor, rank: Tensor, item: Tensor, end: Tensor, past: Tensor
    ) -> Memory:
        """Return what a reader at each place sees: the events before it, some forgotten."""
        length = item.shape[1]
        now = torch.arange(length)[:, None]
        shown = (item >= 0) & (torch.rand(item.shape) >= self._options.forget)
        seen = (torch.arange(length) < now) & shown[:, None]
        distance = (now - 1 - end[:, None]).clamp(min=0)
        return Memory(table, rank, distance, torch.where(seen, 0.0, NEVER), past)


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
    rivals = torch.logsumexp(logits.masked_fill(known, NEVER), dim=1)
    return (torch.logaddexp(rivals, target) - target).sum() / max(len(target), 1)


def _scaled(x: Tensor, gain: Tensor) -> Tensor:
    """Divide by the root mean square (Zhang and Sennrich 2019, eq. 4)."""
    return rms_norm(x, x.shape[-1:], gain, EPSILON)


def _regression(content: Floats, vectors: Floats) -> Floats:
    """Return (n_features, dim) ridge weights from content to vectors."""
    c = content.astype(np.float64)
    normal = c.T @ c + RIDGE * np.eye(c.shape[1])
    return np.asarray(np.linalg.solve(normal, c.T @ vectors), dtype=np.float32)
