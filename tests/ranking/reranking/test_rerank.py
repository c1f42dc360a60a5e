import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.data.dataset import ContentBlock
from daybreak.ranking.reranking.rerank import (
    BY_DIVERSITY,
    BY_NOVELTY,
    BY_QUOTA,
    BY_SCORE,
    MIN_SHORTLIST_ITEMS,
    QuotaConstraint,
    Reranker,
    self_information,
    top_rows,
)
from daybreak.ranking.reranking.similarity import ItemSimilarity, intra_list_distance

WORDS = ContentBlock(
    "words", np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8], [0, 0]], np.float32)
)


def constraint_of(members, n_kinds=1, **bounds):
    """Return a quota: of each item, the kind it counts for, or -1."""
    members = np.array(members)
    rows = np.flatnonzero(members >= 0)
    ones = np.ones(len(rows), dtype=np.float32)
    shape = (len(members), n_kinds)
    return QuotaConstraint(sp.csr_array((ones, (rows, members[rows])), shape=shape), **bounds)


def test_similarity_of_sparse_and_dense_content_is_the_same():
    sparse = ContentBlock("words", sp.csr_array(WORDS.matrix))
    meaning = ContentBlock("meaning", np.array([[1], [0], [1], [0], [0]], np.float32))
    rows = np.array([0, 3, 4])
    both = ItemSimilarity([sparse, meaning], rows).pairwise()
    assert np.allclose(both, ItemSimilarity([WORDS, meaning], rows).pairwise())
    # 0 has words (1, 0) and half of a meaning, 3 has words (0.6, 0.8) alone
    assert both[0, 1] == pytest.approx(0.6 / np.sqrt(1.5))
    assert both[0, 0] == pytest.approx(1)
    assert not both[2].any()
    assert intra_list_distance([sparse], np.array([0, 1])) == pytest.approx(0, abs=1e-6)
    assert np.isnan(intra_list_distance([sparse], np.array([0])))


def test_diversity_by_hand():
    scores = np.array([3.0, 2.8, 1.0, 2.0, -np.inf], dtype=np.float32)
    # after 0: item 1 has 0.6 * -0.2 - 0.4 = -0.52, item 3 has -0.84, item 2 has -1.2
    assert Reranker([WORDS], 0.4).rerank(scores, 2)[0].tolist() == [0, 1]
    # with 0.7 they have -0.76, -0.72 and -0.6
    rows, causes = Reranker([WORDS], 0.7).rerank(scores, 9)
    assert rows.tolist() == [0, 2, 1, 3]
    assert causes.tolist() == [BY_SCORE, BY_DIVERSITY, BY_SCORE, BY_SCORE]


def test_novelty_by_hand():
    scores = np.array([3, 2, 1], dtype=np.float32)
    # of 10 users, 9, 4 and 0 have chosen the items: ln(11 / 10), ln(11 / 5) and ln(11)
    surprise = self_information(np.array([9, 4, 0]), 10)
    assert surprise == pytest.approx([0.0953, 0.7885, 2.3979], abs=1e-4)
    half = Reranker([], novelty=0.5, self_information=surprise)
    assert half.rerank(scores, 3)[0].tolist() == [0, 1, 2]  # 3.05, 2.39, 2.20
    whole = Reranker([], novelty=1.0, self_information=surprise)
    rows, causes = whole.rerank(scores, 3)  # 3.10, 2.79, 3.40
    assert rows.tolist() == [2, 0, 1]
    assert causes.tolist() == [BY_NOVELTY, BY_SCORE, BY_SCORE]


def test_novelty_chooses_among_the_best_items_only():
    scores = np.zeros(2 * MIN_SHORTLIST_ITEMS, dtype=np.float32)
    scores[MIN_SHORTLIST_ITEMS:] = -0.1
    surprise = np.where(scores < 0, 9, 0).astype(np.float32)
    rows, _ = Reranker([], novelty=1.0, self_information=surprise).rerank(scores, 5)
    assert (rows < MIN_SHORTLIST_ITEMS).all()


