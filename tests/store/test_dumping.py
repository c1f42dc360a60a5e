import gzip
import json
from hashlib import sha256
from pathlib import PurePosixPath, PureWindowsPath

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import Tables
from daybreak.errors import DataError, StoreError
from daybreak.store import LoggedItem, LoggedRecommendation, Release, dump, open_store, restore
from daybreak.store.dumping import InvalidDumpError, NotEmptyError, check_release_folder


def fill(store):
    events = pl.DataFrame(
        {"user_id": ["ann", "bob"], "item_id": ["tea", "rum"], "timestamp": [1.5, None]}
    )
    items = pl.DataFrame({"item_id": ["tea"], "title": ["Tea 茶\n'\""], "price": [0.1]})
    store.write(
        Tables.of(events, items),
        event_ids=pl.Series(["1", None]),
        recommendations=pl.Series(["a1", None]),
        sessions=pl.Series(["s", None]),
        contexts=pl.Series(['{"page":"home"}', None]),
    )
    shown = (LoggedItem("tea", 0.1, 1, "ease", 0.3),)
    store.put_recommendations(
        [LoggedRecommendation("a1", 2.0, "ann", "r1", shown, shadow=True)]
    )
    store.put_documents("key", {"k": {"role": "read"}})
    store.put_release(Release("r1", 1.0, "releases/r1", {"n": 2}, active=True))
    store.settings({"k": 10})
    store.put_vectors("m", {"a": np.float32([0.1, -2.0]), "b": np.zeros(3, np.float32)})


def content(store):
    tables = store.tables()
    return (
        tables.events.rows(),
        tables.items.rows(),
        tables.users.rows(),
        store.recommendations(),
        store.reactions().rows(),
        store.event_page().events.rows(),
        store.documents("key"),
        store.releases(),
        store.settings(),
    )


def lines_of(file):
    return gzip.decompress(file.read_bytes()).splitlines(keepends=True)


@pytest.fixture
def file(tmp_path):
    """A dump of a small store."""
    with open_store("sqlite:///:memory:") as store:
        fill(store)
        dump(store, tmp_path / "shop.dump")
    return tmp_path / "shop.dump"


def test_a_dump_is_restored_into_every_kind_of_store(url, lasting_url, tmp_path):
    """With the keys of events, so that a client that sends them again is still noticed."""
    file = tmp_path / "shop.dump"
    with open_store(lasting_url if url == "sqlite:///:memory:" else url) as store:
        fill(store)
        before, cursor = content(store), store.changes(-1).cursor
        counts = dump(store, file, vectors=True)
    assert counts == {
        "items": 2, "users": 2, "events": 2, "answers": 1, "releases": 1, "settings": 1,
        "records": 1, "vectors": 2,
    }  # fmt: skip
    with open_store("sqlite:///:memory:") as other:
        assert restore(file, other) == counts
        assert content(other) == before
        assert np.array_equal(other.vectors("m", ["a"])["a"], np.float32([0.1, -2.0]))
        again = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))
        assert other.write(again, event_ids=pl.Series(["1"])).events == 0
        assert not other.changes(cursor).complete


def test_a_dump_of_a_file_becomes_a_database(file, postgres):
    with open_store(postgres.new_database()) as store:
        restore(file, store)
        assert store.tables().events.height == 2
        more = Tables.of(pl.DataFrame({"user_id": ["eve"], "item_id": ["tea"]}))
        assert store.write(more).events == 1


def test_the_same_content_gives_the_same_bytes(file, tmp_path):
    with open_store("sqlite:///:memory:") as store:
        fill(store)
        dump(store, tmp_path / "b.dump")
    assert (tmp_path / "b.dump").read_bytes() == file.read_bytes()


def test_a_store_with_content_is_not_overwritten(file):
    with open_store("sqlite:///:memory:") as store:
        store.settings({"k": 1})
        with pytest.raises(StoreError, match="into an empty store; this one has 1 rows of s"):
            restore(file, store)
        assert not store.tables().events.height


