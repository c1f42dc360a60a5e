from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daybreak.data import read_tables
from daybreak.data.columns import find_value_column
from daybreak.data.ids import MISSING_IDS, normalize_id
from daybreak.service.ingest.rows import FIELDS_WITHOUT_VALUE, parse_events, parse_rows
from daybreak.service.ingest.values import is_plain_id
from daybreak.service.serving import RecommendRequest, RejectedRow

NOW = datetime(2026, 5, 1, tzinfo=UTC).timestamp()
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [
    "user_id",
    "item_id",
    "event_type",
    "value",
    "timestamp",
    "event_id",
    "session_id",
    "context",
]


def codes(rows):
    return [(one.row, one.field, one.code) for one in parse_events(rows, NOW).rejected]


def test_invalid_rows_are_rejected_one_by_one(live):
    rows = [
        {"user_id": "u", "item_id": "item-1"},
        {"user_id": "u"},
        {"user_id": "u", "item_id": "item-2", "value": "many"},
        {"user_id": "u", "item_id": "item-3", "timestamp": "soon"},
        "nothing",
        {"user_id": "u", "item_id": "item-4", "timestamp": "2026-01-02T03:04:05Z"},
    ]
    posted = live.events.add(rows)
    assert (posted.accepted, posted.duplicates) == (2, 0)
    assert [(one.row, one.field, one.code) for one in posted.rejected] == [
        (1, "item_id", "missing"),
        (2, "value", "not_a_number"),
        (3, "timestamp", "not_a_time"),
        (4, "", "not_an_object"),
    ]
    assert posted.rejected[1] == RejectedRow(
        2, "value", "many", "expected a number", "not_a_number"
    )
    assert len(live.events.page(user="u").rows) == 2


def test_an_event_with_an_id_is_stored_once(live):
    row = {"event_id": "e1", "user_id": "u", "item_id": "item-1"}
    first, second = live.events.add([row]), live.events.add([row, {**row, "event_id": "e2"}])
    assert (first.accepted, first.duplicates) == (1, 0)
    assert (second.accepted, second.duplicates) == (1, 1)


def test_the_context_of_an_event_is_stored_and_returned(live):
    context = {"page": "search", "query": "茶", "place": 3, "deep": {"a": [1, None]}}
    row = {"user_id": "u", "item_id": "item-1", "recommendation_id": "r1"}
    live.events.add([{**row, "context": context}, {**row, "item_id": "item-2", "context": {}}])
    first, second = live.events.page(user="u").rows
    assert (first["context"], first["recommendation_id"]) == (context, "r1")
    assert "context" not in second
    exported = live.users.export("u")["events"]
    assert exported[0]["context"] == context
    assert "user_id" not in exported[0]


def test_a_context_is_a_json_object_of_bounded_size():
    row = {"user_id": "u", "item_id": "i"}
    bad = [["page"], {"x": "y" * 4_000}, {"n": float("nan")}, {"s": {1}}, {"t": "\ud800"}]
    found = [code for value in bad for _, _, code in codes([{**row, "context": value}])]
    assert found == ["not_an_object", "too_long", "bad_value", "bad_value", "bad_text"]


