"""Names of ids that may mean something else: bare nouns, titles, sessions, pairs of people."""

from pathlib import Path

import pytest

from daybreak.data import read_tables
from daybreak.data.columns import match_columns
from daybreak.data.file_roles import detect_role
from daybreak.errors import DataError


def ids_of(*names: str) -> tuple[str | None, str | None]:
    mapping = match_columns(names, "events")
    return mapping.source_of("user_id"), mapping.source_of("item_id")


def write_csv(folder: Path, header: str, rows: list[str]) -> Path:
    path = folder / "export.csv"
    path.write_text("\n".join([header, *rows, ""]))
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("reader", "article"),
        ("guest_email", "hotel_id"),
        ("Member_number", "itemDescription"),
        ("买家ID", "宝贝ID"),
        ("follower_id", "followee_id"),
        ("user_id", "target_user_id"),
        ("source", "target"),
        ("session_id", "product_id"),
    ],
)
def test_ids_of_events_are_recognised(names):
    assert ids_of(*names) == names


def test_usual_names_go_first():
    assert ids_of("visitor", "user_id", "book", "product_id") == ("user_id", "product_id")
    assert ids_of("user", "title", "movie") == ("user", "movie")
    assert ids_of("user_id", "source", "target", "sku") == ("user_id", "sku")


@pytest.mark.parametrize("source", ["Fecha de compra", "Date d'achat", "Data do pedido"])
def test_small_words_in_names_do_not_matter(source):
    columns = ["user_id", "item_id", source]
    assert match_columns(columns, "events").source_of("timestamp") == source


def test_each_session_is_a_user_where_there_are_no_users():
    result = read_tables({"session_id": [7, 7, 8], "item_id": ["a", "b", "a"]})
    users = result.tables.events["user_id"].to_list()
    assert users == ["session:7", "session:7", "session:8"]
    assert any("each session_id is a user of its own" in note for note in result.notes)


def test_a_session_that_is_chosen_keeps_its_ids():
    log = {"session_id": ["7"], "item_id": ["a"]}
    result = read_tables(log, columns={"user_id": "session_id"})
    assert result.tables.events["user_id"].to_list() == ["7"]


def test_a_table_of_people_with_a_job_has_no_events(tmp_path):
    path = write_csv(tmp_path, "user_id,age,job", [f"u{n},30,nurse" for n in range(30)])
    assert detect_role(path)[0] == "users"


def test_a_catalogue_with_an_address_has_no_events(tmp_path):
    rows = [f"s{n},Mug,shop@example.org" for n in range(30)]
    assert detect_role(write_csv(tmp_path, "sku,title,contact_email", rows))[0] == "items"


def test_people_who_come_again_have_events(tmp_path):
    rows = [f"u{n % 9},Film {n % 7}" for n in range(30)]
    assert detect_role(write_csv(tmp_path, "user,movie", rows))[0] == "events"


def test_events_whose_items_are_not_recognised_are_no_users(tmp_path):
    rows = [f"u{n % 9},gizmo {n % 7}" for n in range(30)]
    path = write_csv(tmp_path, "user_id,gizmo", rows)
    with pytest.raises(
        DataError, match=r"no column for item_id.*21 of 30 rows repeat a user_id"
    ):
        detect_role(path)


def test_events_whose_users_are_not_recognised_are_no_items(tmp_path):
    rows = [f"{n % 5},ann {n % 7}" for n in range(30)]
    path = write_csv(tmp_path, "hotel_id,who", rows)
    with pytest.raises(
        DataError, match=r"no column for user_id.*25 of 30 rows repeat an item_id"
    ):
        detect_role(path)


def test_lines_of_variants_are_items(tmp_path):
    rows = [f"mug-{n % 5},Mug,{n}" for n in range(30)]
    assert detect_role(write_csv(tmp_path, "handle,title,price", rows))[0] == "items"


def test_loans_without_a_known_column_of_readers_are_no_catalogue(tmp_path):
    path = tmp_path / "loans.csv"
    rows = [f"c{n % 7},b{n % 5},Book {n % 5},2026-03-{1 + n % 28:02d}" for n in range(60)]
    path.write_text("\n".join(["holder,barcode,title,loaned", *rows]), encoding="utf-8")
    with pytest.raises(DataError, match="these are no items"):
        detect_role(path)


@pytest.mark.parametrize(
    ("number", "title"),
    [
        *(("Nr", "Name"), ("Nummer", "Bezeichnung"), ("код", "название"), ("编号", "名称")),
        *(("Réf.", "libellé"), ("uuid", "name"), ("slug", "title"), ("article", "headline")),
        *(("asset_id", "title"), ("番号", "商品名"), ("key", "name"), ("url", "title")),
    ],
)
def test_numbers_of_a_catalogue_are_its_ids(number, title):
    read = read_tables(items={title: ["Cup", "Pot"], number: ["A-1", "A-2"]})
    assert read.tables.items["item_id"].to_list() == ["A-1", "A-2"]
    assert f"items: item_id is read from: {number}" in read.notes


def test_usual_names_go_before_numbers():
    items = {"no": [1, 2], "sku": ["a", "b"], "code": ["x", "y"]}
    assert read_tables(items=items).tables.items["item_id"].to_list() == ["a", "b"]


def test_what_repeats_numbers_no_catalogue():
    with pytest.raises(DataError, match="'code' come again in 2 of 4 rows; choose one"):
        read_tables(items={"code": [1, 1, 2, 2], "colour": ["red", "blue", "red", "black"]})
