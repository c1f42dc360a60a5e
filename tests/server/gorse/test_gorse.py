import json

import httpx
import polars as pl
import pytest

from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.service.ingest.files import Sources
from daybreak.service.serving import RecommenderService
from daybreak.store import open_store
from tests.server.conftest import served

TEA = {
    "ItemId": "tea",
    "IsHidden": False,
    "Categories": ["drinks", "hot"],
    "Timestamp": "2024-01-01T00:00:00Z",
    "Labels": {"brand": "Acme", "words": ["green", "leaf"]},
    "Comment": "green tea",
}
RUM = {"ItemId": "rum", "Categories": ["drinks"], "Timestamp": "2024-02-01T00:00:00Z"}
POT = {"ItemId": "pot", "Categories": ["kitchen"], "Timestamp": "2024-03-01T00:00:00Z"}
BOB = {"UserId": "bob", "Labels": {"age": 24}, "Comment": "likes tea"}


def feedback(kind, user, item, timestamp="2024-05-01T00:00:00Z", **more):
    return {
        "FeedbackType": kind,
        "UserId": user,
        "ItemId": item,
        "Timestamp": timestamp,
        **more,
    }


@pytest.fixture
def shop(gorse):
    assert gorse.post("/api/items", json=[TEA, RUM, POT]).json() == {"RowAffected": 3}
    assert gorse.post("/api/user", json=BOB).json() == {"RowAffected": 1}
    return gorse


def test_an_item_is_returned_as_it_was_sent(shop):
    assert shop.get("/api/item/tea").json() == TEA
    page = shop.get("/api/items", params={"n": 2}).json()
    assert [item["ItemId"] for item in page["Items"]] == ["tea", "rum"]
    rest = shop.get("/api/items", params={"n": 2, "cursor": page["Cursor"]}).json()
    assert [item["ItemId"] for item in rest["Items"]] == ["pot"]
    assert rest["Cursor"] == ""


def test_an_item_is_patched_and_deleted(shop):
    patch = {"IsHidden": True, "Categories": None, "Labels": None, "Comment": None}
    assert shop.patch("/api/item/tea", json=patch).json() == {"RowAffected": 1}
    assert shop.get("/api/item/tea").json() == {**TEA, "IsHidden": True}
    assert shop.delete("/api/item/tea").json() == {"RowAffected": 1}
    assert shop.get("/api/item/tea").status_code == 404


def test_an_item_is_added_to_and_removed_from_a_category(shop):
    shop.put("/api/item/pot/category/clay")
    assert shop.get("/api/item/pot").json()["Categories"] == ["kitchen", "clay"]
    shop.delete("/api/item/pot/category/kitchen")
    assert shop.get("/api/item/pot").json()["Categories"] == ["clay"]


def test_a_user_is_returned_as_it_was_sent(shop):
    assert shop.get("/api/user/bob").json() == BOB
    assert shop.patch("/api/user/bob", json={"Comment": "rum"}).json() == {"RowAffected": 1}
    assert shop.get("/api/users").json()["Users"] == [{**BOB, "Comment": "rum"}]
    assert shop.delete("/api/user/bob").json() == {"RowAffected": 1}
    assert shop.get("/api/user/bob").status_code == 404


def test_posted_values_add_up_but_duplicates_do_not(shop):
    """3 at one time and 2 at another: 5, however often they are sent."""
    rows = [
        feedback("read", "bob", "tea", Value=3),
        feedback("read", "bob", "tea", "2024-05-02T00:00:00Z", Value=2),
    ]
    for _ in range(2):
        assert shop.post("/api/feedback", json=rows).json() == {"RowAffected": 2}
    found = shop.get("/api/feedback/read/bob/tea").json()
    assert (found["Value"], found["Timestamp"]) == (5, "2024-05-02T00:00:00Z")


def test_put_feedback_replaces_earlier_feedback(shop):
    old = [feedback("read", "bob", item, Value=3) for item in ("tea", "pot")]
    shop.post("/api/feedback", json=[*old, feedback("star", "bob", "tea", Value=7)])
    new = feedback("read", "bob", "tea", "2024-06-01T00:00:00Z", Value=1)
    for _ in range(2):
        assert shop.put("/api/feedback", json=[new]).json() == {"RowAffected": 1}
    values = {
        (one["FeedbackType"], one["ItemId"]): one["Value"]
        for one in shop.get("/api/user/bob/feedback").json()
    }
    assert values == {("read", "tea"): 1, ("read", "pot"): 3, ("star", "tea"): 7}


def test_feedback_is_found_and_deleted_by_type(shop):
    rows = [feedback(kind, "bob", "tea") for kind in ("read", "star")]
    shop.post("/api/feedback", json=rows)
    assert len(shop.get("/api/feedback").json()["Feedback"]) == 2
    assert len(shop.get("/api/feedback/star").json()["Feedback"]) == 1
    assert len(shop.get("/api/item/tea/feedback/").json()) == 2
    assert shop.delete("/api/feedback/star/bob/tea").json() == {"RowAffected": 1}
    assert [f["FeedbackType"] for f in shop.get("/api/feedback/bob/tea").json()] == ["read"]
    assert shop.delete("/api/feedback/bob/tea").json() == {"RowAffected": 1}
    assert shop.get("/api/feedback/read/bob/tea").status_code == 404


