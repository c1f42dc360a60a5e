"""Bridges from a source, with numbers that are calculated by hand."""

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import Vocabulary
from daybreak.data.dataset import ContentBlock, Dataset, Events, Items, Queries
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.models import models
from daybreak.models.shared_alignment import align_domains, covariance_power
from daybreak.models.shared_pairs import contrastive_map, info_nce
from daybreak.models.shared_ridge import solve_ridge
from daybreak.models.shared_sources import SharedUsers
from daybreak.models.source_content import content_moments, learn_taste
from daybreak.models.source_crowd import crowd_scores
from daybreak.models.source_items import centred_ease, shrink_weights
from daybreak.models.source_joined import fit_joined_weights
from daybreak.models.source_parameters import (
    JointInteractions,
    SourceParametersConfig,
    fit_layers,
)
from daybreak.models.source_popular import expected_log_shares


def csr(rows):
    return sp.csr_array(np.array(rows, dtype=np.float32))


def two_tastes(n_users=40):
    """Half of the users have item 0 of both domains, the other half item 1."""
    taste = np.arange(n_users) % 2
    told = sp.csr_array((np.ones(n_users), (np.arange(n_users), taste)), shape=(n_users, 2))
    told = sp.csr_array(told, dtype=np.float32)
    items = Items(Vocabulary(["tea", "rum"]))
    domain = SourceDomain("s", np.arange(2), told, popularity=np.full(2, n_users / 2))
    sources = SourceData(Vocabulary(["pot", "glass"]), np.array([-1, -1]), told, (domain,))
    events = Events.of(np.arange(n_users), taste, np.zeros(n_users))
    return Dataset(items, events, n_users, sources=sources)


@pytest.mark.parametrize("name", ["source_users", "source_joined"])
def test_a_bridge_of_users_finds_the_taste_that_both_domains_share(name):
    data = two_tastes()
    model = models[name]().fit(data)
    queries = Queries.for_users(data, Events.of([], [], []), np.array([0, 1]))
    scores = model.score(queries, data.items)
    assert scores.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize(
    "name", ["source_users", "source_joined", "source_crowd", "source_users_content"]
)
def test_a_bridge_of_users_needs_users_in_common(name):
    data = two_tastes()
    alone = data.filter_events(data.events.user < 3)
    queries = Queries.for_users(alone, alone.events, np.array([0]))
    assert np.isnan(models[name]().fit(alone).score(queries, alone.items)).all()


def titled_tastes(words=((1, 0), (0, 1))):
    """Like :func:`two_tastes`, with ten titles of each taste on both sides.

    Users chose the first two of their taste in the source. Titles of the source have the words
    ``words``, those of the target the first two.
    """
    data = two_tastes()
    titles = np.repeat(np.pad(np.eye(2), ((0, 0), (0, 2))), 10, axis=0)
    ids = Vocabulary([f"i{n}" for n in range(20)])
    items = Items(ids, (ContentBlock("words", csr(titles)),))
    events = Events.of(data.events.user, 10 * data.events.item, np.zeros(40))
    told = csr(np.eye(20)[10 * data.events.item] + np.eye(20)[10 * data.events.item + 1])
    domain = SourceDomain("s", np.arange(20), told, popularity=np.ones(20))
    of_source = np.repeat(np.pad(words, ((0, 0), (0, 4 - len(words[0])))), 10, axis=0)
    names = Vocabulary([f"s{n}" for n in range(20)])
    sources = SourceData(names, np.full(20, -1), told, (domain,), csr(of_source))
    return Dataset(items, events, 40, sources=sources)


def told_items(data, *columns):
    """Queries of strangers who chose one item of the source each."""
    told = sp.csr_array(np.eye(20, dtype=np.float32)[list(columns)])
    none = sp.csr_array((len(columns), len(data.train_items)), dtype=np.float32)
    profile = sp.csr_array((len(columns), data.profiles.shape[1]), dtype=np.float32)
    queries = Queries.from_history(data.train_items, none, none, profile)
    return queries.with_source_history(told)


def test_a_title_that_no_user_in_common_chose_finds_the_taste_by_hand():
    """Profiles are 1 and -1 along one axis: 20 users of each over the sum of 40 and λ = 30."""
    data = titled_tastes()
    model = models["source_users_content"]().fit(data)
    scores = model.score(told_items(data, 5, 15), data.items)[:, [0, 10]]
    expected = [[20 / 70, -20 / 70], [-20 / 70, 20 / 70]]
    assert scores == pytest.approx(np.array(expected), abs=1e-4)
    by_ids = models["source_users"](dim=0).fit(data).score(told_items(data, 5), data.items)
    assert not np.nan_to_num(by_ids).any()


