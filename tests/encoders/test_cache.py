"""A text is encoded once, whatever keeps the vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders import (
    CATALOGUE_PREFIX,
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
    name = CATALOGUE_PREFIX + CountingEncoder().hash
    cache.put_vectors(name, {content_hash("red"): np.ones(3, np.float32)})
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


def test_texts_of_people_are_looked_up_but_not_stored(cache):
    encoder = CachedEncoder(CountingEncoder(), cache)
    encoder.encode(["red globe"])
    said = encoder.encode_unstored(["red  globe", "I am Ann", "I am Ann", ""])
    assert encoder.encoder.encoded == 2
    np.testing.assert_array_equal(
        said, CountingEncoder().encode(["red globe", *said_by_ann(2), ""])
    )
    again = CachedEncoder(CountingEncoder(), cache)
    again.encode_unstored(["I am Ann"])
    assert again.encoder.encoded == 1


def said_by_ann(n):
    return ["I am Ann"] * n


@given(st.text())
def test_one_hash_has_one_text_to_encode(text):
    assert normalize_text(normalize_text(text)) == normalize_text(text)
    assert content_hash(f"  {text}\n") == content_hash(normalize_text(text))
