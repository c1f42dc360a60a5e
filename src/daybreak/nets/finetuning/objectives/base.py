"""The contract of objectives, and the loss that most of them share."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from daybreak.nets.finetuning.examples import TrainingExamples
from daybreak.nets.finetuning.transformer import TextModel
from daybreak.registry import Registry
from daybreak.types import Doubles, Rows

TEMPERATURE = 0.05
"""Divides cosines before the softmax."""

objectives: Registry["Objective"] = Registry("objective")
"""Objectives by the name that options take."""


class Objective(nn.Module, ABC):
    """A loss over random batches; a new one is a file with a registered subclass.

    Its own weights, if it has any, are trained with those of the model and then dropped.

    Args:
        examples: What may be learned from.
        model: Model that is trained.

    Raises:
        DataError: The examples lack what the objective needs.
    """

    summary: ClassVar[str]
    """What is learned, in one line"""

    def __init__(self, examples: TrainingExamples, model: TextModel) -> None:
        super().__init__()
        self.examples = examples
        self.dim = model.dim

    @abstractmethod
    def loss(self, model: TextModel, n: int, rng: np.random.Generator) -> Tensor:
        """Return the loss of a random batch, a scalar with gradients.

        Args:
            model: Model that is trained.
            n: Size of the batch.
            rng: Random generator of the batch.
        """


def in_batch_loss(
    queries: Tensor,
    targets: Tensor,
    items: Rows,
    log_shares: Doubles,
    users: Rows | None = None,
) -> Tensor:
    """Return the mean cross-entropy of finding the own target among those of the batch.

    Popular items are targets more often; the logarithm of their share is subtracted, so that
    the loss does not teach popularity. The same item as another target is no wrong answer.

    Args:
        queries: (n, dim) vectors of length 1.
        targets: (n, dim) vectors of length 1.
        items: (n,) item of each target.
        log_shares: (n_items,) logarithm of the share of the events of each item.
        users: (n,) user of each query: another target of the same user is no wrong answer;
            None: all users differ.

    Source:
        Oord, Li and Vinyals 2018, "Representation learning with contrastive predictive
        coding", eq. 4; the correction: Yi et al. 2019, "Sampling-bias-corrected neural
        modeling for large corpus item recommendations", eq. 4.

    Example:
        Two items of equal share, and queries that equal the targets: the cosines are 1 and 0,
        so the loss is ``log(1 + exp(-1 / 0.05))``, nearly 0.

        >>> eye = torch.eye(2)
        >>> shares = np.log(np.array([0.5, 0.5]))
        >>> round(float(in_batch_loss(eye, eye, np.array([0, 1]), shares)), 6)
        0.0
    """
    logits = queries @ targets.T / TEMPERATURE
    logits = logits - torch.tensor(log_shares[items], dtype=logits.dtype)
    same = torch.tensor(items[:, None] == items[None, :])
    if users is not None:
        same |= torch.tensor(users[:, None] == users[None, :])
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, float("-inf"))
    return nn.functional.cross_entropy(logits, torch.arange(len(items)))
