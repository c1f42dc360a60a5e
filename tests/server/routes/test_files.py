"""Import, export, dump and restore."""

import gzip
import io
import json
import zipfile

import httpx
import pytest

from daybreak.config import Settings
from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.privacy import Pseudonyms
from daybreak.service.serving import RecommenderService, ServiceOptions
from tests.server.conftest import served, until

EVENTS = "Kunde,item_id\nann,tea-0\nbob,cup-1\n,tea-0\n"


@pytest.fixture
def empty(tmp_path):
    """A client of a service with an empty store."""
    settings = Settings(store=f"sqlite:///{tmp_path / 'new.db'}", encoder="none")
    with (
        RecommenderService(settings) as live,
        served(live, upload_mb=2) as (_, url),
        httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client,
    ):
        yield client


def test_importing_a_file_again_adds_nothing(empty):
    path = "/import?table=events&column=user_id=Kunde&max_rejected=0.5"
    first = empty.post(path, content=EVENTS).json()
    assert (first["read"], first["new"], first["rejected"]) == (2, 2, 1)
    assert first["rejects"][0]["row"] == 4
    again = empty.post(path, content=gzip.compress(EVENTS.encode())).json()
    assert (again["read"], again["new"]) == (2, 0)
    until(lambda: empty.get("/events?user_id=ann").json()["events"])


def test_an_import_that_would_lose_a_tenth_of_its_rows_stores_nothing(empty):
    refused = empty.post("/import?table=events&column=user_id=Kunde", content=EVENTS)
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_rejects")
    assert "1 of 3 events (33%) are rejected" in refused.json()["detail"]
    assert empty.get("/events?user_id=ann").json()["events"] == []


