import numpy as np
import scipy.sparse as sp

from daybreak.models.factors import FactorsModel
from daybreak.models.shared_content import fit_content_kernel
from daybreak.models.shared_fold_in import FoldInSolver
from tests.models.tiny import ask, dataset, items, random_dataset


def test_one_item_by_hand():
    """Two people chose the only item, so ``X / (1 * 2^.5) = [1, 1]' / sqrt(2)``: one direction.

    Its singular value is 1, the item's vector ``sqrt(2)`` up to sign, its weight 1/2, the Gram
    matrix 1. People are at ``1 / sqrt(2)``, and so is the mean. With α = 2 and λ = 1 somebody
    with the item is at ``(3 * sqrt(2) / 2 + 1 / sqrt(2)) / (1 + 2 + 1) = 1 / sqrt(2)``, whose
    score is 1; nobody known is at ``(1 / sqrt(2)) / (1 + 1)``, whose score is 1/2.
    """
    data = dataset([[0], [0]], 1)
    model = FactorsModel(damping=0.5, confidence=2, ridge=1).fit(data)
    scores = model.score(ask(data, [0], []), data.items)
    np.testing.assert_allclose(scores, [[1], [0.5]], rtol=1e-5)


def test_the_fold_in_is_where_the_gradient_is_zero():
    data = random_dataset(n_attributes=3)
    model = FactorsModel(dim=6).fit(data)
    rng = np.random.default_rng(0)
    asked = ask(data, [], [0], [1, 2, 3], list(range(15)), profiles=np.zeros((4, 3)))
    prior = rng.standard_normal((4, 6)).astype(np.float32)
    q, w = model.state.vectors.astype(float), model.state.weights.astype(float)
    alpha, ridge = model.config.confidence, model.config.ridge
    objective = FoldInSolver(
        model.state.vectors, model.state.weights, model.state.gram, alpha, ridge
    )
    x = (asked.history.toarray() > 0).astype(float)
    found = objective.solve(sp.csr_array(x.astype(np.float32)), prior).astype(float)
    for history, p, m in zip(x, found, prior, strict=True):
        error = w * (1 + alpha * history) * (history - q @ p)
        gradient = -2 * error @ q + 2 * ridge * (p - m)
        np.testing.assert_allclose(gradient, 0, atol=1e-4)


def test_batches_of_any_size_give_the_same(monkeypatch):
    data = random_dataset()
    model = FactorsModel(dim=6).fit(data)
    asked = ask(data, [], [0], [1, 2, 3], list(range(15)), [4])
    whole = model.query_vectors(asked)
    monkeypatch.setattr("daybreak.models.shared_fold_in.MAX_BATCH_CELLS", 1)
    np.testing.assert_allclose(model.query_vectors(asked), whole, atol=1e-5)


def test_the_prior_is_the_mean_that_the_profile_predicts():
    """A profile alone, with a ridge so large that the prior is all that counts."""
    data = random_dataset(n_attributes=3)
    model = FactorsModel(dim=6, ridge=1e6).fit(data)
    state = model.state
    asked = ask(data, [], [], profiles=[[0, 0, 0], [0, 1, 1]])
    found = model.query_vectors(asked)
    told = state.mean + (np.array([0, 1, 1]) - state.average) @ state.profile
    np.testing.assert_allclose(found, [state.mean, told], rtol=1e-3)


def test_new_items_have_the_vectors_that_the_bridge_predicts():
    data = random_dataset(dim=5)
    model = FactorsModel(dim=6).fit(data)
    new = items(3, np.random.default_rng(3).standard_normal((3, 5)), first=90)
    centred = model.state.vectors - model.state.centre
    kernel = data.items.similarity(new)
    wanted = model.state.centre + (centred.T @ fit_content_kernel(data).coefficients @ kernel).T
    np.testing.assert_allclose(model.item_vectors(new), wanted, atol=1e-5)
