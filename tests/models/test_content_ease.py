from dataclasses import replace

import numpy as np
import pytest

from daybreak.data.dataset import ContentBlock, Dataset, Items
from daybreak.models.content_ease import ContentEaseModel
from daybreak.models.content_ridge import ContentRidgeModel
from daybreak.models.ease import fit_ease_weights
from daybreak.models.shared_content import score_through_kernel
from daybreak.models.shared_text_kernel import KernelForm, fit_whitening
from tests.models.tiny import ask, dataset, items, random_dataset, weights

STRANGERS = np.random.default_rng(7).standard_normal((4, 5))


def with_text(data, vectors):
    """The same data set with a block of text vectors beside the others."""
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    blocks = (*data.items.blocks, ContentBlock("meaning", vectors))
    return Dataset(Items(data.items.ids, blocks), data.events, data.n_users)


def test_a_new_item_by_hand():
    """Both old items have the same two users, so EASE has no weights on centred events.

    ``K = I + I²`` has 2 on its diagonal and λ = 4: the weight of the first is ``2 / (2 + 4)``.
    """
    data = dataset([[0, 1], [0, 1]], 2, vectors=np.eye(2))
    found = ContentEaseModel().fit(data).score(ask(data, [0], [1]), items(1, [[1, 0]], first=5))
    np.testing.assert_allclose(found, [[1 / 3], [0]], atol=1e-6)


def test_histories_are_completed_by_ease():
    data, asked = random_dataset(dim=5), items(4, STRANGERS, first=90)
    teacher = fit_ease_weights(data, 2.5).dense
    student = weights(ContentRidgeModel().fit(data), data, asked)
    found = weights(ContentEaseModel(smoothing=3.0).fit(data), data, asked)
    np.testing.assert_allclose(found, student + 3 * teacher @ student, atol=1e-5)


@pytest.mark.parametrize("limit", [1, 4000], ids=["landmarks", "all items"])
def test_only_new_items_are_scored(limit, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", limit)
    data = random_dataset(dim=5)
    model = ContentEaseModel().fit(data)
    assert np.isnan(model.score(ask(data, [0, 1]), data.items)).all()
    assert np.isfinite(model.score(ask(data, [0, 1]), items(4, STRANGERS, first=90))).all()


@pytest.mark.parametrize("n_new", [8, 9])
def test_weights_of_few_new_items_are_written_out(n_new, monkeypatch):
    """With eight landmarks, weights of nine new items are longer than the factors."""
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", 8)
    known = random_dataset(dim=5)
    vectors = np.random.default_rng(7).standard_normal((20 + n_new, 5))
    data = Dataset(items(20 + n_new, vectors), known.events, known.n_users)
    model = ContentEaseModel().fit(data)
    found = model.linear_scorer(data.train_items, data.items)
    assert (found.weights.left is None) == (n_new == 8)
    state = replace(model.state, writes_out=False)
    factors = score_through_kernel(state, data.train_items, data.items).weights
    dense = found.weights.to_dense()
    np.testing.assert_allclose(dense[:, 20:], factors.to_dense()[:, 20:], atol=1e-4)
    means = [one[:, :20].mean(axis=1) for one in (dense, factors.to_dense())]
    np.testing.assert_allclose(*means, atol=1e-4)


def test_ease_of_neighbours_completes_histories_of_large_catalogues(monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", 1)
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DUAL_USERS", 0)
    data, asked = random_dataset(dim=5), items(4, STRANGERS, first=90)
    plain = weights(ContentEaseModel(smoothing=0.0).fit(data), data, asked)
    assert not np.allclose(weights(ContentEaseModel().fit(data), data, asked), plain)


def test_whitened_text_counts_in_the_strategy_that_uses_it():
    """Twenty old items and four new ones; the texts of the new ones are like those of old."""
    rng = np.random.default_rng(3)
    known = random_dataset(dim=5)
    data = with_text(known, rng.standard_normal((len(known.items), 3)))
    new = items(4, STRANGERS, first=90)
    alike = Items(new.ids, (*new.blocks, data.items.blocks[1].take(np.arange(4))))
    plain, text = ContentEaseModel().fit(data), ContentEaseModel(whitened_text=9.0).fit(data)
    assert plain.state.text_projection is None
    assert text.state.text_projection is not None
    assert not np.allclose(weights(plain, data, alike), weights(text, data, alike), atol=1e-2)


def test_a_catalogue_without_text_needs_no_text_vectors():
    data, asked = random_dataset(dim=5), items(4, STRANGERS, first=90)
    model = ContentEaseModel(whitened_text=0.5).fit(data)
    assert model.state.text_projection is None
    assert np.isfinite(model.score(ask(data, [0]), asked)).all()


def test_whitening_makes_directions_equal_by_half():
    """Directions with singular values 4 and 1 differ by the root of 4 afterwards."""
    data = random_dataset(dim=5)
    n = len(data.items)
    signs = np.where(np.arange(n) % 2, 1.0, -1.0)
    ones = np.where(np.arange(n) // 2 % 2, 1.0, -1.0)
    block = ContentBlock("meaning", np.stack([4 * signs, ones], axis=1).astype(np.float32))
    whitened = fit_whitening(Dataset(Items(data.items.ids, (block,)), data.events, 1))
    np.testing.assert_allclose(np.diag(whitened.projection), [1, 2], rtol=1e-5)


def test_items_without_text_have_no_whitened_vector():
    data = random_dataset(dim=5)
    vectors = np.random.default_rng(3).standard_normal((len(data.items), 3)).astype(np.float32)
    vectors[0] = 0
    block = ContentBlock("meaning", vectors)
    both = Dataset(Items(data.items.ids, (block,)), data.events, data.n_users)
    found = fit_whitening(both).transform(both.items)
    assert not found[0].any()
    np.testing.assert_allclose(np.linalg.norm(found[1:], axis=1), 1, rtol=1e-5)


def test_the_kernel_is_the_similarity_and_its_square():
    shop = items(1, [[1.0]])
    similarity = np.array([[0.5]], dtype=np.float32)
    assert KernelForm().apply(similarity, shop, shop) == 0.5
    assert KernelForm(square=0.4).apply(similarity, shop, shop) == pytest.approx(0.6)


def test_scores_without_the_state_are_those_of_the_state():
    data, asked = random_dataset(dim=5), items(3, np.eye(5)[:3], first=90)
    model = ContentEaseModel().fit(data)
    before = weights(model, data, asked)
    assert model.state.left.shape == (20, 20)
    np.testing.assert_allclose(before, weights(model, data, asked), atol=1e-5)
