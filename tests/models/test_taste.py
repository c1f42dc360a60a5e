from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Dataset, Events, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.taste import MAX_EVIDENCE, TasteModel, log_bayes_factor

N_ITEMS = 60
RARE = [0, 1, 2, 3, 4, 5]
"""Items with the term in column 0; every second item has the term in column 1."""


@pytest.fixture
def data():
    terms = np.zeros((N_ITEMS, 3), dtype=np.float32)
    terms[RARE, 0] = 0.7
    terms[::2, 1] = 0.3
    terms[-2:, 2] = 1  # two items are too few
    block = ContentBlock("attributes", sp.csr_array(terms))
    items = Items(Vocabulary(f"i{row}" for row in range(N_ITEMS)), (block,))
    users = np.repeat(np.arange(20), 6)
    events = Events.of(users, np.arange(len(users)) % N_ITEMS, np.zeros(len(users)))
    return Dataset(items, events, 21)


def saturated(evidence):
    return MAX_EVIDENCE * (1 - np.exp(-evidence / MAX_EVIDENCE))


def ask(data, *histories):
    counts = np.zeros((len(histories), N_ITEMS), dtype=np.float32)
    for row, history in enumerate(histories):
        for item, count in history.items():
            counts[row, item] = count
    profile = sp.csr_array((len(histories), 0), dtype=np.float32)
    queries = Queries.from_history(
        data.items, sp.csr_array(np.maximum(counts, 0)), sp.csr_array(counts), profile
    )
    n = np.maximum(queries.n_events, 1)
    signed = sp.csr_array(counts / np.sqrt(n)[:, None])
    return Queries(data.items, signed, queries.recent_history, profile, n)


def test_the_evidence_by_hand(data):
    """Six of 60 items have the term; each item has two events, and a sixth of one before.

    The base rate is (12 + 1) / (120 + 10) = 0.1. Three of three events have the Bayes factor
    B(4, 1) / 0.1³ = 250; one term is compared, so that log(250) stays, which saturates.
    """
    model = TasteModel().fit(data)
    assert model.state.columns.tolist() == [0]
    np.testing.assert_allclose(model.state.rates, [0.1], rtol=1e-6)
    scores = model.score(ask(data, {0: 1, 1: 1, 2: 1}), data.items)
    np.testing.assert_allclose(scores[0, [3, 10]], [saturated(np.log(250)), 0], rtol=1e-5)


def test_a_share_of_the_history_counts_squared(data):
    """Three of four events: B(4, 2) / (0.1³ 0.9) = 55.6, times (3 / 4)²."""
    model = TasteModel().fit(data)
    scores = model.score(ask(data, {0: 1, 1: 1, 2: 1, 11: 1}), data.items)
    expected = saturated(np.log(1 / 20 / (0.001 * 0.9))) * 9 / 16
    np.testing.assert_allclose(scores[0, 3], expected, rtol=1e-5)


def test_the_prior_of_a_term_is_its_share_of_the_base_rates(data):
    """With a second term of the rate 0.3, the term of the rate 0.1 has a quarter of the prior.

    Three of three events: 250 times 0.1 / (0.1 + 0.3) = 62.5.
    """
    terms = np.zeros((N_ITEMS, 2), dtype=np.float32)
    terms[RARE, 0] = terms[20:38, 1] = 1
    block = ContentBlock("attributes", sp.csr_array(terms))
    other = replace(data, items=replace(data.items, blocks=(block,)))
    model = TasteModel().fit(other)
    np.testing.assert_allclose(model.state.rates, [0.1, 0.3], rtol=1e-6)
    scores = model.score(ask(other, {0: 1, 1: 1, 2: 1}), other.items)
    np.testing.assert_allclose(scores[0, 3], saturated(np.log(62.5)), rtol=1e-5)


def test_a_frequent_term_and_a_mixed_history_are_no_taste(data):
    model = TasteModel().fit(data)
    scores = model.score(
        ask(data, {8: 1, 10: 1, 12: 1}, {0: 1, 13: 1, 15: 1, 17: 1}), data.items
    )
    assert not scores.any()