def packed(**files):
    """Return a zip file; two underscores in a name stand for the point before csv."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return out.getvalue()


SHOP = {
    "export/items__csv": "item_id,title\ntea,Green tea\ncup,Blue cup\n",
    "export/events__csv": "user_id,item_id\nann,tea\nbob,cup\neve,tea\n",
}


def test_a_zip_file_of_several_tables_is_imported(empty):
    found = empty.post("/import", content=packed(**SHOP)).json()
    assert found["tables"] == {
        "events": {"read": 3, "new": 3},
        "items": {"read": 2, "new": 2},
    }
    assert (found["read"], found["new"], found["rejected"]) == (5, 5, 0)
    again = empty.post("/import?table=items&replace=items", content=packed(**SHOP)).json()
    assert again["tables"] == {"items": {"read": 2, "new": 0}}
    without = empty.post("/import?table=users", content=packed(**SHOP)).json()
    assert (without["code"], "it has events, items" in without["detail"]) == ("bad_data", True)
    plain = empty.post("/import", content="user_id,item_id\nian,tea\n").json()
    assert plain["tables"] == {"events": {"read": 1, "new": 1}}


@pytest.mark.parametrize("query", ["", "?table=events"])
def test_zip_files_unpack_to_no_more_than_a_file_may_have(empty, query):
    bomb = packed(events__csv="user_id,item_id\n" + "ann,tea\n" * 400_000)
    assert len(bomb) < 20_000
    found = empty.post(f"/import{query}", content=bomb)
    assert (found.status_code, found.json()["code"]) == (413, "too_large")
    assert empty.get("/events?user_id=ann").json()["events"] == []


@pytest.mark.parametrize("query", ["", "?table=events"])
def test_paths_in_zip_files_name_no_file_of_the_server(empty, tmp_path, query):
    """Before, an absolute path in a zip file named that file of the server, which was read."""
    secret = tmp_path / "events.csv"
    secret.write_text("user_id,item_id\nsecret,tea\n")
    for name in (str(secret), "../../events.csv", "..\\events.csv"):
        found = empty.post(
            f"/import{query}", content=packed(**{name: "user_id,item_id\na,b\n"})
        )
        assert (found.status_code, found.json()["code"]) == (422, "bad_data"), name
        assert "expected paths within the zip file" in found.json()["detail"]
    assert empty.get("/events?user_id=secret").json()["events"] == []


def test_parquet_files_are_refused_in_zip_files_as_well(empty):
    found = empty.post("/import?table=events", content=packed(events__parquet="PAR1..."))
    assert (found.status_code, found.json()["code"]) == (415, "bad_media_type")


def test_forms_of_dates_and_numbers_can_be_stated(empty):
    rows = 'user_id,item_id,rating,time\nann,tea-0,"4,500",05/06/2024\n'
    path = "/import?table=events"
    asked = empty.post(path, content=rows).json()
    assert (asked["code"], "date_format=day-first" in asked["detail"]) == ("bad_data", True)
    read = empty.post(f"{path}&date_format=day-first&decimal=,", content=rows).json()
    assert read["new"] == 1
    event = empty.get("/events?user_id=ann").json()["events"][0]
    assert (event["value"], event["timestamp"]) == (4.5, 1_717_545_600.0)
    assert empty.post(f"{path}&decimal=;", content=rows).json()["code"] == "bad_config"


def members(text, n):
    """The lines of a file, each n of them as a gzip member of its own."""
    lines = text.splitlines(keepends=True)
    return b"".join(
        gzip.compress("".join(lines[start : start + n]).encode())
        for start in range(0, len(lines), n)
    )


MANY = "user_id,item_id\n" + "".join(f"u{n},tea-{n % 3}\n" for n in range(20))


@pytest.mark.parametrize("n", [1, 7, 11, 21])
@pytest.mark.parametrize("how", ["file", "body", "both", "chunks"])
def test_every_member_of_a_gzip_upload_is_read(empty, n, how):
    packed = members(MANY, n)
    headers = {} if how == "file" else {"Content-Encoding": "gzip"}
    content = (
        gzip.compress(packed[:50]) + gzip.compress(packed[50:]) if how == "both" else packed
    )
    if how == "chunks":
        content = (packed[place : place + 3] for place in range(0, len(packed), 3))
    said = empty.post("/import?table=events", content=content, headers=headers).json()
    assert (said["read"], said["new"], said["rejected"]) == (20, 20, 0)


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}], ids=["file", "body"])
@pytest.mark.parametrize("rest", [b"x", b"\0\0x", b"user_id,item_id\n", b"\x1f\x8b", b"\x1f"])
def test_what_follows_a_gzip_upload_is_not_swallowed(empty, headers, rest):
    answer = empty.post(
        "/import?table=events", content=members(MANY, 7) + rest, headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert not empty.get("/events").json()["events"]


def test_an_export_can_be_imported(api, empty):
    for table in ("items", "users", "events"):
        lines = api.get(f"/export/{table}").content
        assert json.loads(lines.splitlines()[0])
        said = empty.post(f"/import?table={table}", content=lines).json()
        assert (said["rejected"], said["read"]) == (0, len(lines.splitlines()))


def test_a_dump_is_restored_into_an_empty_store_only(api, empty):
    dump = api.get("/dump").content
    assert api.post("/restore", content=dump).json()["code"] == "not_empty"
    assert empty.post("/restore", content=dump[:-9]).status_code in {400, 422}
    rows = empty.post("/restore", content=dump).json()["rows"]
    assert (rows["items"], rows["users"], rows["events"]) == (24, 30, 180)
    until(lambda: empty.get("/items/tea-0").status_code == 200)


def test_an_admin_key_may_restore_and_remains_valid(api, tmp_path):
    dump = api.get("/dump").content
    settings = Settings(store=f"sqlite:///{tmp_path / 'guarded.db'}", encoder="none")
    with RecommenderService(settings) as live:
        keys = ApiKeyStore(live.store)
        admin = {"X-API-Key": keys.create("admin")[1]}
        writer = {"X-API-Key": keys.create("write")[1]}
        with (
            served(live, keys="on") as (_, url),
            httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client,
        ):
            assert client.post("/restore", content=dump, headers=writer).status_code == 403
            done = client.post("/restore", content=dump, headers=admin)
            assert (done.status_code, done.json()["rows"]["items"]) == (200, 24)
            again = client.post("/restore", content=dump, headers=admin)
            assert (again.status_code, again.json()["code"]) == (409, "not_empty")


@pytest.mark.parametrize("folder", ["../../etc", "/etc", "a/../../b", "a\\..\\..\\b"])
@pytest.mark.parametrize("writing", ['{"releases": %s}', ' {"\\u0072eleases":%s}'])
def test_a_dump_cannot_write_outside_the_release_folder(empty, folder, writing):
    row = {"id": "x", "created_at": 1, "folder": folder, "metadata": "{}", "active": True}
    lines = ['{"daybreak": "dump", "format": 1}', writing % json.dumps(row)]
    dump = gzip.compress("\n".join(lines).encode())
    answer = empty.post("/restore", content=dump)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/import?table=events", "/restore"])
@pytest.mark.parametrize(
    ("content", "statuses"),
    [
        (b"", {400}),
        (b"\x1f\x8b", {400}),
        (b"\x1f\x8b" + b"x" * 99, {400, 422}),
        (gzip.compress(b" " * 50_000_000, mtime=0), {413}),
        (gzip.compress(gzip.compress(b" " * 1_000_000, mtime=0), mtime=0), {400, 422}),
        (b"x" * 3_000_000, {413}),
        (b"PAR1" + b"\x00" * 99, {400, 415}),
        (b"PK\x03\x04" + b"\x00" * 99, {400, 422}),
        (b"\x00" * 1_000, {400, 422}),
        (b'{"a": ' * 10_000, {400, 422}),
    ],
    ids=[
        "nothing",
        "a beginning",
        "broken",
        "a bomb",
        "packed twice",
        "too long",
        "no parquet",
        "no zip",
        "zeros",
        "too deep",
    ],
)
def test_invalid_files_and_decompression_bombs_are_rejected(empty, path, content, statuses):
    answer = empty.post(path, content=content)
    assert answer.status_code in statuses, answer.text
    assert "/tmp" not in answer.text
    assert empty.get("/status").json()["events"] == 0


@pytest.mark.parametrize(
    "path", ["/export/keys", "/export/..%2F..%2Fetc", "/export/records", "/import?table=keys"]
)
def test_only_the_three_tables_are_accepted(empty, path):
    method = "POST" if "import" in path else "GET"
    assert empty.request(method, path).status_code in {404, 422}


def test_users_of_an_imported_file_get_pseudonyms(tmp_path):
    settings = Settings(store=f"sqlite:///{tmp_path / 'p.db'}", encoder="none")
    names = Pseudonyms(b"k" * 32)
    with (
        RecommenderService(settings, options=ServiceOptions(pseudonyms=names)) as live,
        served(live) as (_, url),
        httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client,
    ):
        client.post("/import?table=events", content="user_id,item_id\nann,tea\n")
        tables = live.store.tables()
        assert set(tables.users["user_id"]) == {names.of("ann")}
        assert set(tables.events["user_id"]) == {names.of("ann")}
        until(lambda: client.get("/events?user_id=ann").json()["events"])


def test_settings_are_returned_without_passwords(api):
    said = api.get("/config").json()
    assert said["server"]["longest"] == 1_000
    assert said["settings"]["encoder"] == "none"
    schema = api.get("/config/schema").json()
    assert schema["server"]["properties"]["keys"]["enum"] == ["auto", "on", "off"]


def test_a_preview_of_a_file_stores_nothing(empty):
    path = "/import/preview?name=events.csv&column=user_id=Kunde"
    found = empty.post(path, content=EVENTS).json()
    assert (found["table"], found["read"], found["rejected"]) == ("events", 2, 1)
    assert found["event_types"][0]["positive"] == 2
    assert empty.get("/events?user_id=ann").json()["events"] == []
    assert empty.get("/data").json()["event_types"] == []
    unknown = empty.post("/import/preview?table=events", content="Q1,Q2\na,b\n").json()
    assert (unknown["read"], "Q1" in unknown["problem"]) == (0, True)


def test_imported_files_count_in_the_next_list(empty):
    sold = "user_id,item_id\nann,tea-0\nbob,cup-1\nann,cup-1\n"
    empty.post("/import?table=events", content=sold)
    found = empty.post("/recommend", json={"user_id": "carl", "k": 5}).json()["items"]
    assert {item["item_id"] for item in found} == {"tea-0", "cup-1"}
    empty.post("/import?table=items", content="item_id,title\ntea-0,Green tea\npot-2,Pot\n")
    assert empty.get("/items/pot-2").json()["title"] == "Pot"
    found = empty.post("/recommend", json={"user_id": "carl", "k": 5}).json()["items"]
    assert {item["item_id"] for item in found} == {"tea-0", "pot-2"}
