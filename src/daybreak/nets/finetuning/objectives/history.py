"""History to item: the texts of what a user has chosen find the text of another choice."""

from typing import ClassVar

import numpy as np
from torch import Tensor, nn

from daybreak.nets.finetuning.examples import TrainingExamples
from daybreak.nets.finetuning.objectives.base import Objective, in_batch_loss, objectives
from daybreak.nets.finetuning.transformer import TextModel

N_HISTORY_ITEMS = 4
"""Items of a history that are read [items]."""


@objectives.register("history")
class HistoryObjective(Objective):
    """The mean vector of up to four items of a user finds the text of a fifth in the batch."""

    summary: ClassVar = "the mean of a user's items is near another item of the user"

    def __init__(self, examples: TrainingExamples, model: TextModel) -> None:
        super().__init__(examples, model)
        self.users = examples.users_with(2)

    def loss(self, model: TextModel, n: int, rng: np.random.Generator) -> Tensor:
        """Return the loss of ``n`` histories; see :meth:`Objective.loss`.

        A batch has about as many texts as ``n`` pairs: fewer histories, with more items.
        """
        n = max(2 * n // (N_HISTORY_ITEMS + 1), 2)
        users = rng.choice(self.users, n)
        drawn = [self._draw(int(user), rng) for user in users]
        targets = np.array([items[0] for items in drawn])
        rest = [item for items in drawn for item in items[1:]]
        texts = self.examples.draw_texts([*targets.tolist(), *rest], rng)
        vectors = model(texts)
        owner = np.repeat(np.arange(n), [len(items) - 1 for items in drawn])
        means = vectors.new_zeros(n, vectors.shape[1])
        means = means.index_add(0, vectors.new_tensor(owner).long(), vectors[n:])
        queries = nn.functional.normalize(means, dim=1)
        return in_batch_loss(queries, vectors[:n], targets, self.examples.log_shares, users)

    def _draw(self, user: int, rng: np.random.Generator) -> list[int]:
        history = self.examples.history(user)
        n = min(len(history), N_HISTORY_ITEMS + 1)
        return [int(item) for item in rng.choice(history, n, replace=False)]
