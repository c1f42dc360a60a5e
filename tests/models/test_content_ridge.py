import numpy as np
import pytest

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.content_ease import ContentEaseModel
from daybreak.models.content_ridge import ContentRidgeModel
from daybreak.models.content_smooth import ContentSmoothModel
from daybreak.models.graph_filter import fit_graph_filter
from daybreak.models.shared_content import (
    KERNEL_RIDGE,
    fit_content_kernel,
    fit_squared_kernel,
    take_landmarks,
)
from tests.models.tiny import ask, dataset, items, random_dataset, unit, weights

STRANGERS = np.random.default_rng(7).standard_normal((4, 5))


def ridge_map(anchors, asked):
    """``(K + λI)^-1 K_c`` by the formula; the one block has weight 1, so ``K = k + k²``."""
    k, k_new = anchors.astype(float) @ anchors.T, anchors @ asked.T
    return np.linalg.solve(k + k**2 + KERNEL_RIDGE * np.eye(len(k)), k_new + k_new**2)


def test_a_new_item_by_hand():
    """Two old items with nothing in common, a new one like the first: ``K = 2 I``, λ = 4.

    The weight from the first to the new one is ``2 / (2 + 4)``, from the second 0. The first
    itself is scored as if it were new: nothing else is like it, so 0.
    """
    data = dataset([[0], [1]], 2, vectors=np.eye(2))
    asked = items(1, [[1, 0]], first=5)
    model, history = ContentRidgeModel().fit(data), ask(data, [0], [1])
    np.testing.assert_allclose(model.score(history, asked), [[1 / 3], [0]], atol=1e-6)
    np.testing.assert_allclose(model.score(history, data.items), np.zeros((2, 2)), atol=1e-6)


def test_new_items_get_the_kernel_ridge():
    data = random_dataset(dim=5)
    found = weights(ContentRidgeModel().fit(data), data, items(4, STRANGERS, first=90))
    anchors = data.items.blocks[0].matrix
    np.testing.assert_allclose(found, ridge_map(anchors, unit(STRANGERS)), atol=1e-5)


@pytest.mark.parametrize("landmarks", [4000, 8], ids=["all anchors", "landmarks"])
def test_old_items_are_scored_as_if_the_regression_had_never_seen_them(landmarks, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", landmarks)
    data = random_dataset(dim=2)
    found = weights(ContentRidgeModel().fit(data), data)
    vectors = data.items.blocks[0].matrix
    for item in range(len(vectors)):
        others = np.flatnonzero(np.arange(len(vectors)) != item)
        wanted = ridge_map(vectors[others], vectors[[item]])[:, 0]
        np.testing.assert_allclose(
            found[others, item], wanted, atol=1e-2 if landmarks < 9 else 1e-5
        )
        np.testing.assert_allclose(found[item, item], 0, atol=1e-6)


def test_the_inverse_gives_the_weights_of_the_kernel(monkeypatch):
    data = random_dataset(dim=5)
    model = ContentRidgeModel().fit(data)
    by_inverse = weights(model, data)
    monkeypatch.setattr(
        "daybreak.models.content_ridge.has_same_content", lambda *items_and_rows: False
    )
    np.testing.assert_allclose(weights(model, data), by_inverse, atol=1e-5)


def test_a_known_item_with_other_content_is_scored_by_its_new_content():
    """Two old items with nothing in common; the second now is like the first."""
    data = dataset([[0], [1]], 2, vectors=np.eye(2))
    moved = items(2, [[1, 0], [1, 0]])
    found = ContentRidgeModel().fit(data).score(ask(data, [0]), moved)
    assert found[0, 1] > 0.3


def test_landmarks_that_span_the_content_lose_nothing(monkeypatch):
    """Content of two dimensions, with three products: eight landmarks carry all of it."""
    data, asked = random_dataset(dim=2), items(4, STRANGERS[:, :2], first=90)
    exact = weights(ContentRidgeModel().fit(data), data, asked)
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", 8)
    again = random_dataset(dim=2)
    assert fit_content_kernel(again).coefficients.shape == (20, 8)
    found = weights(ContentRidgeModel().fit(again), again, asked)
    np.testing.assert_allclose(found, exact, atol=2e-3)


def test_copies_among_landmarks_are_no_trouble(monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", 3)
    data = dataset([[0, 1, 2, 3, 4]], 5, vectors=[[1, 0]] * 5)
    assert np.isfinite(fit_content_kernel(data).coefficients).all()


def test_landmarks_are_fewer_in_a_very_large_catalogue(monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARK_CELLS", 120)
    data = random_dataset(dim=5)
    assert fit_content_kernel(data).coefficients.shape == (20, 6)
    counts = data.user_counts[fit_content_kernel(data).landmarks]
    assert counts.min() >= np.sort(data.user_counts)[-6:].min()


def test_the_taught_ridge_sees_histories_smoothed_by_the_graph_filter():
    data = random_dataset(dim=5)
    teacher = fit_graph_filter(data).dense
    found = weights(ContentSmoothModel().fit(data), data, items(4, STRANGERS, first=90))
    anchors = data.items.blocks[0].matrix
    k = anchors @ anchors.T + KERNEL_RIDGE * np.eye(len(anchors))
    student = np.linalg.solve(k, anchors @ unit(STRANGERS).T)
    np.testing.assert_allclose(found, teacher @ student, atol=1e-5)


@pytest.mark.parametrize("model", [ContentRidgeModel, ContentEaseModel])
def test_a_part_of_a_large_catalogue_is_scored_without_written_out_coefficients(
    model, monkeypatch
):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", 8)
    data = random_dataset(dim=5)
    part = Items(Vocabulary(["1", "3", "90"]), (ContentBlock("content", unit(STRANGERS[:3])),))
    in_parts, whole = model().fit(data), model().fit(data)
    assert len(whole.state.landmarks) == 8  # writes the coefficients out
    found, wanted = (one.linear_scorer(data.train_items, part) for one in (in_parts, whole))
    np.testing.assert_array_equal(found.scored, wanted.scored)
    known = found.scored
    np.testing.assert_allclose(
        found.weights.to_dense()[:, known], wanted.weights.to_dense()[:, known], atol=1e-5
    )
    means = [one.weights.to_dense().mean(axis=1) for one in (found, wanted)]
    np.testing.assert_allclose(*means, atol=1e-5)


def test_regressions_with_other_ridges_share_the_kernel(monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", 8)
    data = random_dataset(dim=5)
    first, second = (fit_squared_kernel(data, ridge=ridge) for ridge in (4.0, 8.0))
    assert first.kernel is second.kernel
    assert np.abs(first.coefficients).sum() > np.abs(second.coefficients).sum()


@pytest.mark.parametrize("landmarks", [4000, 8])
def test_leverages_and_projections_are_those_of_the_written_out_regression(
    landmarks, monkeypatch
):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", landmarks)
    data = random_dataset(dim=5)
    one = fit_squared_kernel(data)
    every = take_landmarks(data.train_items, one.landmarks)
    kernel = one.form.apply(every.similarity(data.train_items), every, data.train_items)
    wanted = np.clip((one.coefficients * kernel.T).sum(axis=1), 0, 0.999)
    np.testing.assert_allclose(one.leverage, wanted, atol=1e-5)
    np.testing.assert_allclose(one.leverage_of(np.array([3, 1])), wanted[[3, 1]], atol=1e-5)
    values = STRANGERS[:1].repeat(len(data.train_items), axis=0).cumsum(axis=0)
    values = values.astype(np.float32)
    np.testing.assert_allclose(
        one.project(values), one.coefficients.T @ values, rtol=1e-3, atol=1e-4
    )
