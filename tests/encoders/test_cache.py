"""A text is encoded once, whatever keeps the vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders import (
    CachedEncoder,
    FileVectors,
    MemoryVectors,
    VectorCache,
    content_hash,
)
from daybreak.encoders.cache import normalize_text
from daybreak.store import open_store
from daybreak.testing.encoders import CountingEncoder


@pytest.fixture(params=["memory", "files", "store"])
def cache(request, tmp_path):
    if request.param == "store":
        with open_store(tmp_path / "shop.db") as store:
            yield store
    else:
        yield MemoryVectors() if request.param == "memory" else FileVectors(tmp_path / "files")


def rows(**named):
    return {key * 32: np.full(2, value, np.float32) for key, value in named.items()}


def test_unchanged_texts_cost_no_call_of_the_model(cache):
    texts = ["red globe", "blue globe", "red globe", ""]
    first = CachedEncoder(CountingEncoder(), cache)
    expected = first.encode(texts)
    assert first.encoder.encoded == 2
    again = CachedEncoder(CountingEncoder(), cache)
    np.testing.assert_array_equal(again.encode(texts), expected)
    np.testing.assert_array_equal(CountingEncoder().encode(texts), expected)
    assert again.encoder.encoded == 0


def test_only_the_changed_text_is_encoded_again(cache):
    encoder = CachedEncoder(CountingEncoder(), cache)
    encoder.encode(["red globe", "blue globe"])
    encoder.encode(["red globe", "green globe"])
    assert encoder.encoder.encoded == 3


def test_other_weights_have_other_vectors(cache):
    encoder = CachedEncoder(CountingEncoder(), cache)
    encoder.encode(["red globe"])
    encoder.encoder.hash = "counting-2"
    encoder.encode(["red globe"])
    assert encoder.encoder.encoded == 2


def test_a_vector_of_another_width_is_made_again(cache):
    cache.put_vectors("counting-1", {content_hash("red"): np.ones(3, np.float32)})
    encoder = CachedEncoder(CountingEncoder(), cache)
    assert encoder.encode(["red"]).shape == (1, 16)
    assert encoder.encoder.encoded == 1


def test_work_done_before_an_interruption_is_kept(cache):
    def stop(done, n_texts):
        if done > 2:
            raise KeyboardInterrupt

    encoder = CachedEncoder(CountingEncoder(), cache, max_chunk_texts=2)
    with pytest.raises(KeyboardInterrupt):
        encoder.encode(["a", "b", "c", "d"], progress=stop)
    again = CachedEncoder(CountingEncoder(), cache)
    again.encode(["a", "b"])
    assert again.encoder.encoded == 0


def test_what_is_put_is_found_and_nothing_else(cache):
    assert isinstance(cache, VectorCache)
    cache.put_vectors("m", rows(a=1, b=2))
    cache.put_vectors("m", rows(c=3))
    found = cache.vectors("m", ["a" * 32, "c" * 32, "d" * 32])
    assert {key: row.tolist() for key, row in found.items()} == {
        "a" * 32: [1, 1],
        "c" * 32: [3, 3],
    }
    assert cache.vectors("other", ["a" * 32]) == {}


def test_memory_is_bounded_and_keeps_what_was_used_last():
    cache = MemoryVectors(max_rows=2)
    cache.put_vectors("m", rows(a=1, b=2))
    cache.vectors("m", ["a" * 32])
    cache.put_vectors("m", rows(c=3))
    assert list(cache.vectors("m", ["a" * 32, "b" * 32, "c" * 32])) == ["a" * 32, "c" * 32]


def test_small_files_are_joined_and_large_ones_are_cut(tmp_path):
    cache = FileVectors(tmp_path, max_file_rows=3)
    for key in "abcdef":
        cache.put_vectors("m", rows(**{key: 1}))
    assert len(list((tmp_path / "m").iterdir())) == 2
    cache.put_vectors("n", rows(a=1, b=2, c=3, d=4))
    assert len(list((tmp_path / "n").iterdir())) == 2
    assert len(cache.vectors("n", [key * 32 for key in "abcd"])) == 4


def test_a_damaged_file_is_passed_over_and_told(tmp_path, caplog):
    cache = FileVectors(tmp_path)
    cache.put_vectors("m", rows(a=1))
    (path,) = (tmp_path / "m").iterdir()
    path.write_bytes(b"garbage")
    cache.put_vectors("m", rows(b=2))
    assert list(cache.vectors("m", ["a" * 32, "b" * 32])) == ["b" * 32]
    assert "ignored" in caplog.text


@given(st.text())
def test_one_hash_has_one_text_to_encode(text):
    assert normalize_text(normalize_text(text)) == normalize_text(text)
    assert content_hash(f"  {text}\n") == content_hash(normalize_text(text))