def test_contrastive_alignment_learns_from_people_which_words_go_together():
    """The words of the source do not occur in the target."""
    data = titled_tastes(((0, 0, 1, 0), (0, 0, 0, 1)))
    queries = told_items(data, 5, 15)
    model = models["source_content"](alignment="contrastive").fit(data)
    scores = model.score(queries, data.items)[:, [5, 15]]
    assert scores.argmax(axis=1).tolist() == [0, 1]
    plain = models["source_content"](alignment="none").fit(data)
    gaps = [
        np.ptp(one.score(queries, data.items)[:, [5, 15]], axis=1) for one in (model, plain)
    ]
    assert (gaps[0] > 10 * gaps[1]).all()


def test_users_of_the_target_teach_what_goes_with_the_words_of_a_source():
    """In the target, the first word goes with the third, and the second with the fourth."""
    data = titled_tastes()
    words = csr(np.repeat(np.eye(4), 5, axis=0))
    items = Items(data.items.ids, (ContentBlock("words", words),))
    user = np.arange(40)
    pairs = [Events.of(user, 5 * (user % 2) + 10 * place, user * 0) for place in (0, 1)]
    both = [np.concatenate([one.user for one in pairs]), [one.item for one in pairs]]
    events = Events.of(both[0], np.concatenate(both[1]), np.zeros(80))
    data = Dataset(items, events, 40, sources=data.sources)
    queries = told_items(data, 5, 15)
    model = models["source_content"](alignment="none", taste="target").fit(data)
    scores = model.score(queries, data.items)
    assert (scores[:, 12] > scores[:, 17]).tolist() == [True, False]
    assert (scores[:, 12] > scores[:, 7]).tolist() == [True, False]


def test_the_contrastive_loss_of_two_pairs_by_hand():
    """Cosines of 1 within and of 0 between pairs, over the temperature of 0.1."""
    axes = np.eye(2, dtype=np.float32)
    loss, gradient = info_nce(axes, axes, axes)
    assert loss == pytest.approx(np.log(1 + np.exp(-10)), rel=1e-3)
    assert np.abs(gradient).max() < 1e-3


def test_the_gradient_of_the_contrastive_loss_is_its_slope():
    rng = np.random.default_rng(0)
    source, target, weights = (rng.normal(0, 0.3, (n, 3)) for n in (6, 6, 3))
    _, gradient = info_nce(weights, source, target)
    step = np.zeros((3, 3))
    step[1, 2] = 1e-5
    ends = [info_nce(weights + sign * step, source, target)[0] for sign in (1, -1)]
    assert gradient[1, 2] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-3)


def test_pairs_by_chance_say_nothing_and_few_pairs_leave_the_identity():
    rng = np.random.default_rng(0)
    source, target = (rng.normal(size=(60, 8)).astype(np.float32) for _ in range(2))
    assert np.abs(contrastive_map(source, target, rng)).max() < 0.1
    assert (contrastive_map(source[:5], target[:5], rng) == np.eye(8)).all()


def test_half_of_a_target_is_predicted_with_a_ridge_of_one():
    found = solve_ridge(np.ones((1, 1), np.float32), csr([[1, 0]]), 1.0)
    assert found.tolist() == [pytest.approx([0.5, 0.0])]


def test_two_users_of_one_pair_of_items_by_hand():
    """ZZ' + I has 3 and 2; Q has .6 and -.4; z'Qx is .4, and 1 - x'Qx is .6."""
    shared = SharedUsers(csr([[1], [1]]), csr([[1], [1]]), np.arange(2))
    assert fit_joined_weights(shared, 1.0)[0, 0] == pytest.approx(0.4 / 0.6, rel=1e-5)


def test_many_events_replace_the_weights_of_the_source():
    rng = np.random.default_rng(0)
    x = csr((rng.random((5_000, 4)) < 0.4).astype(np.float32))
    prior = np.full((4, 4), 0.5, np.float32)
    np.fill_diagonal(prior, 0)
    own, shrunk = shrink_weights(np.zeros_like(prior), x, 1e-3), shrink_weights(prior, x, 1e-3)
    assert np.abs(own - shrunk).max() < 1e-3
    assert np.abs(shrink_weights(prior, x, 1e9) - prior).max() < 1e-3
    assert (np.diag(shrunk) == 0).all()


def test_without_a_prior_the_weights_are_those_of_ease():
    x = csr((np.random.default_rng(0).random((50, 5)) < 0.4).astype(np.float32))
    strength = 2.0 * np.sqrt(50) + 1e-3
    expected = centred_ease(x, 2.0)
    found = shrink_weights(np.zeros((5, 5), np.float32), x, strength)
    assert np.allclose(found, expected, atol=1e-4)


def test_counts_are_mixed_with_the_shares_of_the_source():
    found = np.exp(expected_log_shares(np.array([3.0, 0.0]), np.array([1.0, 1.0]), 1.0))
    assert found.round(3).tolist() == [0.875, 0.125]


