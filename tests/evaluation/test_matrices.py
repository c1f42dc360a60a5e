import polars as pl
import pytest

from daybreak.errors import DataError
from daybreak.evaluation.matrices import UserItemIndex, category_matrix

GRID = UserItemIndex(["ann", "bob"], ["gin", "rum", "tea"])
EMPTY = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})
NOBODY = GRID.to_matrix(EMPTY)


def answer(*rows):
    return pl.DataFrame(rows, ["user_id", "item_id", "rank"], orient="row")


def test_forbidden_rows_are_counted_and_the_rest_close_up():
    rows = answer(
        *(("ann", "tea", 1), ("ann", "wax", 2), ("ann", "tea", 3), ("ann", "gin", 4)),
        *(("ann", "rum", 5), ("eve", "tea", 1)),
    )
    banned = pl.DataFrame({"user_id": ["ann"], "item_id": ["gin"]})
    cleaned = GRID.clean_answer(rows, GRID.to_matrix(banned), 2)
    assert cleaned.ranked.tolist() == [[2, 1], [-1, -1]]
    assert cleaned.dropped == {
        "unknown_user": 1,
        "not_candidate": 1,
        "excluded": 1,
        "repeated": 1,
    }


def test_rows_count_in_the_order_of_rank_not_of_the_frame():
    rows = answer(("bob", "gin", 2), ("bob", "tea", 1))
    assert GRID.clean_answer(rows, NOBODY, 3).ranked.tolist() == [[-1] * 3, [2, 0, -1]]


def test_an_answer_without_rank_is_refused():
    with pytest.raises(DataError, match="'rank' is missing"):
        GRID.clean_answer(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}), NOBODY, 1)


def test_an_empty_answer_is_an_answer():
    empty = EMPTY.with_columns(rank=pl.lit(None, pl.Int64))
    assert (GRID.clean_answer(empty, NOBODY, 1).ranked == -1).all()


def test_lists_and_text_give_the_same_categories():
    text = pl.DataFrame({"item_id": ["a", "b"], "genres": ["x|y|", None]})
    lists = text.with_columns(pl.Series("genres", [["y", "x", ""], None]))
    first, second = (
        category_matrix(frame, ["b", "a", "c"]).toarray() for frame in (text, lists)
    )
    assert first.tolist() == second.tolist() == [[False] * 2, [True] * 2, [False] * 2]


def test_no_category_column_is_not_the_same_as_no_category():
    assert category_matrix(pl.DataFrame({"item_id": ["a"], "title": ["x"]}), ["a"]) is None
