"""The numpy encoder and its vocabulary, on weights of a few numbers."""

import numpy as np
import pytest

from daybreak.encoders import UseMultilingualEncoder
from daybreak.encoders.use_multilingual import (
    iter_wire_fields,
    read_sentencepiece_model,
    read_unigram_tokenizer,
)
from daybreak.errors import ConfigError, DataError
from tests.encoders.tiny_models import tiny_use


def test_pieces_and_scores_are_read(tmp_path):
    pieces, charsmap = read_sentencepiece_model(tiny_use(tmp_path) / "sp.model")
    assert pieces[4] == ("▁red", -6.0)
    assert charsmap == b""


def test_the_best_path_through_the_pieces_is_taken(tmp_path):
    tokenizer = read_unigram_tokenizer(tiny_use(tmp_path) / "sp.model")
    assert tokenizer.encode("  red   globe ").tokens == ["▁red", "▁globe"]


def test_a_window_sees_its_own_text_only(tmp_path):
    """Width 2, weights of one: each token adds its right neighbour, the last one nothing."""
    encoder = UseMultilingualEncoder(tiny_use(tmp_path))
    encoder._weights["w1_2"] = np.ones((2, 1), np.float32)
    encoder._weights["b1_2"] = np.zeros(1, np.float32)
    part = np.array([[1], [2], [4], [8]], np.float32)  # two texts of two tokens
    sums = encoder._convolve(part, order=2, layer=1, rows=np.array([2, 3, 6, 7]))
    np.testing.assert_array_equal(sums[:, 0], [3, 2, 12, 8])


def test_a_long_text_is_cut(tmp_path):
    encoder = UseMultilingualEncoder(tiny_use(tmp_path), max_tokens=2)
    rows = encoder.encode(["red globe", "red globe Holz"])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    assert encoder.hash != UseMultilingualEncoder(tmp_path).hash


@pytest.mark.parametrize("data", [b"", b"\x0f", b"\x0a\xff", b"\xff" * 12, b"\x0a\x02\x10\x01"])
def test_a_damaged_vocabulary_is_named(tmp_path, data):
    (tiny_use(tmp_path) / "sp.model").write_bytes(data)
    with pytest.raises(DataError, match=r"sp\.model is not a SentencePiece model"):
        UseMultilingualEncoder(tmp_path)


def test_damaged_weights_are_named(tmp_path):
    (tiny_use(tmp_path) / "weights.npz").write_bytes(b"garbage")
    with pytest.raises(DataError, match=r"weights\.npz of the text model cannot be read"):
        UseMultilingualEncoder(tmp_path)


def test_a_message_cut_short_is_told():
    with pytest.raises(ValueError, match="truncated at byte 2"):
        list(iter_wire_fields(b"\x0a\x05hi"))


def test_an_option_out_of_range_is_named(tmp_path):
    with pytest.raises(ConfigError, match="max_tokens must be an integer of at least 1, got 0"):
        UseMultilingualEncoder(tiny_use(tmp_path), max_tokens=0)
