"""Hostile input against a real service: each request is answered, or rejected with its code."""

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
    "a\u202e\ufeff\u200bb",
    "😀" * 100,
    "-1e308",
    "null; null",
]
OK = (200, "")
BAD_CONFIG, BAD_DATA = (422, "bad_config"), (422, "bad_data")
BAD_FILTER, INVALID, NOT_FOUND = (422, "bad_filter"), (422, "invalid"), (404, "not_found")
FIELDS = [
    ("/recommend", "user_id", {OK}),
    ("/recommend", "session_id", {OK}),
    ("/recommend", "filter", {OK, BAD_FILTER}),
    ("/recommend", "scenario", {OK}),
    ("/recommend", "distinct", {BAD_FILTER}),
    ("/recommend", "items[]", {OK}),
    ("/recommend", "exclude[]", {OK}),
    ("/recommend", "categories[]", {OK}),
    ("/recommend", "profile{}", {OK}),
    ("/recommend", "boosts[where]", {OK, BAD_FILTER}),
    ("/recommend", "quotas[each]", {BAD_FILTER}),
    ("/recommend", "events[item_id]", {OK}),
    ("/recommend", "events[timestamp]", {OK, BAD_DATA}),
    ("/recommend/next", "recommendation_id", {NOT_FOUND}),
    ("/similar", "item_id", {NOT_FOUND}),
    ("/similar", "text", {OK}),
    ("/similar", "filter", {OK, BAD_FILTER}),
    ("/embed", "texts[]", {(409, "not_fitted")}),
    ("/experiments", "id", {BAD_CONFIG, (201, "")}),
    ("/users/x/merge", "from", {OK}),
]
"""Paths and fields, with the allowed outcomes of hostile texts in them."""
OTHER_FIELDS = {
    "/similar filter": {"text": "tea"},
    "/experiments id": {"variants": [{"name": "a"}, {"name": "b"}]},
}
"""Required fields besides the hostile one."""


def outcome(answer):
    """Return the status, and the code of a problem; every rejection is a problem."""
    if answer.is_success:
        return answer.status_code, ""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["code"]


def body_with(field, value):
    """Put a value into a field, in a list, in an object, or as a name and a value."""
    name, mark, inner = field.partition("[")
    if mark:
        inner = inner.rstrip("]")
        required = {"at_most": 1} if name == "quotas" else {}
        if inner == "timestamp":
            required = {"item_id": "tea-0"}
        return {name: [{**required, inner: value} if inner else value]}
    if field.endswith("{}"):
        return {field[:-2]: {value: value, "text": value}}
    return {field: value}


@pytest.fixture
def hostile_alone(made, tmp_path):
    """A client of a store that no other test fills with columns of strange names."""
    with client_of_copy(made, tmp_path) as client:
        yield client


@pytest.fixture(scope="module")
def hostile(made, tmp_path_factory):
    with client_of_copy(made, tmp_path_factory.mktemp("hostile")) as client:
        yield client


@pytest.mark.parametrize(("path", "field", "outcomes"), FIELDS)
def test_sql_and_other_injections_in_a_field_are_plain_text(hostile, path, field, outcomes):
    for value in SQL:
        body = body_with(field, value) | OTHER_FIELDS.get(f"{path} {field}", {})
        answer = hostile.post(path, json=body)
        assert outcome(answer) in outcomes, (value, answer.text)
    assert hostile.get("/status").json()["items"] >= 24


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("filter", {OK, BAD_FILTER}),
        ("category", {OK}),
        ("exclude", {OK}),
        ("distinct", {BAD_FILTER}),
        ("scenario", {OK}),
    ],
)
def test_injections_in_query_parameters_are_plain_text(hostile, name, outcomes):
    for value in SQL:
        answer = hostile.get("/recommend/u1", params={name: value})
        assert outcome(answer) in outcomes, (value, answer.text)


@pytest.mark.parametrize("value", ["\u202e\ufeff\u200b", "\u00a0", "null", "NaN", "undefined"])
def test_rows_without_a_real_id_are_rejected_on_every_way_in(hostile, value):
    event = {"user_id": value, "item_id": value}
    assert outcome(hostile.post("/events", json=event)) == (422, "invalid")
    for table, key in (("items", "item_id"), ("users", "user_id")):
        answer = hostile.post(f"/{table}", json=[{key: value}]).json()
        assert (answer["accepted"], answer["rejected"][0]["code"]) == (0, "empty")


