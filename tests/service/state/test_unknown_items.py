"""Ids that the catalogue does not have are named, in every call and never in silence."""

import warnings

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender, Rules
from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError, NotFoundError, UnknownIdWarning
from daybreak.service.state.catalogue import Catalogue
from daybreak.service.state.unknown_items import (
    nearest_id,
    require_item,
    unknown_items,
    unknown_items_note,
)

BOOKS = pl.DataFrame({"item_id": [f"isbn-{n}" for n in range(6)], "title": ["a novel"] * 6})
LOANS = pl.DataFrame(
    {
        "user_id": [f"reader {n}" for n in range(12)],
        "item_id": [f"isbn-{n % 4}" for n in range(12)],
    }
)


def catalogue(ids, deleted=()):
    return Catalogue(
        pl.DataFrame({"item_id": ids}, schema={"item_id": pl.String}),
        Items(Vocabulary(ids)),
        frozenset(ids.index(id_) for id_ in deleted),
    )


@pytest.fixture(scope="module")
def library():
    model = Recommender(encoder="none", strategies=["popular"]).fit(LOANS, BOOKS)
    return model.remove_items(["isbn-5"])


@pytest.mark.parametrize("unknown", ["isbn-7", "isbn-5", "ISBN-1"])
@pytest.mark.parametrize(
    "call",
    [
        lambda model, item: model.audience(item),
        lambda model, item: model.explain("reader 1", item),
    ],
    ids=["audience", "explain"],
)
def test_a_question_about_one_unknown_or_deleted_item_is_an_error(library, call, unknown):
    with pytest.raises(NotFoundError) as caught:
        call(library, unknown)
    assert repr(unknown) in str(caught.value)


def test_ids_that_are_to_leave_or_to_have_events_are_named_if_nobody_knows_them(library):
    before = library.recommend(["anybody"], k=6)
    with pytest.warns(UnknownIdWarning, match="1 of 2 items to remove are unknown: 'isbn-50'"):
        library.remove_items(["isbn-50", "isbn-5"])  # the other one has left before
    events = [{"user_id": "reader 1", "item_id": item} for item in ("isbn-50", "isbn-5")]
    with pytest.warns(
        UnknownIdWarning, match="1 of 2 items of events are unknown, .*'isbn-50'"
    ):
        library.add_events(events)
    assert library.recommend(["anybody"], k=6)["item_id"].equals(before["item_id"])


@pytest.mark.parametrize("blank", ["", "  ", "\u00a0", "null"])
def test_a_blank_id_is_an_error(library, blank):
    with pytest.raises(ConfigError, match="expected an id"):
        library.audience(blank)


def test_blanks_around_an_id_do_not_count(library):
    assert library.audience("\u00a0isbn-1 ").equals(library.audience("isbn-1"))


@pytest.mark.parametrize(
    "call",
    [
        lambda model, ids: model.similar_items(ids),
        lambda model, ids: model.recommend(["anybody"], items=ids),
        lambda model, ids: model.recommend(["anybody"], rules=Rules(items=tuple(ids))),
    ],
    ids=["similar_items", "recommend", "rules"],
)
def test_of_a_list_the_known_items_are_answered_and_the_others_named(library, call):
    with pytest.warns(UnknownIdWarning, match="2 of 4 items .*: 'isbn-9', 'isbn-5'") as caught:
        some = call(library, ["isbn-9", "isbn-1", "isbn-5", "isbn-2"])
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known = call(library, ["isbn-1", "isbn-2"])
    assert some.equals(known)
    with pytest.warns(UnknownIdWarning, match="'nowhere'"):
        none = call(library, ["nowhere"])
    assert none.height == 0
    assert none.schema == known.schema


def test_the_nearest_id_is_named():
    books = catalogue(["te00", "te01", "bd77"], deleted=["te01"])
    with pytest.raises(NotFoundError, match=r"no item 'te001' .* of 2 items; .* 'te00'"):
        require_item(books, "te001")
    assert nearest_id(books, "xyz") is None


def test_a_note_names_a_few_ids_and_counts_the_others():
    note = unknown_items_note([str(n) for n in range(7)], 9)
    assert note.startswith("7 of 9 items are unknown")
    assert note.endswith("'3', '4' and 2 more")


@given(st.lists(st.text(), unique=True), st.lists(st.text()))
def test_an_id_is_unknown_or_has_its_row(ids, asked):
    books = catalogue(ids)
    unknown = unknown_items(books, asked)
    assert unknown == [id_ for id_ in dict.fromkeys(asked) if id_ not in ids]
    for id_ in set(asked) - set(unknown):
        assert ids[require_item(books, id_)] == id_


@pytest.mark.parametrize(
    ("call", "note"),
    [
        (
            lambda model, ids: model.recommend(histories=pairs(ids)),
            "1 of 2 items of the history are unknown and left out: 'isbn-9'",
        ),
        (
            lambda model, ids: model.recommend(["anybody"], exclude=pairs(ids)),
            "1 of 2 items to exclude are unknown: 'isbn-9'",
        ),
        (
            lambda model, ids: model.recommend(["anybody"], rules=Rules(exclude=tuple(ids))),
            "1 of 2 items to exclude are unknown: 'isbn-9'",
        ),
        (
            lambda model, ids: model.explain("anybody", "isbn-2", histories=pairs(ids)),
            "1 of 2 items of the history are unknown and left out: 'isbn-9'",
        ),
    ],
    ids=["histories", "exclude", "rules", "explain"],
)
def test_unknown_items_of_a_history_and_of_exclusions_are_named(library, call, note):
    with pytest.warns(UnknownIdWarning) as caught:
        answer = call(library, ["isbn-9", "isbn-1"])
    assert [str(one.message) for one in caught] == [note]
    assert answer.equals(call(library, ["isbn-1"]))


def test_a_deleted_item_of_a_history_still_counts(library):
    answer = library.recommend(histories=pairs(["isbn-5"]))
    assert answer["user_temperature"].unique().to_list() == ["hot"]


def pairs(ids):
    return pl.DataFrame({"user_id": ["anybody"] * len(ids), "item_id": ids})
