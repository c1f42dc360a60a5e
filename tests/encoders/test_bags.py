from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders.static_text import TokenizedTexts, frequent_pairs, token_counts

TEXTS = st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=6)


def tokens_of(texts):
    ids = [token for text in texts for token in text]
    owner = [row for row, text in enumerate(texts) for _ in text]
    return TokenizedTexts(np.array(ids, np.int64), np.array(owner, np.int64), len(texts))


def pairs_of(text):
    return [first * 5 + second for first, second in pairwise(text)]


@given(TEXTS, st.sets(st.integers(0, 24)))
def test_bags_count_like_a_loop(texts, pairs):
    found = token_counts(tokens_of(texts), 5, np.array(sorted(pairs), np.int64)).toarray()
    for row, text in zip(found, texts, strict=True):
        counts = Counter(pairs_of(text))
        wanted = [text.count(token) for token in range(5)] + [counts[p] for p in sorted(pairs)]
        assert row.tolist() == wanted


@given(TEXTS, st.integers(0, 4))
def test_frequent_pairs_are_those_of_a_loop(texts, most):
    counts = Counter(pair for text in texts for pair in set(pairs_of(text)))
    often = sorted(pair for pair in counts if counts[pair] >= 2)
    wanted = sorted(often, key=lambda pair: -counts[pair])[:most]
    found = frequent_pairs(tokens_of(texts), 5, max_pairs=most)
    assert found.tolist() == sorted(wanted)
