"""Vectors of what users say."""

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.encoders.wishes import UNWANTED_ALONE_FACTOR, encode_wishes

WORDS = {"tea": 0, "coffee": 1}


def encode(texts, **_):
    """Return a block of words, and one of meaning in which every text has a vector."""
    words = sp.lil_array((len(texts), 2), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            if word in WORDS:
                words[row, WORDS[word]] = 1
    meaning = np.ones((len(texts), 3), dtype=np.float32) / np.float32(np.sqrt(3))
    meaning[[not text.strip() for text in texts]] = 0
    return (
        ContentBlock("words", sp.csr_array(words), 1.0),
        ContentBlock("meaning", meaning, 1.0),
    )


def test_a_text_that_only_rules_out_is_not_about_what_is_least_like_it():
    """Known words rule out by themselves; without them the meaning counts little."""
    words, meaning = encode_wishes(
        ["no coffee please", "no wasps", "tea but no coffee"], encode
    )
    assert words.toarray()[0].tolist() == [0, -3]
    assert not meaning[0].any()
    np.testing.assert_allclose(meaning[1], -0.5 * UNWANTED_ALONE_FACTOR / np.sqrt(3))
    assert words.toarray()[2].tolist() == [1, -3]
    assert (meaning[2] > 0).all()
