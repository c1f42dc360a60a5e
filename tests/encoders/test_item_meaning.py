"""Vectors of a text encoder for items: the title and the other texts apart."""

import numpy as np
import polars as pl
import pytest

from daybreak.data.fields import ContentField, TextColumns
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.item_meaning import (
    MAX_TEXT_CHARS,
    PART_SEPARATOR,
    CentredTextEncoder,
    has_two_parts,
    item_texts,
)
from daybreak.testing.encoders import CountingEncoder

FIELDS = [
    ContentField("title", "text"),
    ContentField("plot", "text"),
    ContentField("cast", "text"),
]
FILMS = pl.DataFrame(
    {
        "item_id": list("abcd"),
        "title": ["Red Sea", "Blue Hills", "Red Hills", ""],
        "plot": ["A whale swims", "A goat climbs", "", "A whale climbs"],
        "cast": ["Kim", "Lee", "", None],
    }
)


def pair(*parts):
    return PART_SEPARATOR.join(parts)


def test_the_title_is_read_apart():
    texts = item_texts(FIELDS, FILMS, separate_title=True)
    assert texts[0] == pair("Red Sea", "A whale swims. Kim")
    assert texts[2:] == [pair("Red Hills", ""), pair("", "A whale climbs")]
    assert item_texts(FIELDS, FILMS)[0] == "Red Sea. A whale swims. Kim"
    long = FILMS.with_columns(plot=pl.lit("x" * 3 * MAX_TEXT_CHARS))
    assert len(item_texts(FIELDS, long, separate_title=True)[0]) == 8 + MAX_TEXT_CHARS


@pytest.mark.parametrize(
    ("fields", "n_with_both", "expected"),
    [(FIELDS, 2, True), (FIELDS, 1, False), (FIELDS[:1], 2, False), (FIELDS[1:], 2, False)],
)
def test_two_parts_need_items_with_both(fields, n_with_both, expected):
    shop = pl.DataFrame(
        {"title": ["red"] * 10, "plot": ["sea"] * n_with_both + [""] * (10 - n_with_both)}
    )
    assert has_two_parts(fields, TextColumns(shop)) is expected


def test_parts_have_means_of_their_own_and_are_compared_apart():
    texts = [pair("red", "whale"), pair("blue", "whale"), pair("red", "goat"), pair("", "goat")]
    fitted, rows = CentredTextEncoder.fit_transform(CountingEncoder(), texts)
    encoder = CountingEncoder()
    assert rows.shape == (4, 2 * encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert not rows[3, : encoder.dim].any()
    vectors = dict(zip(("red", "blue"), encoder.encode(["red", "blue"]), strict=True))
    mean = (2 * vectors["red"] + vectors["blue"]) / 3
    np.testing.assert_allclose(fitted.mean[: encoder.dim], mean, atol=1e-6)
    red = vectors["red"] - mean
    np.testing.assert_allclose(
        rows[0, : encoder.dim], red / np.linalg.norm(red) / np.sqrt(2), atol=1e-6
    )


def test_a_sentence_is_compared_with_both_parts():
    texts = [pair("red", "whale"), pair("blue", "goat"), pair("green", "sea")]
    fitted, rows = CentredTextEncoder.fit_transform(CountingEncoder(), texts)
    title, plot = (rows @ fitted.transform([said])[0] for said in ("blue", "goat"))
    assert title.argmax() == plot.argmax() == 1
    assert not fitted.transform([" "]).any()


def test_texts_of_both_parts_are_encoded_once():
    encoder = CountingEncoder()
    CentredTextEncoder.fit_transform(encoder, [pair("red", "sea"), pair("red", "hill")])
    assert encoder.encoded == 3


def test_a_catalogue_with_descriptions_has_two_parts(tmp_path):
    content, blocks = ContentEncoder.fit_transform(FILMS, CountingEncoder())
    assert content.meaning.n_parts == 2
    content.save(tmp_path)
    loaded = ContentEncoder.load(tmp_path, CountingEncoder())
    np.testing.assert_allclose(loaded.transform(FILMS)[-1].matrix, blocks[-1].matrix, atol=1e-6)
    titles, _ = ContentEncoder.fit_transform(FILMS.drop("plot", "cast"), CountingEncoder())
    assert titles.meaning.n_parts == 1


def test_content_of_an_earlier_release_has_one_part():
    """It was fitted on the title and the other texts as one."""
    content, _ = ContentEncoder.fit_transform(FILMS, CountingEncoder())
    mean = np.zeros(content.meaning.encoder.dim, dtype=np.float32)
    object.__setattr__(content, "meaning", CentredTextEncoder(CountingEncoder(), mean))
    assert content.item_texts(FILMS)[0].startswith("Red Sea. A whale swims")
    assert content.transform(FILMS)[-1].matrix.shape == (4, len(mean))


class LatinEncoder(CountingEncoder):
    """An encoder that has learned Latin letters only."""

    def reads(self, text):
        return text.isascii()


def test_few_texts_in_another_script_have_no_vector(tmp_path):
    """What the model makes of them is alike, whatever they say."""
    shop = pl.DataFrame({"item_id": list("abcd"), "title": ["red tea", "rum", "三体", "gin"]})
    content, blocks = ContentEncoder.fit_transform(shop, LatinEncoder())
    rows = blocks[-1].matrix
    assert rows.any(axis=1).tolist() == [True, True, False, True]
    content.save(tmp_path)
    loaded = ContentEncoder.load(tmp_path, LatinEncoder())
    np.testing.assert_allclose(loaded.transform(shop)[-1].matrix, rows, atol=1e-6)


def test_a_catalogue_in_another_script_keeps_what_the_model_knows_of_it():
    shop = pl.DataFrame({"item_id": list("abc"), "title": ["三体", "红楼梦", "red tea"]})
    _, blocks = ContentEncoder.fit_transform(shop, LatinEncoder())
    assert blocks[-1].matrix.any(axis=1).all()