def test_events_of_an_item_are_paged(live):
    item = "item-of-its-own"
    live.events.add([{"user_id": f"u{n}", "item_id": item} for n in range(5)])
    users, cursor = [], None
    while True:
        page = live.events.page(item=item, cursor=cursor, n=2)
        users += [row["user_id"] for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            break
    assert users == [f"u{n}" for n in range(5)]


def test_values_that_a_store_cannot_hold_are_rejected():
    row = {"user_id": "u", "item_id": "i"}
    assert codes([{**row, "user_id": "a\x00b"}]) == [(0, "user_id", "bad_text")]
    assert codes([{**row, "item_id": "\ud800"}]) == [(0, "item_id", "bad_text")]
    assert codes([{**row, "item_id": "x" * 10_000}]) == [(0, "item_id", "too_long")]
    assert codes([{**row, "item_id": " "}]) == [(0, "item_id", "empty")]
    assert codes([{**row, "value": True}]) == [(0, "value", "not_a_number")]
    assert codes([{**row, "value": 10**400}]) == [(0, "value", "not_a_number")]
    assert codes([{**row, "timestamp": NOW + 1e6}]) == [(0, "timestamp", "in_the_future")]
    assert codes([{"item_id": "i"}]) == [(0, "user_id", "missing")]


def test_times_may_be_seconds_milliseconds_or_iso():
    row = {"user_id": "u", "item_id": "i"}
    spelt = [
        1_700_000_000,
        1_700_000_000_000,
        "2023-11-14T22:13:20Z",
        "2023-11-14 23:13:20+01:00",
    ]
    posted = parse_events([{**row, "timestamp": at} for at in spelt], NOW)
    assert posted.tables.events["timestamp"].to_list() == [1_700_000_000.0] * 4


def test_attributes_are_plain_values():
    side = parse_rows(
        [
            {"item_id": 7, "price": 3, "tags": ["a", None, 1], "on": True, "off": None},
            {"item_id": "b", "deep": {"x": 1}},
            {"item_id": "c", "created_at": "2026-01-01"},
            {"item_id": "d", "": 1},
        ],
        "item_id",
    )
    assert side.rows[0] == {
        "item_id": "7", "price": 3, "tags": ["a", "1"], "on": True, "off": None
    }  # fmt: skip
    assert side.rows[1]["created_at"] == datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert [(one.field, one.code) for one in side.rejected] == [
        ("deep", "bad_value"),
        ("", "empty"),
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), ANY) | ANY, max_size=6))
def test_every_row_is_either_read_or_rejected(rows):
    posted = parse_events(rows, NOW)
    assert posted.tables.events.height + len(posted.rejected) == len(rows)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.dictionaries(st.text(max_size=5), ANY, max_size=4), max_size=4))
def test_every_item_is_either_stored_or_rejected(fresh, rows):
    rows = [{**row, "item_id": f"i{n}"} for n, row in enumerate(rows)]
    posted = fresh.catalogue.put(rows)
    assert posted.accepted + len(posted.rejected) == len(rows)
    assert len(fresh.recommend(RecommendRequest(n=10)).items) <= 10


def test_lists_and_texts_in_one_column_keep_their_types(live):
    live.catalogue.put([{"item_id": "x", "title": "tea", "shelf": ["tea", "rum"]}])
    assert live.catalogue.get("x")["shelf"] == "tea|rum"
    assert "x" in [item.item_id for item in live.lists.similar("item-0", n=40)]


