"""Input that means harm, against a real service."""

import json

import pytest

from tests.server.conftest import client_of_copy

SQL = [
    "'; DROP TABLE items; --",
    '" OR 1=1 --',
    "1; DELETE FROM events",
    "%' UNION SELECT * FROM records --",
    "\\'; ATTACH DATABASE '/tmp/x' AS x; --",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "../../../../etc/passwd",
    "\u202e\ufeff\u200b",
    "😀" * 100,
    "-1e308",
    "null",
]
FIELDS = [
    ("/recommend", "user_id"),
    ("/recommend", "session_id"),
    ("/recommend", "filter"),
    ("/recommend", "scenario"),
    ("/recommend", "distinct"),
    ("/recommend", "items[]"),
    ("/recommend", "exclude[]"),
    ("/recommend", "categories[]"),
    ("/recommend", "profile{}"),
    ("/recommend", "boosts[where]"),
    ("/recommend", "quotas[each]"),
    ("/recommend", "events[item_id]"),
    ("/recommend", "events[timestamp]"),
    ("/recommend/next", "recommendation_id"),
    ("/similar", "item_id"),
    ("/similar", "text"),
    ("/similar", "filter"),
    ("/embed", "texts[]"),
    ("/experiments", "id"),
    ("/users/x/merge", "from"),
]


def body_with(field, value):
    """Put a value into a field, in a list, in an object, or as a name and a value."""
    name, mark, inner = field.partition("[")
    if mark:
        inner = inner.rstrip("]")
        more = {"at_most": 1} if name == "quotas" else {}
        extra = {"item_id": "tea-0"} if inner == "timestamp" else {}
        return {name: [{**more, **extra, inner: value} if inner else value]}
    if field.endswith("{}"):
        return {field[:-2]: {value: value, "text": value}}
    return {field: value}


@pytest.fixture(scope="module")
def hostile(made, tmp_path_factory):
    with client_of_copy(made, tmp_path_factory.mktemp("hostile")) as client:
        yield client


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_sql_and_other_tricks_in_a_field_are_only_text(hostile, path, field):
    for value in SQL:
        answer = hostile.post(path, json=body_with(field, value))
        assert answer.status_code < 500, (value, answer.text)
    assert hostile.get("/status").json()["items"] >= 24


@pytest.mark.parametrize("name", ["filter", "category", "exclude", "distinct", "scenario"])
def test_tricks_in_options_are_only_text(hostile, name):
    for value in SQL:
        answer = hostile.get("/recommend/u1", params={name: value})
        assert answer.status_code < 500, (value, answer.text)


def test_rows_of_tricks_are_stored_and_found_as_they_are(hostile):
    for n, value in enumerate(SQL):
        row = {"item_id": value, "title": value, value: value, "categories": [value, None]}
        for table, key in (("items", "item_id"), ("users", "user_id")):
            said = hostile.post(f"/{table}", json=[{**row, key: value}])
            assert said.status_code == 200, said.text
        event = {"event_id": f"h{n}", "user_id": value, "item_id": value, "event_type": value,
                 "domain": value, "recommendation_id": value}  # fmt: skip
        assert hostile.post("/events", json=event).status_code in {200, 422}
        quoted = "".join(f"%{byte:02X}" for byte in value.encode())
        assert hostile.get(f"/items/{quoted}").json()["item_id"] == value
        assert hostile.get(f"/recommend/{quoted}?n=3").status_code == 200
        for path in (f"/explain/{quoted}/{quoted}", f"/items/{quoted}/similar"):
            assert hostile.get(path).status_code == 200
        assert hostile.get(f"/users/{quoted}/export").status_code == 200
        assert hostile.delete(f"/users/{quoted}").json()["complete"]
        assert hostile.delete(f"/items/{quoted}").json()["deleted"] == 1
    assert hostile.get("/items/tea-0").status_code == 200


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 1.5, 10**18, -(2**63), 1e308, "", " ", [], [[]], {}, {"a": {"b": [1]}},
     ["x", 1], "x" * 200_000, "2026-13-45", "NaN", "Infinity"],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_values_of_a_wrong_kind_are_no_bug(hostile, value):
    item = {"item_id": "odd", "title": value, "price": value, "created_at": value,
            "is_hidden": value, "categories": value, "available_from": value}  # fmt: skip
    user = {"user_id": "odd", "text": value, "country": value}
    event = {"user_id": "odd", "item_id": "tea-0", "value": value, "timestamp": value,
             "event_type": value, "event_id": value}  # fmt: skip
    for path, row, key in (
        ("/items", item, "item_id"),
        ("/users", user, "user_id"),
        ("/events", event, "event_id"),
    ):
        fine = {name: "odd" for name in ("user_id", "item_id") if name in row}
        rows = [{**fine, key: f"odd-{name}", name: value} for name in row]
        assert hostile.post(path, json=rows).status_code < 500
        assert hostile.post(path, json=row).status_code < 500
    profile = {"profile": {"country": value, "text": value, "odd": value}}
    assert hostile.post("/recommend", json=profile).status_code < 500
    told = {"events": [{"item_id": "tea-0", "value": value, "timestamp": value}]}
    assert hostile.post("/recommend", json=told).status_code < 500
    for name in ("n", "filter", "diversity", "at", "alike", "explain", "items", "quotas"):
        assert hostile.post("/recommend", json={name: value}).status_code < 500
    assert hostile.get("/recommend/u1?n=3").status_code == 200
    assert len(hostile.get("/popular?n=3").json()["items"]) == 3


