import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.encoders import StaticText, load_encoder, resolve
from daybreak.encoders.static_files import (
    ARRAYS_FILE,
    METADATA_FILE,
    StaticTextModel,
    read_static_text,
)
from daybreak.encoders.static_text import TokenizedTexts, frequent_pairs, token_counts
from daybreak.errors import ConfigError, DataError, NotFoundError
from daybreak.testing.encoders import static_parts
from tests.encoders.tiny_models import tiny_use

WORDS = {"red": [3, 0], "globe": [0, 4]}


def with_pair():
    """``red globe`` has a vector of its own: key 1 * 3 + 2."""
    parts = static_parts(WORDS)
    vectors = np.vstack([parts.vectors, [[0, 5]]]).astype(np.float16)
    return StaticTextModel(
        parts.tokenizer, vectors, np.array([5]), parts.fallback, {"why": "test"}
    )


def test_a_text_is_the_direction_of_the_sum_of_its_tokens():
    """(3, 0) + (0, 4) = (3, 4), of length 5."""
    rows = StaticText(static_parts(WORDS)).encode(["red globe", "globe red", "red red globe"])
    np.testing.assert_allclose(rows[:2], [[0.6, 0.8]] * 2, atol=1e-6)
    np.testing.assert_allclose(rows[2], np.array([6, 4]) / np.sqrt(52), atol=1e-6)


def test_a_pair_adds_its_own_vector_where_it_stands_in_this_order():
    """(3, 0) + (0, 4) + (0, 5) = (3, 9)."""
    rows = StaticText(with_pair()).encode(["red globe", "globe red"])
    np.testing.assert_allclose(rows[0], np.array([3, 9]) / np.sqrt(90), atol=1e-6)
    np.testing.assert_allclose(rows[1], [0.6, 0.8], atol=1e-6)


def test_a_pair_does_not_reach_into_the_next_text():
    rows = StaticText(with_pair()).encode(["red", "globe"])
    np.testing.assert_allclose(rows, [[1, 0], [0, 1]], atol=1e-6)


def test_a_shortened_model_keeps_the_first_numbers():
    rows = StaticText(static_parts({"red": [3, 4, 9]})).shortened(2).encode(["red"])
    np.testing.assert_allclose(rows, [[0.6, 0.8]], atol=1e-6)
    with pytest.raises(ConfigError, match="dim must be from 1 to 2, got 3"):
        StaticText(static_parts(WORDS)).shortened(3)


def test_a_text_of_unknown_words_has_the_fallback():
    rows = StaticText(static_parts(WORDS)).encode(["lamp", " "])
    np.testing.assert_allclose(rows, [[0.5**0.5] * 2, [0, 0]], atol=1e-6)


def test_a_saved_model_is_found_by_its_folder_and_is_the_same(tmp_path):
    made = StaticText(with_pair())
    folder = made.save(tmp_path / "small")
    found = load_encoder(folder)
    assert resolve(folder).kind == "static-text"
    assert found.hash == made.hash
    assert found.parts.metadata == {"why": "test"}
    np.testing.assert_array_equal(found.encode(["red globe"]), made.encode(["red globe"]))


def test_what_changes_a_vector_changes_the_hash_and_facts_do_not():
    parts = static_parts(WORDS)
    other = StaticTextModel(parts.tokenizer, parts.vectors * 2, parts.pairs, parts.fallback)
    told = StaticTextModel(
        parts.tokenizer, parts.vectors, parts.pairs, parts.fallback, {"a": 1}
    )
    assert parts.hash == told.hash != other.hash


def test_a_release_that_uses_one_loads_again(tmp_path):
    words = ("green", "black", "tea", "rum", "pot")
    vectors = {word: np.eye(5)[row].tolist() for row, word in enumerate(words)}
    folder = StaticText(static_parts(vectors)).save(tmp_path / "small")
    items = {"item_id": ["a", "b", "c"], "title": ["Green tea", "Black tea", "Rum pot"]}
    events = {"user_id": ["u", "u", "v", "v"], "item_id": ["a", "b", "b", "c"]}
    import polars as pl  # noqa: PLC0415 - only this test

    shop = Recommender(encoder=str(folder), strategies=["popular"]).fit(
        pl.DataFrame(events), pl.DataFrame(items)
    )
    shop.save(tmp_path / "release")
    again = Recommender.load(tmp_path / "release")
    asked = {"texts": ["black tea"], "k": 2}
    assert again.similar_items(**asked).equals(shop.similar_items(**asked))


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    one = StaticText(static_parts(WORDS)).save(tmp_path / "one")
    two = StaticText(with_pair()).save(tmp_path / "two")
    (one / ARRAYS_FILE).write_bytes((two / ARRAYS_FILE).read_bytes())
    with pytest.raises(DataError, match="do not belong together"):
        load_encoder(one)


def test_another_format_is_refused(tmp_path):
    folder = StaticText(static_parts(WORDS)).save(tmp_path / "one")
    head = json.loads((folder / METADATA_FILE).read_text("utf-8"))
    (folder / METADATA_FILE).write_text(json.dumps({**head, "format": 2}), "utf-8")
    with pytest.raises(DataError, match="has format 2, not 1"):
        load_encoder(folder)


@pytest.mark.parametrize("name", [ARRAYS_FILE, METADATA_FILE])
def test_a_damaged_file_is_told(tmp_path, name):
    folder = StaticText(static_parts(WORDS)).save(tmp_path / "one")
    (folder / name).write_bytes(b"{")
    with pytest.raises(DataError, match="is damaged"):
        load_encoder(folder)


def test_a_tokenizer_of_another_size_is_refused():
    parts = static_parts(WORDS)
    short = StaticTextModel(parts.tokenizer, parts.vectors[:2], parts.pairs, parts.fallback)
    with pytest.raises(DataError, match="2 rows for tokens, and a tokenizer of 3"):
        StaticText(short)


def test_a_tokenizer_that_is_none_is_refused():
    parts = static_parts(WORDS)
    with pytest.raises(DataError, match=r"tokenizer\.json .* cannot be read"):
        StaticText(StaticTextModel("{", parts.vectors, parts.pairs, parts.fallback))


def test_a_model_of_another_kind_is_named(tmp_path):
    with pytest.raises(ConfigError, match="of kind use-multilingual, not static-text"):
        StaticText(tiny_use(tmp_path / "use"))


def test_an_empty_folder_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="holds no static text model"):
        read_static_text(tmp_path)


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
