"""The networks of :class:`daybreak.models.adversarial.AdversarialModel`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, softplus

from daybreak.metrics import LIST_LENGTH, ndcg_of_hits
from daybreak.nets.layers import Perceptron
from daybreak.nets.training import TrainingConfig, copy_into, to_array, torch_seed, train
from daybreak.types import Floats, Rows, Sparse

TOWER_RATE_SCALE = 0.2
"""Learning rate of the recommender, relative to that of the generator."""
REAL_LABEL = 0.9
"""Target probability that a real item is scored above its generated vector."""
INITIAL_SCORE_SCALE = 10.0
"""Initial factor of the scores in softmaxes."""


@dataclass(frozen=True, eq=False)
class GanTrainingData:
    """What the two play with; see ``ColdItemEpisodes`` and ``Lesson`` for the shapes."""

    users: Floats
    positives: Sparse
    query_part: Rows
    item_part: Rows
    conditions: Floats
    ridge_vectors: Floats
    """(n_items, dim) ridge predictions that the generator corrects"""
    real_vectors: Floats
    """(n_items, dim) around the centre"""
    centre: Floats
    """(dim,) mean vector, in units of the scale"""
    scale: float


class AdversarialNet(nn.Module):
    """The generator of item vectors, and the towers of the recommender."""

    def __init__(self, n_conditions: int, dim: int, options: Any) -> None:
        super().__init__()
        self.generator = Perceptron(n_conditions, options.hidden, dim, options.dropout, 0.0)
        self.people = nn.Parameter(torch.zeros(dim, dim))
        self.items = nn.Parameter(torch.zeros(dim, dim))
        self.log_score_scale = nn.Parameter(torch.zeros(()))

    def load_arrays(self, arrays: Mapping[str, Floats]) -> None:
        """Copy the arrays that :func:`train_adversarial` returned into the network."""
        eye = np.eye(len(self.people), dtype=np.float32)
        self.generator.load_arrays(arrays)
        copy_into(self.people, (arrays["people"] - eye) / TOWER_RATE_SCALE)
        copy_into(self.items, (arrays["items"] - eye) / TOWER_RATE_SCALE)

    def generate(self, conditions: Tensor) -> Tensor:
        """Return (n, dim) corrections of the ridge predictions; 0 before training."""
        corrections: Tensor = self.generator(conditions)
        return corrections

    def scores(self, users: Tensor, items: Tensor, fixed: bool = False) -> Tensor:
        """Return (n_users, n_items) scores; with ``fixed`` no gradient reaches the towers."""
        towers = (self.people, self.items, self.log_score_scale)
        left, right, log_scale = (t.detach() for t in towers) if fixed else towers
        user_vectors = users + TOWER_RATE_SCALE * users @ left
        item_vectors = items + TOWER_RATE_SCALE * items @ right
        return (TOWER_RATE_SCALE * log_scale).exp() * (user_vectors @ item_vectors.T)


def recommender_loss(real: Tensor, fake: Tensor, positives: Tensor, task: float) -> Tensor:
    """Return the loss of the recommender: discrimination plus ranking.

    ``L_R = (1 - b) BPR(u; v, g) + b (L(u; v) + L(u; g))`` with the multinomial loss ``L`` and
    soft labels of the discrimination.

    Args:
        real: (n, m) scores of real vectors.
        fake: (n, m) scores of generated vectors.
        positives: (n, m) rows that sum to 1.
        task: b.

    Example:
        >>> nil, one = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
        >>> recommender_loss(nil, nil, one, 0.0)  # ln 2, whatever the label
        tensor(0.6931)
    """
    label = torch.full_like(real, REAL_LABEL)
    discrimination = binary_cross_entropy_with_logits(real - fake, label, reduction="none")
    return (1 - task) * _mean(discrimination, positives) + task * (
        softmax_nll(real, positives) + softmax_nll(fake, positives)
    )


def generator_loss(
    real: Tensor, fake: Tensor, positives: Tensor, distance: Tensor, likeness: float
) -> Tensor:
    """Return ``L_G = (1 - a) (BPR(u; g, v) + L(u; g)) + a |g - v|²``.

    Args:
        real: (n, m) scores of real vectors.
        fake: (n, m) scores of generated vectors.
        positives: (n, m) rows that sum to 1.
        distance: Mean squared difference of generated and real vectors.
        likeness: a.
    """
    ranking = _mean(softplus(real - fake), positives) + softmax_nll(fake, positives)
    return (1 - likeness) * ranking + likeness * distance


def softmax_nll(scores: Tensor, positives: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of positives among the items of a part."""
    return _mean(-log_softmax(scores, dim=1), positives)


def _mean(values: Tensor, positives: Tensor) -> Tensor:
    return (values * positives).sum(dim=1).mean()


