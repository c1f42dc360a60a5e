from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from daybreak.encoders.column_weights import (
    MAX_LEARNED_SHARE,
    PRIOR_CO_EVENTS,
    combine_columns,
    learn_column_weights,
    split_attributes,
)
from daybreak.encoders.content import ContentEncoder
from daybreak.testing.encoders import CountingEncoder

N_ITEMS, N_KINDS = 60, 3
ITEMS = pl.DataFrame(
    {
        "item_id": [f"i{n}" for n in range(N_ITEMS)],
        "title": [f"thing {n}" for n in range(N_ITEMS)],
        "tags": [f"kind{n % N_KINDS}" for n in range(N_ITEMS)],
        "colour": [f"colour{n // 15}" for n in range(N_ITEMS)],
    }
)


def bought_by_kind(n_users, seed=0):
    """Return events of users who buy things of one kind, of any colour."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((n_users, N_ITEMS), dtype=np.float32)
    for user in range(n_users):
        of_kind = np.flatnonzero(np.arange(N_ITEMS) % N_KINDS == user % N_KINDS)
        rows[user, rng.choice(of_kind, 8, replace=False)] = 1
    return sp.csr_array(rows)


def test_the_column_that_explains_common_users_gets_the_weight():
    content, blocks = ContentEncoder.fit_transform(ITEMS, interactions=bought_by_kind(300))
    weights = content.column_weights
    assert weights["tags"] > 3 * max(weights["colour"], weights["title"])
    assert sum(weights.values()) == pytest.approx(2)
    assert {b.name: b.weight for b in blocks} == pytest.approx(
        {"words": weights["title"], "attributes": weights["tags"] + weights["colour"]}
    )
    similar = blocks[1].cosine_similarity(blocks[1])
    assert similar[0, 3] > similar[0, 1]


def test_without_events_the_weights_are_the_prior_ones():
    nobody = sp.csr_array((0, N_ITEMS), dtype=np.float32)
    for interactions in (None, nobody, bought_by_kind(1)):
        content, _ = ContentEncoder.fit_transform(ITEMS, interactions=interactions)
        assert content.column_weights == {"title": 1, "tags": 0.5, "colour": 0.5}


def test_few_co_events_move_the_weights_little():
    content, _ = ContentEncoder.fit_transform(ITEMS, interactions=bought_by_kind(24))
    n = 24 * 8 * 7 / 2
    largest = MAX_LEARNED_SHARE * n / (n + PRIOR_CO_EVENTS)
    assert 0.5 < content.column_weights["tags"] <= 0.5 + 1.5 * largest


def test_the_share_of_learned_weights_is_the_one_worked_by_hand():
    """Two columns, the first explains all: total 2, learned (2, 0), prior (1, 1).

    With n co-events the share is 0.8 n / (n + 2000); the weights are 1 + share and 1 - share.
    """
    kinds = np.arange(N_ITEMS) % N_KINDS
    columns = {
        "kind": sp.csr_array(np.eye(N_KINDS, dtype=np.float32)[kinds]),
        "nothing": sp.csr_array((N_ITEMS, 2), dtype=np.float32),
    }
    events = bought_by_kind(300)
    found = learn_column_weights(columns, {"kind": 1.0, "nothing": 1.0}, events)
    n = 300 * 8 * 7 / 2
    share = 0.8 * n / (n + 2000)
    assert found == pytest.approx({"kind": 1 + share, "nothing": 1 - share})


def test_the_text_vectors_have_a_learned_weight_too():
    content, blocks = ContentEncoder.fit_transform(
        ITEMS, CountingEncoder(), interactions=bought_by_kind(300)
    )
    assert content.block_weights.keys() == {"words", "attributes", "meaning"}
    assert content.block_weights["meaning"] < 0.5
    assert [block.weight for block in blocks] == list(content.block_weights.values())
    assert set(content.column_weights) == {"title", "tags", "colour"}


def test_learned_weights_are_saved_and_encode_further_items_alike(tmp_path):
    content, blocks = ContentEncoder.fit_transform(ITEMS, interactions=bought_by_kind(300))
    content.save(tmp_path)
    back = ContentEncoder.load(tmp_path)
    assert back.column_weights == content.column_weights
    for mine, theirs in zip(blocks, back.transform(ITEMS), strict=True):
        assert mine.weight == theirs.weight
        np.testing.assert_allclose(mine.matrix.toarray(), theirs.matrix.toarray(), atol=1e-6)


def test_releases_of_earlier_versions_encode_as_they_did():
    content, _ = ContentEncoder.fit_transform(ITEMS)
    earlier = replace(content, column_weights={}, block_weights={}, finds_word_forms=False)
    words, attributes = earlier.transform(ITEMS)
    assert (words.weight, attributes.weight) == (1, 1)
    plain = content.attribute_weights.transform(content.attributes.terms(ITEMS))
    assert (attributes.matrix != plain).nnz == 0


def test_rare_values_of_an_attribute_are_longer_than_common_ones():
    """df 1 and 3 of 3 items: idf ln(4 / 2) + 1 = 1.693 and ln(4 / 4) + 1 = 1.

    The root mean square over the values, weighted by 1 + df = 2 and 4, is
    sqrt((2 * 1.693² + 4) / 6) = 1.274: lengths 1.329 and 0.785.
    """
    idf = np.log(4 / np.array([2.0, 4.0])) + 1
    rows = sp.csr_array(np.array([[1.0, 0], [0, 1]]))
    found = split_attributes(rows, idf, np.array([0, 0]), ["tags"])["tags"].toarray()
    np.testing.assert_allclose(found, [[1.329, 0], [0, 0.785]], atol=1e-3)


def test_an_item_without_a_column_has_the_direction_of_the_others():
    rows = {
        "title": sp.csr_array(np.array([[1.0, 0, 0], [1, 0, 0]])),
        "about": sp.csr_array(np.array([[0.0, 1, 0], [0, 0, 0]])),
    }
    found = combine_columns(rows, {"title": 0.25, "about": 0.75}).toarray()
    np.testing.assert_allclose(found, [[0.5, 0.75**0.5, 0], [1, 0, 0]], atol=1e-6)
