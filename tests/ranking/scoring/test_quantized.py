"""Products of 8-bit integers."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.ranking.scoring import quantized
from daybreak.ranking.scoring.quantized import BestRows, QuantizedVectors, quantize


def test_hand_worked_product():
    # 0.25 / (1 / 127) = 31.75, hence 32 / 127; 32 / 127 * 1 - 1 * 0.5 (64 / 127, rounded up)
    vectors = np.array([[0.25], [1.0]], dtype=np.float32)
    found = QuantizedVectors.from_columns(vectors).products(np.array([[1, -1]], np.float32))
    assert found == pytest.approx(32 / 127 - 1, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_errors_are_below_the_bound(seed):
    rng = np.random.default_rng(seed)
    n, dim = int(rng.integers(1, 40)), int(rng.integers(1, 70))
    vectors = rng.standard_normal((dim, n)).astype(np.float32) * 10 ** rng.uniform(-3, 3)
    queries = rng.standard_normal((3, dim)).astype(np.float32)
    found = QuantizedVectors.from_columns(vectors).products(queries)
    _, units = quantize(queries)
    item_units = np.abs(vectors).max(axis=0) / 127
    # |q x - q' x'| <= |q - q'| |x| + |q'| |x - x'|
    bound = units[:, None] / 2 * np.abs(vectors).sum(axis=0)
    bound += np.abs(queries).sum(axis=1)[:, None] * item_units * 0.51
    assert (np.abs(found - queries @ vectors) <= 1.01 * bound + 1e-4 * np.abs(found)).all()


def test_several_blocks_are_those_of_one(monkeypatch):
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((5, 23)).astype(np.float32)
    queries = rng.standard_normal((2, 5)).astype(np.float32)
    whole = QuantizedVectors.from_columns(vectors).products(queries)
    monkeypatch.setattr(quantized, "ITEMS_PER_BLOCK", 10)
    parts = QuantizedVectors.from_columns(vectors)
    assert len(parts.blocks) == 3
    assert np.array_equal(parts.products(queries), whole)


def test_without_the_package_products_are_exact(monkeypatch):
    monkeypatch.setitem(sys.modules, "numkong", None)
    rng = np.random.default_rng(2)
    vectors, queries = rng.random((4, 9), np.float32), rng.random((2, 4), np.float32)
    found = QuantizedVectors.from_columns(vectors)
    assert found.is_exact
    assert np.allclose(found.products(queries), queries @ vectors, rtol=1e-6)


def test_less_memory_than_float32():
    vectors = np.ones((256, 4_096), dtype=np.float32)  # rows are padded by 64 bytes
    ratio = QuantizedVectors.from_columns(vectors).nbytes / vectors.nbytes
    assert 0.25 <= ratio < 0.4


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(st.integers(-3, 3) | st.just(-np.inf), max_size=30), max_size=6),
    st.integers(1, 12),
)
def test_best_rows_are_those_of_a_sort(blocks, size):
    best, start = BestRows(size), 0
    for block in blocks:
        best.add(start, np.array(block, dtype=np.float32))
        start += len(block)
    scores = np.array([score for block in blocks for score in block], dtype=np.float32)
    expected = np.argsort(-scores, kind="stable")[:size]
    expected = expected[np.isfinite(scores[expected])]
    assert best.rows().tolist() == sorted(expected.tolist())
