import numpy as np
import polars as pl
import pytest

from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.wishes import UNWANTED_TERM_FACTOR, encode_wishes
from daybreak.service.state.wishes import MAX_CACHED_WISHES, WishEncoder

ITEMS = pl.DataFrame(
    {"item_id": list("abcd"), "title": ["desk lamp", "wax candle", "brass lamp", "wool rug"]}
)


@pytest.fixture
def content():
    return ContentEncoder.fit(ITEMS)


def word(content, vector, name):
    return vector[0].toarray()[:, content.word_weights.columns[name]]


def test_wanted_words_are_positive_and_unwanted_words_negative(content):
    vector = encode_wishes(["a lamp but no candle", "rug"], content.texts)
    assert word(content, vector, "lamp")[0] > 0 > word(content, vector, "candle")[0]
    assert word(content, vector, "rug").tolist() == [0, 1]


def test_what_both_clauses_share_is_not_ruled_out(content):
    """Unwanted "brass lamp" shares the lamp with what is wanted; only the brass is left."""
    wanted = encode_wishes(["lamp"], content.texts)[0].toarray()
    found = encode_wishes(["lamp, no brass lamp"], content.texts)
    unwanted = encode_wishes(["brass lamp"], content.texts)[0].toarray()
    shared = float((wanted * unwanted).sum())
    np.testing.assert_allclose(
        found[0].toarray(),
        wanted - UNWANTED_TERM_FACTOR * (unwanted - shared * wanted),
        rtol=1e-5,
        atol=1e-6,
    )
    assert word(content, found, "lamp")[0] == pytest.approx(1, abs=1e-6)


def test_a_text_is_encoded_once_and_rows_without_text_are_zero(content):
    calls = []

    def encode(texts):
        calls.append(list(texts))
        return content.texts(texts)

    encoder = WishEncoder(encode)
    first = encoder.encode({2: "lamp", 0: "rug"}, 4)
    again = encoder.encode({1: "lamp"}, 2)
    assert len(calls) == 1
    assert abs(first[0]).sum(axis=1).tolist() == [1, 0, 1, 0]
    assert (again[0].toarray()[1] == first[0].toarray()[2]).all()
    encoder.clear()
    encoder.encode({0: "lamp"}, 1)
    assert len(calls) == 2


def test_the_cache_is_bounded(content):
    encoder = WishEncoder(content.texts)
    encoder.encode({row: f"lamp {row}" for row in range(MAX_CACHED_WISHES + 9)}, 2_000)
    assert len(encoder._cache) == MAX_CACHED_WISHES
