"""Heads on pairs of a user and an item: classification, regression and ranking."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from daybreak.errors import DataError
from daybreak.nets.finetuning.examples import TrainingExamples
from daybreak.nets.finetuning.objectives.base import Objective, objectives
from daybreak.nets.finetuning.transformer import TextModel
from daybreak.types import Rows

N_USER_ITEMS = 3
"""Items of a history that stand for a user [items]."""
HEAD_WIDTH = 32
"""Width of the hidden layer of a head."""
MIN_RATINGS = 50
"""Ratings with at least two different values, at least [ratings]."""


class PairHead(nn.Module):
    """A score of a user and an item from their product and their distance.

    Args:
        dim: Length of the vectors.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * dim, HEAD_WIDTH), nn.ReLU(), nn.Linear(HEAD_WIDTH, 1)
        )

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Return (n,) scores.

        Args:
            users: (n, dim) vectors.
            items: (n, dim) vectors.
        """
        features = torch.cat([users * items, (users - items).abs()], dim=1)
        scores: Tensor = self.layers(features)[:, 0]
        return scores


class PairObjective(Objective):
    """Base of objectives with a head: users are means of items that they chose."""

    def __init__(self, examples: TrainingExamples, model: TextModel) -> None:
        super().__init__(examples, model)
        self.users = examples.users_with(2)
        self.head = PairHead(self.dim)

    def encode_users(
        self, model: TextModel, users: Rows, targets: Rows, rng: np.random.Generator
    ) -> Tensor:
        """Return (n, dim) mean vectors of items of the users, without their targets.

        Args:
            model: Model that is trained.
            users: (n,) users with at least two items.
            targets: (n,) item of each user that must not be read.
            rng: Random generator.
        """
        drawn = []
        for user, target in zip(users.tolist(), targets.tolist(), strict=True):
            history = self.examples.history(user)
            history = history[history != target]
            drawn.append(rng.choice(history, N_USER_ITEMS))
        texts = self.examples.draw_texts(np.concatenate(drawn), rng)
        vectors: Tensor = model(texts)
        means = vectors.reshape(len(users), N_USER_ITEMS, -1).mean(dim=1)
        return nn.functional.normalize(means, dim=1)

    def draw_choices(self, n: int, rng: np.random.Generator) -> tuple[Rows, Rows, Rows]:
        """Return users, an item that each chose, and a random item that each did not choose.

        Args:
            n: Number of users.
            rng: Random generator.
        """
        users = rng.choice(self.users, n)
        chosen = np.array([rng.choice(self.examples.history(int(user))) for user in users])
        others = rng.integers(len(self.examples.texts), size=n)
        for row, user in enumerate(users):
            if others[row] in self.examples.history(int(user)):
                others[row] = rng.integers(len(self.examples.texts))
        return users, chosen, others


@objectives.register("click")
class ClickObjective(PairObjective):
    """Classification: did the user choose the item, or was it drawn at random?"""

    summary: ClassVar = "a head tells chosen items from random ones (classification)"

    def loss(self, model: TextModel, n: int, rng: np.random.Generator) -> Tensor:
        """Return the binary cross-entropy of ``n`` pairs; see :meth:`Objective.loss`."""
        users, chosen, others = self.draw_choices(max(n // 2, 1), rng)
        vectors = self.encode_users(model, users, chosen, rng)
        items = model(self.examples.draw_texts(np.concatenate([chosen, others]), rng))
        scores = self.head(torch.cat([vectors, vectors]), items)
        labels = torch.cat([torch.ones(len(users)), torch.zeros(len(users))])
        return nn.functional.binary_cross_entropy_with_logits(scores, labels)


@objectives.register("ranking")
class RankingObjective(PairObjective):
    """Ranking: a chosen item scores higher than a random one.

    Source:
        Rendle et al. 2009, "BPR: Bayesian personalized ranking from implicit feedback", eq. 4.
    """

    summary: ClassVar = "a head scores chosen items above random ones (ranking)"

    def loss(self, model: TextModel, n: int, rng: np.random.Generator) -> Tensor:
        """Return the pairwise loss of ``n / 2`` users; see :meth:`Objective.loss`."""
        users, chosen, others = self.draw_choices(max(n // 2, 1), rng)
        vectors = self.encode_users(model, users, chosen, rng)
        items = model(self.examples.draw_texts(np.concatenate([chosen, others]), rng))
        better, worse = items[: len(users)], items[len(users) :]
        gap = self.head(vectors, better) - self.head(vectors, worse)
        return nn.functional.softplus(-gap).mean()


@objectives.register("rating")
class RatingObjective(PairObjective):
    """Regression: the rating that the user gave the item, in standard deviations."""

    summary: ClassVar = "a head predicts ratings (regression)"

    def __init__(self, examples: TrainingExamples, model: TextModel) -> None:
        super().__init__(examples, model)
        usable = np.isin(examples.ratings.users, self.users)
        self.rated = np.flatnonzero(usable)
        values = examples.ratings.values[usable]
        if len(values) < MIN_RATINGS or not values.std() > 0:
            raise DataError(
                f"the objective rating needs at least {MIN_RATINGS} ratings that differ, got "
                f"{len(values)} values"
            )
        self.mean, self.std = float(values.mean()), float(values.std())

    def loss(self, model: TextModel, n: int, rng: np.random.Generator) -> Tensor:
        """Return the squared error of ``n / 2`` ratings; see :meth:`Objective.loss`."""
        ratings = self.examples.ratings
        rows = rng.choice(self.rated, max(n // 2, 1))
        vectors = self.encode_users(model, ratings.users[rows], ratings.items[rows], rng)
        items = model(self.examples.draw_texts(ratings.items[rows], rng))
        wanted = torch.tensor((ratings.values[rows] - self.mean) / self.std).float()
        return nn.functional.mse_loss(self.head(vectors, items), wanted)
