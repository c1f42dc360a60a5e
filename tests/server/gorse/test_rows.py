import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import DataError
from daybreak.server.gorse.convert import (
    columns_to_labels,
    event_row,
    format_time,
    gorse_feedback,
    gorse_item,
    gorse_user,
    item_row,
    labels_to_columns,
    user_row,
)
from daybreak.server.gorse.routes.bulk import iter_jsonl_lines
from daybreak.server.gorse.schemas import (
    ZERO_TIME,
    GorseFeedback,
    GorseItem,
    GorseItemPatch,
    GorseUser,
)
from daybreak.server.http.problems import HttpProblem

WORDS = st.text("abc", min_size=1, max_size=3)
LABELS = st.dictionaries(
    WORDS, WORDS | st.integers() | st.lists(WORDS, min_size=2, max_size=4), min_size=1
)


@given(LABELS)
def test_labels_survive_a_round_trip(labels):
    assert columns_to_labels(labels_to_columns(labels)) == labels


def test_labels_nested_too_deeply_are_rejected():
    labels = "x"
    for _ in range(20):
        labels = {"in": labels}
    with pytest.raises(DataError, match="nested deeper than 8"):
        labels_to_columns(labels)


@pytest.mark.parametrize("labels", [None, [], {}])
def test_empty_labels_give_no_columns(labels):
    assert labels_to_columns(labels) == {}
    assert columns_to_labels({}) is None


def test_an_item_survives_a_round_trip():
    item = GorseItem(
        ItemId="vuejs:vue",
        IsHidden=True,
        Categories=["js", "ui"],
        Timestamp="2022-02-24T00:00:00Z",
        Labels={"topics": ["javascript", "html"]},
        Comment="This is Vue",
    )
    row = item_row(item.item_id, item)
    assert row["created_at"] == "2022-02-24T00:00:00Z"
    assert gorse_item({**row, "created_at": 1645660800.0}) == item


def test_a_patch_holds_only_changed_fields():
    assert item_row("1", GorseItemPatch(IsHidden=False)) == {"item_id": "1", "is_hidden": False}


def test_a_user_survives_a_round_trip():
    user = GorseUser(UserId="bob", Labels={"gender": "M", "age": 24}, Comment="my user")
    assert gorse_user(user_row("bob", user)) == user


@pytest.mark.parametrize("text", ["", ZERO_TIME, None])
def test_a_time_that_stands_for_no_time_is_left_out(text):
    assert "timestamp" not in event_row(
        GorseFeedback(FeedbackType="star", UserId="a", ItemId="1", Timestamp=text)
    )


def test_values_of_one_feedback_add_up_and_the_latest_time_is_kept():
    """Two reads of 1 and 2, a star in between: 3 at second 9, and a star."""
    events = [
        {"user_id": "a", "item_id": "1", "event_type": "read", "value": 1.0, "timestamp": 9.0},
        {"user_id": "a", "item_id": "1", "event_type": "star"},
        {"user_id": "a", "item_id": "1", "event_type": "read", "value": 2.0, "timestamp": 5.0},
    ]
    read, star = gorse_feedback(events)
    assert (read.value, read.timestamp) == (3.0, "1970-01-01T00:00:09Z")
    assert (star.value, star.timestamp) == (0.0, ZERO_TIME)


def test_a_time_outside_the_calendar_becomes_the_zero_time():
    assert format_time(1e18) == ZERO_TIME


def split(body, content_type, size):
    async def parts():
        for start in range(0, len(body), size):
            yield body[start : start + size]

    async def lines():
        return [line async for line in iter_jsonl_lines(parts(), content_type)]

    return asyncio.run(lines())


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_do_not_depend_on_the_chunks_of_the_body(size, end):
    body = end.join([b'{"a": 1}', b"", b'{"b": 2}'])
    assert split(body, "application/jsonl", size) == [b'{"a": 1}', b'{"b": 2}']


@pytest.mark.parametrize("size", [1, 13, 1000])
def test_the_file_of_a_form_is_read(size):
    body = (
        b"--xyz\r\nContent-Disposition: form-data; name=file; filename=u.jsonl\r\n"
        b'Content-Type: application/octet-stream\r\n\r\n{"a": 1}\n{"b": 2}\n\r\n--xyz--\r\n'
    )
    found = split(body, 'multipart/form-data; boundary="xyz"', size)
    assert found == [b'{"a": 1}', b'{"b": 2}']


def test_an_endless_line_is_rejected():
    with pytest.raises(HttpProblem, match="a line may have"):
        split(b"x" * 1_200_000, "", 100_000)


def test_a_form_without_a_boundary_is_rejected():
    with pytest.raises(HttpProblem, match="no boundary"):
        split(b"", "multipart/form-data", 10)
