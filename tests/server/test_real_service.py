"""A real server over a trained shop: data that is sent counts in the next list."""

import json
import time
from urllib.parse import quote

import pytest

from tests.server.conftest import until


def ids(answer):
    return [item["item_id"] for item in answer.json()["items"]]


def test_an_event_changes_the_next_list(api):
    before = api.get("/recommend/nobody?n=5").json()
    assert before["user"]["temperature"] == "cold"
    api.post("/events", json={"user_id": "nobody", "item_id": "rum-1"})
    after = api.get("/recommend/nobody?n=5").json()
    assert after["user"]["temperature"] == "hot"
    assert after["items"][0]["score"] != before["items"][0]["score"]
    assert "rum-1" not in [item["item_id"] for item in after["items"]]


def test_a_new_item_is_available_to_the_next_request(api):
    api.post("/items", json={"item_id": "rum/9 😀", "title": "spiced rum", "price": 1.0})
    assert "rum/9 😀" in ids(api.post("/similar", json={"text": "spiced rum", "n": 5}))
    assert ids(api.post("/recommend", json={"items": ["rum/9 😀"]})) == ["rum/9 😀"]
    quoted = "rum%2F9%20%F0%9F%98%80"
    assert api.get(f"/items/{quoted}").json()["title"] == "spiced rum"
    assert api.get(f"/items/{quoted}/similar?n=2").json()["items"]
    api.patch(f"/items/{quoted}", json={"is_hidden": True})
    assert not ids(api.post("/recommend", json={"items": ["rum/9 😀"]}))
    assert api.delete(f"/items/{quoted}").json()["deleted"] == 1
    assert api.get(f"/items/{quoted}").status_code == 404


def test_a_late_change_of_a_deleted_item_puts_nothing_on_sale(api):
    api.post("/items", json={"item_id": "short-lived", "title": "dark rum"})
    assert api.patch("/items/short-lived", json={"price": 2.0}).status_code == 200
    api.delete("/items/short-lived")
    late = api.patch("/items/short-lived", json={"price": 3.0})
    assert (late.status_code, late.json()["code"]) == (404, "not_found")
    assert not ids(api.post("/recommend", json={"items": ["short-lived"]}))


@pytest.mark.parametrize("named", [False, True], ids=["unknown", "named by an event"])
@pytest.mark.parametrize("door", ["fields", "image", "gorse", "gorse category"])
def test_a_change_of_what_is_not_in_the_catalogue_puts_nothing_on_sale(api, named, door):
    item = f"ghost-{door[-5:]}-{named}".replace(" ", "")
    if named:
        api.post("/events", json={"user_id": "ann", "item_id": item})
    gorse = str(api.base_url).replace("/api/v1", "/api").rstrip("/")
    changed = {
        "fields": lambda: api.patch(f"/items/{item}", json={"price": 3.0}),
        "image": lambda: api.put(f"/items/{item}/image", content=b"no picture yet"),
        "gorse": lambda: api.patch(f"{gorse}/item/{item}", json={"Comment": "tea"}),
        "gorse category": lambda: api.put(f"{gorse}/item/{item}/category/tea"),
    }[door]()
    assert changed.status_code == 404
    assert not ids(api.post("/recommend", json={"items": [item]}))