def test_an_id_of_ten_kilobytes_is_refused_or_answered_everywhere(hostile):
    for id_ in ("x" * 10_000, "😀" * 2_500, "a/" * 5_000):
        quoted = "".join(f"%{byte:02X}" for byte in id_.encode())
        assert hostile.get(f"/recommend/{quoted}?n=2").status_code in {200, 422}
        assert hostile.get(f"/items/{quoted}").status_code == 404
        assert hostile.get(f"/explain/{quoted}/tea-0").status_code in {200, 422}
        for method in ("PUT", "PATCH"):
            said = hostile.request(method, f"/items/{quoted}", json={"title": "t"})
            assert said.status_code in {200, 422}
        assert hostile.post("/events", json={"user_id": id_, "item_id": id_}).status_code < 500
        assert hostile.delete(f"/users/{quoted}").status_code in {200, 404, 422}


def test_huge_bodies_of_small_things_are_bounded(hostile):
    def post(body):
        return hostile.post("/recommend", json=body).status_code

    assert post({"exclude": ["x"] * 10_001}) == 422
    assert post({"events": [{"item_id": "x"}] * 1_001}) == 422
    assert post({"boosts": [{"where": "price > 1"}] * 51}) == 422
    assert post({"filter": "price > 1 and " * 1_000 + "price > 1"}) == 422
    assert post({"filter": "(" * 5_000}) == 422
    assert post({"profile": {f"f{n}": n for n in range(5_000)}}) < 500
    assert post({"profile": {"text": "tea " * 20_000}}) < 500
    wide = [{"item_id": "wide", **{f"f{n}": n for n in range(2_000)}}]
    assert hostile.post("/items", json=wide).status_code < 500


def test_names_of_columns_may_be_nearly_anything(hostile):
    names = ["item_id ", "__class__", "a.b", "a\nb", "SELECT", "user_id", "row", "id", "\0a"]
    row = {"item_id": "named", **dict.fromkeys(names[:-1], "x")}
    assert hostile.post("/items", json=[row]).json()["accepted"] == 1
    assert hostile.get("/items/named").json()["SELECT"] == "x"
    for odd in ("", " ", "n" * 5_000):
        assert hostile.post("/items", json=[{**row, odd: "x"}]).status_code == 200
    assert hostile.post("/items", json=[{**row, names[-1]: "x"}]).json()["code"] == "bad_json"
    assert hostile.get("/recommend/u1?n=2").status_code == 200


def test_one_column_may_have_values_of_every_kind(hostile):
    values = [1, "one", None, True, [1, "a"], {"a": 1}, 1.5, "", 10**17]
    rows = [{"item_id": f"kind-{n}", "odd": value} for n, value in enumerate(values)]
    assert hostile.post("/items", json=rows).status_code == 200
    for filter_ in ("odd = 1", "odd > 'a'", "has(odd, 'a')", "odd is null"):
        answer = hostile.post("/recommend", json={"filter": filter_})
        assert answer.status_code < 500, answer.text
    assert json.loads(hostile.get("/items?n=1000").text)["cursor"] is None
