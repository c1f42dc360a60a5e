"""The networks of :class:`daybreak.models.adversarial.AdversarialModel`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout, log_softmax, softplus

from daybreak.nets.training import Plan, array, put, seeded, train
from daybreak.types import Floats, Rows, Sparse

SLOW = 0.2
"""How much slower the recommender learns than the generator."""
SOFT = 0.9
"""What the recommender is told of how sure a real item beats a generated one."""
SHARP = 10.0
"""Where the factor of scores starts in softmaxes."""
K = 10


@dataclass(frozen=True, eq=False)
class Play:
    """What the two play with; see ``ColdCases`` and ``Lesson`` for the shapes."""

    people: Floats
    chosen: Sparse
    asked: Rows
    part: Rows
    told: Floats
    guess: Floats
    """(n_items, dim) what the generator starts from"""
    real: Floats
    """(n_items, dim) around the centre"""
    centre: Floats
    """(dim,) all in units of the scale"""
    scale: float


class Game(nn.Module):
    """Generator of item vectors, and towers of the recommender that tells them apart."""

    def __init__(self, n_told: int, dim: int, options: Any) -> None:
        super().__init__()
        self.first = nn.Linear(n_told, options.hidden)
        self.second = nn.Linear(options.hidden, dim)
        self.people = nn.Parameter(torch.zeros(dim, dim))
        self.items = nn.Parameter(torch.zeros(dim, dim))
        self.sharp = nn.Parameter(torch.zeros(()))
        self.hide = options.dropout
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def put(self, arrays: Mapping[str, Floats]) -> None:
        """Take over what :func:`train_adversarial` returned."""
        eye = np.eye(len(self.people), dtype=np.float32)
        put(self.first.weight, arrays["first"].T)
        put(self.first.bias, arrays["first_bias"])
        put(self.second.weight, arrays["second"].T)
        put(self.second.bias, arrays["second_bias"])
        put(self.people, (arrays["people"] - eye) / SLOW)
        put(self.items, (arrays["items"] - eye) / SLOW)

    def generate(self, told: Tensor) -> Tensor:
        """Return (n, dim): what is added to the guess; nothing before training."""
        hidden = dropout(torch.tanh(self.first(told)), self.hide, self.training)
        answer: Tensor = self.second(hidden)
        return answer

    def scores(self, people: Tensor, items: Tensor, fixed: bool = False) -> Tensor:
        """Return (n_people, n_items); fixed: no gradient reaches the towers."""
        towers = (self.people, self.items, self.sharp)
        left, right, sharp = (t.detach() for t in towers) if fixed else towers
        mine, theirs = people + SLOW * people @ left, items + SLOW * items @ right
        return (SLOW * sharp).exp() * (mine @ theirs.T)


def recommender_loss(real: Tensor, fake: Tensor, chosen: Tensor, task: float) -> Tensor:
    """Return how badly real items beat generated ones, and chosen items all others.

    ``L_R = (1 - b) BPR(u; v, g) + b (L(u; v) + L(u; g))`` with the multinomial loss ``L``, and
    labels of the first that are not quite 1.

    Args:
        real: (n, m) scores of real vectors.
        fake: (n, m) scores of generated vectors.
        chosen: (n, m) rows that sum to 1.
        task: b.

    Example:
        >>> nil, one = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
        >>> recommender_loss(nil, nil, one, 0.0)  # ln 2, whatever the label
        tensor(0.6931)
    """
    label = torch.full_like(real, SOFT)
    apart = binary_cross_entropy_with_logits(real - fake, label, reduction="none")
    return (1 - task) * _mean(apart, chosen) + task * (
        unlikely(real, chosen) + unlikely(fake, chosen)
    )


def generator_loss(
    real: Tensor, fake: Tensor, chosen: Tensor, away: Tensor, likeness: float
) -> Tensor:
    """Return ``L_G = (1 - a) (BPR(u; g, v) + L(u; g)) + a |g - v|²``.

    Args:
        real: (n, m) scores of real vectors.
        fake: (n, m) scores of generated vectors.
        chosen: (n, m) rows that sum to 1.
        away: Mean squared difference of generated and real vectors.
        likeness: a.
    """
    deceived = _mean(softplus(real - fake), chosen) + unlikely(fake, chosen)
    return (1 - likeness) * deceived + likeness * away


def unlikely(scores: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of chosen items among all of a part."""
    return _mean(-log_softmax(scores, dim=1), chosen)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum(dim=1).mean()


