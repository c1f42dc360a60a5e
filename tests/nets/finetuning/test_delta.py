import numpy as np
import pytest
import torch

from daybreak.errors import ConfigError
from daybreak.nets.finetuning.delta import DELTA_BOUND, DeltaModel
from daybreak.nets.finetuning.objectives import objectives
from tests.nets.finetuning.tiny_text_model import tiny_examples, tiny_model


def delta_model(seed=0):
    examples = tiny_examples()
    texts = [text for row in examples.texts for text in row]
    torch.manual_seed(seed)
    return examples, texts, DeltaModel(tiny_model().encode(texts), texts)


def test_no_vector_moves_further_than_the_bound():
    _, _, model = delta_model()
    with torch.no_grad():
        model.up.normal_(std=50)
        change = model.matrix() - torch.eye(model.dim)
    assert float(torch.linalg.matrix_norm(change, ord=2)) == pytest.approx(
        DELTA_BOUND, rel=1e-4
    )


def test_a_new_delta_changes_nothing():
    _, texts, model = delta_model()
    np.testing.assert_allclose(
        model(texts).detach().numpy(), tiny_model().encode(texts), atol=1e-6
    )


@pytest.mark.parametrize("name", ["contrastive", "history", "click", "rating", "ranking"])
def test_objectives_train_a_delta(name):
    examples, _, model = delta_model()
    objective = objectives[name](examples, model)
    optimiser = torch.optim.AdamW([*model.parameters(), *objective.parameters()], lr=1e-2)
    losses = []
    for step in range(60):
        optimiser.zero_grad()
        loss = objective.loss(model, 16, np.random.default_rng(step % 5))
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_a_delta_has_no_words_to_guess():
    examples, _, model = delta_model()
    with pytest.raises(ConfigError, match="needs the layers of a transformer"):
        objectives["masked"](examples, model)
