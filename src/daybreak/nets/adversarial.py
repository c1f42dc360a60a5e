"""The networks of :class:`daybreak.models.adversarial.AdversarialModel`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout, log_softmax, softplus

from daybreak.metrics import LIST_LENGTH, ndcg_of_hits
from daybreak.nets.training import TrainingConfig, copy_into, to_array, torch_seed, train
from daybreak.types import Floats, Rows, Sparse

TOWER_RATE_SCALE = 0.2
"""How much slower the recommender learns than the generator."""
REAL_LABEL = 0.9
"""What the recommender is told of how sure a real item beats a generated one."""
INITIAL_SCORE_SCALE = 10.0
"""Where the factor of scores starts in softmaxes."""


@dataclass(frozen=True, eq=False)
class GanTrainingData:
    """What the two play with; see ``ColdItemEpisodes`` and ``Lesson`` for the shapes."""

    users: Floats
    positives: Sparse
    query_part: Rows
    item_part: Rows
    conditions: Floats
    ridge_vectors: Floats
    """(n_items, dim) what the generator starts from"""
    real_vectors: Floats
    """(n_items, dim) around the centre"""
    centre: Floats
    """(dim,) all in units of the scale"""
    scale: float


class AdversarialNet(nn.Module):
    """Generator of item vectors, and towers of the recommender that tells them apart."""

    def __init__(self, n_told: int, dim: int, options: Any) -> None:
        super().__init__()
        self.first = nn.Linear(n_told, options.hidden)
        self.second = nn.Linear(options.hidden, dim)
        self.people = nn.Parameter(torch.zeros(dim, dim))
        self.items = nn.Parameter(torch.zeros(dim, dim))
        self.log_score_scale = nn.Parameter(torch.zeros(()))
        self.dropout = options.dropout
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def load_arrays(self, arrays: Mapping[str, Floats]) -> None:
        """Take over what :func:`train_adversarial` returned."""
        eye = np.eye(len(self.people), dtype=np.float32)
        copy_into(self.first.weight, arrays["first"].T)
        copy_into(self.first.bias, arrays["first_bias"])
        copy_into(self.second.weight, arrays["second"].T)
        copy_into(self.second.bias, arrays["second_bias"])
        copy_into(self.people, (arrays["people"] - eye) / TOWER_RATE_SCALE)
        copy_into(self.items, (arrays["items"] - eye) / TOWER_RATE_SCALE)

    def generate(self, told: Tensor) -> Tensor:
        """Return (n, dim): what is added to the guess; nothing before training."""
        hidden = dropout(torch.tanh(self.first(told)), self.dropout, self.training)
        answer: Tensor = self.second(hidden)
        return answer

    def scores(self, people: Tensor, items: Tensor, fixed: bool = False) -> Tensor:
        """Return (n_people, n_items); fixed: no gradient reaches the towers."""
        towers = (self.people, self.items, self.log_score_scale)
        left, right, sharp = (t.detach() for t in towers) if fixed else towers
        mine, theirs = (
            people + TOWER_RATE_SCALE * people @ left,
            items + TOWER_RATE_SCALE * items @ right,
        )
        return (TOWER_RATE_SCALE * sharp).exp() * (mine @ theirs.T)


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
    label = torch.full_like(real, REAL_LABEL)
    apart = binary_cross_entropy_with_logits(real - fake, label, reduction="none")
    return (1 - task) * _mean(apart, chosen) + task * (
        softmax_nll(real, chosen) + softmax_nll(fake, chosen)
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
    deceived = _mean(softplus(real - fake), chosen) + softmax_nll(fake, chosen)
    return (1 - likeness) * deceived + likeness * away


def softmax_nll(scores: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of chosen items among all of a part."""
    return _mean(-log_softmax(scores, dim=1), chosen)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum(dim=1).mean()


