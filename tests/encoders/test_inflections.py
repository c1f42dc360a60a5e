"""Singular and plural of words of sentences."""

import numpy as np
import pytest

from daybreak.encoders.inflections import inflections
from daybreak.encoders.lexical import LexicalEncoder


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("cup", "cups"),
        ("box", "boxes"),
        ("berry", "berries"),
        ("knife", "knives"),
        ("mouse", "mice"),
        ("woman", "women"),
        ("haus", "häuser"),
        ("puppenhaus", "puppenhäuser"),
        ("buch", "bücher"),
        ("apfel", "äpfel"),
        ("stuhl", "stühle"),
        ("lampe", "lampen"),
        ("bett", "betten"),
        ("boek", "boeken"),
        ("cadeau", "cadeaux"),
        ("cheval", "chevaux"),
        ("lápiz", "lápices"),
        ("flor", "flores"),
        ("gatto", "gatti"),
    ],
)
def test_each_form_of_a_noun_has_the_other_one(one, many):
    assert many in inflections(one)
    assert one in inflections(many)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("news", "new"),
        ("glass", "glas"),
        ("line", "linen"),
        ("plat", "plate"),
        ("bus", "bu"),
        ("99", "9"),
        ("tea", "team"),
    ],
)
def test_other_words_are_no_forms(word, other):
    assert other not in inflections(word)
    assert word not in inflections(other)


ITEMS = [["red", "mug"], ["blue", "mug"], ["big", "mug"], ["fairy", "mugs"], ["red", "box"]]


def scores(said, **options):
    words = LexicalEncoder.fit(ITEMS)
    asked = words.transform_with_forms([said], min_similarity=0.6, **options)
    return np.asarray((words.transform(ITEMS) @ asked.T).todense()).ravel()


@pytest.mark.parametrize("said", [["red", "mugs"], ["red", "mug"]])
def test_singular_and_plural_count_alike(said):
    assert scores(said, inflects=True).argmax() == 0


def test_without_the_rule_the_rarer_form_comes_first():
    assert scores(["red", "mugs"]).argmax() == 3


def test_the_form_that_was_said_comes_first():
    words = LexicalEncoder.fit([["mug"], ["mugs"]])
    asked = words.transform_with_forms([["mugs"]], min_similarity=0.6, inflects=True)
    mug, mugs = asked.toarray()[0]
    assert 0.8 < mug / mugs < 1


def test_an_unknown_form_counts_as_the_known_one():
    words = LexicalEncoder.fit([["grey", "mouse"], ["green", "tea"]])
    asked = words.transform_with_forms([["mice"]], inflects=True).toarray()[0]
    assert asked.tolist() == [float(term == "mouse") for term in words.terms]


def test_words_that_are_known_elsewhere_need_to_be_more_similar():
    words = LexicalEncoder.fit([["tea", "towel"], ["red", "box"]])
    assert words.transform_with_forms([["teacher"]]).nnz
    assert not words.transform_with_forms([["teacher"]], min_unknown={"teacher": 0.6}).nnz