def test_a_crowd_that_chooses_like_all_others_scores_nothing():
    same = crowd_scores(np.array([2.0, 1.0]), np.array([20.0, 10.0]), 5.0)
    assert np.abs(same).max() < 1e-6


@pytest.mark.parametrize("kind", ["whiten", "coral"])
def test_aligned_domains_have_one_covariance(kind):
    rng = np.random.default_rng(0)
    turn = rng.standard_normal((3, 3))
    source, target = rng.standard_normal((900, 3)) @ turn, rng.standard_normal((800, 3)) + 4
    found = align_domains(source, target, kind)
    a, b = np.cov(found.source(source).T), np.cov(found.target(target).T)
    assert np.abs(a - b).max() < 0.25
    assert np.abs(found.target(target).mean(axis=0)).max() < 1e-4


def test_powers_of_a_covariance_undo_each_other():
    rows = np.random.default_rng(0).standard_normal((100, 4))
    product = covariance_power(rows, 0.5) @ covariance_power(rows, -0.5)
    assert np.allclose(product, np.eye(4), atol=1e-4)


def test_taste_of_one_dimension_by_hand():
    """One user with both items of content 1: x/(√2·1) each, so Z'GZ = 2 and Z'G°Z = 1."""
    domain = SourceDomain("s", np.arange(2), csr([[1, 1]]), popularity=np.ones(2))
    vectors = np.ones((2, 1), np.float32)
    whole, others = content_moments(domain, vectors)
    assert (float(whole[0, 0]), float(others[0, 0])) == pytest.approx((2.0, 1.0), rel=1e-5)
    assert float(learn_taste((whole, others), vectors, 1.0)[0, 0]) == pytest.approx(1 / 16)


def test_taste_of_a_release_comes_from_its_weights():
    none = sp.csr_array((0, 2), dtype=np.float32)
    domain = SourceDomain("s", np.arange(2), none, csr([[0, 1], [1, 0]]))
    content, between = content_moments(domain, np.array([[1.0], [2.0]], np.float32))
    assert (float(content[0, 0]), float(between[0, 0])) == (5.0, 4.0)


def joint_of_one_item(share):
    """One user of each domain with the one item that both sell."""
    source, target = np.sqrt(share), np.sqrt(1 - share)
    return JointInteractions(csr([[source]]), csr([[target]]), np.arange(1))


@pytest.mark.parametrize(
    ("tuned", "predicted"),
    [("full", 1 / 1.5), ("last", 1 / 1.5), ("frozen", 0.25 / (0.25 + 0.125))],
)
def test_the_layers_of_one_item_by_hand(tuned, predicted):
    """The ridge is half of the mean eigenvalue: 1 of both domains, λ = .25 of the source."""
    config = SourceParametersConfig(tuned=tuned, dim=1, ridge=0.5)
    rng = np.random.default_rng(0)
    left, right = fit_layers(joint_of_one_item(0.25), config, rng)
    assert (left @ right)[0, 0] == pytest.approx(predicted, rel=1e-4)


@pytest.mark.parametrize(("tuned", "has_own"), [("full", True), ("frozen", False)])
def test_only_tuned_layers_score_items_that_the_target_alone_sells(tuned, has_own):
    """The target sells a second item, which goes with the first."""
    joint = JointInteractions(csr([[0.7]]), csr([[0.5, 0.5]]), np.arange(1))
    config = SourceParametersConfig(tuned=tuned, dim=1)
    left, right = fit_layers(joint, config, np.random.default_rng(0))
    assert bool((left @ right)[0, 1] > 0.1) is has_own


@pytest.mark.parametrize("tuned", ["full", "last", "frozen"])
def test_parameters_of_a_market_know_what_goes_together(tuned):
    rng = np.random.default_rng(0)
    taste = np.arange(80) % 2
    items = [2 * rng.permutation(5)[:3] + kind for kind in taste]
    users = np.repeat(np.arange(80), 3)
    known = sp.csr_array((np.ones(240, np.float32), (users, np.concatenate(items))), (80, 10))
    domain = SourceDomain("s", np.arange(10), known, popularity=np.full(10, 24.0))
    ids = Vocabulary([f"i{n}" for n in range(10)])
    none = sp.csr_array((20, 10), dtype=np.float32)
    events = Events.of(np.arange(20), np.arange(20) % 10, np.zeros(20))
    sources = SourceData(ids, np.arange(10), none, (domain,))
    data = Dataset(Items(ids), events, 20, sources=sources)
    model = models["source_parameters"](tuned=tuned).fit(data)
    queries = Queries.for_users(data, events, np.array([0, 1]))
    ranked = np.argsort(-model.score(queries, data.items), axis=1)[:, :4]
    assert (ranked % 2 == [[0], [1]]).mean() > 0.8
