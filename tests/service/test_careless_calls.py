"""What a notebook does by mistake: a clear message, or the right answer."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.errors import ConfigError

LOANS = pl.DataFrame(
    {"user_id": [f"r{n % 6}" for n in range(24)], "item_id": [f"b{n % 5}" for n in range(24)]}
)
BOOKS = pl.DataFrame(
    {"item_id": [f"b{n}" for n in range(8)], "title": [f"Book {n}" for n in range(8)]}
)


@pytest.fixture(scope="module")
def library():
    return Recommender(encoder="none", strategies=["popular"]).fit(LOANS, BOOKS)


@pytest.mark.parametrize(
    ("users", "message"),
    [
        (5, "must be a list of ids, got 5"),
        (LOANS, "got a table; give one column of it"),
        (LOANS.to_pandas, "got <bound method"),
        (True, "must be a list of ids, got True"),
    ],
)
def test_what_is_no_list_of_ids_is_named(library, users, message):
    with pytest.raises(ConfigError, match=message):
        library.recommend(users)


@pytest.mark.parametrize("users", [LOANS["user_id"][:2], np.array(["r0", "r1"]), ("r0", "r1")])
def test_columns_and_arrays_are_lists(library, users):
    assert set(library.recommend(users, k=2)["user_id"]) == {"r0", "r1"}


@pytest.mark.parametrize("k", [np.int64(2), np.uint8(2)])
def test_whole_numbers_of_numpy_are_whole_numbers(library, k):
    assert library.recommend(["new"], k=k).height == 2
    assert library.similar_items(["b1"], k=k).height == 2


def test_no_filter_may_be_none_and_a_number_is_none(library):
    assert library.recommend(["new"], where=None).equals(library.recommend(["new"]))
    assert library.similar_items(["b1"], where=None).equals(library.similar_items(["b1"]))
    for call in (library.recommend, library.similar_items):
        with pytest.raises(ConfigError, match="where must be text, got 5"):
            call(["b1"], where=5)


def test_a_list_of_texts_is_one_text(library):
    said = [{"user_id": "new", "text": ["Book", "3"]}]
    assert library.recommend(profiles=said, k=1).height == 1


def test_items_alone_are_enough():
    model = Recommender(encoder="none").fit(items=BOOKS)
    assert model.recommend(["new"], k=3).height == 3


def test_a_baseline_may_be_asked_for_by_name():
    events = LOANS.with_columns(timestamp=pl.int_range(len(LOANS)) * 86_400 + 1_700_000_000)
    model = Recommender(encoder="none", strategies=["popular"])
    report = model.evaluate(events, BOOKS, also=["popular"], slices=["cold_user_nothing"])
    assert set(report.systems) == {"daybreak", "popular", "random"}
