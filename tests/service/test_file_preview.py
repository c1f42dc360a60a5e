"""What a file would be read as, before anything is stored."""

import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.errors import DataError
from daybreak.service.ingest.preview import preview_file, report_data


def write(folder, text):
    path = folder / "upload"
    path.write_text(text, "utf-8")
    return path


def test_a_preview_says_table_columns_signs_and_rejected_rows(tmp_path):
    rows = "user_id,item_id,event_type\nann,tea,buy\nbob,cup,returned\n,cup,buy\n"
    found = preview_file(write(tmp_path, rows))
    assert (found.table, found.read, found.rejected, found.problem) == ("events", 2, 1, "")
    assert [one["target"] for one in found.columns] == ["user_id", "item_id", "event_type"]
    assert found.rows[0] == {"user_id": "ann", "item_id": "tea", "event_type": "buy"}
    counts = {one.name: (one.positive, one.negative) for one in found.event_types}
    assert counts == {"buy": (1, 0), "returned": (0, 1)}
    assert found.rejects[0]["row"] == 4


def test_the_name_of_a_file_tells_its_table(tmp_path):
    path = write(tmp_path, "id,title\ntea,Green tea\n")
    assert preview_file(path, "products.csv").table == "items"


def test_columns_that_nobody_knows_are_listed_for_a_choice(tmp_path):
    path = write(tmp_path, "Q1,Q2\nann,tea\n")
    found = preview_file(path, table="events")
    assert [one["source"] for one in found.columns] == ["Q1", "Q2"]
    assert "Q1" in found.problem
    chosen = preview_file(path, table="events", columns={"user_id": "Q1", "item_id": "Q2"})
    assert (chosen.read, chosen.problem) == (1, "")


@pytest.mark.parametrize("text", ["", "only one column\nx\n"])
def test_a_file_that_is_no_table_is_an_error(tmp_path, text):
    with pytest.raises(DataError):
        preview_file(write(tmp_path, text))


def test_a_report_of_the_data_says_what_they_allow():
    sales = pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"], "event_type": ["dislike"]})
    report = report_data(Tables.of(sales))
    ready = {group["name"]: group["ready"] for group in report.strategies}
    assert (ready["popularity"], ready["collaborative"]) == (True, False)
    assert report.event_types[0].negative == 1
    assert {one["level"] for one in report.findings} <= {"PASS", "WARN", "FAIL"}
    assert report_data(Tables.of()).event_types == ()
