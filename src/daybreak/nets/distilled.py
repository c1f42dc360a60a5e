"""The network of :class:`daybreak.models.distilled.DistilledModel` and its losses."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    log_softmax,
    softmax,
)

from daybreak.nets.layers import Tower, weights_with_bias
from daybreak.nets.training import (
    TrainingConfig,
    WarmStartArrays,
    fine_tune,
    to_array,
    torch_seed,
)
from daybreak.types import Floats, Sparse

MASKED_LOGIT = -1e9
"""The logit of an item of the visible history."""


@dataclass(frozen=True)
class DistillationTargets:
    """The training data of the student."""

    interactions: Sparse
    """(n_users, n_items) CSR of ones."""
    history_vectors: Floats
    """(n_items, dim) vectors of history items, summed to the user vector"""
    teacher_vectors: Floats
    """(n_items, dim + 1) item vectors of the teacher, the bias last"""
    content: Floats
    """(n_items, n_inputs) inputs of each item, computed as if it were new"""
    initial_weights: Floats
    """(n_inputs, dim + 1) closed-form student, the initial weights"""
    confidence: Floats
    """(n_items,) confidence in the teacher, 0 to 1"""


class StudentNet(Tower):
    """The network from content to the item vectors of the teacher."""

    def __init__(self, targets: DistillationTargets, options: Any) -> None:
        n_inputs, dim = targets.initial_weights.shape
        super().__init__(n_inputs, dim, options.hidden, options.dropout)
        self.linear.weight.data = torch.from_numpy(targets.initial_weights.T.copy())
        nn.init.zeros_(self.linear.bias)


def rating_loss(teacher: Tensor, student: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean absolute difference of (n, m) scores; ``weight`` is (n, m).

    Example:
        >>> teacher, student = torch.tensor([[1.0, 3.0]]), torch.tensor([[2.0, 3.0]])
        >>> rating_loss(teacher, student, torch.ones(1, 2))
        tensor(0.5000)
    """
    return (weight * (teacher - student).abs()).sum() / weight.sum().clamp(min=1e-9)


def ranking_loss(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """Return ``T² KL(softmax(teacher / T) | softmax(student / T))``, the mean over rows.

    Source:
        Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network",
        section 2: soft targets; the factor T² keeps the size of the gradients.

    Example:
        Shares 3/4 and 1/4 against 1/2 and 1/2 at T = 1: 3/4 log 3/2 + 1/4 log 1/2.

        >>> ranking_loss(torch.tensor([[3.0, 1.0]]).log(), torch.zeros(1, 2), 1.0)
        tensor(0.1308)
    """
    soft = softmax(teacher / temperature, dim=1)
    teacher_log = log_softmax(teacher / temperature, dim=1)
    student_log = log_softmax(student / temperature, dim=1)
    return temperature**2 * (soft * (teacher_log - student_log)).sum(dim=1).mean()


def identification_loss(teacher: Tensor, student: Tensor, weight: Tensor) -> Tensor:
    """Return the loss of the separation of items, with that of the teacher as soft label.

    The separation of an item is the squared length of its vector minus the mean product with
    other vectors. With the soft label, vectors of the student are as similar to each other as
    those of warm items.

    Args:
        teacher: (n, dim) vectors of the teacher.
        student: (n, dim) vectors of the student.
        weight: (n,) weights of the items.
    """

    def apart(vectors: Tensor) -> Tensor:
        similarity = vectors @ vectors.T
        own_similarity = similarity.diagonal()
        mean_other_similarity = (similarity.sum(dim=1) - own_similarity) / max(
            len(vectors) - 1, 1
        )
        return own_similarity - mean_other_similarity

    label = torch.sigmoid(apart(teacher))
    loss = binary_cross_entropy_with_logits(apart(student), label, reduction="none")
    return (weight * loss).sum() / weight.sum().clamp(min=1e-9)


def label_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of (n, m) targets under (n, m) logits."""
    total = targets.sum(dim=1).clamp(min=1)
    log_likelihood = (log_softmax(logits, dim=1) * targets).sum(dim=1) / total
    return -log_likelihood.mean()


def train_distilled(
    targets: DistillationTargets,
    options: Any,
    seed: int,
    warm_start: WarmStartArrays | None = None,
) -> dict[str, Floats]:
    """Return the arrays of the trained student, as named in the model's State.

    Args:
        targets: Training data.
        options: Options of the model (its Config).
        seed: Seed of all random draws.
        warm_start: Arrays of an earlier State and held-out users, or None.
    """
    n_users, n_items = targets.interactions.shape
    people, teacher = (
        torch.from_numpy(targets.history_vectors),
        torch.from_numpy(targets.teacher_vectors),
    )
    content, trust = torch.from_numpy(targets.content), torch.from_numpy(targets.confidence)
    with torch_seed(seed):
        net = StudentNet(targets, options)
        if warm_start is not None:
            net.load_arrays(
                *(warm_start.arrays[name] for name in ("linear", "first", "second"))
            )

        def loss(rows: Tensor, _: float) -> Tensor:
            x = torch.from_numpy(
                targets.interactions[rows.numpy()].toarray().astype(np.float32)
            )
            shown = x * (torch.rand_like(x) < torch.rand(len(x), 1))
            u = shown @ people / shown.sum(dim=1, keepdim=True).clamp(min=1).sqrt()
            taught = u @ teacher[:, :-1].T + teacher[:, -1]
            ranked = _draw_candidates(taught, options)
            vectors = net(content[ranked])
            scored = (u @ vectors[:, :-1].T + vectors[:, -1]).masked_fill(
                shown[:, ranked] > 0, MASKED_LOGIT
            )
            taught = taught[:, ranked].masked_fill(shown[:, ranked] > 0, MASKED_LOGIT)
            weight = trust[ranked]
            chosen = label_loss(scored, (x - shown)[:, ranked])
            order = ranking_loss(taught, scored, options.temperature)
            size = rating_loss(taught, scored, weight.expand_as(taught))
            apart = identification_loss(teacher[ranked, :-1], vectors[:, :-1], weight)
            total: Tensor = (
                options.label * chosen
                + options.ranking * order
                + options.rating * size
                + options.identification * apart
            )
            return total

        per_epoch = -(-max(n_users, 1) // options.batch)
        plan = TrainingConfig(-(-options.steps // per_epoch), options.batch, options.rate)
        fine_tune(net, n_users if n_items else 0, loss, plan, warm_start)
    with torch.no_grad():
        return {
            "linear": to_array(weights_with_bias(net.linear)),
            "first": to_array(weights_with_bias(net.first)),
            "second": to_array(net.second.weight.T),
        }


def _draw_candidates(taught: Tensor, options: Any) -> Tensor:
    """Return the items that a batch ranks: the best of the teacher and random ones."""
    n_items = taught.shape[1]
    if n_items <= options.candidates:
        return torch.arange(n_items)
    best = taught.topk(options.best, dim=1).indices.flatten()
    chosen = best[torch.randperm(len(best))[: options.candidates // 2]]
    chance = torch.randint(0, n_items, (options.candidates // 2,))
    ranked: Tensor = torch.unique(torch.cat([chosen, chance]))
    return ranked
