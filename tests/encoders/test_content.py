import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.item_meaning import CentredTextEncoder, item_texts
from daybreak.errors import ConfigError, DataError, NotFoundError
from daybreak.testing.encoders import CountingEncoder

SHOP = pl.DataFrame(
    {
        "item_id": ["1", "2", "3", "4"],
        "tags": ["Hot|dry", "hot", "strong", None],
        "title": ["Green tea", "Black tea", "Old rum", None],
        "description": ["From China", "From Assam", "From Cuba", None],
        "price": [3.0, 4.0, 20.0, None],
    }
)


def dense(blocks):
    return {
        b.name: np.asarray(b.matrix.todense() if b.name != "meaning" else b.matrix)
        for b in blocks
    }


def same(some, others):
    some, others = dense(some), dense(others)
    return list(some) == list(others) and all(np.array_equal(some[n], others[n]) for n in some)


def test_the_blocks_are_words_attributes_and_meaning():
    content, blocks = ContentEncoder.fit_transform(SHOP, CountingEncoder())
    assert [block.name for block in blocks] == ["words", "attributes", "meaning"]
    assert content.names == ("words", "attributes", "meaning")
    assert content.word_weights.terms == (
        *("assam", "black", "china", "cuba", "from", "green", "old", "rum", "tea"),
    )
    assert content.attribute_weights.terms == (
        *("price=20", "price=3", "price=4", "tags=dry", "tags=hot", "tags=strong"),
    )


def test_fitting_and_transforming_at_once_gives_the_same():
    content, blocks = ContentEncoder.fit_transform(SHOP, CountingEncoder())
    assert same(blocks, content.transform(SHOP))
    assert same(blocks, ContentEncoder.fit(SHOP, CountingEncoder()).transform(SHOP))


def test_an_item_that_says_nothing_has_zero_rows():
    _, blocks = ContentEncoder.fit_transform(SHOP, CountingEncoder())
    assert all(not rows[3].any() for rows in dense(blocks).values())


def test_new_items_may_lack_columns_and_have_others():
    content = ContentEncoder.fit(SHOP, CountingEncoder())
    new = pl.DataFrame({"item_id": ["9"], "title": ["Black tea"], "weight": [5]})
    rows = dense(content.transform(new))
    assert list(rows) == ["words", "attributes", "meaning"]
    assert rows["words"].any()
    assert not rows["attributes"].any()


def test_no_items_give_no_rows():
    content = ContentEncoder.fit(SHOP, CountingEncoder())
    assert [len(rows) for rows in dense(content.transform(SHOP[:0])).values()] == [0, 0, 0]
    assert [len(rows) for rows in dense(content.texts([])).values()] == [0, 0, 0]


def test_blocks_that_the_catalogue_says_nothing_about_are_left_out():
    titles = ContentEncoder.fit(SHOP.select("item_id", "title"))
    tags = ContentEncoder.fit(SHOP.select("item_id", "tags"))
    assert (titles.names, tags.names) == (("words",), ("attributes",))
    assert [block.name for block in tags.texts(["hot tea"])] == ["attributes"]


@pytest.mark.parametrize(
    "items",
    [
        SHOP[:0],
        SHOP[3:],
        SHOP.select("item_id"),
        pl.DataFrame({"item_id": ["1"], "x": pl.Series([None], dtype=pl.Null)}),
    ],
)
def test_a_catalogue_that_says_nothing_has_no_blocks(items):
    content, blocks = ContentEncoder.fit_transform(items, CountingEncoder())
    assert blocks == content.transform(SHOP) == content.texts(["tea"]) == ()


def test_a_sentence_has_the_attributes_it_names():
    content = ContentEncoder.fit(SHOP, CountingEncoder())
    hot, tea, unknown = dense(content.texts(["something HOT", "tea", "zzz"]))["attributes"]
    assert content.attribute_weights.terms[int(hot.argmax())] == "tags=hot"
    assert not tea.any()
    assert not unknown.any()


def test_the_title_as_a_sentence_is_nearest_to_its_item():
    content, blocks = ContentEncoder.fit_transform(SHOP, CountingEncoder())
    for mine, theirs in zip(content.texts(["black tea"]), blocks, strict=True):
        if mine.name != "attributes":
            assert int(mine.cosine_similarity(theirs)[0].argmax()) == 1