def train_adversarial(
    data: GanTrainingData,
    options: Any,
    seed: int,
    warm_start: Mapping[str, Floats] | None = None,
) -> dict[str, Floats]:
    """Return the arrays of generator and towers, as named in the model's State.

    The last part of the items is the validation set: the weights that rank it best are kept,
    possibly the initial ones.

    Args:
        data: Training data.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        warm_start: Arrays of an earlier State, or None.
    """
    with torch_seed(seed):
        net = AdversarialNet(data.conditions.shape[1], data.real_vectors.shape[1], options)
        if warm_start is not None:
            net.load_arrays(warm_start)
        table = _PartTensors(data)
        held = int(data.item_part.max(initial=0))
        training_rows = np.flatnonzero(data.query_part != held)
        before = table.validation_ndcg(net, held)
        start = {name: value.clone() for name, value in net.state_dict().items()}
        step = iter(range(2**62))

        def loss(rows: Tensor, share: float) -> Tensor:
            episodes = training_rows[rows.numpy()]
            part = int(data.query_part[episodes[0]])
            return table.loss(net, part, episodes, options, bool(next(step) % 2))

        plan = TrainingConfig(
            options.epochs, options.batch, options.rate, options.decay, options.patience
        )
        plan = plan if warm_start is None else plan.for_fine_tuning()
        if held:
            train(net, len(training_rows), loss, plan, lambda: table.validation_ndcg(net, held))
        if table.validation_ndcg(net, held) <= before:
            net.load_state_dict(start)
    eye = torch.eye(data.real_vectors.shape[1])
    return net.generator.to_arrays() | {
        "people": to_array(eye + TOWER_RATE_SCALE * net.people),
        "items": to_array(eye + TOWER_RATE_SCALE * net.items),
    }


class _PartTensors:
    """The tensors of the training data, by part of the items."""

    def __init__(self, data: GanTrainingData) -> None:
        self._data = data
        self._conditions, self._ridge_vectors = (
            torch.from_numpy(data.conditions),
            torch.from_numpy(data.ridge_vectors),
        )
        self._real = torch.from_numpy(data.real_vectors)
        self._centre = torch.from_numpy(data.centre)
        self._users = torch.from_numpy(data.users) * (INITIAL_SCORE_SCALE * data.scale)
        self._items = [
            np.flatnonzero(data.item_part == p)
            for p in range(data.item_part.max(initial=0) + 1)
        ]

    def loss(
        self, net: AdversarialNet, part: int, episodes: Rows, options: Any, odd: bool
    ) -> Tensor:
        """Return the loss of the generator (odd steps) or of the recommender, on one part."""
        episodes = episodes[self._data.query_part[episodes] == part]
        items = self._items[part]
        users, positives = self._users[episodes], self._positives_of(episodes, items)
        positives = positives / positives.sum(dim=1, keepdim=True)
        generated = net.generate(self._conditions[items]) + self._ridge_vectors[items]
        targets = self._real[items]
        real = net.scores(users, targets + self._centre, fixed=odd)
        if odd:
            fake = net.scores(users, generated + self._centre, fixed=True)
            distance = ((generated - targets) ** 2).mean()
            return generator_loss(real, fake, positives, distance, options.likeness)
        fake = net.scores(users, generated.detach() + self._centre)
        return recommender_loss(real, fake, positives, options.task)

    def validation_ndcg(self, net: AdversarialNet, part: int) -> float:
        """Return the mean NDCG of the generated vectors of a part; 0 without episodes."""
        episodes = np.flatnonzero(self._data.query_part == part)
        if not len(episodes):
            return 0.0
        items = self._items[part]
        with torch.no_grad():
            net.eval()
            generated = (
                net.generate(self._conditions[items])
                + self._ridge_vectors[items]
                + self._centre
            )
            return mean_ndcg(
                net.scores(self._users[episodes], generated),
                self._positives_of(episodes, items),
            )

    def _positives_of(self, episodes: Rows, items: Rows) -> Tensor:
        return torch.from_numpy(self._data.positives[episodes][:, items].toarray())


def mean_ndcg(scores: Tensor, positives: Tensor) -> float:
    """Return the mean NDCG@10 of rows with at least one positive.

    Example:
        The positive is second of two items: ``1 / log2(3)``.

        >>> round(mean_ndcg(torch.tensor([[2.0, 1.0]]), torch.tensor([[0.0, 1.0]])), 4)
        0.6309
    """
    width = min(LIST_LENGTH, scores.shape[1])
    hits = positives.gather(1, scores.topk(width, dim=1).indices)
    return float(ndcg_of_hits(to_array(hits) > 0, (to_array(positives) > 0).sum(axis=1)).mean())
