import numpy as np
import polars as pl
import pytest

from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.named_items import add_named_items, fold_title, named_phrases
from daybreak.service.state.wishes import WishEncoder

BOOKS = pl.DataFrame(
    {
        "item_id": list("abcde"),
        "title": ["Emma", "Persuasion", "Dune (1965)", "Neuromancer", "Pride and Prejudice"],
        "author": ["Jane Austen", "Jane Austen", "F. Herbert", "W. Gibson", "Jane Austen"],
    }
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("something like Emma", "Emma"),
        ("I'm looking for a book similar to The Hobbit", "the hobbit"),
        ("books like Pride and Prejudice but shorter", "Pride and Prejudice"),
        ("films like Alien or Heat, no horror", "heat"),
        ("what should I watch after Toy Story", "toy story"),
        ("I just watched Toy Story, what next?", "toy story"),
        ("we've seen Fargo and loved it", "fargo"),
        ("after reading Emma I want more", "emma"),
        ("if you liked Emma", "emma"),
        ("films for fans of Star Wars", "star wars"),
        ("I loved Heat, Alien and Fargo", "fargo"),
        ("看完死亡笔记之后看什么", "死亡笔记"),
        ("喜欢死亡笔记的人", "死亡笔记"),
        ("etwas wie Emma", "Emma"),
        ("un livre comme Candide", "Candide"),
        ("algo parecido a Rayuela", "Rayuela"),
        ("类似三体的小说", "三体"),
        ("像三体一样的书", "三体"),
        ("Emmaのような本", "Emma"),
        ("Emma 같은 책", "Emma"),
    ],
)
def test_what_something_is_to_be_like_may_be_a_title(text, title):
    assert fold_title(title) in named_phrases(text)


def test_what_is_unwanted_is_no_title_to_follow():
    assert "emma" not in named_phrases("a book like Dune, nothing like Emma")


def test_a_wish_has_the_mean_content_of_the_items_it_names_by_hand():
    content = ContentEncoder.fit(BOOKS)
    blocks = content.transform(BOOKS)
    said = tuple(block.matrix for block in content.texts(["Emma", "Dune"]))
    found = add_named_items(said, 1, blocks, np.array([0, 2]))
    for before, after, block in zip(said, found, blocks, strict=True):
        mean = (block.matrix[[0]] + block.matrix[[2]]).toarray() / 2
        np.testing.assert_allclose(
            after[[1]].toarray(), before[[1]].toarray() + mean, atol=1e-6
        )
        np.testing.assert_array_equal(after[[0]].toarray(), before[[0]].toarray())


@pytest.mark.parametrize(("text", "author"), [("a book like Emma", "ab"), ("Dune", "c")])
def test_the_other_books_of_the_author_are_like_a_named_one(text, author):
    content = ContentEncoder.fit(BOOKS)
    items = Items(Vocabulary(BOOKS["item_id"]), content.transform(BOOKS))
    encoder = WishEncoder(content.texts, items, BOOKS["title"])
    likeness = encoder.likeness(text)[0]
    assert {"abcde"[row] for row in np.flatnonzero(likeness > 0.4)} >= set(author)
    plain = WishEncoder(content.texts, items).likeness(text)[0]
    assert plain[1] <= 0 < likeness[1] or "b" not in author


def test_a_title_with_a_mood_is_named():
    films = pl.DataFrame(
        {
            "item_id": list("abcd"),
            "title": ["Funny Girl", "Airport", "Clue", "Funny Games"],
            "genre": ["Drama", "Comedy", "Comedy", "Horror"],
        }
    )
    content, blocks = ContentEncoder.fit_transform(films)
    encoder = WishEncoder(
        content.texts, Items(Vocabulary(films["item_id"]), blocks), films["title"]
    )
    assert encoder.likeness("Funny Girl")[0].argmax() == 0
    assert set(np.argsort(-encoder.likeness("something funny")[0])[:2].tolist()) == {1, 2}