def test_shared_terms_add_up_to_the_similarity():
    content, blocks = ContentEncoder.fit_transform(SHOP)
    shared = content.shared_terms(blocks, 0, blocks, 1)
    cosines = [float(block.cosine_similarity(block)[0, 1]) for block in blocks]
    assert {term for term, _ in shared} == {"tea", "from", "tags=hot"}
    assert sum(share for _, share in shared) == pytest.approx(sum(cosines), abs=1e-6)
    assert [share for _, share in shared] == sorted((s for _, s in shared), reverse=True)
    assert content.shared_terms(blocks, 0, blocks, 1, top=1) == shared[:1]
    assert content.shared_terms(blocks, 0, blocks, 3) == []


def test_the_description_says_what_became_of_each_column():
    lines = ContentEncoder.fit(SHOP, CountingEncoder(), {"price": "ignore"}).describe()
    assert lines.drop("why").rows() == [
        ("tags", "category", "|", "attributes"),
        ("title", "text", None, "words, meaning"),
        ("description", "text", None, "words, meaning"),
        ("price", "ignore", None, ""),
    ]
    assert lines["why"][3] == "your choice"


def test_the_text_of_an_item_starts_with_its_title_and_says_nothing_twice():
    items = SHOP.with_columns(summary="description", headline_title=pl.lit("x" * 2000))
    fields = ContentEncoder.fit(items).attributes.fields
    text = item_texts([f for f in fields if f.name != "headline_title"], items)
    assert text[:2] == ["Green tea. From China", "Black tea. From Assam"]
    assert len(item_texts(fields, items)[0]) == 1000


def test_without_any_text_the_categories_are_read():
    items = SHOP.select("item_id", "tags")
    content, blocks = ContentEncoder.fit_transform(items, CountingEncoder())
    assert item_texts(content.attributes.fields, items)[1] == "hot"
    assert blocks[-1].name == "meaning"


def test_saved_content_gives_equal_blocks(tmp_path):
    content, blocks = ContentEncoder.fit_transform(SHOP, CountingEncoder())
    content.save(tmp_path / "content")
    back = ContentEncoder.load(tmp_path / "content", CountingEncoder())
    assert same(blocks, back.transform(SHOP))
    assert same(content.texts(["hot tea"]), back.texts(["hot tea"]))
    assert back.describe().equals(content.describe())
    assert sorted(path.name for path in (tmp_path / "content").iterdir()) == [
        *("content.json", "content.safetensors")
    ]


def test_learned_weights_of_blocks_are_saved_and_given_to_all_blocks(tmp_path):
    content = replace(ContentEncoder.fit(SHOP), block_weights={"words": 0.3})
    content.save(tmp_path)
    back = ContentEncoder.load(tmp_path)
    for blocks in (content.transform(SHOP), back.transform(SHOP), back.texts(["tea"])):
        assert {block.name: block.weight for block in blocks} == {"words": 0.3, "attributes": 1}


def test_files_of_earlier_versions_have_no_options_and_the_prior_weights(tmp_path):
    ContentEncoder.fit(SHOP).save(tmp_path)
    plain = json.loads((tmp_path / "content.json").read_text("utf-8"))
    del plain["options"]
    (tmp_path / "content.json").write_text(json.dumps(plain), "utf-8")
    assert [block.weight for block in ContentEncoder.load(tmp_path).texts(["tea"])] == [1, 1]


def test_empty_content_can_be_saved(tmp_path):
    ContentEncoder.fit(SHOP[:0]).save(tmp_path)
    assert ContentEncoder.load(tmp_path).names == ()


def test_loading_asks_for_the_text_encoder_it_was_fitted_with(tmp_path):
    ContentEncoder.fit(SHOP, CountingEncoder()).save(tmp_path)
    with pytest.raises(ConfigError, match="CountingEncoder counting-1, got none"):
        ContentEncoder.load(tmp_path)
    other = CountingEncoder()
    other.hash = "counting-2"
    with pytest.raises(ConfigError, match="got CountingEncoder counting-2"):
        ContentEncoder.load(tmp_path, other)


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"expected content\.json"):
        ContentEncoder.load(tmp_path)
    ContentEncoder.fit(SHOP).save(tmp_path)
    (tmp_path / "content.safetensors").write_bytes(b"no")
    with pytest.raises(DataError, match="damaged"):
        ContentEncoder.load(tmp_path)
    (tmp_path / "content.json").write_text("[]")
    with pytest.raises(DataError, match="damaged"):
        ContentEncoder.load(tmp_path)


