"""Rows without a user are taken from the next column that says whose they are."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.data import read_tables


def read(text):
    return read_tables(pl.read_csv(text.strip().encode(), infer_schema=False))


def users(text):
    return read(text).tables.events["user_id"].to_list()


CASES = {
    "Shopify, lines of an order": (
        "Name,Email,Lineitem sku\n#1,ann@x,a\n#1,,b\n#2,,a\n#2,,c",
        ["ann@x", "ann@x", "session:#2", "session:#2"],
    ),
    "WooCommerce, guests are user 0": (
        "Order Number,Customer User ID,Billing Email,SKU\n"
        "1,0,a@x,s\n2,0,b@x,s\n3,7,c@x,s\n4,0,c@x,t",
        ["a@x", "b@x", "7", "7"],
    ),
    "a shop without customers on some receipts": (
        "InvoiceNo,StockCode,CustomerID\n1,a,\n1,b,\n2,b,17",
        ["session:1", "session:1", "17"],
    ),
    "a visitor who logs in": (
        "visitor_id,user_id,item_id\nv1,,a\nv1,ann,b\nv2,,a\nv1,,c",
        ["ann", "ann", "v2", "ann"],
    ),
    "a device of two people": (
        "device_id,user_id,item_id\nd,ann,a\nd,bob,b\nd,,c",
        ["ann", "bob", "session:d"],
    ),
    "a phone only": (
        "email,phone,product_id\na@x,,p\n,+44 20 7946,p",
        ["a@x", "+44 20 7946"],
    ),
    "a German shop": (
        "Bestellnummer,Kundennummer,Artikelnummer\n9,K1,a\n9,,b\n10,,b",
        ["K1", "K1", "session:10"],
    ),
    "numbers of two kinds": (
        "user_id,visitor_id,item_id\n1,7,a\n,1,b\n,8,c",
        ["1", "visitor_id:1", "visitor_id:8"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rows_without_a_user_get_one(case):
    text, wanted = CASES[case]
    result = read(text)
    assert result.tables.events["user_id"].to_list() == wanted
    assert not result.rejects.counts
    assert any("whose they are is taken from" in note for note in result.notes)


def test_the_count_of_each_column_is_told_and_the_rest_is_rejected():
    result = read("email,phone,order_id,sku\na@x,,1,s\n,5,2,s\n,,3,s\n,,,s")
    note = next(note for note in result.notes if "taken from" in note)
    assert "3 of 4 rows have no email" in note
    assert "phone (1), order_id (1)" in note
    assert result.rejects.counts == {"no user_id": 1}


def test_a_customer_with_number_0_stays_one_if_nothing_says_otherwise():
    assert users("customer_id,email,sku\n0,a@x,s\n0,a@x,t") == ["0", "0"]
    assert users("customer_id,sku\n0,s\n0,t") == ["0", "0"]


def test_users_who_are_numbered_from_zero_keep_their_numbers():
    rows = "".join(f"{n % 3},v{n % 3}-{n // 3 % 2},s{n},i{n}\n" for n in range(12))
    text = f"user_id,visitor_id,session_id,item_id\n{rows}"
    assert users(text) == [str(n % 3) for n in range(12)]


def test_a_column_whose_values_are_shared_by_all_identifies_nobody():
    rows = "".join(f"u{n % 5},{n % 2},i{n}\n" for n in range(20)) + ",0,x\n,1,y\n"
    result = read(f"user_id,device_id,item_id\n{rows}")
    assert result.rejects.counts == {"no user_id": 2}
    assert "session:0" not in result.tables.events["user_id"]


def test_lines_of_an_order_take_its_time_and_its_state():
    result = read(
        "Name,Email,Financial Status,Paid at,Lineitem sku\n"
        "#1,ann@x,refunded,2026-05-01,a\n#1,ann@x,,,b\n#2,bob@x,paid,2026-05-02,a\n,cid@x,,,c"
    )
    rows = result.tables.events.select("event_type", "timestamp").rows()
    assert rows[1] == rows[0]
    assert rows[3] == (None, None)
    assert sum("another line of the same Name" in note for note in result.notes) == 2


def test_complete_columns_are_left_alone():
    result = read("user_id,session_id,item_id\nann,1,a\nbob,2,b")
    assert result.tables.events["user_id"].to_list() == ["ann", "bob"]
    assert any("not used: session_id" in note for note in result.notes)


def test_the_library_answers_for_numbers_beside_sessions():
    events = pl.DataFrame(
        {"customer_id": [1, 2, None, 2], "order_id": [1, 2, 3, 4], "sku": list("aabb")}
    )
    model = Recommender(encoder="none", strategies=["popular"]).fit(events)
    assert model.recommend([1], k=1)["item_id"].to_list() == ["b"]
    assert model.recommend(["session:3"], k=1)["item_id"].to_list() == ["a"]


ids = st.sampled_from(["", "a", "b", "c"])


@given(st.lists(st.tuples(ids, ids, ids), min_size=1, max_size=12))
def test_given_users_are_kept_and_rows_without_an_identity_are_lost(rows):
    names = ("user_id", "session_id", "order_id")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    frame = pl.DataFrame({**columns, "item_id": [str(n) for n in range(len(rows))]})
    events = read_tables(frame).tables.events
    found = dict(zip(events["item_id"], events["user_id"], strict=True))
    for number, row in enumerate(rows):
        assert any(row) or str(number) not in found
        if row[0]:
            assert found[str(number)] == row[0]
