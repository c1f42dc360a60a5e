import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import DataError
from daybreak.nets.finetuning.examples import Ratings, TrainingExamples
from daybreak.nets.finetuning.objectives import objectives
from daybreak.nets.finetuning.objectives.base import in_batch_loss
from daybreak.nets.finetuning.objectives.masked import mask_tokens
from daybreak.nets.finetuning.transformer import TextModel
from tests.nets.finetuning.tiny_text_model import WORDS, tiny_examples, tiny_model

SHARES = np.log(np.full(3, 1 / 3))


def test_two_orthogonal_pairs_by_hand():
    # the query equals both targets: two logits of 0 and -log(1/3) each, so the loss is log 2
    queries = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    targets = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    loss = in_batch_loss(queries, targets, np.array([0, 1]), SHARES)
    assert float(loss) == pytest.approx(math.log(2))


def test_the_same_item_twice_is_no_wrong_answer():
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    loss = in_batch_loss(queries, queries.flip(0), np.array([2, 2]), SHARES)
    assert float(loss) == pytest.approx(0)


def test_a_popular_wrong_answer_counts_less():
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    same = queries.clone()
    even = in_batch_loss(queries * 0.1, same, np.array([0, 1]), np.log([0.5, 0.5]))
    popular = in_batch_loss(queries[:1] * 0.1, same[:1], np.array([0]), np.log([0.9, 0.1]))
    assert float(popular) < float(even)


@pytest.mark.parametrize("name", list(objectives))
def test_an_objective_has_a_finite_loss_that_training_lowers(name):
    model, examples = tiny_model(), tiny_examples()
    torch.manual_seed(0)
    objective = objectives[name](examples, model)
    weights = [*model.parameters(), *objective.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=3e-3)
    losses = []
    for step in range(30):
        loss = objective.loss(model, 16, np.random.default_rng(step % 5))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


@pytest.mark.parametrize("name", list(objectives))
def test_the_loss_depends_on_the_seed_only(name):
    model, examples = tiny_model(), tiny_examples()
    torch.manual_seed(0)
    objective = objectives[name](examples, model)
    with torch.no_grad():
        first, second, other = (
            float(objective.loss(model, 8, np.random.default_rng(seed))) for seed in (1, 1, 2)
        )
    assert first == second != other


@pytest.mark.parametrize("name", list(objectives))
def test_an_objective_says_what_it_teaches(name):
    assert objectives[name].summary


def test_contrastive_training_brings_the_colour_of_a_user_together():
    model, examples = tiny_model(), tiny_examples()
    objective = objectives["contrastive"](examples, model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(60):
        optimiser.zero_grad()
        objective.loss(model, 16, np.random.default_rng(step)).backward()
        optimiser.step()
    red_globe, red_lamp, blue_globe = model.encode(["red globe", "red lamp", "blue globe"])
    assert red_globe @ red_lamp > red_globe @ blue_globe + 0.2


class KnownVectors(TextModel):
    """Vectors of texts, with a weight so that gradients exist."""

    dim = 4

    def __init__(self, rows):
        super().__init__()
        self.rows = rows
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, texts):
        return torch.tensor([self.rows[text] for text in texts]) + self.weight


class Cosine(torch.nn.Module):
    """A head without weights."""

    def forward(self, users, items):
        return (users * items).sum(dim=1)


AXES = torch.eye(4).tolist()
LIKED = {"a": AXES[0], "b": AXES[0]} | {f"other {n}": AXES[1] for n in range(40)}
"""Two items that everybody chose, with equal vectors, and others that nobody chose."""


def by_hand(name, rows, histories, ratings=None):
    """An objective over items with known vectors, and the model."""
    texts = tuple((text,) for text in rows)
    items = np.concatenate(histories)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in histories])])
    examples = TrainingExamples(texts, items, starts, ratings or Ratings())
    model = KnownVectors(rows)
    objective = objectives[name](examples, model)
    if hasattr(objective, "head"):
        objective.head = Cosine()
    return model, objective


def test_classification_by_hand():
    # a chosen item has the score 1, the other one 0: (log(1 + e^-1) + log 2) / 2
    model, objective = by_hand("click", LIKED, [[0, 1]] * 3)
    loss = objective.loss(model, 8, np.random.default_rng(1))
    assert float(loss.detach()) == pytest.approx((math.log(1 + math.exp(-1)) + math.log(2)) / 2)


def test_ranking_by_hand():
    # the chosen item is 1 above the other one: log(1 + e^-1)
    model, objective = by_hand("ranking", LIKED, [[0, 1]] * 3)
    loss = objective.loss(model, 8, np.random.default_rng(1))
    assert float(loss.detach()) == pytest.approx(math.log(1 + math.exp(-1)))


def test_regression_by_hand():
    # ratings 5 and 1 are +1 and -1 standard deviation; both scores are 0, so each error is 1
    rows = {"a": AXES[0], "b": AXES[1]}
    users = np.repeat(np.arange(40), 2)
    ratings = Ratings(users, np.tile([0, 1], 40), np.tile([5.0, 1.0], 40))
    model, objective = by_hand("rating", rows, [[0, 1]] * 40, ratings)
    assert (objective.mean, objective.std) == (3, 2)
    loss = objective.loss(model, 8, np.random.default_rng(0))
    assert float(loss.detach()) == pytest.approx(1)


@pytest.mark.parametrize("name", ["contrastive", "history"])
def test_pairs_and_histories_by_hand(name):
    # all items are orthogonal, so all cosines are 0. Two users in the batch: log 2; the same
    # user twice: 0, for another item of the user is no wrong answer
    rows = dict(zip("abcd", AXES, strict=True))
    model, objective = by_hand(name, rows, [[0, 1], [2, 3]])
    losses = {
        round(float(objective.loss(model, 2, np.random.default_rng(seed)).detach()), 4)
        for seed in range(12)
    }
    assert losses == {0.0, round(math.log(2), 4)}


def test_guessing_among_equal_words_by_hand():
    model = tiny_model(layers=1)
    with torch.no_grad():
        model.network.get_input_embeddings().weight.zero_()
    objective = objectives["masked"](tiny_examples(), model)
    loss = objective.loss(model, 4, np.random.default_rng(0))
    assert float(loss.detach()) == pytest.approx(math.log(len(WORDS)), abs=1e-5)


MODEL = tiny_model(layers=1)


@given(st.integers(0, 1_000), st.integers(1, 6))
def test_marks_and_padding_are_never_guessed(seed, n_words):
    model = MODEL
    ids, mask = (part.numpy() for part in model.read(["red " * n_words, "lamp"]))
    hidden, guessed = mask_tokens(ids, mask, model, np.random.default_rng(seed))
    assert guessed.any()
    assert not guessed[np.isin(ids, [0, 2, 3])].any()
    assert (hidden[~guessed] == ids[~guessed]).all()


def test_ratings_that_are_all_equal_are_refused():
    plain = tiny_examples()
    same = Ratings(plain.ratings.users, plain.ratings.items, np.full(80, 3.0))
    examples = TrainingExamples(plain.texts, plain.items, plain.starts, same)
    with pytest.raises(DataError, match="ratings that differ"):
        objectives["rating"](examples, tiny_model())


def test_users_with_one_item_teach_nothing():
    texts = (("red",), ("blue",))
    examples = TrainingExamples(texts, np.array([0, 1]), np.array([0, 1, 2]))
    with pytest.raises(DataError, match="no user has 2 events"):
        objectives["contrastive"](examples, tiny_model())