@pytest.mark.parametrize(
    ("plain", "message"),
    [('{"format": "other 9"}', "'other 9'"), ('{"format": "daybreak content 1"}', "damaged")],
)
def test_a_file_of_another_format_is_refused(tmp_path, plain, message):
    ContentEncoder.fit(SHOP).save(tmp_path)
    (tmp_path / "content.json").write_text(plain)
    with pytest.raises(DataError, match=message):
        ContentEncoder.load(tmp_path)


WORDS = st.none() | st.lists(st.sampled_from(["tea", "rum", "红茶", "1"]), max_size=3).map(
    " ".join
)


@st.composite
def catalogues(draw):
    n = draw(st.integers(0, 8))
    many = {"min_size": n, "max_size": n}
    return pl.DataFrame(
        {
            "item_id": [str(row) for row in range(n)],
            "title": draw(st.lists(WORDS, **many)),
            "tags": draw(st.lists(WORDS, **many)),
            "price": draw(st.lists(st.none() | st.floats(), **many)),
        },
        {"item_id": pl.String, "title": pl.String, "tags": pl.String, "price": pl.Float64},
    )


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(catalogues(), catalogues())
def test_rows_have_length_one_or_zero_and_survive_saving(tmp_path_factory, some, others):
    content = ContentEncoder.fit(some, CountingEncoder())
    blocks = content.transform(others)
    for rows in dense(blocks).values():
        lengths = np.linalg.norm(rows, axis=1)
        assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths == 0))
    folder = tmp_path_factory.mktemp("content")
    content.save(folder)
    assert same(ContentEncoder.load(folder, CountingEncoder()).transform(others), blocks)


def test_known_text_is_not_encoded_again():
    encoder = CountingEncoder()
    content, blocks = ContentEncoder.fit_transform(SHOP, encoder)
    texts = content.item_texts(SHOP)
    known = dict(zip(texts, dense(blocks)["meaning"], strict=True))
    before = encoder.encoded
    assert same(blocks, content.transform(SHOP, known=known))
    assert encoder.encoded == before
    some = {texts[1]: known[texts[1]]}
    assert same(blocks, content.transform(SHOP, known=some))
    assert encoder.encoded == before + 4, "two titles and two descriptions"


def test_the_mean_of_what_is_said_is_taken_away():
    """One word a text, two texts: each is half the difference from the other."""
    _, rows = CentredTextEncoder.fit_transform(CountingEncoder(), ["red", "tea", ""])
    assert np.allclose(rows[0], -rows[1])
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 1, 0])


def test_new_texts_are_seen_from_the_old_mean():
    fitted, rows = CentredTextEncoder.fit_transform(
        CountingEncoder(), ["red", "tea", "red tea"]
    )
    assert np.array_equal(fitted.transform(["tea"])[0], rows[1])
    assert not fitted.transform([" "]).any()


def test_without_any_text_the_mean_is_zero():
    fitted, rows = CentredTextEncoder.fit_transform(CountingEncoder(), ["", " "])
    assert not fitted.mean.any()
    assert not rows.any()


def test_columns_of_numbers_and_dates_are_marked():
    rows = range(40)
    shop = pl.DataFrame(
        {
            "item_id": [f"film-{row}" for row in rows],
            "title": [f"film of {1990 + row % 4}" for row in rows],
            "genre": [("crime", "drama", "horror")[row % 3] for row in rows],
            "price": [0.5 + 0.25 * row for row in rows],
        }
    )
    encoder, blocks = ContentEncoder.fit_transform(shop)
    marked = {
        term
        for block in blocks
        for term, is_quantity in zip(
            encoder.block_terms[block.name], block.quantities, strict=True
        )
        if is_quantity
    }
    assert {"1990", "1993"} <= marked
    assert all(term.isdecimal() or term.startswith("price=") for term in marked)
    assert any(term.startswith("price=") for term in marked)