PERIODS = {
    "31.12.2020": datetime(2020, 12, 31, tzinfo=UTC).timestamp(),
    "2030-01-01": datetime(2030, 1, 1, tzinfo=UTC).timestamp(),
    "31 décembre 2020": datetime(2020, 12, 31, tzinfo=UTC).timestamp(),
    1_600_000_000_000: 1_600_000_000.0,
    "never": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize("value", PERIODS)
def test_limits_of_periods_are_times_in_any_form(value):
    row = {"item_id": "a", "available_until": value}
    assert parse_rows([row], "item_id").rows == ({**row, "available_until": PERIODS[value]},)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("available_until", "next summer", "not_a_time"),
        ("available_until", "05/06/2020", "not_a_time"),
        ("available_from", ["2020-01-01"], "not_a_time"),
        ("available_from", True, "not_a_time"),
        ("available_from", "x" * 9_999, "not_a_time"),
        ("created_at", "12. Januar", "not_a_time"),
        ("created_at", 10**400, "not_a_time"),
        ("is_hidden", "perhaps", "bad_value"),
        ("is_hidden", [True, False], "bad_value"),
    ],
)
def test_fields_with_a_meaning_that_cannot_be_read_are_rejected(name, value, code):
    parsed = parse_rows([{"item_id": "a", name: value}, {"item_id": "b"}], "item_id")
    assert [row["item_id"] for row in parsed.rows] == ["b"]
    assert [(one.field, one.code) for one in parsed.rejected] == [(name, code)]


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"expires_at": "31.12.2020"}, "available_until", 1_609_372_800.0),
        ({"Valid Until": "2020-12-31"}, "available_until", 1_609_372_800.0),
        ({"applicationDeadline": 1_609_372_800}, "available_until", 1_609_372_800.0),
        (
            {"expires_at": "x", "available_until": "2020-12-31"},
            "available_until",
            1_609_372_800,
        ),
        ({"expires": "in three days"}, "available_until", None),
        ({"expires_at": "never"}, "available_until", None),
        ({"available_until": "9999-12-31"}, "available_until", 1e11),
        ({"valid_from": "2099-01-01"}, "available_from", 4_070_908_800.0),
        ({"published_at": "2020-12-31"}, "created_at", 1_609_372_800.0),
        ({"published": 2019}, "created_at", None),
        ({"status": "archived"}, "is_hidden", True),
        ({"in_stock": "no"}, "is_hidden", True),
        ({"sold_out": False}, "is_hidden", False),
        ({"status": "active", "soldOut": 1}, "is_hidden", True),
        ({"status": "active", "is_hidden": True}, "is_hidden", True),
        ({"status": "second hand"}, "is_hidden", None),
        ({"Verfügbar bis": "31.12.2020"}, "available_until", 1_609_372_800.0),
        ({"deleted_at": "2020-12-31T10:00:00Z"}, "is_hidden", True),
        ({"deletedAt": 1_609_372_800}, "is_hidden", True),
        ({"deleted_at": None}, "is_hidden", False),
        ({"removed_at": "Station A"}, "is_hidden", None),
        ({"starts_at": "2020-12-30", "venue": "x"}, "available_until", 1_609_372_800.0),
        ({"startsAt": "2020-12-31T00:00:01Z", "venue": "x"}, "available_until", 1_609_372_801),
        ({"date": "2099-01-01", "venue": "x"}, "available_until", 4_070_995_200.0),
        ({"date": "2020-12-30", "venue": "a recording"}, "available_until", None),
        ({"date": "2020-12-30", "city": "a job"}, "available_until", None),
        ({"start_date": "2020-12-30", "location": "a job"}, "available_until", None),
        ({"event_date": "TBA", "venue": "x"}, "available_until", None),
        ({"starts_at": "2099-01-01"}, "available_from", None),
        ({"starts_at": "2099-01-01", "budget": 5}, "available_from", 4_070_908_800.0),
        ({"date": "2020-12-30", "author": "x"}, "available_until", None),
    ],
)
def test_limits_of_items_have_the_names_that_they_have_in_files(fields, name, value):
    (row,) = parse_rows([{"item_id": "offer", **fields}], "item_id").rows
    assert row.get(name) == value
    assert fields.keys() <= row.keys()


@pytest.mark.parametrize(
    ("stored", "fields", "until"),
    [
        ({"venue": "Hall"}, {"starts_at": "2030-01-01T20:00:00Z"}, 1_893_528_000.0),
        ({"venue": None}, {"starts_at": "2030-01-01T20:00:00Z"}, "unchanged"),
        ({"venue": "Hall"}, {"venue": "Arena"}, "unchanged"),
        ({"venue": "Hall", "end_date": "2031-01-01"}, {"starts_at": "2030-01-01"}, "unchanged"),
        (None, {"starts_at": "2030-01-01T20:00:00Z"}, "unchanged"),
    ],
)
def test_a_changed_beginning_moves_the_end_of_what_is_known_to_take_place(
    stored, fields, until
):
    (row,) = parse_rows([{"item_id": "gig", **fields}], "item_id", lambda _: stored).rows
    assert row.get("available_until", "unchanged") == until


def test_a_year_as_text_is_no_second_of_1970():
    (item,) = parse_rows([{"item_id": "old", "created_at": "2019"}], "item_id").rows
    assert item["created_at"] == 1_546_300_800.0  # by hand: 1 January 2019, midnight UTC
    (item,) = parse_rows([{"item_id": "old", "created_at": "12"}], "item_id").rows
    assert item["created_at"] == 12.0


def test_a_limit_that_cannot_be_read_is_rejected_under_its_own_name():
    (bad,) = parse_rows([{"item_id": "offer", "expires_at": "soon"}], "item_id").rejected
    assert (bad.field, bad.code) == ("expires_at", "not_a_time")


def test_an_ended_offer_is_in_no_list_whatever_its_field_is_called(fresh):
    fresh.catalogue.put([{"item_id": "gone", "name": "Red tea", "expires_at": "31.12.2020"}])
    fresh.catalogue.put([{"item_id": "here", "name": "Red tea", "expires_at": "9999-12-31"}])
    found = {item.item_id for item in fresh.recommend(RecommendRequest(n=200)).items}
    assert "here" in found
    assert "gone" not in found
    assert fresh.catalogue.get("here")["title"] == "Red tea"


