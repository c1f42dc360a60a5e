"""Columns of event types that are recognised by their values."""

import json

import polars as pl
import pytest

from daybreak.data import preview, read_tables

CUSTOMERS = ["a", "b", "c", "d"]


def log(name, values):
    return pl.DataFrame({"Kunde": CUSTOMERS, "Artikelnummer": CUSTOMERS, name: values})


def write(frame, path):
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        frame.write_csv(path, separator=";")
    else:
        path.write_text("\n".join(json.dumps(row) for row in frame.to_dicts()))
    return path


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Art", ["Kauf", "Kauf", "Ansicht", "Retoure"]),
        ("vorgang", ["Bestellung", None, "Storno", "Bestellung"]),
        ("mov", ["compra", "devolución", "compra", "compra"]),
        ("备注", ["购买", "退货", "浏览", "购买"]),
        ("kind_of_row", ["add_to_cart", "page view", "purchase", "purchase"]),
    ],
)
def test_a_column_of_types_is_recognised_by_its_values(tmp_path, suffix, name, values):
    path = write(log(name, values), tmp_path / f"events.{suffix}")
    assert preview(path)["events"].source_of("event_type") == name
    read = read_tables(path)
    assert read.mappings["events"].source_of("event_type") == name
    assert read.tables.events["event_type"].to_list() == values


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("page", ["search", "search", "search", "search"]),
        ("page", ["search", "view", "open", "search"]),
        ("remark", ["Kauf", "Retoure", "gern wieder", "schnell geliefert"]),
        ("city", ["Bonn", "Kiel", "Ulm", "Jena"]),
        ("store", [1, 2, 3, 4]),
    ],
)
def test_other_columns_stay_unused(name, values):
    assert preview(log(name, values))["events"].unused == (name,)


def test_a_known_name_and_a_choice_go_first():
    frame = log("Art", ["Kauf", "Kauf", "Ansicht", "Retoure"])
    named = frame.with_columns(event="Art")
    assert preview(named)["events"].source_of("event_type") == "event"
    off = preview(frame, columns={"event_type": None})["events"]
    assert off.unused == ("Art",)


def test_returns_in_such_a_column_count_against_their_items():
    read = read_tables(log("Art", ["Kauf", "Kauf", "Ansicht", "Retoure"]))
    resolved = read.rules.resolve(read.tables.events)
    assert resolved.signs(read.tables.events).to_list() == [1, 1, 0, -1]


@pytest.mark.parametrize("name", ["booking_status", "Estado", "order state", "paymentStatus"])
def test_a_state_is_a_type_if_one_of_its_words_says_no(name):
    states = ["confirmed", "dispatched", "cancelled"]
    log = pl.DataFrame({"user_id": ["a"] * 3, "item_id": ["x", "y", "z"], name: states})
    assert read_tables(log).tables.events["event_type"].to_list() == states


def test_a_state_of_a_country_is_no_type():
    log = {"user_id": ["a"] * 3, "item_id": ["x", "y", "z"], "estado": ["SP", "RJ", "MG"]}
    assert read_tables(log).tables.events["event_type"].count() == 0


def test_swipes_to_the_left_count_against_and_other_sides_do_not():
    ids = {"user_id": ["a", "a"], "item_id": ["x", "y"]}
    for name, kinds in (("swipe", ["swipe_left", "swipe_right"]), ("ear", [None, None])):
        log = pl.DataFrame(ids | {name: ["left", "right"]})
        assert read_tables(log).tables.events["event_type"].to_list() == kinds


def test_the_time_at_which_somebody_left_is_no_refusal():
    log = {"visitor": ["a", "a"], "exhibit": ["x", "y"], "entered": ["2026-03-01 10:00"] * 2}
    log["left"] = ["2026-03-01 10:20", "2026-03-01 10:30"]
    events = read_tables(pl.DataFrame(log)).tables.events
    assert events["item_id"].to_list() == ["x", "y"]
    assert events["event_type"].null_count() == 2


def test_concerts_are_items_and_their_state_is_the_type():
    log = {"Customer": list("abcd"), "Event": ["Aida", "Tosca", "Hamlet", "Aida"]}
    log |= {
        "Venue": ["Opera"] * 4,
        "Status": ["Confirmed", "Cancelled", "Sent", "No show"],
    }
    events = read_tables(pl.DataFrame(log)).tables.events
    assert events["item_id"].to_list() == log["Event"]
    assert events["event_type"].to_list() == log["Status"]


def test_what_was_mostly_played_counts_though_it_is_not_completed():
    log = {"user_id": ["a"] * 4, "episode_id": list("wxyz"), "completed": [1, 0, 0, 0]}
    log |= {"skipped": [0, 0, 0, 1], "percent_watched": [100, 50, 47, 40]}
    types = read_tables(pl.DataFrame(log)).tables.events["event_type"].to_list()
    assert types == ["completed", "watched", "watched", "skipped"]
