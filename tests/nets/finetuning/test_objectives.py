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
from tests.nets.finetuning.tiny_text_model import tiny_examples, tiny_model

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
