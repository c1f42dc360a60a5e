import numpy as np
import polars as pl

from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.content import ContentEncoder
from daybreak.service.state.catalogue import Catalogue, encode_items
from daybreak.testing.encoders import CountingEncoder

SHOP = pl.DataFrame(
    {
        "item_id": ["1", "2", "3"],
        "title": ["Green tea", "Black tea", "Old rum"],
        "shelf": ["hot", "hot", "strong"],
    }
)


def shop():
    """Return the encoder, its text model, and a catalogue."""
    model = CountingEncoder()
    content, blocks = ContentEncoder.fit_transform(SHOP, model)
    return content, model, Catalogue(SHOP, Items(Vocabulary(SHOP["item_id"]), blocks))


def dense(blocks):
    return [np.asarray(block.matrix @ np.eye(block.matrix.shape[1])) for block in blocks]


def test_only_text_that_has_changed_is_encoded():
    content, model, catalogue = shop()
    before = model.encoded
    moved = SHOP.with_columns(shelf=pl.lit("hot"))
    blocks = encode_items(content, catalogue, moved)
    assert model.encoded == before
    for block, wanted in zip(dense(blocks), dense(content.transform(moved)), strict=True):
        np.testing.assert_array_equal(block, wanted)
    before = model.encoded
    renamed = moved.with_columns(title=pl.Series(["Green tea", "Rum", "Old rum"]))
    encode_items(content, catalogue, renamed)
    assert model.encoded == before + 1


def test_new_items_are_encoded():
    content, model, catalogue = shop()
    before = model.encoded
    encode_items(content, catalogue, pl.DataFrame({"item_id": ["9"], "title": ["Pot"]}))
    assert model.encoded == before + 1
