"""Whether the parts of a sentence are one wish or several, in a small shop."""

import numpy as np
import polars as pl
import pytest

from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.alternatives import split_parts
from daybreak.encoders.clauses import split_clauses
from daybreak.encoders.content import ContentEncoder
from daybreak.ranking.several_wishes import is_one_wish, separate_wishes

TITLES = [
    *(f"red {noun} {n}" for n, noun in enumerate(["lamp", "vase", "bowl", "scarf"] * 3)),
    *(f"blue {noun} {n}" for n, noun in enumerate(["lamp", "vase", "bowl", "scarf"] * 3)),
    *(f"silver ring {n}" for n in range(8)),
    *(f"wool rug {n}" for n in range(8)),
    *(f"striped scarf with cats and dogs {n}" for n in range(4)),
    "Pride and Prejudice",
]


@pytest.fixture(scope="module")
def likeness_of():
    frame = pl.DataFrame({"item_id": [str(n) for n in range(len(TITLES))], "title": TITLES})
    content, blocks = ContentEncoder.fit_transform(frame)
    items = Items(Vocabulary(frame["item_id"].to_list()), blocks)
    return lambda texts: Items(Vocabulary(list(texts)), content.texts(texts)).similarity(items)


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("rings or rugs", ("rings", "rugs")),
        ("a ring and a rug", ("ring", "rug")),
        ("rings, rugs and lamps", ("rings", "rugs", "lamps")),
        ("rings and rugs", ("rings", "rugs")),
        ("Rings und Rugs", ("Rings", "Rugs")),
        ("rings et rugs", ("rings", "rugs")),
        ("rings y rugs", ("rings", "rugs")),
        ("silver rings and rugs", ("silver rings", "rugs")),
        ("rugs and silver rings", ("rugs", "silver rings")),
        ("scarfs with cats and dogs", ("scarfs cats dogs",)),
        ("lamps rouges et rugs", ("lamps rouges", "rugs")),
        ("a red or blue lamp", ("red lamp", "blue lamp")),
        ("red or blue lamps", ("red lamps", "blue lamps")),
        ("rings or red lamps", ("rings", "red lamps")),
        ("red and big lamps", ("red big lamps",)),
        ("Pride and Prejudice", ("Pride Prejudice",)),
        ("scarfs with cats or a ring", ("scarfs cats", "ring")),
        ("scarfs with cats or dogs", ("scarfs cats", "dogs scarfs")),
        ("a ring or a spaceship", ("ring",)),
        ("a red or a blue lamp", ("red lamp", "blue lamp")),
        ("a red or blue scarf for dogs", ("red scarf dogs", "blue scarf dogs")),
        ("a scarf, red or blue", ("red scarf", "blue scarf")),
    ],
)
def test_wishes_of_a_sentence(text, wishes, likeness_of):
    parts = split_parts(split_clauses(text).pieces)
    assert separate_wishes(parts, likeness_of) == wishes


def test_parts_of_different_items_are_two_wishes():
    one, other = np.eye(2, dtype=np.float32).repeat(5, axis=1)
    assert not is_one_wish(one, other), "both kinds are found, but nothing is both"
    first = np.r_[np.ones(200), np.zeros(200)].astype(np.float32)
    second = np.float32(0.5) * first[::-1]
    assert not is_one_wish(first, second)
    second[199] = 0.9  # one item has both, and is by far the most similar: a name
    assert is_one_wish(first, second)
