"""Where hardly any word of a sentence is known, the text model counts more than its words."""

import numpy as np
import polars as pl
import pytest

from daybreak.encoders.content import WORDS, ContentEncoder
from daybreak.encoders.lexical import LexicalEncoder
from daybreak.testing.encoders import CountingEncoder

SHOP = pl.DataFrame(
    {
        "item_id": [str(n) for n in range(6)],
        "title": [
            *("furry doormat", "fine wine rack", "engine oil"),
            *("hot water bottle", "round table", "garden lamp"),
        ],
    }
)


def length_of_words(sentence, encoder):
    content = ContentEncoder.fit(SHOP, encoder)
    block = next(one for one in content.texts([sentence]) if one.name == WORDS)
    return float(np.sqrt((block.matrix.toarray() ** 2).sum()))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("a furry doormat", 1.0),
        ("doormats", 1.0),
        ("garden lmap", 1.0),
        ("ein Ort für müde Wanderer", 0.0),
        ("eine Flasche für warmes Wasser", 1.0),  # bottle and water
        ("lamp aus Holz für meine kleine Schwester", 3 / 7),
    ],
)
def test_words_count_by_the_share_of_known_ones(sentence, expected):
    assert length_of_words(sentence, CountingEncoder()) == pytest.approx(expected, abs=1e-3)


def test_without_a_text_model_words_count_in_full():
    assert length_of_words("furrry eine für", None) == pytest.approx(1)


def test_shares_of_known_words_are_counted_with_their_forms():
    words = LexicalEncoder.fit([["wool", "blanket"], ["desk", "lamp"]])
    rows = [["wool", "blankets"], ["eine", "lamp"], ["qqq"], []]
    assert words.known_shares(rows, min_similarity=0.75).tolist() == [1.0, 0.5, 0.0, 0.0]