def train_adversarial(
    play: Play, options: Any, seed: int, earlier: Mapping[str, Floats] | None = None
) -> dict[str, Floats]:
    """Return the arrays of generator and towers, as named in the model's State.

    The last part of the items is nobody's lesson: the weights that rank it best for people who
    do not know it are kept, those before any training among them.

    Args:
        play: What the two play with.
        options: The model's Config.
        seed: Of everything random.
        earlier: Arrays of the State to go on from.
    """
    with seeded(seed):
        net = Game(play.told.shape[1], play.real.shape[1], options)
        if earlier is not None:
            net.put(earlier)
        table = _Table(play)
        held = int(play.part.max(initial=0))
        lessons = np.flatnonzero(play.asked != held)
        before = table.quality(net, held)
        start = {name: value.clone() for name, value in net.state_dict().items()}
        turn = iter(range(2**62))

        def loss(rows: Tensor, share: float) -> Tensor:
            cases = lessons[rows.numpy()]
            part = int(play.asked[cases[0]])
            return table.loss(net, part, cases, options, bool(next(turn) % 2))

        plan = Plan(
            options.epochs, options.batch, options.rate, options.decay, options.patience
        )
        plan = plan if earlier is None else plan.further()
        if held:
            train(net, len(lessons), loss, plan, lambda: table.quality(net, held))
        if table.quality(net, held) <= before:
            net.load_state_dict(start)
    eye = torch.eye(play.real.shape[1])
    return {
        "first": array(net.first.weight.T),
        "first_bias": array(net.first.bias),
        "second": array(net.second.weight.T),
        "second_bias": array(net.second.bias),
        "people": array(eye + SLOW * net.people),
        "items": array(eye + SLOW * net.items),
    }


class _Table:
    """The tensors of a play, by part."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._told, self._guess = torch.from_numpy(play.told), torch.from_numpy(play.guess)
        self._real = torch.from_numpy(play.real)
        self._centre = torch.from_numpy(play.centre)
        self._people = torch.from_numpy(play.people) * (SHARP * play.scale)
        self._items = [
            np.flatnonzero(play.part == p) for p in range(play.part.max(initial=0) + 1)
        ]

    def loss(self, net: Game, part: int, cases: Rows, options: Any, odd: bool) -> Tensor:
        """Return the loss of whose turn it is, on the cases of one part."""
        cases = cases[self._play.asked[cases] == part]
        items = self._items[part]
        people, chosen = self._people[cases], self._chosen(cases, items)
        chosen = chosen / chosen.sum(dim=1, keepdim=True)
        made = net.generate(self._told[items]) + self._guess[items]
        truth = self._real[items]
        real = net.scores(people, truth + self._centre, fixed=odd)
        if odd:
            fake = net.scores(people, made + self._centre, fixed=True)
            away = ((made - truth) ** 2).mean()
            return generator_loss(real, fake, chosen, away, options.likeness)
        fake = net.scores(people, made.detach() + self._centre)
        return recommender_loss(real, fake, chosen, options.task)

    def quality(self, net: Game, part: int) -> float:
        """Return the mean NDCG of generated vectors of a part; 0 where nobody asks."""
        cases = np.flatnonzero(self._play.asked == part)
        if not len(cases):
            return 0.0
        items = self._items[part]
        with torch.no_grad():
            net.eval()
            made = net.generate(self._told[items]) + self._guess[items] + self._centre
            return ndcg(net.scores(self._people[cases], made), self._chosen(cases, items))

    def _chosen(self, cases: Rows, items: Rows) -> Tensor:
        return torch.from_numpy(self._play.chosen[cases][:, items].toarray())


def ndcg(scores: Tensor, chosen: Tensor) -> float:
    """Return the mean NDCG@10 of rows, each with something chosen.

    Example:
        The chosen item is second of two: ``1 / log2(3)``.

        >>> round(ndcg(torch.tensor([[2.0, 1.0]]), torch.tensor([[0.0, 1.0]])), 4)
        0.6309
    """
    width = min(K, scores.shape[1])
    gains = 1 / torch.log2(torch.arange(2, width + 2, dtype=torch.float32))
    hits = chosen.gather(1, scores.topk(width, dim=1).indices)
    most = chosen.sum(dim=1).clamp(max=width).long() - 1
    return float(((hits * gains).sum(dim=1) / gains.cumsum(0)[most]).mean())
