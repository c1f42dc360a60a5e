"""Contrastive objective: two items that one user chose have similar texts."""

from typing import ClassVar

import numpy as np
from torch import Tensor

from daybreak.nets.finetuning.examples import TrainingExamples
from daybreak.nets.finetuning.objectives.base import Objective, in_batch_loss, objectives
from daybreak.nets.finetuning.transformer import TextModel


@objectives.register("contrastive")
class ContrastiveObjective(Objective):
    """The text of an item finds the text of another item of the same user in the batch."""

    summary: ClassVar = "two items of one user are near, items of others are far"

    def __init__(self, examples: TrainingExamples, model: TextModel) -> None:
        super().__init__(examples, model)
        self.users = examples.users_with(2)

    def loss(self, model: TextModel, n: int, rng: np.random.Generator) -> Tensor:
        """Return the loss of ``n`` pairs of items; see :meth:`Objective.loss`."""
        users = rng.choice(self.users, n)
        pairs = [
            rng.choice(self.examples.history(int(user)), 2, replace=False) for user in users
        ]
        first, second = np.array(pairs).T
        texts = self.examples.draw_texts(np.concatenate([first, second]), rng)
        vectors = model(texts)
        shares = self.examples.log_shares
        return in_batch_loss(vectors[:n], vectors[n:], second, shares, users)