def test_dislikes_are_evidence_against_a_term(data):
    model = TasteModel().fit(data)
    liked = model.score(ask(data, {0: 1, 1: 1, 2: 1}), data.items)
    disliked = model.score(ask(data, {0: -1, 1: -1, 2: -1}), data.items)
    np.testing.assert_allclose(disliked, -liked, rtol=1e-5)


def test_a_new_item_is_scored_by_its_terms(data):
    block = ContentBlock("attributes", sp.csr_array(np.eye(3, dtype=np.float32)))
    new = Items(Vocabulary(["new", "other", "third"]), (block,))
    scores = TasteModel().fit(data).score(ask(data, {0: 1, 1: 1, 2: 1}), new)
    assert scores[0, 0] > 0
    assert not scores[0, 1:].any()


@pytest.mark.parametrize("block", ["words", "unknown"])
def test_items_without_the_block_score_zero(data, block):
    model = TasteModel(block=block).fit(data)
    assert not model.score(ask(data, {0: 1, 1: 1, 2: 1}), data.items).any()


def test_five_of_five_at_a_low_rate_outweigh_five_of_five_at_a_high_one():
    rare, frequent = log_bayes_factor(np.full(2, 5.0), np.full(2, 5.0), np.array([0.02, 0.4]))
    assert rare == pytest.approx(5 * np.log(50) - np.log(6))
    assert frequent == pytest.approx(5 * np.log(2.5) - np.log(6))


def test_components_have_the_names_of_the_terms(data):
    model = TasteModel().fit(data)
    names = {"attributes": ("genre=western", "rated=g", "year=1990")}
    assert model.feature_names(names) == [("attribute", "genre=western")]
    assert model.feature_names({}) == [("attribute", "attributes")]


def test_numbers_and_dates_are_no_taste(data):
    (block,) = data.items.blocks
    numbers = replace(block, quantities=np.array([True, False, False]))
    other = replace(data, items=replace(data.items, blocks=(numbers,)))
    assert not len(TasteModel().fit(other).state.columns)


def test_the_evidence_for_a_term_is_bounded(data):
    history = dict.fromkeys(RARE, 1)
    scores = TasteModel().fit(data).score(ask(data, {item: 50 for item in history}), data.items)
    assert scores.max() <= MAX_EVIDENCE


def evidence_of_all_terms(model, counts, terms):
    """Return the evidence by the definition, for every term that a history has."""
    found = counts @ terms
    totals = np.add.reduceat(np.append(counts.data, 0), counts.indptr[:-1])
    totals[np.diff(counts.indptr) == 0] = 0
    n = np.repeat(totals, np.diff(found.indptr))
    k, rates = np.minimum(found.data, n), model.state.rates[found.indices].astype(float)
    share = rates / float(model.state.rates.sum())
    values = log_bayes_factor(k, n, rates) + np.log(share)
    values[k < n * rates] = 0
    values = MAX_EVIDENCE * -np.expm1(-np.maximum(values, 0) / MAX_EVIDENCE)
    found.data = (values * (k / np.maximum(n, 1e-9)) ** 2).astype(np.float32)
    found.eliminate_zeros()
    return found


def test_terms_without_evidence_are_left_out_at_once():
    rng = np.random.default_rng(4)
    terms = sp.csr_array(rng.random((80, 30)) < 0.15, dtype=np.float32)
    items = Items(Vocabulary(map(str, range(80))), (ContentBlock("words", terms),))
    events = Events.of(rng.integers(0, 9, 300), rng.integers(0, 80, 300), np.zeros(300))
    model = TasteModel(block="words").fit(Dataset(items, events, 9))
    chosen = rng.random((6, 80)) * (rng.random((6, 80)) < 0.1)
    chosen[:2] = (terms.toarray()[:, :2] * (rng.random((80, 2)) < 0.5)).T
    counts = sp.csr_array(chosen)
    counts.data[-3:] = 0
    found = model._evidence(counts, model._terms(items))
    wanted = evidence_of_all_terms(model, counts, model._terms(items))
    assert found.nnz
    for part in ("data", "indices", "indptr"):
        assert getattr(found, part).tolist() == getattr(wanted, part).tolist()
