import csv
from datetime import UTC, datetime

from tests.cli.conftest import IMPORTED, NAMED


def test_import_shows_the_mapping_and_loads_the_good_rows(call):
    status, out, err = call("import", "log.csv", "things.csv", *IMPORTED)
    assert status == 0
    assert "user_id <- wer" in out
    assert "events: 4 read, 4 new in the store" in out
    assert "log.csv, row 6, wer: no user_id" in err


def test_import_again_adds_nothing(imported, ask):
    again = ask("import", "log.csv", "things.csv", *IMPORTED)
    assert again["new"] == {"items": 0, "users": 0, "events": 0}


def test_an_import_that_would_lose_a_tenth_of_a_table_stores_nothing(here, call, ask):
    rows = [f"u{n},i{n % 3},{n % 5}\n" for n in range(17)] + [",i1,4\n"] * 3
    (here / "events.csv").write_text("user_id,item_id,rating\n" + "".join(rows))
    status, _, err = call("import", "events.csv", "--rejects", "bad.csv")
    assert status == 12
    assert "3 of 20 events (15%) are rejected, more than 10%, and nothing is stored" in err
    assert "no user_id: 3; such as events.csv, row 19" in err
    assert "--max-rejected 1" in err
    assert len((here / "bad.csv").read_text().splitlines()) == 4
    assert call("validate")[0] == 1
    assert ask("import", "events.csv", "--max-rejected", "0.15")["new"]["events"] == 17


def test_rows_that_a_later_row_replaces_are_not_lost(here, ask):
    (here / "items.csv").write_text("item_id,price\n" + "a,1\nb,2\n" * 20)
    assert ask("import", "items.csv")["new"]["items"] == 2


def test_an_event_without_a_readable_time_or_value_is_kept_and_the_share_is_told(here, ask):
    rows = [f"u{n},i{n % 3},{'?' if n < 3 else n},2026-05-{n + 1:02d}\n" for n in range(12)]
    (here / "events.csv").write_text("user_id,item_id,rating,time\n" + "".join(rows))
    said = ask("import", "events.csv")
    assert said["new"]["events"] == 12
    assert any(
        "3 of 12 events (25%) have a value that cannot be read" in n for n in said["notes"]
    )
    assert ask("import", "events.csv", "--strict", "--max-rejected", "1")["read"]["events"] == 9


def test_dates_that_can_be_read_in_two_ways_are_asked_about(here, call, ask):
    rows = [f"u{n},i{n},0{n + 1}/03/2026\n" for n in range(5)]
    (here / "events.csv").write_text("user_id,item_id,time\n" + "".join(rows))
    status, _, err = call("import", "events.csv")
    assert status == 3
    assert "'01/03/2026' in time can be read in two ways" in err
    assert "--date-format day-first" in err
    last = {
        name: ask("describe", "events.csv", "--date-format", name)["time"]["last"]
        for name in ("dmy", "month-first", "%d/%m/%Y")
    }
    assert last["dmy"] == last["%d/%m/%Y"] == datetime(2026, 3, 5, tzinfo=UTC).timestamp()
    assert last["month-first"] == datetime(2026, 5, 3, tzinfo=UTC).timestamp()
    assert call("validate", "events.csv", "--date-format", "fortnight")[0] == 2


def test_the_decimal_mark_can_be_stated(here, ask):
    (here / "items.csv").write_text('item_id,price\na,"1,299"\nb,"2,5"\n')
    assert ask("describe", "items.csv", "--decimal", ",")["items"] == 2
    found = ask("validate", "items.csv", "--decimal", ".")["findings"]
    assert any("'1,299' is read as 1299" in one["message"] for one in found)


def test_a_dry_run_loads_nothing(here, ask):
    shown = ask("import", "log.csv", *NAMED, "--dry-run")
    assert shown["tables"]["events"]["columns"]["user_id"] == "wer"
    assert not (here / "daybreak.db").exists()


def test_every_bad_row_is_in_the_file_of_rejects(here, ask):
    ask("import", "log.csv", *IMPORTED, "--rejects", "bad.csv")
    rows = list(csv.DictReader((here / "bad.csv").read_text().splitlines()))
    assert {(row["row"], row["reason"]) for row in rows} == {
        ("6", "no user_id"),
        ("7", "value is not a number"),
    }


def test_rules_given_at_import_are_kept_for_training(ask):
    said = ask(
        "import", "log.csv", *IMPORTED, "--positive", "rating>=5", "--weight", "rating=2"
    )
    assert said["rules"] == "Positive: rating>=5; only seen: everything else."
    signs = [f for f in ask("validate")["findings"] if f["code"] == "signs"]
    assert "2 positive" in signs[0]["message"]


def test_types_that_exclude_are_part_of_the_rules(ask, call):
    status, _, err = call("import", "log.csv", *NAMED, "--excludes", "rating>=4")
    assert status == 2
    assert "rating>=4" in err
    assert ask("import", "log.csv", *IMPORTED, "--excludes", "rating, return")["read"]


def test_a_file_whose_name_says_nothing_is_told_by_its_columns(ask):
    assert set(ask("import", "log.csv", "things.csv", *IMPORTED)["read"]) == {"events", "items"}


def test_two_files_of_one_kind_must_be_told_apart(here, call):
    (here / "things2.csv").write_text((here / "things.csv").read_text())
    status, _, err = call("import", "things.csv", "things2.csv")
    assert status == 2
    assert "--events" in err


def test_describe_takes_files_or_the_store(imported, ask):
    assert ask("describe")["events"] == 4
    assert ask("describe", "log.csv", *NAMED)["items"] == 3


def test_describe_prints_a_line_a_fact(imported, call):
    _, out, _ = call("describe")
    assert "events: 4\n" in out
    assert "time first: 2024-01-01 00:00 UTC" in out


def test_validate_leaves_with_1_when_something_fails(here, call):
    (here / "users.csv").write_text("user_id\nann\n")
    status, out, err = call("validate", "users.csv")
    assert status == 1
    assert "FAIL empty" in out
    assert "1 FAIL" in err


def test_validate_of_a_sound_store_leaves_with_0(imported, call):
    status, out, _ = call("validate")
    assert status == 0
    assert "PASS events: events 4" in out
