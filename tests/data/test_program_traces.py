"""Rules, counts, totals and guards of cells that programs write are no rows and no values."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import read_tables
from daybreak.data.columns import match_columns
from daybreak.data.readers.program_traces import blank_lines_of_programs, unguard_cells
from daybreak.data.readers.source import RawTable
from daybreak.data.table_footers import drop_footers

PEOPLE = ["ann", "bob", "eve", "ann", "bob"]
ITEMS = ["0012", "0013", "0012", "0014", "0015"]
PAIRS = list(zip(PEOPLE, ITEMS, strict=True))
FILES = {
    "formulas": ("user_id,item_id", '="{}",="{}"', ""),
    "quoted formulas": ("user_id;item_id", '"=""{}""";"=""{}"""', ""),
    "apostrophes": ("user_id,item_id", "'{},'{}", ""),
    "single quotes": ("'user_id','item_id','note'", "'{}','{}','tea, green'", ""),
    "blanks before quotes": ("user_id, item_id, note", '{}, "{}", "tea, green"', ""),
    "psql": (" user_id | item_id\n---------+--------", " {}     | {}", "(5 rows)\n\n"),
    "mysql": (
        "+-----+-----+\n| user_id | item_id |\n+-----+-----+",
        "| {} | {} |",
        "+-----+-----+\n5 rows in set (0.01 sec)\n",
    ),
    "markdown": ("| user_id | item_id |\n|:---|---:|", "| {} | {} |", ""),
    "end of file of DOS": ("user_id,item_id", "{},{}", "\x1a"),
}
"""Name -> lines before the rows, a row, and lines after them."""
TOTALS = (
    "Total",
    "Grand Total",
    "TOTAL:",
    "Gesamt",
    "Gesamtsumme",
    "Summe: 5",
    "Total général",
)
TOTALS_ELSEWHERE = ("合计", "總計", "合計：5", "합계", "Итого", "Razem", "Sous-total")


@pytest.fixture
def read(tmp_path):
    def read_text(text, role="events"):
        path = tmp_path / "export.csv"
        path.write_text(text, encoding="utf-8")
        return read_tables(**{role: path})

    return read_text


@pytest.mark.parametrize("name", FILES)
def test_files_of_programs_have_the_same_rows(name, read):
    before, row, after = FILES[name]
    rows = "\n".join(row.format(*pair) for pair in PAIRS)
    result = read(f"{before}\n{rows}\n{after}")
    assert result.tables.events.select("user_id", "item_id").rows() == PAIRS
    assert not len(result.rejects)


@pytest.mark.parametrize("word", [*TOTALS, *TOTALS_ELSEWHERE])
def test_a_total_in_the_last_row_is_no_item(word, read):
    rows = "".join(f"{sku},cup {sku},{n}.5\n" for n, sku in enumerate("abcdef"))
    result = read(f"sku,title,price\n{rows}{word},,17.5\n", "items")
    assert result.tables.items["item_id"].to_list() == list("abcdef")
    assert [note for note in result.notes if f"{word!r}" in note]


def test_a_total_of_sales_is_no_event(read):
    rows = "".join(f"{user};{item};2\n" for user, item in PAIRS)
    result = read(f"Kunde;Artikel;Menge\n{rows}Summe;;10\nExport vom 13. Mai;;\n")
    assert result.tables.events.height == len(PAIRS)
    assert not len(result.rejects)


@pytest.mark.parametrize(
    "row",
    [("total", "Total 0 % yoghurt", "2"), ("sum", "", "purchase"), ("new tea pot", "Pot", "2")],
)
def test_a_row_that_says_more_than_a_total_stays(row):
    frame = pl.DataFrame([(c, f"cup {c}", "1") for c in "abcde"] + [row], orient="row")
    frame.columns = ["sku", "title", "price"]
    raw = RawTable("a.csv", frame, pl.Series(range(6)))
    kept, notes = drop_footers(raw, match_columns(frame.columns, "items"))
    assert kept.frame.height == 6
    assert not notes


def test_an_id_that_comes_before_is_no_total():
    frame = pl.DataFrame({"user_id": ["total", *"abcd", "total"], "item_id": ["sum"] * 6})
    raw = RawTable("a.csv", frame, pl.Series(range(6)))
    assert drop_footers(raw, match_columns(frame.columns, "events"))[0].frame.height == 6


def test_lines_that_repeat_the_header_are_told_and_skipped(read):
    part = "user_id,item_id\n" + "".join(f"{u},{i}\n" for u, i in PAIRS)
    result = read(part * 3)
    assert result.tables.events.height == 3 * len(PAIRS)
    assert "export.csv: lines that repeat the header are skipped" in result.notes


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), min_size=1))
def test_guarded_cells_are_the_cells_without_guards(cells):
    guarded = ['="' + cell.replace('"', '""') + '"' for cell in cells]
    assert unguard_cells(pl.DataFrame({"a": guarded}))["a"].to_list() == cells


@pytest.mark.parametrize("cells", [["'Tis the season", "Tea", "Cup"], ["'a'", "'b'"], ["=1+1"]])
def test_texts_that_only_resemble_guarded_cells_stay(cells):
    assert unguard_cells(pl.DataFrame({"a": cells}))["a"].to_list() == cells


@given(st.text(st.sampled_from('a1,;|"- \n'), max_size=40))
def test_no_line_with_a_letter_or_a_field_is_lost(text):
    kept = blank_lines_of_programs(text)
    assert kept.count("\n") == text.count("\n")
    for before, after in zip(text.split("\n"), kept.split("\n"), strict=True):
        assert after in (before, "")
        assert after or not any(letter in before for letter in 'a1,;"')
