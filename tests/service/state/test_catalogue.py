import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.content import ContentEncoder
from daybreak.service.state import catalogue as module
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


def changed_copies(n_items, changes):
    """Return the frames of a catalogue after changes, with slices and with copies."""
    frame = pl.DataFrame(
        {"item_id": [f"i{n}" for n in range(n_items)], "price": [1.0] * n_items}
    )
    frames = {}
    for limit in (16, -1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "MAX_SLICED_ROWS", limit)
            catalogue = Catalogue(frame, Items(Vocabulary(frame["item_id"])))
            for rows in changes:
                catalogue, _ = catalogue.with_rows(rows, ())
            frames[limit] = (catalogue.frame, catalogue.items.ids.ids)
    return frames[16], frames[-1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_slices_around_changed_rows_give_the_frame_that_a_copy_gives(seed):
    rng = np.random.default_rng(seed)
    changes = []
    for _ in range(3):
        ids = [f"i{n}" for n in rng.permutation(12)[: rng.integers(1, 6)]]
        columns = {"item_id": ids, "price": rng.random(len(ids))}
        if rng.random() < 0.3:
            columns["brand"] = ["new column"] * len(ids)
        if rng.random() < 0.3:
            del columns["price"]
        changes.append(pl.DataFrame(columns))
    (sliced, ids), (copied, expected_ids) = changed_copies(int(rng.integers(0, 9)), changes)
    assert_frame_equal(sliced, copied)
    assert ids == expected_ids == tuple(sliced["item_id"])


def test_a_frame_of_many_pieces_is_copied_once():
    changes = [pl.DataFrame({"item_id": ["i2"], "price": [float(n)]}) for n in range(200)]
    (sliced, _), (copied, _) = changed_copies(5, changes)
    assert_frame_equal(sliced, copied)
    assert sliced.n_chunks() <= module.MAX_FRAME_CHUNKS


def test_creation_times_of_changed_items_change():
    frame = pl.DataFrame({"item_id": ["a", "b"], "created_at": [1.0, 2.0]})
    items = Items(Vocabulary(["a", "b"]), (), np.array([1.0, 2.0]))
    rows = pl.DataFrame({"item_id": ["b", "c"], "created_at": [5.0, None]})
    times = Catalogue(frame, items).with_rows(rows, ())[0].items.created_at
    np.testing.assert_array_equal(times, [1.0, 5.0, np.nan])


def test_nothing_of_texts_is_computed_for_items_whose_texts_are_the_same(monkeypatch):
    content, model, catalogue = shop()
    moved = SHOP[1:2].with_columns(shelf=pl.lit("strong"))
    wanted = dense(content.transform(moved))
    before = model.encoded
    monkeypatch.setattr("daybreak.encoders.item_words.tokenize_all", None)
    blocks = encode_items(content, catalogue, moved)
    assert model.encoded == before
    for block, expected in zip(dense(blocks), wanted, strict=True):
        np.testing.assert_array_equal(block, expected)


def test_blocks_of_texts_are_kept_when_only_an_attribute_changes():
    content, _, catalogue = shop()
    moved = SHOP[1:2].with_columns(shelf=pl.lit("strong"))
    blocks = encode_items(content, catalogue, moved)
    updated, changed = catalogue.with_rows(moved, blocks)
    kept = {
        block.name
        for block, before in zip(updated.items.blocks, catalogue.items.blocks, strict=True)
        if block is before
    }
    assert kept == {"words", "meaning"}
    assert changed.tolist() == [1]
    for block, expected in zip(
        dense(updated.items.blocks),
        dense(
            content.transform(SHOP.with_columns(shelf=pl.Series(["hot", "strong", "strong"])))
        ),
        strict=True,
    ):
        np.testing.assert_array_equal(block, expected)


@pytest.mark.parametrize(
    "change",
    [
        {"title": ["Black coffee"]},
        {"title": [None]},
        {"title": [7]},
        {},
    ],
)
def test_a_changed_or_missing_text_is_encoded(change):
    content, _, catalogue = shop()
    frame = pl.DataFrame({"item_id": ["2"], "shelf": ["hot"], **change})
    blocks = encode_items(content, catalogue, frame)
    for block, expected in zip(dense(blocks), dense(content.transform(frame)), strict=True):
        np.testing.assert_array_equal(block, expected)
    assert catalogue.with_rows(frame, blocks)[1].tolist() == [1]


@pytest.mark.parametrize(
    ("change", "computed"),
    [
        ({"stock": [4], "url": ["https://shop/2"]}, []),
        ({"shelf": ["strong"]}, ["attributes"]),
        ({"title": ["Black coffee"]}, ["words", "meaning"]),
        ({"title": ["Black coffee"], "shelf": ["strong"]}, ["words", "attributes", "meaning"]),
    ],
)
def test_only_blocks_of_changed_columns_are_computed(monkeypatch, change, computed):
    content, _, catalogue = shop()
    columns = {name: pl.Series(name, values) for name, values in change.items()}
    frame = SHOP[1:2].with_columns(**columns)
    wanted, encode, names = dense(content.transform(frame)), ContentEncoder.transform, []
    monkeypatch.setattr(
        ContentEncoder,
        "transform",
        lambda self, *args, **given: names.extend(self.names) or encode(self, *args, **given),
    )
    blocks = encode_items(content, catalogue, frame)
    assert names == computed
    for block, expected in zip(dense(blocks), wanted, strict=True):
        np.testing.assert_array_equal(block, expected)
    assert catalogue.with_rows(frame, blocks)[1].tolist() == ([1] if computed else [])


def test_a_changed_title_changes_the_year_that_is_read_from_it():
    films = pl.DataFrame(
        {
            "item_id": [f"f{n}" for n in range(8)],
            "title": [f"Part {n} ({1990 + n})" for n in range(8)],
        }
    )
    content, blocks = ContentEncoder.fit_transform(films)
    catalogue = Catalogue(films, Items(Vocabulary(films["item_id"]), blocks))
    moved = pl.DataFrame({"item_id": ["f2"], "title": ["Part 2 (1997)"]})
    assert content.sources("attributes") == ["year", "title"]
    for block, expected in zip(
        dense(encode_items(content, catalogue, moved)),
        dense(content.transform(moved)),
        strict=True,
    ):
        np.testing.assert_array_equal(block, expected)
