import csv

from tests.cli.conftest import EVENTS, NAMED


def test_import_shows_the_mapping_and_loads_the_good_rows(call):
    status, out, err = call("import", "log.csv", "things.csv", *NAMED)
    assert status == 0
    assert "user_id <- Kunde" in out
    assert "events: 4 read, 4 new in the store" in out
    assert "log.csv, row 6, Kunde: no user_id" in err


def test_import_again_adds_nothing(imported, ask):
    again = ask("import", "log.csv", "things.csv", *NAMED)
    assert again["new"] == {"items": 0, "users": 0, "events": 0}


def test_a_dry_run_loads_nothing(here, ask):
    shown = ask("import", "log.csv", *NAMED, "--dry-run")
    assert shown["tables"]["events"]["columns"]["user_id"] == "Kunde"
    assert not (here / "daybreak.db").exists()


def test_every_bad_row_is_in_the_file_of_rejects(here, ask):
    ask("import", "log.csv", *NAMED, "--rejects", "bad.csv")
    rows = list(csv.DictReader((here / "bad.csv").read_text().splitlines()))
    assert {(row["row"], row["reason"]) for row in rows} == {
        ("6", "no user_id"),
        ("7", "value is not a number"),
    }


def test_rules_given_at_import_are_kept_for_training(ask):
    said = ask("import", "log.csv", *NAMED, "--positive", "rating>=5", "--weight", "rating=2")
    assert said["rules"] == "Positive: rating>=5; only seen: everything else."
    signs = [f for f in ask("validate")["findings"] if f["code"] == "signs"]
    assert "2 positive" in signs[0]["message"]


def test_types_that_exclude_are_part_of_the_rules(ask, call):
    status, _, err = call("import", "log.csv", *NAMED, "--excludes", "rating>=4")
    assert status == 2
    assert "rating>=4" in err
    assert ask("import", "log.csv", *NAMED, "--excludes", "rating, return")["read"]


def test_a_file_whose_name_says_nothing_is_told_by_its_columns(ask):
    assert set(ask("import", "log.csv", "things.csv", *NAMED)["read"]) == {"events", "items"}


def test_two_files_of_one_kind_must_be_told_apart(here, call):
    (here / "log2.csv").write_text(EVENTS)
    status, _, err = call("import", "log.csv", "log2.csv", *NAMED)
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