def test_with_diversity_the_cause_is_what_decided():
    scores = np.array([3.0, 2.8, 1.0], dtype=np.float32)
    surprise = np.array([0, 0, 1], dtype=np.float32)
    # after 0: item 1 has -0.2 and the same words, item 2 has -2 + novelty and other words
    rows, causes = Reranker([WORDS], 0.7, novelty=0.1, self_information=surprise).rerank(
        scores, 2
    )
    assert (rows.tolist(), causes.tolist()) == ([0, 2], [BY_SCORE, BY_DIVERSITY])


def test_duplicates_occur_once():
    scores = np.array([1, 5, 4, 3, 2], dtype=np.float32)
    same = np.array([7, 7, -1, -1, 7])
    assert Reranker([WORDS], duplicate_groups=same).rerank(scores, 5)[0].tolist() == [1, 2, 3]
    assert Reranker([WORDS], min_duplicate_cosine=1.0).rerank(scores, 5)[0].tolist() == [
        1,
        2,
        3,
        4,
    ]
    assert Reranker([WORDS], min_duplicate_cosine=0.7).rerank(scores, 5)[0].tolist() == [
        1,
        2,
        4,
    ]


def test_quotas_apply_to_their_slots_only():
    scores = np.arange(6, 0, -1).astype(np.float32)
    brands = constraint_of([0, 0, 0, 1, 1, -1], 2, at_most=1, n_slots=3)
    rows, causes = Reranker([], constraints=(brands,)).rerank(scores, 6)
    assert rows.tolist() == [0, 3, 5, 1, 2, 4]
    assert causes[:3].tolist() == [BY_SCORE, BY_QUOTA, BY_QUOTA]
    late = constraint_of([-1, -1, -1, -1, 0, 0], at_least=1, n_slots=2)
    assert Reranker([], constraints=(late,)).rerank(scores, 3)[0].tolist() == [0, 4, 1]


def test_quotas_that_compete_for_slots_are_all_satisfied():
    scores = np.arange(8, 0, -1).astype(np.float32)
    one = constraint_of([-1] * 4 + [0, 0, -1, -1], at_least=2, n_slots=4)
    other = constraint_of([-1] * 6 + [0, 0], at_least=2, n_slots=4)
    rows = Reranker([], constraints=(one, other)).rerank(scores, 4)[0]
    assert sorted(rows.tolist()) == [4, 5, 6, 7]


def test_lists_are_full_even_if_the_shortlist_does_not_suffice():
    n = MIN_SHORTLIST_ITEMS * 20
    scores = np.arange(n, 0, -1).astype(np.float32)
    same = np.minimum(np.arange(n), n - 5)[::-1].copy()  # all but the last few are one thing
    same[: n - 4] = 0
    rows = Reranker([], duplicate_groups=same).rerank(scores, 4)[0]
    assert len(rows) == 4
    assert (rows >= n - 4).sum() == 3


@given(
    st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=30),
    st.floats(0, 1),
    st.integers(1, 12),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
@settings(max_examples=100)
def test_every_list_satisfies_its_rules(scores, diversity, k, most, random):
    n = len(scores)
    values = np.array(scores, dtype=np.float32)
    content = np.random.default_rng(random.randint(0, 9)).normal(size=(n, 3))
    kinds = [random.randint(-1, 2) for _ in range(n)]
    same = np.array([random.randint(-1, 5) for _ in range(n)])
    wish = Reranker(
        [ContentBlock("words", content.astype(np.float32))],
        diversity,
        (constraint_of(kinds, 3, at_most=most),),
        same,
    )
    rows = wish.rerank(values, k)[0]
    assert len(set(rows.tolist())) == len(rows) <= k
    assert max(np.bincount([kinds[row] + 1 for row in rows], minlength=4)[1:]) <= most
    named = [same[row] for row in rows if same[row] >= 0]
    assert len(set(named)) == len(named)
    if not diversity:  # and nothing better was left out without a reason
        missed = [row for row in range(n) if row not in set(rows.tolist())]
        full = {kind for kind in range(3) if sum(kinds[r] == kind for r in rows) >= most}
        free = [r for r in missed if kinds[r] not in full and same[r] not in named]
        assert len(rows) == k or not free


def test_top_rows_equal_those_of_a_stable_sort():
    values = np.array([1, 3, np.nan, 3, -np.inf, 2, 3], dtype=np.float32)
    assert top_rows(values, 3).tolist() == [1, 3, 6]
    assert top_rows(values, 99).tolist() == [1, 3, 6, 5, 0]