def test_rows_with_injections_are_stored_and_returned_unchanged(hostile_alone):
    client = hostile_alone
    for n, value in enumerate(SQL):
        row = {"item_id": value, "title": value, value: value, "categories": [value, None]}
        for table, key in (("items", "item_id"), ("users", "user_id")):
            response = client.post(f"/{table}", json=[{**row, key: value}])
            assert response.status_code == 200, response.text
        event = {"event_id": f"h{n}", "user_id": value, "item_id": value, "event_type": value,
                 "domain": value, "recommendation_id": value}  # fmt: skip
        assert outcome(client.post("/events", json=event)) == OK
        quoted = "".join(f"%{byte:02X}" for byte in value.encode())
        assert client.get(f"/items/{quoted}").json()["item_id"] == value
        assert client.get(f"/recommend/{quoted}?n=3").status_code == 200
        for path in (f"/explain/{quoted}/{quoted}", f"/items/{quoted}/similar"):
            assert client.get(path).status_code == 200
        assert client.get(f"/users/{quoted}/export").status_code == 200
        assert client.delete(f"/users/{quoted}").json()["complete"]
        assert client.delete(f"/items/{quoted}").json()["deleted"] == 1
    assert client.get("/items/tea-0").status_code == 200


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 1.5, 10**18, -(2**63), 1e308, "", " ", [], [[]], {}, {"a": {"b": [1]}},
     ["x", 1], "x" * 200_000, "2026-13-45", "NaN", "Infinity"],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_values_of_a_wrong_type_are_accepted_or_rejected(hostile, value):
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
        ids = {name: "odd" for name in ("user_id", "item_id") if name in row}
        rows = [{**ids, key: f"odd-{name}", name: value} for name in row]
        assert outcome(hostile.post(path, json=rows)) == OK
        expected = {OK, INVALID} if path == "/events" else {OK}
        assert outcome(hostile.post(path, json=row)) in expected
    profile = {"profile": {"country": value, "text": value, "odd": value}}
    assert outcome(hostile.post("/recommend", json=profile)) in {OK, BAD_DATA}
    events = {"events": [{"item_id": "tea-0", "value": value, "timestamp": value}]}
    assert outcome(hostile.post("/recommend", json=events)) in {OK, BAD_DATA, INVALID}
    codes = {"filter": BAD_FILTER, "alike": BAD_CONFIG}
    for name in ("n", "filter", "diversity", "at", "alike", "explain", "items", "quotas"):
        found = outcome(hostile.post("/recommend", json={name: value}))
        assert found in {OK, INVALID, codes.get(name, INVALID)}
    assert hostile.get("/recommend/u1?n=3").status_code == 200
    assert len(hostile.get("/popular?n=3").json()["items"]) == 3


def test_an_id_of_ten_kilobytes_is_accepted_or_rejected_everywhere(hostile):
    for id_ in ("x" * 10_000, "😀" * 2_500, "a/" * 5_000):
        quoted = "".join(f"%{byte:02X}" for byte in id_.encode())
        assert outcome(hostile.get(f"/recommend/{quoted}?n=2")) == OK
        assert outcome(hostile.get(f"/items/{quoted}")) == NOT_FOUND
        assert outcome(hostile.get(f"/explain/{quoted}/tea-0")) == OK
        assert outcome(hostile.put(f"/items/{quoted}", json={"title": "t"})) == INVALID
        assert outcome(hostile.patch(f"/items/{quoted}", json={"title": "t"})) == NOT_FOUND
        event = {"user_id": id_, "item_id": id_}
        assert outcome(hostile.post("/events", json=event)) == INVALID
        assert outcome(hostile.delete(f"/users/{quoted}")) == OK


def test_bodies_with_very_many_small_values_are_bounded(hostile):
    def post(body):
        return outcome(hostile.post("/recommend", json=body))

    assert post({"exclude": ["x"] * 10_001}) == INVALID
    assert post({"events": [{"item_id": "x"}] * 1_001}) == INVALID
    assert post({"boosts": [{"where": "price > 1"}] * 51}) == INVALID
    assert post({"filter": "price > 1 and " * 1_000 + "price > 1"}) == INVALID
    assert post({"filter": "(" * 5_000}) == BAD_FILTER
    assert post({"profile": {f"f{n}": n for n in range(5_000)}}) == BAD_DATA
    assert post({"profile": {"text": "tea " * 20_000}}) == OK
    wide = [{"item_id": "wide", **{f"f{n}": n for n in range(2_000)}}]
    assert outcome(hostile.post("/items", json=wide)) == OK


def test_column_names_may_be_nearly_any_text(hostile):
    names = ["item_id ", "__class__", "a.b", "a\nb", "SELECT", "user_id", "row", "id", "\0a"]
    row = {"item_id": "named", **dict.fromkeys(names[:-1], "x")}
    assert hostile.post("/items", json=[row]).json()["accepted"] == 1
    assert hostile.get("/items/named").json()["SELECT"] == "x"
    for odd in ("", " ", "n" * 5_000):
        assert hostile.post("/items", json=[{**row, odd: "x"}]).status_code == 200
    assert hostile.post("/items", json=[{**row, names[-1]: "x"}]).json()["code"] == "bad_json"
    assert hostile.get("/recommend/u1?n=2").status_code == 200


def test_one_column_may_have_values_of_every_type(hostile):
    values = [1, "one", None, True, [1, "a"], {"a": 1}, 1.5, "", 10**17]
    rows = [{"item_id": f"kind-{n}", "odd": value} for n, value in enumerate(values)]
    assert hostile.post("/items", json=rows).status_code == 200
    for filter_ in ("odd = 1", "odd > 'a'", "has(odd, 'a')", "odd is null"):
        answer = hostile.post("/recommend", json={"filter": filter_})
        assert outcome(answer) in {OK, BAD_FILTER}, answer.text
    assert json.loads(hostile.get("/items?n=1000").text)["cursor"] is None