@pytest.mark.parametrize("item", ["tea-01", "TEA-1", "nothing/at all"])
def test_an_unknown_item_is_not_found_where_it_is_the_question(api, item):
    quoted = quote(item, safe="")
    answers = [
        api.get(f"/items/{quoted}/similar"),
        api.get(f"/items/{quoted}/audience"),
        api.get(f"/explain/u1/{quoted}"),
        api.post("/similar", json={"item_id": item}),
        api.post("/audience", json={"item_id": item}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert repr(item) in answer.json()["detail"]


def test_a_typing_error_in_an_event_makes_no_item_and_is_told(api):
    rows = [{"user_id": "ann", "item_id": item} for item in ("tea-1", "tea-001")]
    answer = api.post("/events", json=rows).json()
    assert (answer["accepted"], answer["rejected"]) == (2, [])
    (note,) = answer["notes"]
    assert note.startswith("1 of 2 items of events are not in the catalogue")
    assert "'tea-001'" in note
    assert "notes" not in api.post("/events", json=rows[0]).json()
    for asked in (
        api.get("/items/tea-001/similar"),
        api.get("/items/tea-001/audience"),
        api.get("/explain/u1/tea-001"),
        api.post("/similar", json={"item_id": "tea-001"}),
    ):
        assert (asked.status_code, asked.json()["code"]) == (404, "not_found")
    assert api.post("/why", json={"item_id": "tea-001"}).json()["obstacles"]


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        ("user_id,item_id\nann,tea-1\n", "text/csv", "files are sent to POST /import"),
        ('"tea-1"', "application/json", "a JSON object or a list of objects"),
        ("", "application/json", "the request has none"),
    ],
)
def test_a_body_that_is_no_row_says_what_is_expected(api, content, kind, words):
    answer = api.post("/events", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert words in answer.json()["detail"]
    assert "Value error" not in api.post("/similar", json={}).json()["detail"]


@pytest.mark.parametrize("path", ["/recommend", "/rank"])
def test_unknown_candidates_are_named_in_a_note(api, path):
    answer = api.post(path, json={"items": ["tea-1", "tea-01", "tea-2"]})
    assert sorted(ids(answer)) == ["tea-1", "tea-2"]
    assert answer.json()["notes"] == ["1 of 3 items are unknown and left out: 'tea-01'"]
    none = api.post(path, json={"items": ["nothing"]})
    assert (none.status_code, ids(none)) == (200, [])
    assert "'nothing'" in none.json()["notes"][0]


def test_unknown_items_of_events_and_exclusions_are_named_in_notes(api):
    events = [{"item_id": "tea-1"}, {"item_id": "tea-x"}]
    answer = api.post("/recommend", json={"events": events, "exclude": ["rum-x"]}).json()
    assert answer["notes"] == [
        "1 of 2 items of the history are unknown and left out: 'tea-x'",
        "1 of 1 items to exclude are unknown: 'rum-x'",
    ]
    assert api.get("/recommend/u1?exclude=rum-x").json()["notes"] == answer["notes"][1:]


@pytest.mark.parametrize("path", ["/recommend", "/similar"])
def test_a_text_of_unknown_words_is_named_in_a_note(api, path):
    def ask(text):
        said = {"profile": {"text": text}} if path == "/recommend" else {"text": text}
        return api.post(path, json=said).json()

    answer = ask("喜剧")
    assert "'喜剧' has no effect" in answer["notes"][0]
    assert bool(answer["items"]) is (path == "/recommend")
    assert ask("tea")["notes"] == []


def test_a_price_in_a_text_filters_the_list_and_is_explained(api):
    def ask(text, path="/recommend", **options):
        body = {"profile": {"text": text}, "n": 2, **options}
        return api.post(path, json=body, headers={"Accept-Language": language}).json()

    language = "en"
    answer = ask("a cup under 6 euros", explain=True)
    assert len(answer["items"]) == 2
    assert all(item["properties"]["price"] < 6 for item in answer["items"])
    reason = answer["items"][0]["reasons"][0]
    assert (reason["kind"], reason["name"], reason["value"]) == ("quantity", "under 6 euros", 0)
    assert reason["text"].endswith("is below 6, as you asked")
    why = ask("a cup under 6 euros", "/why", item_id="cup-3")
    assert why["obstacles"] == ["quantity"]
    assert why["reasons"][0]["text"] == "price 13 is not below 6, which you asked for"
    assert all(item["properties"]["price"] < 6 for item in ask("cheap tea")["items"])
    language = "zh"
    answer = ask("a cup under 1 euro, under 90 minutes", n=9)
    assert "时长" in answer["notes"][0]
    assert "只剩下 1 个" in answer["notes"][1]
    assert {item["item_id"] for item in answer["items"]} == {"tea-0"}


def test_other_names_of_fields_are_accepted(api):
    body = {"user_id": "u1", "exclude_seen": False}
    named = ids(api.post("/recommend", json={**body, "k": 2, "where": "price < 10"}))
    assert len(named) == 2
    assert ids(api.post("/recommend", json={**body, "n": 2, "filter": "price < 10"})) == named
    query = "exclude_seen=no&n=3&filter=price<10&category=tea&category=cup"
    by_path = api.get(f"/recommend/u1?{query}")
    assert by_path.json()["user_id"] == "u1"
    assert {id_[:3] for id_ in ids(by_path)} <= {"tea", "cup"}
    assert len(api.get("/items?n=3").json()["items"]) == 3
    twice = api.post("/recommend", json={"n": 1, "k": 1})
    assert twice.status_code == 422
    assert "'n' is another name of 'k'" in twice.json()["detail"]


@pytest.mark.parametrize(
    ("send", "says"),
    [
        (lambda api: api.post("/recommend", json={"filtr": "x"}), "did you mean 'filter'?"),
        (lambda api: api.get("/popular?categorie=x"), "did you mean 'categor"),
        (lambda api: api.post("/similar", json={"text": "x", "kk": 1}), "did you mean 'k'?"),
        (lambda api: api.post("/embed", json={"texts": [], "q": 1}), "allowed: texts"),
        (lambda api: api.get("/online?since=0&zzz=1"), "allowed: every_h, since, until"),
        (
            lambda api: api.post("/recommend", json={"quotas": [{"ech": "price"}]}),
            "'ech'; did you mean 'each'? Allowed: at_least, at_most, each, of, where",
        ),
    ],
)
def test_an_unknown_field_is_named_with_the_nearest_and_the_allowed_ones(api, send, says):
    answer = send(api)
    assert answer.status_code == 422
    assert says in json.dumps(answer.json()["errors"])


def test_fields_of_items_are_chosen(api):
    whole = api.post("/recommend", json={"k": 1}).json()["items"][0]
    some = api.post("/recommend", json={"k": 1, "fields": ["rank", "title"]}).json()["items"]
    title = whole["properties"]["title"]
    assert some == [{"item_id": whole["item_id"], "rank": 1, "properties": {"title": title}}]
    for path in ("/popular?k=1&", "/items/tea-1/similar?k=1&", "/recommend/u1?k=1&"):
        (item,) = api.get(f"{path}fields=score,price&fields=nothing").json()["items"]
        assert set(item) == {"item_id", "score", "properties"}
        assert set(item["properties"]) == {"price"}
    (item,) = api.get("/latest?k=1&fields=item_id").json()["items"]
    assert set(item) == {"item_id"}


def test_a_session_is_merged_into_a_user(api):
    seen = {"session_id": "s1", "item_id": "gin-1"}
    api.post("/events", json=seen)
    asked = api.post("/recommend", json={"session_id": "s1"}).json()
    assert asked["user"]["temperature"] == "hot"
    said = api.post("/users/eve/merge", json={"from": "s1"}).json()
    assert said["events"] == 1
    assert api.get("/events?user_id=eve").json()["events"][0]["item_id"] == "gin-1"


def test_the_next_page_of_a_list_repeats_no_item(api):
    first = api.get("/recommend/u1?n=4").json()
    again = {"recommendation_id": first["recommendation_id"], "n": 4}
    shown = [item["item_id"] for item in first["items"]]
    more = ids(api.post("/recommend/next", json=again))
    assert len({*shown, *more}) == 8


def test_reasons_add_up_to_the_score(api):
    item = api.get("/recommend/u1?n=1&explain=true").json()["items"][0]
    total = sum(reason["value"] for reason in item["reasons"])
    assert total == pytest.approx(item["score"], abs=1e-4)
    said = api.get(f"/explain/u1/{item['item_id']}").json()
    assert said["score"] == pytest.approx(item["score"], abs=1e-4)


def test_rules_of_a_request_are_applied(api):
    rules = {"filter": "price < 10", "categories": ["tea", "cup"], "exclude": ["tea-0"],
             "n": 3, "exclude_seen": False, "boosts": [{"where": "price > 4", "factor": 50}],
             "quotas": [{"each": "title", "at_most": 1}]}  # fmt: skip
    found = api.post("/recommend", json={"user_id": "u1", **rules}).json()["items"]
    assert len(found) == 3
    assert all(item["properties"]["price"] < 10 for item in found)
    assert {item["item_id"][:3] for item in found} <= {"tea", "cup"}
    assert found[0]["properties"]["price"] > 4
    named = api.get("/recommend/u1?filter=price<10&category=rum&category=gin&exclude_seen=no")
    assert {one[:3] for one in ids(named)} == {"rum", "gin"}
    assert set(ids(api.get("/popular?category=ale"))) <= {f"ale-{n}" for n in range(4)}


def test_popularity_is_a_field_of_requests_and_answers(api):
    asked = api.post("/recommend", json={"user_id": "u1", "popularity": 0.1})
    assert asked.json()["popularity"] == 0.1
    assert api.get("/recommend/u1?popularity=0.2").json()["popularity"] == 0.2
    assert api.get("/recommend/u1").json()["popularity"] is None
    assert api.get("/recommend/u1?popularity=1.5").status_code == 422


def test_an_invalid_filter_is_rejected_with_its_position(api):
    answer = api.post("/recommend", json={"filter": "price <"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_filter")


def test_given_items_are_ranked(api):
    ranked = api.post("/rank", json={"user_id": "u1", "items": ["tea-1", "gin-1", "new"]})
    assert sorted(ids(ranked)) == ["gin-1", "tea-1"]


def test_onboarding_returns_questions(api):
    questions = api.get("/onboarding?n=3&yes=tea-1").json()["questions"]
    assert [question["rank"] for question in questions] == [1, 2, 3]
    assert all(question["item_id"] for question in questions)


def test_novelty_is_a_rule_of_a_list(api):
    answer = api.post("/recommend", json={"k": 9, "novelty": 1, "record": False})
    assert len(answer.json()["items"]) == 9
    assert api.post("/recommend", json={"novelty": 2}).status_code == 422


def test_a_trial_of_one_strategy_and_of_a_release(api):
    body = {"user_id": "u1", "k": 5, "record": False}
    active = api.get("/models").json()["models"][0]["id"]
    one = api.post("/recommend", json=body | {"strategy": "popular", "release": active})
    assert {item["strategy"] for item in one.json()["items"]} == {"popular"}
    assert one.json()["model"] == active
    assert api.post("/recommend", json=body | {"release": "no"}).status_code == 404
    counted = api.post("/recommend", json=body | {"strategy": "popular", "record": True})
    assert counted.json()["code"] == "bad_config"


def test_a_policy_is_previewed_put_and_followed(api):
    started = api.get("/policy").json()
    assert (started["where"], started["retrain"]) == ("", None)
    rules = {"where": "price < 9", "boosts": [{"where": "price < 3", "factor": 2}]}
    hides, lifts = api.post("/policy/preview", json=rules).json()["rules"]
    assert (hides["kind"], lifts["factor"]) == ("where", pytest.approx(2))
    try:
        put = api.put("/policy", json=rules | {"retrain": "off", "retention_days": 0})
        assert put.json()["boosts"] == [{"where": "price < 3", "factor": 2.0, "add": 0.0}]
        items = api.post("/recommend", json={"k": 20, "record": False}).json()["items"]
        assert all(item["properties"]["price"] < 9 for item in items)
        assert (
            api.put("/policy", json={"where": "no_column = 1"}).json()["code"] == "bad_filter"
        )
        assert api.put("/policy", json={"retrain": "sometimes"}).status_code == 422
    finally:
        again = api.put("/policy", json={}).json()
        assert again | {"request_id": ""} == started | {"request_id": ""}


def test_an_experiment_from_plan_to_report(api):
    plan = {
        "id": "more/variety",
        "variants": [{"name": "now"}, {"name": "new", "ask": {"rules": {"diversity": 0.5}}}],
    }
    one = "/experiments/more%2Fvariety"
    made = api.post("/experiments", json=plan)
    if made.status_code == 422:  # ids of experiments are names
        plan["id"], one = "variety", "/experiments/variety"
        made = api.post("/experiments", json=plan)
    assert (made.status_code, made.json()["status"]) == (201, "draft")
    assert api.post("/experiments", json=plan).json()["code"] == "bad_config"
    assert api.post(f"{one}/start").json()["status"] == "running"
    answer = api.get("/recommend/u1").json()
    assert answer["experiment"] == plan["id"]
    assert answer["variant"] in {"now", "new"}
    event = {"user_id": "u1", "item_id": answer["items"][0]["item_id"], "event_type": "click",
             "recommendation_id": answer["recommendation_id"]}  # fmt: skip
    assert api.post("/events", json=event).json()["accepted"] == 1
    until(lambda: sum(v["impressions"] for v in api.get(f"{one}/report").json()["shown"]))
    assert api.get("/online?since=-3600").json()["total"]["answers"] >= 1
    assert api.patch(one, json={"share": 0.5}).json()["share"] == 0.5
    assert api.delete(one).json()["code"] == "bad_config"
    assert api.post(f"{one}/stop").json()["status"] == "stopped"
    assert api.delete(one).json()["deleted"] == 1
    assert api.get(one).status_code == 404


def test_releases_can_be_changed_while_requests_run(api):
    first = api.get("/models").json()["models"][0]["id"]
    planned = api.get("/train/plan").json()
    assert planned["peak_bytes"][1] <= planned["peak_bytes"][2]
    assert {"popular", "ease"} <= {one["name"] for one in planned["strategies"]}
    task = api.post("/train").json()["id"]

    def status():
        found = {one["id"]: one["status"] for one in api.get("/tasks").json()["tasks"]}
        assert api.get("/recommend/u1").status_code == 200
        time.sleep(0.1)
        return found[task]

    until(lambda: status() not in {"running", "waiting"})
    assert status() == "done", api.get("/tasks").text
    until(lambda: api.get("/status").json()["release"] != first)
    assert api.post("/models/rollback").json()["id"] == first
    assert api.get("/recommend/u1").json()["model"] == first
    other = next(m["id"] for m in api.get("/models").json()["models"] if m["id"] != first)
    assert api.post(f"/models/{other}/activate").json()["active"]
    assert api.get("/models/nothing/report").status_code == 404
    measured = api.get(f"/models/{first}/report").json()
    assert (measured["gate"], measured["id"]) == (None, first)
    assert {one["name"] for one in measured["strategies"]} >= {"popular"}
    assert api.post("/models/nothing/activate").status_code == 404


def test_a_user_is_exported_and_erased_with_a_report(api):
    api.get("/recommend/u2")
    said = api.get("/users/u2/export").json()
    assert len(said["events"]) == 6
    assert api.delete("/users/u2").json()["complete"]
    assert not api.get("/users/u2/export").json()["events"]
    assert api.get("/recommend/u2").json()["user"]["temperature"] == "cold"


def test_rows_are_paged(api):
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get("/items", params={"n": 7, **({"cursor": cursor} if cursor else {})})
        seen += [row["item_id"] for row in page.json()["items"]]
        cursor = page.json()["cursor"]
    assert len(seen) == len(set(seen)) == 24
    assert api.get("/items?cursor=nonsense").json()["code"] == "bad_config"


def test_events_are_deleted_by_id_or_by_user(api):
    api.post("/events", json={"event_id": "e1", "user_id": "zed", "item_id": "tea-0"})
    api.post("/events", json={"user_id": "zed", "item_id": "cup-0"})
    assert api.request("DELETE", "/events", json={"event_ids": ["e1"]}).json()["deleted"] == 1
    assert api.request("DELETE", "/events", json={"user_id": "zed"}).json()["deleted"] == 1
    assert api.request("DELETE", "/events", json={}).json()["code"] == "invalid"
    assert not api.get("/events?user_id=zed").json()["events"]


def test_similar_items_and_audiences_have_reasons_on_request(api):
    asked = {"text": "dark rum", "n": 2}
    for path, key in (("/similar", "items"), ("/audience", "users")):
        (plain, *_) = api.post(path, json=asked).json()[key]
        (explained, *_) = api.post(path, json={**asked, "explain": True}).json()[key]
        assert plain["reasons"] == []
        total = sum(reason["value"] for reason in explained["reasons"])
        assert total == pytest.approx(explained["score"], abs=1e-4)
    said = api.get("/items/rum-1/audience?n=3&explain=true").json()["users"]
    assert [user["rank"] for user in said] == list(range(1, len(said) + 1))
    assert api.get("/items/nowhere/audience").status_code == 404
    assert api.post("/audience", json={}).status_code == 422


def test_being_shown_leaves_nothing_out_unless_asked_for(api):
    for kind, item in (("impression", "rum-2"), ("purchase", "rum-3")):
        api.post("/events", json={"user_id": "pager", "item_id": item, "event_type": kind})
    listed = ids(api.get("/recommend/pager?n=100"))
    assert "rum-2" in listed
    assert "rum-3" not in listed
    shown = ids(api.get("/recommend/pager?n=100&exclude_events=impression"))
    assert "rum-2" not in shown
    assert "rum-3" in shown
    body = {"user_id": "pager", "n": 100, "exclude_events": []}
    assert {"rum-2", "rum-3"} <= set(ids(api.post("/recommend", json=body)))


def test_a_sentence_in_the_wrong_place_is_told_its_place(api):
    answer = api.post("/recommend", json={"text": "some tea"})
    assert answer.status_code == 422
    assert 'belongs into \'profile\': {"profile": {"text": ...}}' in answer.json()["detail"]
    assert api.post("/recommend", json={"profile": {"text": "some tea"}}).status_code == 200


def test_items_have_a_sentence_on_request(api):
    body = {"user_id": "nobody", "events": [{"item_id": "rum-1"}], "n": 2, "explain": "text"}
    (first, second) = api.post("/recommend", json=body).json()["items"]
    assert first["explanation"].startswith("Because you chose ")
    assert (first["explanation_source"], second["explanation_source"]) == ("template",) * 2
    chinese = api.post("/recommend", json={**body, "language": "zh"}).json()["items"]
    assert chinese[0]["explanation"].startswith("因为你选过")
    listed = api.get("/recommend/nobody?explain=text&language=zh").json()["items"]
    assert all(item["explanation"] for item in listed)
    assert "explanation" not in api.get("/recommend/nobody?explain=true").json()["items"][0]
    ranked = api.post("/rank", json={**body, "items": ["rum-2"]}).json()["items"]
    assert ranked[0]["explanation"]
    assert api.get("/recommend/nobody?explain=words").status_code == 422
    assert api.post("/recommend", json={"language": "fr"}).status_code == 422


def test_an_interview_asks_reads_and_recommends(api):
    first = api.post("/interview", json={"k": 3, "n_choices": 2}).json()
    question = first["question"]
    assert 1 <= len(question["choices"]) <= 2
    assert len(first["items"]) == 3
    turn = {
        "kind": question["kind"],
        "name": question["name"],
        "shown": [choice["id"] for choice in question["choices"]],
        "text": "1",
    }
    second = api.post("/interview", json={"turns": [turn], "k": 3, "record": False}).json()
    said = second["understood"]
    assert said["liked"] == turn["shown"][:1] or said["wanted"][0][1] == turn["shown"][0]
    assert second["question"]["choices"] != question["choices"]
    back = api.post("/interview", json={"turns": [turn], "undo": 1, "k": 3}).json()
    assert back["turns"] == []
    plain = api.post("/interview", json={"k": 3, "n_choices": 2, "use_model": True}).json()
    assert plain["question"] == question  # no model is set
    assert question["source"] == "template"


@pytest.mark.parametrize(
    "body",
    [
        {"turns": [{"kind": "dance"}]},
        {"turns": [{"kind": "open"}] * 6},
        {"turns": [{"kind": "open", "text": "x" * 1001}]},
        {"language": "xx"},
        {"n_choices": 99},
        {"undo": -1},
    ],
)
def test_an_invalid_interview_is_refused(api, body):
    assert api.post("/interview", json=body).status_code == 422