def damaged(file, how):
    """Return what is left of a dump."""
    lines = lines_of(file)
    if how == "cut":
        return file.read_bytes()[:-40]
    if how == "flipped":
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        return bytes(data)
    if how == "plain":
        return b"".join(lines)
    change = {
        "without its end": lines[:-1],
        "without a row": [line for line in lines if b'"ann"' not in line or b"key" in line],
        "with another value": [line.replace(b"rum", b"gin") for line in lines],
        "with more": [*lines, lines[1]],
        "of the future": [b'{"daybreak":"dump","format":9}\n', *lines[1:]],
        "of another program": [b'{"type":"mysqldump"}\n'],
        "with no JSON": [lines[0], b"{\n"],
        "with a strange table": [lines[0], b'{"passwords":{}}\n', *lines[1:]],
        "empty": [],
    }[how]
    return gzip.compress(b"".join(change))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("cut", "is truncated"),
        ("flipped", "is not a dump, or is damaged|was changed|not JSON|an invalid row"),
        ("plain", "is not a dump, or is damaged"),
        ("without its end", "is truncated"),
        ("without a row", "was changed: its checksum is wrong"),
        ("with another value", "was changed: its checksum is wrong"),
        ("with more", "was changed"),
        ("of the future", "format 9, this program reads format 1"),
        ("of another program", "is not a dump of a store"),
        ("with no JSON", "line 2: not JSON"),
        ("with a strange table", "an invalid row of passwords"),
        ("empty", "line 1: not JSON"),
    ],
)
def test_nothing_of_a_bad_dump_is_restored(file, how, message):
    file.write_bytes(damaged(file, how))
    with open_store("sqlite:///:memory:") as store:
        with pytest.raises(DataError, match=message):
            restore(file, store)
        assert not store.tables().events.height
        assert not store.settings()


def test_a_missing_file_or_folder_is_named(tmp_path):
    with open_store("sqlite:///:memory:") as store:
        with pytest.raises(DataError, match=r"there is no file '.*none'"):
            restore(tmp_path / "none", store)
        with pytest.raises(DataError, match="cannot be written: No such file or directory"):
            dump(store, tmp_path / "no" / "a.dump")


def test_every_line_is_one_json_object(file):
    assert all(len(json.loads(line)) in {1, 2} for line in lines_of(file))


def test_documents_of_named_kinds_may_be_there_and_win(file, tmp_path):
    with open_store(tmp_path / "new.db") as store:
        store.put_documents("key", {"mine": {"role": "admin"}, "k": {"role": "none"}})
        with pytest.raises(NotEmptyError, match="2 rows of records"):
            restore(file, store)
        assert restore(file, store, beside=("key",))["records"] == 1
        kept = {"k": {"role": "none"}, "mine": {"role": "admin"}}
        assert store.documents("key") == kept
        assert store.tables().events.height == 2


OUTSIDE = [
    *("/etc", "../x", "a/../../b", "a\\..\\..\\b", "\\\\host\\share", "C:\\x", "C:x", "\\x"),
    *("..", ".", "./", ".\\", "", " ", "a/.. /b", "a/\n/b", "a\0b", 7, None, ["a"], {"a": "b"}),
]
WRITINGS = {
    "as dump writes it": '{"releases":%s}',
    "blanks": ' { "releases" : %s }',
    "escaped": '{"\\u0072eleases":%s}',
    "all escaped": '{"\\u0072\\u0065\\u006c\\u0065\\u0061\\u0073\\u0065\\u0073":%s}',
    "a tab": '\t{"releases":\t%s}',
}
"""Lines of JSON that mean the same."""


def dump_with(file, lines):
    """Write a dump with the right counts and the right checksum."""
    text = [b'{"daybreak":"dump","format":1}\n', *(line.encode() + b"\n" for line in lines)]
    end = {"rows": {"releases": len(lines)}, "sha256": sha256(b"".join(text)).hexdigest()}
    text.append(json.dumps({"end": end}).encode() + b"\n")
    file.write_bytes(gzip.compress(b"".join(text)))
    return file


def release_row(folder):
    return {"id": "r", "created_at": 1.0, "folder": folder, "metadata": "{}", "active": True}


@pytest.mark.parametrize("writing", WRITINGS)
def test_no_writing_of_a_line_hides_a_folder_outside_the_releases(tmp_path, writing):
    inside = json.dumps(release_row("releases/1"))
    outside = json.dumps(release_row("../../etc")).replace("..", "\\u002e.")
    for folder, is_valid in ((inside, True), (outside, False)):
        file = dump_with(tmp_path / "a.dump", [WRITINGS[writing] % folder])
        with open_store(f"sqlite:///{tmp_path / str(is_valid)}.db") as store:
            if is_valid:
                assert restore(file, store) == {"releases": 1}
                continue
            with pytest.raises(InvalidDumpError, match="outside the folder"):
                restore(file, store)
            assert not store.releases()


@pytest.mark.parametrize("folder", OUTSIDE)
def test_a_folder_outside_the_releases_is_rejected(folder):
    with pytest.raises(InvalidDumpError, match="cannot restore"):
        check_release_folder(folder)


@given(st.lists(st.sampled_from(["..", ".", "a", "/", "\\", ":", " ", "C"]), max_size=8))
def test_a_folder_that_is_accepted_lies_below_the_root_on_every_system(parts):
    folder = "".join(parts)
    try:
        check_release_folder(folder)
    except InvalidDumpError:
        return
    for kind, root in ((PurePosixPath, "/root/dir"), (PureWindowsPath, "D:\\root\\dir")):
        depth = 0
        for part in kind(folder).parts:
            depth += -1 if part.strip(" ") == ".." else 1
            assert depth > 0
        assert kind(root) in (kind(root) / folder).parents