def test_lists_are_ids_or_in_version_2_ids_with_scores(shop):
    shop.post("/api/feedback", json=[feedback("star", "bob", "tea")])
    ids = shop.get("/api/recommend/bob", params={"n": 2}).json()
    scored = shop.get("/api/recommend/bob/?n=2", headers={"X-API-Version": "2"}).json()
    assert sorted(ids) == ["pot", "rum"]
    assert [one["Id"] for one in scored] == ids
    assert all(isinstance(one["Score"], float) for one in scored)
    assert shop.get("/api/recommend/bob", params={"n": 1, "offset": 1}).json() == ids[1:]
    assert shop.get("/api/recommend/bob/kitchen").json() == ["pot"]


def test_a_list_can_be_stored_as_feedback(shop):
    """With the header that clients of gorse always send."""
    shop.headers["X-API-Key"] = "zhenghaoz"
    ids = shop.get("/api/recommend/bob", params={"n": 1, "write-back-type": "read"}).json()
    assert [f["ItemId"] for f in shop.get("/api/user/bob/feedback/read").json()] == ids
    late = {"write-back-type": "read", "write-back-delay": "10m0s"}
    refused = shop.get("/api/recommend/bob", params=late)
    assert refused.status_code == 422
    assert "write-back-delay '10m0s' is not supported" in refused.json()["detail"]


def test_a_session_gets_a_list_and_is_not_stored(shop):
    rows = [feedback("star", "visitor", "tea")]
    found = shop.post("/api/session/recommend", json=rows).json()
    assert sorted(one["Id"] for one in found) == ["pot", "rum"]
    kitchen = shop.post("/api/session/recommend/kitchen", json=rows).json()
    assert [one["Id"] for one in kitchen] == ["pot"]
    assert shop.get("/api/user/visitor/feedback").json() == []


def test_popular_latest_and_neighbours(shop):
    shop.post("/api/feedback", json=[feedback("star", "bob", "tea")])
    assert [one["Id"] for one in shop.get("/api/latest").json()] == ["pot", "rum", "tea"]
    assert [one["Id"] for one in shop.get("/api/latest/drinks").json()] == ["rum", "tea"]
    unseen = shop.get("/api/latest", params={"user-id": "bob"}).json()
    assert [one["Id"] for one in unseen] == ["pot", "rum"]
    assert shop.get("/api/popular").status_code == 200
    near = shop.get("/api/item/tea/neighbors/").json()
    assert "tea" not in [one["Id"] for one in near]


def test_the_error_names_an_invalid_row_and_the_others_are_stored(shop):
    rows = [feedback("star", "bob", "tea"), feedback("star", "bob", "rum", "soon")]
    refused = shop.post("/api/feedback", json=rows)
    assert refused.status_code == 422
    assert "row 1: timestamp" in refused.json()["detail"]
    assert [f["ItemId"] for f in shop.get("/api/user/bob/feedback").json()] == ["tea"]


def test_ids_may_contain_slashes(shop):
    shop.post("/api/item", json={**RUM, "ItemId": "a/b %2F"})
    assert shop.get("/api/item/a%2Fb%20%252F").json()["ItemId"] == "a/b %2F"


def test_exported_dumps_can_be_imported(shop, tmp_path):
    shop.post("/api/feedback", json=[feedback("star", "bob", "tea", Value=2)])
    dumps = {
        name: shop.get(f"/api/bulk/{name}").content for name in ("users", "items", "feedback")
    }
    assert [json.loads(line)["ItemId"] for line in dumps["items"].splitlines()] == [
        "tea", "rum", "pot"
    ]  # fmt: skip
    for name, dump in dumps.items():
        form = {"file": (f"{name}.jsonl", dump, "application/octet-stream")}
        taken = shop.post(f"/api/bulk/{name}", files=form).json()
        assert taken == {"RowAffected": len(dump.splitlines())}
        assert shop.get(f"/api/bulk/{name}").content == dump
    files = {}
    for role, name in {"users": "users", "items": "items", "events": "feedback"}.items():
        files[role] = tmp_path / f"{name}.jsonl"
        files[role].write_bytes(dumps[name])
    tables = Sources(files).read().tables
    assert tables.events.select("user_id", "item_id", "event_type", "value").rows() == [
        ("bob", "tea", "star", 2.0)
    ]
    assert tables.items.height == 3


def test_the_error_names_an_invalid_line_of_a_dump(shop):
    lines = json.dumps(feedback("star", "bob", "tea")) + '\n{"FeedbackType": "star"}\n'
    refused = shop.post("/api/bulk/feedback", content=lines)
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("line 2: UserId")


def test_health_needs_no_key(gorse):
    assert gorse.get("/api/health/live").json()["Ready"]
    assert gorse.get("/api/health/ready").status_code == 200


def test_items_are_found_by_text(tmp_path):
    store = f"sqlite:///{tmp_path / 'words.db'}"
    words = {"tea": "green tea", "rum": "dark rum"}
    with open_store(store) as opened:
        items = pl.DataFrame({"item_id": list(words), "description": list(words.values())})
        opened.write(Tables.of(items=items))
    with (
        RecommenderService(Settings(store=store, encoder="none")) as live,
        served(live) as (_, url),
    ):
        found = httpx.get(f"{url}/api/items", params={"q": "some green tea", "n": 1}).json()
    assert [(item["ItemId"], item["Comment"]) for item in found["Items"]] == [
        ("tea", "green tea")
    ]
