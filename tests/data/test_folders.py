"""Folders, zip files and several files: which file is which table."""

import zipfile

import pytest

from daybreak.data import read_folder, read_tables
from daybreak.errors import DataError
from daybreak.service.ingest.files import Sources, find_files

ITEMS = "item_id,title\n" + "".join(f"i{n},Title {n}\n" for n in range(6))
USERS = range(24)


def log(name="bought_at", month=3, offset=0):
    """Return a table of events in which each user has two of six items."""
    rows = (
        f"u{n},i{(n + step + offset) % 6},2026-{month:02d}-{1 + n % 28:02d}\n"
        for n in USERS
        for step in (0, 1)
    )
    return f"user_id,product_id,{name}\n" + "".join(rows)


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def signs(result):
    events = result.tables.events
    return dict(
        zip(events["event_type"], result.rules.resolve(events).signs(events), strict=True)
    )


def test_files_of_events_are_one_table_whose_types_are_their_names(folder):
    path = folder(views=log("viewed_at"), purchases=log(), returns=log(month=4), products=ITEMS)
    result = read_folder(path)
    assert result.tables.events.height == 3 * 2 * len(USERS)
    assert signs(result) == {"views": 0, "purchases": 1, "returns": -1}
    assert result.tables.items.height == 6


def test_single_files_are_read_together_as_in_a_folder(folder):
    path = folder(views=log("viewed_at"), purchases=log(), products=ITEMS)
    files = find_files([path / f"{name}.csv" for name in ("views", "purchases", "products")])
    assert Sources(files).read().tables.events.height == 2 * 2 * len(USERS)


def test_a_chosen_column_is_looked_for_in_each_file(folder):
    views = log().replace("product_id", "thing")
    path = folder(views=views, purchases=log(), products=ITEMS)
    result = read_folder(path, columns={"item_id": "thing", "title": "title"})
    assert result.tables.events.height == 2 * 2 * len(USERS)
    assert "title" in result.tables.items.columns


def test_files_of_months_are_one_table_and_what_is_in_both_counts_once(folder):
    january, both = log(month=1), log(month=2)
    path = folder(sales_2026_01=january, sales_2026_02=both + january.split("\n", 1)[1])
    result = read_folder(path)
    assert result.tables.events.height == 2 * 2 * len(USERS)
    assert any("48 events are in an earlier file" in note for note in result.notes)


def test_texts_of_reviews_are_no_further_events_beside_ratings(folder):
    ratings = "user_id,movie_id,rating\n" + "".join(
        f"u{n},i{n % 6},{1 + n % 5}\n" for n in USERS
    )
    comments = "user_id,movie_id,comment\n" + "".join(
        f"u{n},i{n % 6},Good film\n" for n in USERS
    )
    result = read_folder(folder(ratings=ratings, comments=comments))
    assert result.tables.events["event_type"].to_list() == ["rating"] * len(USERS)


def test_other_files_of_a_folder_are_told_and_not_used(folder):
    path = folder(
        ratings=log(), tags=log("tagged"), shops="name,city\nA,Bonn\n", products=ITEMS
    )
    result = read_folder(path)
    assert result.tables.events.height == 2 * len(USERS)
    told = [note for note in result.notes if "is not used" in note]
    assert [note.split(" ")[0] for note in told] == ["shops.csv", "tags.csv"]


def test_a_file_whose_items_nobody_has_is_no_catalogue(folder):
    path = folder(purchases=log(), sections="id,name\n1,Garden\n2,Kitchen\n")
    result = read_folder(path)
    assert "title" not in result.tables.items.columns
    assert result.tables.items.height == 6


def test_files_of_different_forms_without_telling_names_are_refused(folder):
    other = log().replace("user_id", "customer")
    with pytest.raises(DataError, match=r"several files of events: a\.csv, b\.csv"):
        read_folder(folder(a=log(), b=other))


@pytest.mark.parametrize("inner", ["", "export/", "shop/2026/"])
def test_a_zip_file_is_read_like_a_folder(tmp_path, inner):
    path = tmp_path / "shop.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{inner}orders.csv", log())
        archive.writestr(f"{inner}products.csv", ITEMS)
        archive.writestr("__MACOSX/._orders.csv", b"\0\1")
        archive.writestr(f"{inner}readme.md", "An export")
    result = read_folder(path)
    assert result.tables.events.height == 2 * len(USERS)
    assert result.tables.items.height == 6
    assert Sources(find_files([path])).read().tables.events.height == 2 * len(USERS)
    with pytest.raises(DataError, match=r"has several files: .*orders\.csv"):
        read_tables(path)


@pytest.mark.parametrize(
    ("name", "text"), [("log.csv", log()), ("log.jsonl", '{"user_id": "a", "item_id": "b"}\n')]
)
def test_a_file_alone_in_a_zip_file_is_read_as_itself(tmp_path, name, text):
    path = tmp_path / "log.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    assert read_tables(path).tables.events.height == text.count("\n") - name.endswith("csv")


def test_a_damaged_zip_file_is_told(tmp_path):
    path = tmp_path / "log.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("log.csv", log())
    good = path.read_bytes()
    for bad in (good[:60], good.replace(b"u1,i1", b"u1,i9")):
        path.write_bytes(bad)
        with pytest.raises(DataError, match="damaged zip file"):
            read_tables(path)


@pytest.mark.parametrize("key", ["order_id", "id"])
def test_lines_of_orders_get_customers_and_times_from_the_file_of_orders(folder, key):
    orders = f"{key},customer_id,ordered_at,status\n" + "".join(
        f"{n},u{n % 5},2026-03-{1 + n % 28:02d},{'cancelled' if n % 6 == 0 else 'sent'}\n"
        for n in USERS
    )
    lines = "order_id,product_id,qty\n" + "".join(
        f"{n},i{(n + k) % 6},1\n" for n in USERS for k in (0, 1)
    )
    path = folder(orders=orders, order_items=lines, products=ITEMS)
    result = read_folder(path)
    events = result.tables.events
    expected = [(f"u{n % 5}", f"i{(n + k) % 6}") for n in USERS for k in (0, 1)]
    assert events.select("user_id", "item_id").rows() == expected
    assert events["timestamp"].null_count() == 0
    assert signs(result) == {"sent": 1, "cancelled": -1}
    files = find_files([path / "order_items.csv", path / "orders.csv", path / "products.csv"])
    assert Sources(files).read().tables.events.equals(events)