def test_the_form_of_one_time_of_a_request_says_nothing_about_the_others():
    times = ["13/05/2026", "05/06/2026", "20260501", 20260501, 46_155.5, "46155.5"]
    row = {"user_id": "u", "item_id": "i"}
    parsed = parse_events([{**row, "timestamp": at} for at in times], now=2e9)
    assert [(one.row, "two ways" in one.reason) for one in parsed.rejected] == [(1, True)]
    may = datetime(2026, 5, 1, tzinfo=UTC).timestamp()
    expected = [may + 12 * 86_400, may, may, 46_155.5, 46_155.5]
    assert parsed.tables.events["timestamp"].to_list() == expected


@pytest.mark.parametrize("value", ["Yes", "true", 1, True, "ja", "1.0"])
def test_switches_hide_in_any_spelling(value):
    row = parse_rows([{"item_id": "a", "is_hidden": value}], "item_id").rows[0]
    assert str(row["is_hidden"]).lower() in {"true", "1"}


@given(st.text("aZ09 .-_:/@+=#\n\u200bÄ", max_size=8) | st.sampled_from(sorted(MISSING_IDS)))
def test_plain_ids_are_in_the_one_spelling(text):
    assert not is_plain_id(text) or (text and normalize_id(text) == text)


def test_ids_are_not_plain_if_too_long_or_no_text():
    assert is_plain_id("x" * 1_000)
    assert not any(map(is_plain_id, ["x" * 1_001, 7, None, "7.0", " x", "x\n"]))


def test_fields_that_are_known_do_not_say_how_much():
    assert find_value_column(FIELDS_WITHOUT_VALUE) is None
    rows = [{"user_id": "u", "item_id": "i", "stars": 4}]
    assert parse_events(rows, NOW).columns.value == [4.0]


def test_a_write_that_another_thread_has_applied_is_not_read_again(live, monkeypatch):
    row = {"user_id": "u", "item_id": "item-0"}
    live.events.add([row])
    applied = live.releases.cursor
    monkeypatch.setattr(live.store, "changes", lambda since: pytest.fail("it was applied"))
    live.releases.sync(applied)
    monkeypatch.undo()
    live.events.add([{**row, "item_id": "item-1"}])
    assert live.releases.cursor == applied + 1
    assert len(live.events.page(user="u").rows) == 2


@pytest.mark.parametrize("kind", ["items", "users", "catalogue"])
def test_rows_that_another_thread_has_applied_are_not_read_again(live, monkeypatch, kind):
    put = {
        "items": lambda: live.catalogue.put([{"item_id": "item-0", "title": "new"}]),
        "users": lambda: live.users.put([{"user_id": "u", "age": 7}]),
        "catalogue": lambda: live.catalogue.replace([{"item_id": "item-0", "title": "new"}]),
    }[kind]
    write = live.store.write

    def write_and_be_overtaken(*args, **kwargs):
        written = write(*args, **kwargs)
        live.releases.sync()
        monkeypatch.setattr(live.store, "changes", lambda since: pytest.fail("it was applied"))
        return written

    monkeypatch.setattr(live.store, "write", write_and_be_overtaken)
    put()
    monkeypatch.undo()
    assert live.releases.cursor == live.store.changes(0).cursor


@pytest.mark.parametrize(
    "text", ['["Beauty", "Sale"]', "['Beauty', 'Sale']", '[["Beauty"], ["Sale"]]']
)
def test_a_list_in_a_text_is_a_list_as_in_files(text):
    row = {"item_id": "a", "tags": text, "title": text}
    assert parse_rows([row], "item_id").rows == ({**row, "tags": ["Beauty", "Sale"]},)


@pytest.mark.parametrize("text", ["[new] lamp", "[1", "[]"])
def test_a_text_that_only_resembles_a_list_stays(text):
    row = {"item_id": "a", "tags": text}
    assert parse_rows([row], "item_id").rows == (row,)


def test_an_import_counts_in_the_next_list(fresh):
    events = [{"user_id": "ann", "item_id": "tea"}, {"user_id": "bob", "item_id": "cup"}]
    fresh.ingest_import(read_tables(events, [{"item_id": "tea", "title": "Green tea"}]))
    asked = fresh.recommend(RecommendRequest(user_id="carl", n=5))
    assert [item.item_id for item in asked.items] == ["tea"]
