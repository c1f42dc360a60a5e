import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.wishes import UNWANTED_TERM_FACTOR, encode_wishes
from daybreak.errors import UnreadTextWarning
from daybreak.service.state.wishes import MAX_CACHED_WISHES, WishEncoder

ITEMS = pl.DataFrame(
    {"item_id": list("abcd"), "title": ["desk lamp", "wax candle", "brass lamp", "wool rug"]}
)


@pytest.fixture
def content():
    return ContentEncoder.fit(ITEMS)


@pytest.fixture
def items(content):
    return Items(Vocabulary(list("abcd")), content.transform(ITEMS))


def word(content, vector, name):
    return vector[0].toarray()[:, content.word_weights.columns[name]]


def test_wanted_words_are_positive_and_unwanted_words_negative(content):
    vector = encode_wishes(["a lamp but no candle", "rug"], content.texts)
    assert word(content, vector, "lamp")[0] > 0 > word(content, vector, "candle")[0]
    assert word(content, vector, "rug").tolist() == [0, 1]


def test_what_both_clauses_share_is_not_ruled_out(content):
    """Unwanted "brass lamp" shares the lamp with what is wanted; only the brass is left."""
    wanted = encode_wishes(["lamp"], content.texts)[0].toarray()
    found = encode_wishes(["lamp, no brass lamp"], content.texts)
    unwanted = encode_wishes(["brass lamp"], content.texts)[0].toarray()
    shared = float((wanted * unwanted).sum())
    np.testing.assert_allclose(
        found[0].toarray(),
        wanted - UNWANTED_TERM_FACTOR * (unwanted - shared * wanted),
        rtol=1e-5,
        atol=1e-6,
    )
    assert word(content, found, "lamp")[0] == pytest.approx(1, abs=1e-6)


def test_a_text_is_encoded_once_and_each_wish_has_an_owner(content, items):
    calls = []

    def encode(texts):
        calls.append(list(texts))
        return content.texts(texts)

    encoder = WishEncoder(encode, items)
    first = encoder.encode({2: "lamp", 0: "rug"})
    again = encoder.encode({1: "lamp"})
    assert len(calls) == 1
    assert first.owners.tolist() == [0, 2]
    assert first.names == ("rug", "lamp")
    assert (again.vectors[0].toarray()[0] == first.vectors[0].toarray()[1]).all()
    encoder.clear()
    encoder.encode({0: "lamp"})
    assert len(calls) == 2


def test_several_wishes_have_vectors_of_their_own(content, items):
    said = WishEncoder(content.texts, items).encode({1: "a candle or a rug", 4: "lamp"})
    assert said.owners.tolist() == [1, 1, 4]
    assert said.names == ("candle", "rug", "lamp")
    candle, rug = word(content, said.vectors, "candle"), word(content, said.vectors, "rug")
    assert candle[0] > 3 * candle[1] > 0 == candle[2], "the text is the context of each wish"
    assert rug[1] > 3 * rug[0] > 0 == rug[2]


def test_what_is_ruled_out_holds_for_all_wishes(content, items):
    said = WishEncoder(content.texts, items).encode({0: "a candle or a lamp, no brass"})
    assert said.names == ("candle", "lamp")
    assert (word(content, said.vectors, "brass") < 0).all()


def test_the_cache_is_bounded(content, items):
    encoder = WishEncoder(content.texts, items)
    encoder.encode({row: f"lamp {row}" for row in range(MAX_CACHED_WISHES + 9)})
    assert len(encoder._cache) == MAX_CACHED_WISHES


def test_which_items_a_text_is_about_is_known_for_a_changed_catalogue(content, items):
    encoder = WishEncoder(content.texts, items)
    before = encoder.about("lamp")
    more = pl.concat([ITEMS, pl.DataFrame({"item_id": ["e"], "title": ["oil lamp"]})])
    changed = Items(Vocabulary(more["item_id"]), content.transform(more))
    after = encoder.with_items(changed, None)
    assert before.tolist() == [True, False, True, False]
    assert after.about("lamp").tolist() == [True, False, True, False, True]
    assert after.likeness("lamp").shape == (1, 5)


def test_bounds_are_kept_after_items_were_added():
    """Before, a text with a bound was an IndexError from the first new item on."""
    lamps = [
        {"item_id": f"{kind}-{price}", "title": f"{kind} {price}", "price": float(price)}
        for kind in ("lamp", "mug")
        for price in (5, 15, 25, 60)
    ]
    sales = [{"user_id": f"u{n}", "item_id": row["item_id"]} for n, row in enumerate(lamps)]
    shop = Recommender(encoder="none", strategies=["popular", "wish"]).fit(sales, items=lamps)
    asked = [{"user_id": "zoe", "text": "a lamp under 20 euros"}]
    assert shop.recommend(profiles=asked, k=4).height == 4
    shop.add_items([{"item_id": "lamp-9", "title": "lamp 9", "price": 9.0}])
    found = shop.recommend(profiles=asked, k=3)["item_id"]
    assert set(found) == {"lamp-5", "lamp-15", "lamp-9"}


def test_words_of_items_that_came_after_the_training_are_told_to_wait_for_the_next():
    lamps = [{"item_id": f"lamp-{n}", "title": f"desk lamp {n}"} for n in range(4)]
    sales = [{"user_id": "ann", "item_id": "lamp-1"}]
    shop = Recommender(encoder="none", strategies=["popular", "wish"]).fit(sales, items=lamps)
    asked = [{"user_id": "zoe", "text": "kite"}]
    with pytest.warns(UnreadTextWarning, match="no item has any of its words"):
        shop.recommend(profiles=asked, k=2)
    shop.add_items([{"item_id": "kite", "title": "red kite"}])
    with pytest.warns(UnreadTextWarning, match="the next training reads those of newer items"):
        shop.recommend(profiles=asked, k=2)


def test_a_kind_is_no_item_of_that_title():
    """*The War* is of 1994; who asks for a war film does not ask for films of that year."""
    rows = [("named", "War, The", "drama", "1994"), ("peer", "Quiz", "drama", "1994")]
    rows += [(f"war-{n}", f"Front {n}", "war", "1950") for n in range(3)]
    rows += [(f"other-{n}", f"Lake {n}", "comedy", "1970") for n in range(5)]
    films = pl.DataFrame(rows, ["item_id", "title", "genres", "era"], orient="row")
    content = ContentEncoder.fit(films)
    items = Items(Vocabulary(films["item_id"].to_list()), content.transform(films))
    encoder = WishEncoder(content.texts, items, films["title"])
    kind, like = (encoder.likeness(text)[0] for text in ("a war film", "like War"))
    assert kind[1] == 0 < kind[2:5].min()
    assert like[1] > 0
