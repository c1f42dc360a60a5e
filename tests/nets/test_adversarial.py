import numpy as np
import pytest
import scipy.sparse as sp

torch = pytest.importorskip("torch")

from daybreak.models.adversarial import AdversarialConfig  # noqa: E402 - torch comes first
from daybreak.nets.adversarial import (  # noqa: E402
    AdversarialNet,
    GanTrainingData,
    generator_loss,
    mean_ndcg,
    recommender_loss,
    train_adversarial,
)

CHOSEN = torch.tensor([[1.0, 0.0]])


def test_the_loss_of_the_recommender_by_hand():
    """Real scores 1, 0 and generated ones 0, 0; the first item was chosen.

    Telling apart with label 0.9: ``ln(1 + e^-1) + 0.1``; ranking: ``ln(1 + e^-1)``, ``ln 2``.
    """
    real, fake = torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)
    apart = np.log1p(np.exp(-1)) + 0.1
    ranked = np.log1p(np.exp(-1)) + np.log(2)
    found = recommender_loss(real, fake, CHOSEN, task=0.25)
    assert float(found) == pytest.approx(0.75 * apart + 0.25 * ranked, rel=1e-5)


def test_the_loss_of_the_generator_by_hand():
    """Real scores 1, 0 and generated ones 0, 0: ``ln(1 + e)`` for the deception, ``ln 2``."""
    real, fake = torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)
    found = generator_loss(real, fake, CHOSEN, torch.tensor(3.0), likeness=0.2)
    wanted = 0.8 * (np.log1p(np.e) + np.log(2)) + 0.2 * 3
    assert float(found) == pytest.approx(wanted, rel=1e-5)


def test_ndcg_by_hand():
    """Two chosen of three, at places 1 and 3: ``(1 + 1/2) / (1 + 1/log2(3))``."""
    found = mean_ndcg(torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([[1.0, 0.0, 1.0]]))
    assert found == pytest.approx(1.5 / (1 + 1 / np.log2(3)))


def test_only_the_one_whose_turn_it_is_learns():
    game = AdversarialNet(3, 2, AdversarialConfig(hidden=4, dropout=0)).eval()
    people, items = torch.randn(5, 2), torch.randn(6, 2)
    game.scores(people, items, fixed=True).sum().requires_grad_().backward()
    assert game.people.grad is None
    game.scores(people, items).sum().backward()
    assert game.people.grad is not None


def game_of(told, real, rng, n_people=200):
    """People who choose what lies in their direction; the guess knows nothing."""
    people = rng.standard_normal((n_people, 2)).astype(np.float32)
    part = np.arange(len(real)) % 5
    asked = np.arange(n_people) % 5
    chosen = (people @ real.T > 1) & (part == asked[:, None])
    kept = chosen.any(axis=1)
    chosen = sp.csr_array(chosen[kept].astype(np.float32))
    centre = np.zeros(2, np.float32)
    return GanTrainingData(
        people[kept], chosen, asked[kept], part, told, np.zeros_like(real), real, centre, 1.0
    )


def test_it_learns_what_content_tells_and_the_guess_does_not():
    rng = np.random.default_rng(0)
    told = rng.standard_normal((300, 3)).astype(np.float32)
    real = np.stack([np.abs(told[:, 0]) - 1, told[:, 1] * np.sign(told[:, 2])], axis=1)
    options = AdversarialConfig(hidden=64, epochs=300, patience=0, rate=5e-3, dropout=0)
    learned = train_adversarial(game_of(told, real, rng), options, seed=0)
    hidden = np.tanh(told @ learned["first"] + learned["first_bias"])
    made = hidden @ learned["second"] + learned["second_bias"]
    held = np.arange(300) % 5 == 4
    assert np.corrcoef(made[held, 0], real[held, 0])[0, 1] > 0.7
    assert np.corrcoef(made[held, 1], real[held, 1])[0, 1] > 0.7


def test_what_does_not_help_unknown_items_is_not_kept():
    """The guess is the truth already, and content is noise."""
    rng = np.random.default_rng(0)
    told, real = rng.standard_normal((2, 100, 2)).astype(np.float32)
    play = game_of(told, real, rng)
    play = GanTrainingData(**vars(play) | {"ridge_vectors": real})
    options = AdversarialConfig(hidden=16, epochs=5, rate=0.05)
    learned = train_adversarial(play, options, seed=0)
    hidden = np.tanh(told @ learned["first"] + learned["first_bias"])
    assert not (hidden @ learned["second"] + learned["second_bias"]).any()
    np.testing.assert_array_equal(learned["people"], np.eye(2))