def train_adversarial(
    data: GanTrainingData,
    options: Any,
    seed: int,
    warm_start: Mapping[str, Floats] | None = None,
) -> dict[str, Floats]:
    """Return the arrays of generator and towers, as named in the model's State.

    The last part of the items is nobody's lesson: the weights that rank it best for users who
    do not know it are kept, those before any training among them.

    Args:
        play: What the two play with.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        earlier: Arrays of the State to go on from.
    """
    with torch_seed(seed):
        net = AdversarialNet(data.conditions.shape[1], data.real_vectors.shape[1], options)
        if warm_start is not None:
            net.load_arrays(warm_start)
        table = _PartTensors(data)
        held = int(data.item_part.max(initial=0))
        lessons = np.flatnonzero(data.query_part != held)
        before = table.validation_ndcg(net, held)
        start = {name: value.clone() for name, value in net.state_dict().items()}
        turn = iter(range(2**62))

        def loss(rows: Tensor, share: float) -> Tensor:
            cases = lessons[rows.numpy()]
            part = int(data.query_part[cases[0]])
            return table.loss(net, part, cases, options, bool(next(turn) % 2))

        plan = TrainingConfig(
            options.epochs, options.batch, options.rate, options.decay, options.patience
        )
        plan = plan if warm_start is None else plan.for_fine_tuning()
        if held:
            train(net, len(lessons), loss, plan, lambda: table.validation_ndcg(net, held))
        if table.validation_ndcg(net, held) <= before:
            net.load_state_dict(start)
    eye = torch.eye(data.real_vectors.shape[1])
    return {
        "first": to_array(net.first.weight.T),
        "first_bias": to_array(net.first.bias),
        "second": to_array(net.second.weight.T),
        "second_bias": to_array(net.second.bias),
        "people": to_array(eye + TOWER_RATE_SCALE * net.people),
        "items": to_array(eye + TOWER_RATE_SCALE * net.items),
    }


class _PartTensors:
    """The tensors of a play, by part."""

    def __init__(self, play: GanTrainingData) -> None:
        self._play = play
        self._told, self._guess = (
            torch.from_numpy(play.conditions),
            torch.from_numpy(play.ridge_vectors),
        )
        self._real = torch.from_numpy(play.real_vectors)
        self._centre = torch.from_numpy(play.centre)
        self._people = torch.from_numpy(play.users) * (INITIAL_SCORE_SCALE * play.scale)
        self._items = [
            np.flatnonzero(play.item_part == p)
            for p in range(play.item_part.max(initial=0) + 1)
        ]

    def loss(
        self, net: AdversarialNet, part: int, cases: Rows, options: Any, odd: bool
    ) -> Tensor:
        """Return the loss of whose turn it is, on the cases of one part."""
        cases = cases[self._play.query_part[cases] == part]
        items = self._items[part]
        people, chosen = self._people[cases], self._positives_of(cases, items)
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

    def validation_ndcg(self, net: AdversarialNet, part: int) -> float:
        """Return the mean NDCG of generated vectors of a part; 0 where nobody asks."""
        cases = np.flatnonzero(self._play.query_part == part)
        if not len(cases):
            return 0.0
        items = self._items[part]
        with torch.no_grad():
            net.eval()
            made = net.generate(self._told[items]) + self._guess[items] + self._centre
            return mean_ndcg(
                net.scores(self._people[cases], made), self._positives_of(cases, items)
            )

    def _positives_of(self, cases: Rows, items: Rows) -> Tensor:
        return torch.from_numpy(self._play.positives[cases][:, items].toarray())


def mean_ndcg(scores: Tensor, chosen: Tensor) -> float:
    """Return the mean NDCG@10 of rows, each with something chosen.

    Example:
        The chosen item is second of two: ``1 / log2(3)``.

        >>> round(mean_ndcg(torch.tensor([[2.0, 1.0]]), torch.tensor([[0.0, 1.0]])), 4)
        0.6309
    """
    width = min(LIST_LENGTH, scores.shape[1])
    hits = chosen.gather(1, scores.topk(width, dim=1).indices)
    return float(ndcg_of_hits(to_array(hits) > 0, (to_array(chosen) > 0).sum(axis=1)).mean())
