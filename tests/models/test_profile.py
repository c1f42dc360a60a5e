import numpy as np

from daybreak.models.profile import ProfileModel
from daybreak.models.profile_content import ProfileContentModel
from daybreak.models.shared_content import fit_content_kernel
from tests.models.tiny import ask, dataset, items, random_dataset


def test_one_attribute_by_hand():
    """Of two women both chose item 0, of two men none; all four chose item 1.

    Centred the attribute is +-1/2, its square sum 1, its product with item 0 also 1: with
    λ = 1 the weight is 1/2. A woman is 1/2 from the mean: .25 above it. Who tells
    nothing is not scored as her opposite, but 0.
    """
    profiles = [[1], [1], [0], [0]]
    data = dataset([[0, 1], [0, 1], [1], [1]], 2, profiles=profiles)
    asked = ask(data, [], [], profiles=[[1], [0]])
    scores = ProfileModel(ridge=1).fit(data).score(asked, data.items)
    np.testing.assert_allclose(scores, [[0.25, 0], [0, 0]], atol=1e-6)


def test_it_is_the_least_squares_solution_of_the_augmented_system():
    data = random_dataset(n_attributes=4)
    p = data.profiles.toarray()[data.active_user_rows].astype(float)
    x = data.interactions.toarray().astype(float)
    left = np.vstack([p - p.mean(axis=0), np.sqrt(30) * np.eye(4)])
    right = np.vstack([x - x.mean(axis=0), np.zeros((4, x.shape[1]))])
    wanted = np.linalg.lstsq(left, right)[0]
    state = ProfileModel().fit(data).state
    np.testing.assert_allclose(state.weights[:-1], wanted, atol=1e-5)
    np.testing.assert_allclose(state.weights[-1], -p.mean(axis=0) @ wanted, atol=1e-5)


def test_it_is_carried_to_new_items_by_content():
    data = random_dataset(n_attributes=4, dim=5)
    new = items(3, np.random.default_rng(3).standard_normal((3, 5)), first=90)
    asked = ask(data, *[[]] * 4, profiles=np.eye(4))
    found = ProfileContentModel().fit(data).score(asked, new)
    kernel = data.items.blocks[0].matrix @ new.blocks[0].matrix.T
    weights = ProfileModel().fit(data).state.weights
    wanted = (weights[:-1] + weights[-1]) @ fit_content_kernel(data).coefficients @ kernel
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_data_without_profiles_cannot_say():
    data = dataset([[0, 1], [0]], 2)
    assert np.isnan(ProfileModel().fit(data).score(ask(data, [0]), data.items)).all()
