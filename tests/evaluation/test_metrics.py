from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from daybreak import metrics
from daybreak.metrics import PER_USER_METRICS, ListMetrics


def slow(ranked, relevant, counts, n_users, sets):
    """One user in plain Python, straight from the formulas."""
    top, k = [i for i in ranked if i >= 0], len(ranked)
    hits = [place for place, item in enumerate(top, 1) if item in relevant]
    gain = sum(1 / log2(p + 1) for p in hits)
    ideal = sum(1 / log2(p + 1) for p in range(1, min(k, len(relevant)) + 1))
    pairs = [(sets[a], sets[b]) for n, a in enumerate(top) for b in top[:n]]
    apart = [1 - len(a & b) / len(a | b) if a | b else 0.0 for a, b in pairs]
    percentile = {
        i: np.mean([(c < counts[i]) + (c == counts[i]) / 2 for c in counts]) for i in top
    }

    def mean(values):
        return np.mean(values) if values else float("nan")

    accuracy = {
        "ndcg": gain / ideal if relevant else 0,
        "recall": len(hits) / max(1, len(relevant)),
        "hit": float(bool(hits)),
        "mrr": 1 / hits[0] if hits else 0.0,
    }
    return {
        **(accuracy if relevant else dict.fromkeys(accuracy, float("nan"))),
        "diversity": mean(apart),
        "novelty": mean([-log2((counts[i] + 1) / (n_users + 1)) for i in top]),
        "cold_share": mean([counts[i] == 0 for i in top]),
        "popularity": mean([percentile[i] for i in top]),
    }


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_every_metric_equals_its_formula_written_out(seed, k):
    rng = np.random.default_rng(seed)
    n_users, n_items = 5, 8
    lists = np.stack([rng.permutation(n_items)[:k] for _ in range(n_users)])
    lengths = rng.integers(0, k + 1, n_users)
    lists[np.arange(k) >= lengths[:, None]] = -1
    relevant, tags = rng.random((n_users, n_items)) < 0.3, rng.random((n_items, 3)) < 0.4
    counts = rng.integers(0, 4, n_items)
    judge = ListMetrics(csr_array(relevant), counts, 9, csr_array(tags))
    fast = judge.per_user(lists)
    sets = [set(np.flatnonzero(row)) for row in tags]
    for user in range(n_users):
        wanted = set(np.flatnonzero(relevant[user]))
        expected = slow(lists[user], wanted, counts.tolist(), 9, sets)
        for name in PER_USER_METRICS:
            np.testing.assert_allclose(fast[name][user], expected[name], atol=1e-12)


def test_two_items_without_categories_are_alike():
    assert metrics.diversity(np.array([[0, 1]]), csr_array(np.zeros((2, 3)))).tolist() == [0.0]


def test_diversity_is_unknown_without_categories():
    assert np.isnan(metrics.diversity(np.array([[0, 1]]), None)).all()


def test_diversity_in_parts_equals_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    lists, tags = rng.integers(-1, 9, (20, 4)), csr_array(rng.random((9, 4)) < 0.5)
    whole = metrics.diversity(lists, tags)
    monkeypatch.setattr(metrics, "MAX_PAIRS_PER_BLOCK", 7)
    np.testing.assert_array_equal(metrics.diversity(lists, tags), whole)


def test_gini_is_none_when_all_items_are_shown_alike():
    assert metrics.gini(np.array([[0, 1], [2, 3]]), 4) == 0.0


def test_gini_of_three_places_to_one_item_and_one_to_another():
    """Exposures 1 and 3: (2·1 - 3)·1 + (2·2 - 3)·3 = 2, over 2·4."""
    assert metrics.gini(np.array([[0, 1], [1, -1], [1, -1]]), 2) == pytest.approx(0.25)


def test_a_random_list_has_the_middle_popularity():
    everything = np.arange(5)[None]
    assert metrics.popularity(everything, np.array([3, 0, 0, 9, 1])) == pytest.approx(0.5)


def test_no_lists_at_all_are_nan_where_a_list_is_described_and_0_for_accuracy():
    judge = ListMetrics(csr_array([[1, 0]]), np.array([1, 1]), 2)
    nothing = np.array([[-1, -1]])
    values = judge.per_user(nothing) | judge.overall(nothing)
    assert values["ndcg"] == values["mrr"] == values["coverage"] == 0
    assert all(np.isnan(values[name]) for name in ("novelty", "cold_share", "gini"))
