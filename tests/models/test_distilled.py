import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra deep is not installed")
import torch

from daybreak.models.distilled import (
    DistilledConfig,
    DistilledModel,
    fit_teacher,
    low_rank_factors,
    teacher_confidence,
)
from daybreak.models.ease import EaseModel
from daybreak.nets.distilled import (
    DistillationTargets,
    StudentNet,
    identification_loss,
    label_loss,
    ranking_loss,
    rating_loss,
)
from daybreak.nets.training import torch_seed
from tests.models.tiny import ask, dataset, random_dataset

SMALL = {"dim": 8, "hidden": 8, "directions": 4, "steps": 30}


def test_the_ranking_loss_by_hand():
    """At T = 2 scores 2 log 3 and 0 are shares 3/4 and 1/4; the student's are 1/2 and 1/2.

    4 (3/4 log 3/2 + 1/4 log 1/2) = 4 * 0.1308.
    """
    teacher = torch.tensor([[2 * np.log(3), 0.0]])
    assert ranking_loss(teacher, torch.zeros(1, 2), 2.0).item() == pytest.approx(
        0.5232, abs=1e-4
    )


def test_the_gradient_of_the_ranking_loss_keeps_its_size_at_high_temperature():
    """T² KL has the gradient T (q - p); far up it is the difference of centred scores / n."""
    teacher = torch.tensor([[1.0, -1.0, 0.0]], dtype=torch.float64)
    student = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    ranking_loss(teacher, student, 1e4).backward()
    np.testing.assert_allclose(student.grad, -teacher / 3, atol=1e-3)


def test_ratings_of_items_that_are_not_trusted_do_not_count():
    teacher, student = torch.tensor([[1.0, 9.0]]), torch.tensor([[2.0, 3.0]])
    assert rating_loss(teacher, student, torch.tensor([[1.0, 0.0]])).item() == 1


def test_the_identification_loss_by_hand():
    """Two teachers at right angles, length 1: each stands out by 1; students of 0 do not.

    So the label is 1 / (1 + 1/e), the logit 0, and the loss log 2 whatever the label; students
    like their teachers have the entropy of the label, 0.5822, the least there is.
    """
    eye = torch.eye(2)
    loss = identification_loss(eye, torch.zeros(2, 2), torch.ones(2))
    assert loss.item() == pytest.approx(np.log(2))
    best = identification_loss(eye, eye, torch.ones(2)).item()
    assert best == pytest.approx(0.5822, abs=1e-4)
    assert identification_loss(eye, 3 * eye, torch.ones(2)).item() > best


def test_the_label_loss_by_hand():
    """Three equal scores, one of them chosen: log 3."""
    wanted = torch.tensor([[0.0, 1.0, 0.0]])
    assert label_loss(torch.zeros(1, 3), wanted).item() == pytest.approx(np.log(3))


def test_the_teacher_in_full_rank_is_the_model_it_was_made_of():
    data = random_dataset()
    config = DistilledConfig(graph=0, popular=0, dim=20)
    people, rows = fit_teacher(data, config, np.random.default_rng(0))
    asked = ask(data, [0], [1, 2, 3], [4, 5])
    found = asked.history @ people @ rows[:, :-1].T
    wanted = EaseModel().fit(data).score(asked, data.items)
    for a, b in zip(found, wanted, strict=True):
        assert np.corrcoef(a, b)[0, 1] > 0.99


def test_directions_are_those_of_the_singular_value_decomposition():
    matrix = np.random.default_rng(0).standard_normal((30, 30))
    left, right = low_rank_factors(matrix, 30, np.random.default_rng(1))
    np.testing.assert_allclose(left @ right.T, matrix, atol=1e-4)


def test_trust_by_hand():
    """Items with 1 and 3 events: mean 2, so tanh(2 * 1/2), and tanh(2) at most."""
    data = dataset([[0, 1], [1], [1]], 2)
    np.testing.assert_allclose(teacher_confidence(data), np.tanh([1, 2]), rtol=1e-6)


def test_an_untrained_student_is_the_closed_form():
    data = random_dataset(dim=3)
    state = DistilledModel(**{**SMALL, "steps": 0}).fit(data).state
    model = DistilledModel(**{**SMALL, "steps": 0}).fit(data)
    made = model.item_vectors(data.train_items)
    np.testing.assert_allclose(made, state.known[:, -made.shape[1] :], atol=1e-5)


def test_the_student_in_numpy_is_the_student_in_torch():
    data = random_dataset(dim=3)
    model = DistilledModel(**SMALL).fit(data)
    state = model.state
    start = np.zeros((state.known.shape[1], 9), dtype=np.float32)
    nothing = np.zeros((20, 9), dtype=np.float32)
    with torch_seed(0):
        lessons = DistillationTargets(
            data.interactions, nothing, nothing, state.known, start, nothing[:, 0]
        )
        net = StudentNet(lessons, model.config)
    for layer, weights in ((net.linear, state.linear), (net.first, state.first)):
        layer.weight.data = torch.from_numpy(weights[:-1].T.copy())
        layer.bias.data = torch.from_numpy(weights[-1].copy())
    net.second.weight.data = torch.from_numpy(state.second.T.copy())
    net.eval()
    made = net(torch.from_numpy(state.known)).detach().numpy()
    np.testing.assert_allclose(model.item_vectors(data.train_items), made, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("candidates", [2_000, 12])
def test_it_learns_whose_taste_a_new_item_is(candidates):
    """Items 10, 11 and 22, 23 have no events; people of one half want those of their half."""
    rng = np.random.default_rng(0)
    histories = [list(12 * (user % 2) + rng.permutation(10)[:6]) for user in range(80)]
    vectors = np.repeat(np.eye(2), 12, axis=0) + 0.3 * rng.standard_normal((24, 2))
    data = dataset(histories, 24, vectors)
    model = DistilledModel(**SMALL, candidates=candidates, best=3).fit(data)
    scores = model.score(ask(data, [0, 1], [12, 13]), data.items)
    assert scores[0, [10, 11]].min() > scores[0, [22, 23]].max()
    assert scores[1, [22, 23]].min() > scores[1, [10, 11]].max()
