"""Messages of the server in the language that a request prefers."""

import pytest

from daybreak.server.http.languages import language_of_headers, rows_in_language

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "detail"),
    [
        ("GET", "/items/nothing", None, "not_found", "没有物品 'nothing'"),
        ("POST", "/recommend", {"where": "price < 5 or"}, "bad_filter", "语法无效"),
        ("POST", "/recommend", {"filtr": "x"}, "invalid", "未知的 field 'filtr'；是否指"),
        ("POST", "/recommend", {"n": "many"}, "invalid", "应为有效的整数"),
        ("POST", "/similar", {}, "invalid", "item_id、text 与 image 必须且只能给出一个"),
        ("GET", "/no/such/path", None, "no_such_path", "没有接口 GET"),
        ("POST", "/models/rollback", None, "not_found", "没有更早的版本"),
    ],
)
def test_the_detail_of_a_problem_is_in_the_language_of_the_request(
    api, method, path, body, code, detail
):
    answer = api.request(method, path, json=body, headers=CHINESE).json()
    assert (answer["code"], detail in answer["detail"]) == (code, True), answer["detail"]
    english = api.request(method, path, json=body).json()
    assert english["code"] == code
    assert english["detail"].isascii()


def test_each_fault_of_a_request_is_translated_and_its_place_is_not(api):
    answer = api.post("/recommend", json={"n": "x", "where": 5}, headers=CHINESE).json()
    faults = {fault["at"]: fault["expected"] for fault in answer["errors"]}
    assert len(faults) == 2
    assert all(place.isascii() for place in faults)
    assert not any(text.isascii() for text in faults.values())


def test_reasons_of_rejected_rows_and_notes_are_translated_and_values_are_not(api):
    rows = [{"user_id": "u", "item_id": "tea-1"}, {"user_id": "u", "item_id": {"a": 1}}]
    answer = api.post("/events", json={"events": rows}, headers=CHINESE).json()
    assert answer["rejected"][0]["reason"] == "应为文字"
    assert answer["rejected"][0]["code"] == "not_text"
    items = ["tea-1", "tea-01"]
    notes = api.post("/recommend", json={"items": items}, headers=CHINESE).json()["notes"]
    assert notes == ["2 个物品中有 1 个未知，已略去：'tea-01'"]


def test_a_file_is_previewed_and_checked_in_the_language(api):
    lines = b"user_id,item_id,timestamp\nann,tea-1,2024-01-01\n,tea-2,2024-01-02\n"
    query = "/import/preview?table=events&name=shop.csv"
    answer = api.post(query, content=lines, headers=CHINESE).json()
    assert answer["rejects"][0]["reason"] == "没有 user_id"
    findings = api.get("/data", headers=CHINESE).json()["findings"]
    assert not any(finding["message"].isascii() for finding in findings)
    assert {finding["level"] for finding in findings} <= {"PASS", "WARN", "FAIL"}


def test_the_report_of_a_release_names_its_verdicts_in_the_language(api):
    [release, *_] = api.get("/models").json()["models"]
    path = f"/models/{release['id']}/report"
    english, chinese = (
        api.get(path, headers=headers).json()["report"]["candidates"]
        for headers in ({}, CHINESE)
    )
    assert list(english) == list(chinese)
    assert all(
        (one["left_out"] is None) == (chinese[name]["left_out"] is None)
        for name, one in english.items()
    )


def test_data_of_the_shop_are_never_translated(api):
    api.post("/items", json={"item_id": "odd", "title": "the filter is empty", "note": "none"})
    item = api.get("/items/odd", headers=CHINESE).json()
    assert (item["title"], item["note"]) == ("the filter is empty", "none")


def test_a_request_without_the_header_is_answered_in_english():
    assert language_of_headers([(b"host", b"shop")]) == "en"
    rows = rows_in_language([{"reason": "not valid JSON", "value": None}], "reason", "value")
    assert rows == [{"reason": "not valid JSON", "value": None}]
