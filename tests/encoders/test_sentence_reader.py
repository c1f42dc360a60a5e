import polars as pl
import pytest

from daybreak.encoders.content import ATTRIBUTES, WORDS, ContentEncoder
from daybreak.encoders.wishes import encode_wishes

BOOKS = pl.DataFrame(
    {
        "item_id": list("abcde"),
        "title": ["Silmarillion", "Dune", "Cosmos", "Gone Girl", "Neuromancer"],
        "genres": [
            "fiction",
            "fiction|science fiction",
            "science",
            "fiction",
            "science fiction",
        ],
    }
)


@pytest.fixture(scope="module")
def content():
    return ContentEncoder.fit(BOOKS)


def named(content, vectors, block):
    """Return the terms of a block with the signs of their weights in the first row."""
    number = content.names.index(block)
    terms, row = content.block_terms[block], vectors[number].toarray()[0]
    return {terms[n].partition("=")[2] or terms[n]: row[n] > 0 for n in row.nonzero()[0]}


def test_a_value_that_is_ruled_out_rules_out_no_part_of_it(content):
    said = encode_wishes(["no science fiction please"], content.texts)
    assert named(content, said, ATTRIBUTES) == {"science fiction": False}


def test_a_part_of_what_is_ruled_out_may_be_wanted(content):
    said = encode_wishes(["fiction but no science fiction"], content.texts)
    assert named(content, said, ATTRIBUTES) == {"fiction": True, "science fiction": False}


def test_words_of_values_resemble_no_words_of_titles_by_chance(content):
    """An unknown word, "fiction" would be read as Silmarillion, with which it shares pieces."""
    alone = content.word_weights.transform_with_forms([["fiction"]]).toarray()[0]
    terms = content.block_terms[WORDS]
    assert alone[terms.index("silmarillion")] > 0
    words = content.texts(["science fiction", "dune fiction"])[content.names.index(WORDS)]
    assert not words.matrix.toarray()[0].any()
    assert words.matrix.toarray()[1].nonzero()[0].tolist() == [terms.index("dune")]
